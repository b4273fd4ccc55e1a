"""What stands beside a notebook that remembers nothing, and the name of its kernel."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.notebooks.beside import beside, named_by
from mlenv_jupyter.notebooks.check import check
from mlenv_jupyter.workspace import Workspace


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    path = place / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    return path


def test_the_first_that_binder_would_take(notebook: Path) -> None:
    place = notebook.parent
    assert beside(notebook) is None
    (place / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    assert beside(notebook) is None, "it only configures a tool"
    (place / "requirements.txt").write_text("six\n")
    assert beside(notebook) == place / "requirements.txt"
    (place / "pyproject.toml").write_text("[project]\nname = 'a'\n")
    assert beside(notebook) == place / "pyproject.toml"
    (place / "pyproject.toml").write_bytes(b"\xff")
    assert beside(notebook) == place / "requirements.txt"
    (place / "environment.yml").write_text("")
    assert beside(notebook) == place / "environment.yml"
    (place / ".binder").mkdir()
    assert beside(notebook) == place / ".binder"


@pytest.mark.parametrize(
    ("kernel", "name"),
    [
        ("conda-env-churn-py", "churn"),
        ("churn-model", "churn-model"),
        ("python3", None),
        (".venv", None),
        ("conda-root-py", None),
        ("../a", None),
        (3, None),
    ],
)
def test_the_environment_that_a_kernel_is_named_after(kernel: object, name: str | None) -> None:
    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {"name": kernel, "display_name": "x"}
    assert named_by(made) == name


def test_check_says_what_could_be_done(
    workspace: Workspace, notebook: Path, tmp_path: Path
) -> None:
    def said() -> tuple[str, str]:
        (one,) = check([notebook], workspace.notebooks, tmp_path / "overlays")
        assert one.finding == "unstamped"
        return one.message.removeprefix("It remembers no environment."), one.remedy

    assert said() == ("", f"mlenv notebook discover {notebook}")
    listed = notebook.with_name("environment.yml")
    listed.write_text("dependencies: [six]\n")
    assert said() == (" environment.yml is beside it.", f"mlenv import {listed} -n NAME")
    content = nbformat.read(notebook, as_version=4)
    content.metadata["kernelspec"] = {"name": "conda-env-churn-py", "display_name": "churn"}
    nbformat.write(content, notebook)
    assert said()[0] == " environment.yml is beside it."
    workspace.register("churn", Definition.create("3.11", ["six"]))
    assert said()[1] == f"mlenv notebook stamp {notebook} -n churn"
