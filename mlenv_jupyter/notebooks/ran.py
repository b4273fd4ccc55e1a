"""In which versions the cells of a notebook ran.

JupyterLab and ``mlenv notebook run`` write it into each code cell (``metadata.mlenv.ran``). Where
another client ran the notebook, the kernel has said it with each rich output, and once for the
whole notebook, in what is kept of its language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mlenv_jupyter.core.stamp import KEY

RAN = "ran"


def versions_that_ran(notebook: Any) -> Counter[str]:
    """How many cells with output ran in which ``NAME vN``; cells that do not say are left out."""
    whole = notebook.metadata.get("language_info", {})
    found: Counter[str] = Counter()
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.get("execution_count") is not None:
            # An output is made anew by each run, so what it says comes first.
            said = (_ran(one) for one in (*_metadata_of_outputs(cell), cell.metadata, whole))
            label = next((one for one in said if one is not None), None)
            if label is not None:
                found[label] += 1
    return found


def note_that_ran(cell: Any, label: str) -> None:
    """Write down where a cell ran."""
    if is_about_environments(cell.source):
        cell.metadata.pop(KEY, None)
    else:
        cell.metadata[KEY] = {RAN: label}


def is_about_environments(source: str) -> bool:
    """Whether a cell does nothing but change environments: it has no results of any."""
    lines = [line for line in source.splitlines() if line.strip()]
    return source.startswith("%%mlenv") or all(line.startswith("%mlenv") for line in lines)


def _metadata_of_outputs(cell: Any) -> Iterator[Any]:
    for output in cell.get("outputs", ()):
        yield output.get("metadata", {})


def _ran(metadata: Any) -> str | None:
    ran = metadata.get(KEY) if isinstance(metadata, dict) else None
    label = ran.get(RAN) if isinstance(ran, dict) else None
    return label if isinstance(label, str) else None
