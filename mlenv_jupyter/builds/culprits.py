"""The lines of a definition that are at fault, and the changes to them that mend it."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Fix

MOST_FIXES = 2


def lines_of(definition: Definition, name: str) -> list[str]:
    """The requirements of a definition that ask for a package, as they are written there."""
    wanted = canonicalize_name(name)
    return [line for line in definition.pip.requirements if parsed_name(line) == wanted]


def parsed_name(line: str) -> str:
    """The canonical name in a requirement; "" where it cannot be read."""
    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return ""


def with_versions(line: str, versions: str, *, name: str | None = None) -> str | None:
    """A requirement with other versions, its extras and marker kept; None for a direct address."""
    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return None
    if wanted.url:
        return None
    extras = f"[{','.join(sorted(wanted.extras))}]" if wanted.extras else ""
    marker = f"; {wanted.marker}" if wanted.marker else ""
    return f"{name or canonicalize_name(wanted.name)}{extras}{versions}{marker}"


def any_version(definition: Definition, names: Iterable[str]) -> tuple[Fix, ...]:
    """«Use NAME (any version)» for each line of these packages that asks for particular ones."""
    made = []
    for name in names:
        for line in lines_of(definition, name):
            free = with_versions(line, "")
            if free is not None and free.replace(" ", "") != line.replace(" ", ""):
                made.append(Fix(f"Use {name} (any version)", remove=(line,), add=(free,)))
    return tuple(made[:MOST_FIXES])
