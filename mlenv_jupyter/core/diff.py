"""What is different between two definitions, and between two locks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
from packaging.version import InvalidVersion, Version

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.matchspec import parse
from mlenv_jupyter.core.requirements import name_of

APART = ("python", "variables", "pip.requirements", "conda.packages")
Change = Literal["added", "removed", "upgraded", "downgraded", "changed"]


class PackageChange(msgspec.Struct, frozen=True, kw_only=True):
    """One package that differs; ``before`` and ``after`` are versions or requirements."""

    name: str
    before: str | None
    after: str | None
    change: Change
    by: str = ""


class DefinitionDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, then and now.

    ``settings`` are all the other fields by their place, such as ``conda.channels`` or
    ``docker.base_image``, as text; ``other`` are the same without their values.
    """

    python: tuple[str | None, str | None] | None
    requirements: tuple[PackageChange, ...]
    conda: tuple[PackageChange, ...]
    variables: tuple[PackageChange, ...]
    settings: tuple[PackageChange, ...]
    other: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return not (
            self.python or self.requirements or self.conda or self.variables or self.settings
        )


def diff_definitions(before: Definition, after: Definition) -> DefinitionDiff:
    """Compare two definitions field by field."""
    settings = _changes(_settings(before), _settings(after))
    return DefinitionDiff(
        python=(before.python, after.python) if before.python != after.python else None,
        requirements=_changes(
            {name_of(line): line for line in before.pip.requirements},
            {name_of(line): line for line in after.pip.requirements},
        ),
        conda=_changes(
            {_conda_name(spec): spec for spec in before.conda.packages},
            {_conda_name(spec): spec for spec in after.conda.packages},
        ),
        variables=_changes(before.variables, after.variables),
        settings=settings,
        other=tuple(one.name for one in settings),
    )


def _settings(definition: Definition) -> dict[str, str]:
    """Every field but those that are compared by themselves, as text by its dotted place."""
    found: dict[str, str] = {}

    def walk(value: object, place: str) -> None:
        if isinstance(value, Mapping):
            for key, one in value.items():
                walk(one, f"{place}.{key}" if place else str(key))
        elif place.partition(".")[0] in APART or place in APART or value in (None, "", (), []):
            return
        elif isinstance(value, (list, tuple)):
            found[place] = "\n".join(map(_text, value))
        else:
            found[place] = _text(value)

    walk(msgspec.to_builtins(definition), "")
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _conda_name(spec: str) -> str:
    """The name in a match spec: ``numpy`` of ``conda-forge::numpy>=2``."""
    found = parse(spec)
    return found.name if found else spec


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
