"""A notebook as a script."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from mlenv_jupyter import Environment, Experiment, ScriptRunConfig, Workspace
from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.runs.notebook import write_script

CELLS = [
    new_code_cell("%matplotlib inline\nimport sys\n!pip list"),
    new_markdown_cell("# Words\nimport nothing"),
    new_code_cell("%%bash\nrm -rf /nothing"),
    new_code_cell('text = """\n%timeit 1\n"""\nif text:\n    print(len(text), sys.argv[1:])'),
    new_code_cell("for n in range(2):\n    %time print(n)\nfiles = !ls\nprint?"),
]


def test_only_what_a_notebook_alone_understands_is_left_out(tmp_path: Path) -> None:
    nbformat.write(new_notebook(cells=CELLS), tmp_path / "a.ipynb")
    (tmp_path / "a.py").write_text("there already")
    said: list[str] = []
    path = write_script(tmp_path / "a.ipynb", said.append)
    assert (tmp_path / "a.py").read_text() == "there already"
    text = path.read_text()
    compile(text, "a", "exec")
    assert "\n%timeit 1\n" in text
    assert [one.partition(": ")[2] for one in said] == [
        *("%matplotlib inline", "!pip list", "%%bash", "%time print(n)", "files = !ls", "print?"),
    ]
    (tmp_path / "b.ipynb").write_text("no notebook")
    with pytest.raises(InvalidRequest, match="no notebook"):
        write_script(tmp_path / "b.ipynb", said.append)


def test_a_notebook_runs_as_a_script(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    nbformat.write(new_notebook(cells=CELLS), source / "a.ipynb")
    config = ScriptRunConfig(source, "a.ipynb", ["x"], environment=Environment("small"))
    run = Experiment(workspace, "trial").submit(config)
    assert run.wait_for_completion()["status"] == "Completed"
    assert "11 ['x']" in run.get_log()
    assert "Left out, for a notebook only: %%bash" in run.get_log()
