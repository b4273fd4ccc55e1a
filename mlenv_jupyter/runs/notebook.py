"""A notebook as a script: its code cells, without what only a notebook understands."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from mlenv_jupyter.core.errors import InvalidRequest

_MAGIC = re.compile(r"^(\s*)([%!?]|[\w.]+\?{1,2}\s*$|\w[\w, ]*=\s*[%!])")


def write_script(notebook: Path, say: Callable[[str], None]) -> Path:
    """Write ``NAME.py`` beside ``NAME.ipynb``; its path. Magics and shell lines become comments.

    A script of that name that is there stays, and this one gets another name. Raises
    InvalidRequest for what is no notebook.
    """
    import nbformat

    try:
        cells = nbformat.read(notebook, as_version=4).cells
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, AttributeError) as error:
        raise InvalidRequest(f"{notebook.name} is no notebook.", where=notebook.name) from error
    left: list[str] = []
    parts = [_script(str(one.source), left) for one in cells if one.cell_type == "code"]
    for line in left:
        say(f"Left out, for a notebook only: {line}")
    path = notebook.with_suffix(".py")
    while path.exists():
        path = path.with_name(f"{path.stem}_notebook.py")
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def _script(cell: str, left: list[str]) -> str:
    import ast

    try:
        ast.parse(cell)
    except SyntaxError:
        pass
    else:
        return cell  # what looks like a magic stands in a text
    lines = cell.split("\n")
    if lines[0].startswith("%%"):
        left.append(lines[0])
        return "\n".join(f"# {line}" for line in lines)
    made = []
    for line in lines:
        found = _MAGIC.match(line)
        if found:
            left.append(line.strip())
            # In a block something has to stand there.
            line = f"{found[1]}pass  # {line.strip()}"
        made.append(line)
    return "\n".join(made)
