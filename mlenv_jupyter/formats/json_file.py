"""mlenv's own file: a Definition as JSON, with its name and what it resolved to."""

from __future__ import annotations

from typing import Any

import msgspec

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidDefinition
from mlenv_jupyter.formats.report import Imported, Notes, invalid
from mlenv_jupyter.formats.requirements import describe
from mlenv_jupyter.formats.written import Subject

FORMAT = 1
_KEYS = ("mlenv", "name", "definition", "packages")


def files(what: Subject) -> dict[str, str]:
    """The file of a Definition, with what it resolved to for a person to read."""
    data: dict[str, Any] = {
        "mlenv": FORMAT,
        "name": what.name or None,
        "definition": what.definition,
    }
    if what.packages is not None:
        data["packages"] = what.packages
    text = msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n"
    return {f"{what.name or 'environment'}.json": text}


def read(text: str, _read: object = None, _filename: str = "") -> Imported:
    """A file that ``write`` has made, or a Definition alone. Raises InvalidDefinition."""
    data = decode(text)
    wrapped = "definition" in data
    if wrapped and data.get("mlenv", FORMAT) != FORMAT:
        raise invalid("mlenv", "The file was written by another mlenv.", remedy="Update mlenv.")
    name = data.get("name") if wrapped else None
    if name is not None and not isinstance(name, str):
        raise invalid("name", "The name is not text.", remedy="Put it in quotes.")
    definition = Definition.parse(data["definition"] if wrapped else data)
    notes = Notes()
    if definition.python:
        notes.take(f"Python {definition.python}")
    for variable in definition.variables:
        notes.take(f"variable {variable}")
    describe(definition, notes)
    for key in data if wrapped else ():
        if key not in _KEYS:
            notes.keep(key[:80], "no key that mlenv knows.")
    if wrapped and data.get("packages"):
        notes.keep("packages", "what it resolved to elsewhere; this machine locks its own.")
    return Imported(format="json", name=name, definition=definition, report=notes.report())


def decode(text: str) -> dict[str, Any]:
    """The object in a JSON text. Raises InvalidDefinition with its line."""
    try:
        data = msgspec.json.decode(text.encode())
    except msgspec.DecodeError as error:
        raise _not_json(text, str(error)) from error
    except RecursionError:
        raise invalid(0, "The file is nested too deeply.", remedy="Write it flat.") from None
    if not isinstance(data, dict):
        raise invalid(1, "The file is JSON, but no object.", remedy="Begin with {.")
    return data


def _not_json(text: str, said: str) -> InvalidDefinition:
    reason, _, place = said.partition(" (byte ")
    line = 1
    if place.rstrip(")").isdigit():
        line += text.encode()[: int(place.rstrip(")"))].count(b"\n")
    return invalid(line, "The file is not valid JSON.", detail=f"{reason}.")
