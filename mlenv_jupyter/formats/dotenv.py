"""``.env`` files in docker compose's dialect: variables of an environment."""

from __future__ import annotations

import re

from mlenv_jupyter.core.checks import MAX_TEXT
from mlenv_jupyter.formats.outcome import finish
from mlenv_jupyter.formats.report import MAX_LINES, Imported, Notes, ReadFile, too_large
from mlenv_jupyter.formats.variables import add_variable
from mlenv_jupyter.formats.wanted import Wanted

_ASSIGNED = re.compile(
    r"\s*(?:export\s+)?(?P<name>[^\s=:#'\"]+)\s*(?:=|:(?=\s))(?P<value>.*)", re.DOTALL
)
_NAME_ALONE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*(?:#.*)?")
_VARIABLE = re.compile(
    r"\$(?:(?P<dollar>\$)|(?P<bare>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?P<op>:?[-+?])(?P<other>[^{}]*))?\})"
)
_END = {
    "'": re.compile(r"'([^']*)'"),
    '"': re.compile(r"\"((?:[^\"\\]|\\.)*)\"", re.DOTALL),
}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "'": "'"}


def read(text: str, _read: ReadFile | None = None, _filename: str = "") -> Imported:
    """The variables of a file; a value that looks secret becomes a reference, and is said.

    Raises InvalidDefinition, with ``where`` as ``line N``.
    """
    notes = Notes()
    variables: dict[str, str] = {}
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise too_large(MAX_LINES, f"more than {MAX_LINES} lines")
    number = 0
    while number < len(lines):
        line, first = lines[number], number + 1
        number += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _ASSIGNED.fullmatch(line)
        if found is None:
            if alone := _NAME_ALONE.fullmatch(line):
                notes.keep(first, f"{alone['name']} has no value: it is taken from where it runs.")
            else:
                notes.fault(first, f"{line[:80]!r} is no variable.", remedy="Write NAME=value.")
            continue
        raw = found["value"].strip()
        quote = raw[:1] if raw[:1] in ("'", '"') else ""
        if quote and _END[quote].match(raw) is None:
            more = "\n".join([raw, *lines[number:]])
            end = _END[quote].match(more)
            if end is not None:
                taken = more.count("\n", 0, end.end())
                raw = "\n".join([raw, *lines[number : number + taken]])
                number += taken
        value = _value(raw, quote, found["name"], first, variables, notes)
        if value is not None:
            add_variable(found["name"], value, first, variables, notes)
    return finish("dotenv", Wanted(), notes, variables=variables)


def _value(
    raw: str, quote: str, name: str, line: int, variables: dict[str, str], notes: Notes
) -> str | None:
    if quote:
        found = _END[quote].match(raw)
        if found is None:
            notes.fault(line, f"The quotation mark of {name} is not closed.", remedy="Close it.")
            return None
        if raw[found.end() :].strip() and not raw[found.end() :].strip().startswith("#"):
            notes.fault(line, f"There is text after the value of {name}.", remedy="Remove it.")
            return None
        inner = found[1]
        if quote == "'":
            return inner
        return _expanded(
            re.sub(r"\\([nrt\"\\'])", lambda it: _ESCAPES[it[1]], inner),
            name,
            line,
            variables,
            notes,
        )
    return _expanded(
        re.split(r"(?:^|\s)#", raw, maxsplit=1)[0].strip(), name, line, variables, notes
    )


def _expanded(
    text: str, name: str, line: int, variables: dict[str, str], notes: Notes
) -> str | None:
    """The text with ``${NAME}`` filled in from the lines above; None where it cannot be."""
    missing: list[str] = []

    def fill(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        key, op, other = found["bare"] or found["name"], found["op"] or "", found["other"] or ""
        value = variables.get(key)
        there = value is not None and (bool(value) or not op.startswith(":"))
        if op.endswith("+"):
            return other if there else ""
        if there:
            return str(value)
        if op.endswith("-"):
            return other
        missing.append(key)
        return ""

    made = _VARIABLE.sub(fill, text)
    if len(made) > MAX_TEXT:
        notes.fault(line, f"The value of {name} is larger than 256 kB.", code="too_large")
        return None
    if missing:
        notes.refuse(
            line,
            f"{name} needs {', '.join(missing)}, which no line above it has.",
            f"Write the value of {name}.",
        )
        return None
    return made
