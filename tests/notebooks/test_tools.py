"""Tools that know nothing of mlenv run a stamped notebook by the name of its kernel."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.notebooks import files
from mlenv_jupyter.notebooks.kernelspec import name_kernel
from mlenv_jupyter.notebooks.ran import versions_that_ran
from mlenv_jupyter.workspace import Workspace

CELL = "import mlenv_pebble, os\nprint(mlenv_pebble.__version__, os.environ['TEAM'], level)\nlevel"


@pytest.fixture
def notebook(workspace: Workspace, wheelhouse: Callable[..., Path], tmp_path: Path) -> Path:
    """A notebook as its author saved it, whose kernel is installed."""
    place = wheelhouse("mlenv-pebble")
    wanted = Definition.create(
        requirements=["mlenv-pebble"], find_links=[str(place)], variables={"TEAM": "growth"}
    )
    workspace.register("churn", wanted)
    assert workspace.wait(workspace.build("churn").id, 120).error is None
    workspace.install_kernel("churn")
    first = nbformat.v4.new_code_cell("level = 1")
    first.metadata["tags"] = ["parameters"]
    content = nbformat.v4.new_notebook(cells=[first, nbformat.v4.new_code_cell(CELL)])
    path = tmp_path / "a.ipynb"
    stamp = workspace.notebooks.stamp_of("churn")
    files.put_stamp(content, stamp, path)
    assert name_kernel(content, stamp)
    files.save(path, content)
    return path


def said(path: Path) -> str:
    """What the last cell printed; the stamp must have come through."""
    content = nbformat.read(path, as_version=4)
    nbformat.validate(content)
    stamp = files.get_stamp(content, path)
    assert stamp is not None
    assert (stamp.name, stamp.version) == ("churn", "1")
    return "".join(str(one.get("text", "")) for one in content.cells[-1].outputs)


@pytest.mark.network
@pytest.mark.slow
def test_each_tool_runs_it_in_its_environment(notebook: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    script = tmp_path / "a.py"
    read = nbformat.read(notebook, as_version=4)
    read.metadata.pop("mlenv")

    def run(*words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    run("papermill", str(notebook), str(out), "-p", "level", "41")
    assert said(out) == "1.0 growth 41\n"
    ran = nbformat.read(out, as_version=4)
    assert versions_that_ran(ran) == {"churn v1": 3}, "papermill's run is not written down"
    result = ran.cells[-1].outputs[-1]
    assert result.output_type == "execute_result"
    assert result.metadata["mlenv"]["ran"] == "churn v1"
    run(
        "jupyter", "nbconvert", "--to", "notebook", "--execute", "--output", str(out), str(notebook)
    )
    assert said(out) == "1.0 growth 1\n"
    run("jupyter", "execute", "--inplace", str(notebook))
    assert said(notebook) == "1.0 growth 1\n"
    # As text the stamp is left out, and the kernel's name stays.
    run("jupytext", "--to", "py:percent", "--output", str(script), str(notebook))
    assert "mlenv-churn-" in script.read_text()
    run("jupytext", "--to", "ipynb", "--execute", "--output", str(out), str(script))
    outputs = nbformat.read(out, as_version=4).cells[-1].outputs
    assert outputs[0].text == "1.0 growth 1\n"
