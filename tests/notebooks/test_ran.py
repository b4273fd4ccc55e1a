"""In which version a cell ran: said by its output, else by itself, else by the whole notebook."""

from __future__ import annotations

from typing import Any

import nbformat

from mlenv_jupyter.notebooks.ran import note_that_ran, versions_that_ran


def cell(source: str = "1", *, ran: str = "", output: str = "") -> Any:
    made = nbformat.v4.new_code_cell(source, execution_count=1)
    if ran:
        made.metadata["mlenv"] = {"ran": ran}
    metadata = {"mlenv": {"ran": output, "digest": "0"}} if output else {}
    made.outputs = [nbformat.v4.new_output("display_data", {"text/plain": "1"}, metadata=metadata)]
    return made


def test_the_output_comes_first_and_the_whole_last() -> None:
    cells = [cell(ran="a v1", output="a v2"), cell(ran="a v1"), cell()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert versions_that_ran(notebook) == {"a v2": 1, "a v1": 1}
    notebook.metadata["language_info"] = {"name": "python", "mlenv": {"ran": "a v3"}}
    assert versions_that_ran(notebook) == {"a v2": 1, "a v1": 1, "a v3": 1}
    nbformat.validate(notebook)


def test_what_is_no_version_is_none() -> None:
    made = cell()
    made.metadata["mlenv"] = ["a v1"]
    notebook = nbformat.v4.new_notebook(
        cells=[made], metadata={"language_info": {"name": "python", "mlenv": 3}}
    )
    assert not versions_that_ran(notebook)


def test_a_cell_about_environments_has_no_version() -> None:
    made = cell("%mlenv use a:2\n", ran="a v1")
    note_that_ran(made, "a v2")
    assert "mlenv" not in made.metadata
    made = cell("%mlenv drift\nprint(1)")
    note_that_ran(made, "a v2")
    assert made.metadata["mlenv"] == {"ran": "a v2"}
