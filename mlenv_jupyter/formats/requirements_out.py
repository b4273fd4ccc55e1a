"""A Definition as a requirements file: as it was asked for, or pinned to what it resolved to."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.requirements import Requirement

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.lock import LockedPackage
from mlenv_jupyter.core.requirements import name_of


def option_lines(definition: Definition) -> list[str]:
    """The index settings of a Definition, as pip takes them."""
    pip = definition.pip
    return [
        *([f"--index-url {pip.index_url}"] if pip.index_url else []),
        *(f"--extra-index-url {one}" for one in pip.extra_index_urls),
        *(f"--find-links {one}" for one in pip.find_links),
        *(f"--no-binary {one}" for one in pip.no_binary),
        *(f"--only-binary {one}" for one in pip.only_binary),
        *(["--pre"] if pip.pre else []),
    ]


def write(
    definition: Definition, *, name: str = "", packages: Sequence[LockedPackage] | None = None
) -> str:
    """The file; each package pinned, with who asked for it, where ``packages`` are known."""
    head = [f"# {name}"] if name else []
    if definition.python:
        head.append(f"# Python {definition.python}")
    if definition.conda.packages:
        head.append(f"# not in this file, from conda: {', '.join(definition.conda.packages)}")
    if packages is None:
        lines = list(definition.pip.requirements)
    else:
        lines = _pinned(definition, packages)
    return "\n".join([*head, *option_lines(definition), *lines]) + "\n"


def _pinned(definition: Definition, packages: Sequence[LockedPackage]) -> list[str]:
    # A package from an address has no version that an index would know.
    addressed = {
        name_of(line): line for line in definition.pip.requirements if Requirement(line).url
    }
    lines = []
    for one in sorted(packages, key=lambda one: one.name):
        line = addressed.get(one.name, f"{one.name}=={one.version}")
        if not one.direct and one.required_by:
            line += f"  # for {', '.join(one.required_by)}"
        lines.append(line)
    return lines
