"""In which versions the cells of a notebook ran: ``metadata.mlenv.ran`` of each code cell."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mlenv_jupyter.core.stamp import KEY

RAN = "ran"


def versions_that_ran(notebook: Any) -> Counter[str]:
    """How many cells with output ran in which ``NAME vN``; cells that do not say are left out."""
    found: Counter[str] = Counter()
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.get("execution_count") is not None:
            ran = cell.metadata.get(KEY, {})
            label = ran.get(RAN) if isinstance(ran, dict) else None
            if isinstance(label, str):
                found[label] += 1
    return found


def note_that_ran(cell: Any, label: str) -> None:
    """Write down where a cell ran."""
    cell.metadata[KEY] = {RAN: label}
