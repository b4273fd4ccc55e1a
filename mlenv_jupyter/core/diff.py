"""What is different between two definitions, and between two locks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
from packaging.version import InvalidVersion, Version

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.requirements import name_of

Change = Literal["added", "removed", "upgraded", "downgraded", "changed"]


class PackageChange(msgspec.Struct, frozen=True, kw_only=True):
    """One package that differs; ``before`` and ``after`` are versions or requirements."""

    name: str
    before: str | None
    after: str | None
    change: Change
    by: str = ""


class DefinitionDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, then and now."""

    python: tuple[str | None, str | None] | None
    requirements: tuple[PackageChange, ...]
    variables: tuple[PackageChange, ...]
    other: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.python or self.requirements or self.variables or self.other)


def diff_definitions(before: Definition, after: Definition) -> DefinitionDiff:
    """Compare two definitions field by field."""
    asked_before = {name_of(line): line for line in before.pip.requirements}
    asked_after = {name_of(line): line for line in after.pip.requirements}
    other = []
    for field in before.__struct_fields__:
        if field in ("python", "variables", "pip"):
            continue
        if getattr(before, field) != getattr(after, field):
            other.append(field)
    for field in before.pip.__struct_fields__:
        if field != "requirements" and getattr(before.pip, field) != getattr(after.pip, field):
            other.append(f"pip.{field}")
    return DefinitionDiff(
        python=(before.python, after.python) if before.python != after.python else None,
        requirements=_changes(asked_before, asked_after),
        variables=_changes(before.variables, after.variables),
        other=tuple(other),
    )


def diff_versions(
    before: Mapping[str, str], after: Mapping[str, str], by: Mapping[str, str] | None = None
) -> tuple[PackageChange, ...]:
    """Compare two sets of resolved packages (version by name); ``by`` says who requires a name."""
    return tuple(
        msgspec.structs.replace(
            one, change=_direction(one.before, one.after), by=(by or {}).get(one.name, "")
        )
        for one in _changes(before, after)
    )


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[PackageChange, ...]:
    return tuple(
        PackageChange(
            name=name,
            before=before.get(name),
            after=after.get(name),
            change="added" if name not in before else "removed" if name not in after else "changed",
        )
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def _direction(before: str | None, after: str | None) -> Change:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    try:
        old, new = Version(before), Version(after)
    except InvalidVersion:
        return "changed"
    return "upgraded" if new > old else "downgraded" if new < old else "changed"
