"""A Definition as conda's environment.yml."""

from __future__ import annotations

import yaml

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.matchspec import parse
from mlenv_jupyter.formats.requirements_out import option_lines


def write(definition: Definition, *, name: str = "", packages: object = None) -> str:
    """The environment file of a Definition, as it was asked for: ``packages`` are not pinned."""
    del packages
    return dump(as_mapping(definition, name=name))


def dump(data: dict[str, object]) -> str:
    """A mapping as YAML, its keys in their order."""
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000))


def as_mapping(definition: Definition, *, name: str = "") -> dict[str, object]:
    """What stands in the environment file of a Definition."""
    conda = definition.conda
    dependencies: list[object] = [f"python={definition.python}" if definition.python else "python"]
    dependencies += conda.packages
    pip = [*option_lines(definition), *definition.pip.requirements]
    if pip:
        if not any((spec := parse(one)) and spec.name == "pip" for one in conda.packages):
            dependencies.append("pip")
        dependencies.append({"pip": pip})
    data: dict[str, object] = {"name": name} if name else {}
    if conda.channels:
        data["channels"] = list(conda.channels)
    data["dependencies"] = dependencies
    if definition.variables:
        data["variables"] = dict(definition.variables)
    return data
