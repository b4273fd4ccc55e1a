"""Scripts and notebooks that say themselves what they need: PEP 723, nteract, ``%pip``, …"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mlenv_jupyter.formats.installs import joined, read_install
from mlenv_jupyter.formats.json_file import decode
from mlenv_jupyter.formats.notebook_metadata import asked_by, read_metadata
from mlenv_jupyter.formats.outcome import finish, requires_python
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, invalid
from mlenv_jupyter.formats.toml_file import load
from mlenv_jupyter.formats.toml_out import uv_table, value
from mlenv_jupyter.formats.uv_settings import UvSettings
from mlenv_jupyter.formats.wanted import Wanted
from mlenv_jupyter.formats.written import Subject

BEGIN = "# /// script"
END = "# ///"
_INSTALL = re.compile(r"\s*[%!]\s*(?:python3? -m )?(?:uv )?pip3?\s+install\s+(?P<rest>.+)")
_CONDA_INSTALL = re.compile(r"\s*[%!]\s*(?:conda|mamba|micromamba)\s+install\s+(?P<rest>.+)")


def has_block(text: str) -> bool:
    """Whether there is the first line of a block."""
    return any(line.rstrip() == BEGIN for line in text.splitlines())


def read(text: str, read_file: ReadFile | None = None, filename: str = "") -> Imported:
    """A script with a block. Raises InvalidDefinition, with ``where`` as ``line N``."""
    found = _block(text.splitlines())
    if found is None:
        raise invalid(
            0,
            "The script does not say what it needs.",
            remedy="Begin it with a block «# /// script», or import its requirements.txt.",
        )
    notes, wanted = Notes(), Wanted(files={filename})
    return _finish("script", *found, wanted, notes)


def read_notebook(text: str, read_file: ReadFile | None = None, filename: str = "") -> Imported:
    """A notebook: the block in one of its cells, else its metadata, else its ``%pip install``s.

    Raises InvalidDefinition with the cell.
    """
    data = decode(text)
    metadata = data.get("metadata")
    cells = data.get("cells")
    if not isinstance(cells, list) or not isinstance(metadata, dict):
        raise invalid(0, "The file is no notebook of nbformat 4.", remedy="Save it anew.")
    sources = [(number, _source(one)) for number, one in enumerate(cells, 1)]
    notes, wanted = Notes(), Wanted(files={filename})
    for number, source in sources:
        if has_block(source):
            inner = notes.inside(f"cell {number}")
            found = _block(source.splitlines())
            if found is not None:
                return _finish("notebook", *found, wanted, inner)
    if asked_by(metadata):
        return finish("notebook", wanted, notes, **read_metadata(metadata, wanted, notes))
    asked = 0
    for number, source in sources:
        inner = notes.inside(f"cell {number}")
        for line, code in joined(source.splitlines()):
            if found_install := _INSTALL.match(code):
                asked += 1
                read_install(line, found_install["rest"], filename, wanted, inner, read_file)
            elif _CONDA_INSTALL.match(code):
                asked += 1
                inner.refuse(line, f"{code.strip()} is not taken.", "Add these to a conda file.")
    if not asked:
        raise invalid(
            0,
            "The notebook does not say what it needs.",
            remedy="Import the requirements or conda file beside it.",
        )
    return finish("notebook", wanted, notes)


def _source(cell: object) -> str:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return ""
    source: Any = cell.get("source", "")
    if isinstance(source, list):
        return "".join(one for one in source if isinstance(one, str))
    return source if isinstance(source, str) else ""


def _block(lines: Sequence[str]) -> tuple[str, int] | None:
    """The TOML in the block, and how many lines are before it. Raises for a second block."""
    found: tuple[str, int] | None = None
    number = 0
    while number < len(lines):
        number += 1
        if lines[number - 1].rstrip() != BEGIN:
            continue
        if found is not None:
            raise invalid(number, "There are two blocks of this kind.", remedy="Keep one of them.")
        first = number
        while number < len(lines) and (lines[number] == "#" or lines[number].startswith("# ")):
            number += 1
        # As PEP 723 has it, the block ends at the last `# ///` of the comment.
        body = list(lines[first:number])
        end = next((n for n in range(len(body) - 1, -1, -1) if body[n].rstrip() == END), None)
        if end is None:
            raise invalid(first, "The block has no end.", remedy="Write «# ///» below it.")
        found = "\n".join(one[2:] for one in body[:end]), first
    return found


def _finish(form: str, text: str, offset: int, wanted: Wanted, notes: Notes) -> Imported:
    toml = load(text, offset=offset, what="The block")
    settings = UvSettings(toml, "tool.uv", wanted, notes)
    settings.read()
    python = toml.data.get("requires-python")
    made = None
    if isinstance(python, str):
        made = requires_python(python, toml.line(python, "requires-python"), notes)
    for one in toml.texts(toml.data.get("dependencies"), "dependencies", notes):
        settings.line(one, toml.line(one, "dependencies"))
    for key in toml.data:
        if key not in ("requires-python", "dependencies", "tool"):
            notes.keep(toml.line("", key), f"{key} is not honoured.")
    return finish(form, wanted, notes, python=made, torch_backend=settings.torch_backend)


def files(what: Subject) -> dict[str, str]:
    """The block of a Definition, to be put at the top of a script; as it was asked for."""
    definition = what.definition
    lines = []
    if definition.python:
        exact = definition.python.count(".") > 1
        lines.append(f'requires-python = "=={definition.python}{"" if exact else ".*"}"')
    lines.append("dependencies = [")
    lines += [f"  {value(one)}," for one in definition.pip.requirements]
    lines += ["]", *uv_table(definition, "tool.uv")]
    text = "\n".join([BEGIN, *(f"# {one}".rstrip() for one in lines), END]) + "\n"
    return {f"{what.name or 'environment'}.py": text}
