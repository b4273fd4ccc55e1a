"""Run a notebook in its environment without JupyterLab: nbclient, with each cell shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlenv_jupyter.core.errors import InvalidRequest, MlenvError
from mlenv_jupyter.notebooks.ran import note_that_ran


class NotebookFailed(MlenvError):
    """A cell raised an error; the notebook has its traceback."""

    code = "notebook_failed"


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """How a run of a notebook went."""

    cells: int
    seconds: float


def execute(
    notebook: Any,
    *,
    kernel_name: str,
    label: str,
    place: Path,
    timeout: float | None = None,
    on_cell: Callable[[int, str], None] | None = None,
    on_output: Callable[[str], None] | None = None,
) -> int:
    """Run every code cell in order and keep the outputs in ``notebook``; how many ran.

    ``label`` (``NAME vN``) is noted in each cell that ran. Raises NotebookFailed.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    class Shown(NotebookClient):
        def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
            text = _text_of(msg)
            if on_output is not None and text:
                on_output(text)
            return super().output(outs, msg, display_id, cell_index)

    count = 0

    def began(cell: Any, cell_index: int) -> None:
        nonlocal count
        count += 1
        note_that_ran(cell, label)
        if on_cell is not None:
            on_cell(cell_index, cell.source)

    client = Shown(
        notebook,
        kernel_name=kernel_name,
        timeout=timeout,
        resources={"metadata": {"path": str(place)}},
        on_cell_execute=began,
        extra_arguments=["--IPKernelApp.log_level=40"],
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise NotebookFailed(
            f"{error.ename}: {error.evalue}",
            where=f"cell {count}",
            remedy="The notebook has the whole traceback.",
        ) from error
    except (CellTimeoutError, DeadKernelError) as error:
        said = str(error).strip().splitlines()
        raise NotebookFailed(
            said[0] if said else "The kernel died.", where=f"cell {count}"
        ) from error
    return count


def inject(notebook: Any, parameters: Mapping[str, Any]) -> None:
    """Put a cell with the parameters after the one that is tagged ``parameters``, else first.

    What papermill does, so that its notebooks run here unchanged.
    """
    import nbformat

    for name in parameters:
        if not name.isidentifier():
            raise InvalidRequest(f"{name!r} cannot be a parameter.", where="-p")
    source = "# Parameters\n" + "".join(
        f"{name} = {value!r}\n" for name, value in parameters.items()
    )
    made = nbformat.v4.new_code_cell(source.rstrip("\n"))
    made.metadata["tags"] = ["injected-parameters"]
    cells = [
        one for one in notebook.cells if "injected-parameters" not in one.metadata.get("tags", ())
    ]
    places = [
        place for place, one in enumerate(cells) if "parameters" in one.metadata.get("tags", ())
    ]
    cells.insert(places[0] + 1 if places else 0, made)
    notebook.cells = cells


def parameter_of(text: str) -> Any:
    """A value as papermill's command line reads it: JSON where it is some, else the text."""
    low = text.strip()
    if low in ("True", "False"):
        return low == "True"
    if low in ("None", "null"):
        return None
    try:
        return json.loads(low)
    except ValueError:
        return text


def _text_of(message: Any) -> str:
    content = message["content"]
    if message["msg_type"] == "stream":
        return str(content["text"])
    if message["msg_type"] in ("execute_result", "display_data"):
        return str(content["data"].get("text/plain", "")) + "\n"
    return ""
