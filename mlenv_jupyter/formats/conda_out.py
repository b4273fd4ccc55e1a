"""A Definition as conda's environment.yml."""

from __future__ import annotations

import yaml

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.matchspec import parse
from mlenv_jupyter.formats.conda_spec import python_of
from mlenv_jupyter.formats.requirements_out import (
    LIMITS,
    limits_file,
    option_lines,
    requirement_lines,
)
from mlenv_jupyter.formats.written import Subject


def files(what: Subject) -> dict[str, str]:
    """The environment file of a Definition, as it was asked for."""
    made = dump(as_mapping(what.definition, name=what.name))
    return {"environment.yml": made, **limits_file(what.definition)}


def dump(data: dict[str, object]) -> str:
    """A mapping as YAML, its keys in their order."""
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000))


def as_mapping(
    definition: Definition, *, name: str = "", limits: str | None = LIMITS, kept: bool = True
) -> dict[str, object]:
    """What stands in the environment file of a Definition.

    ``limits`` is where its file of constraints is; ``kept`` puts in what mlenv does not honour.
    """
    conda = definition.conda
    dependencies: list[object] = []
    specs = [spec for one in conda.packages if (spec := parse(one))]
    pythons = [python_of(spec.rest) for spec in specs if spec.name == "python"]
    if not any(one is None or one.version == definition.python for one in pythons):
        dependencies.append(f"python={definition.python}" if definition.python else "python")
    dependencies += conda.packages
    pip = option_lines(definition, limits=limits, kept=kept) + requirement_lines(definition)
    if pip:
        if not any(spec.name == "pip" for spec in specs):
            dependencies.append("pip")
        dependencies.append({"pip": pip})
    data: dict[str, object] = {"name": name} if name else {}
    if conda.channels:
        data["channels"] = list(conda.channels)
    data["dependencies"] = dependencies
    if definition.variables:
        data["variables"] = dict(definition.variables)
    return data
