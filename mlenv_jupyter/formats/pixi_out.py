"""A Definition as pixi.toml."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from packaging.requirements import Requirement

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.matchspec import parse
from mlenv_jupyter.core.requirements import name_of
from mlenv_jupyter.formats.conda_spec import python_of
from mlenv_jupyter.formats.toml_out import table, value
from mlenv_jupyter.formats.written import Subject

_PLATFORMS = ("linux-64", "osx-arm64", "win-64")
_VCS = re.compile(
    r"git\+(?P<url>[^@#]+(?:@[^@#/]+(?=/)[^@#]*)?)(?:@(?P<rev>[^#]+))?(?:#(?P<part>.*))?"
)
_BRACKET = re.compile(r"(?P<key>[a-z_]+)\s*=\s*(?P<value>'[^']*'|\"[^\"]*\"|[^\s,]+)")


def files(what: Subject) -> dict[str, str]:
    """The manifest, as it was asked for; what pixi has no word for is a comment at the top."""
    definition = what.definition
    head = [f"# not in this file: {one}" for one in _left(definition)]
    lines = [
        *head,
        "[workspace]",
        f"name = {value(what.name or 'environment')}",
        f"channels = {value(definition.conda.channels or ('conda-forge',))}",
        f"platforms = {value(_PLATFORMS)}",
        *table("dependencies", _conda(definition)),
        *table("pypi-options", _options(definition)),
        *table("pypi-dependencies", _pypi(definition)),
        *table("activation.env", definition.variables.items()),
    ]
    return {"pixi.toml": "\n".join(lines) + "\n"}


def _left(definition: Definition) -> list[str]:
    left = []
    if definition.docker is not None:
        left.append("the image")
    if definition.torch_backend:
        left.append(f"the torch backend {definition.torch_backend}")
    several = Counter(map(name_of, definition.pip.requirements))
    for line in definition.pip.requirements:
        name = name_of(line)
        if several[name] > 1:
            several[name] -= 1
            left.append(f"{line}, as there is one more line of {name}")
    return left + [f"{one.name}, a private wheel" for one in definition.wheels]


def _conda(definition: Definition) -> list[tuple[str, Any]]:
    made: dict[str, Any] = {}
    specs = [spec for one in definition.conda.packages if (spec := parse(one))]
    if not any(spec.name == "python" for spec in specs):
        python = definition.python
        made["python"] = f"{python}.*" if python else "*"
    for spec in specs:
        rest, _, inside = spec.rest.partition("[")
        details: dict[str, Any] = {}
        if spec.channel:
            details["channel"] = spec.channel
        for key, one in _BRACKET.findall(inside.removesuffix("]")):
            details[key.replace("_", "-")] = one.strip("'\"")
        version, build = _version(rest)
        if version != "*" or not details:
            details["version"] = version
        if build:
            details["build"] = build
        made[spec.name] = version if list(details) == ["version"] else details
    python_spec = next((one for one in specs if one.name == "python"), None)
    if python_spec is not None and definition.python and python_of(python_spec.rest) is None:
        made.setdefault("python", f"{definition.python}.*")
    return sorted(made.items())


def _version(rest: str) -> tuple[str, str]:
    """``=1.2=build`` as pixi's version and build: ``1.2.*`` unless a build makes it exact."""
    if not rest:
        return "*", ""
    found = re.fullmatch(r"(?P<version>.*[A-Za-z0-9*_.])=(?P<build>[^=<>!~,|]+)", rest)
    version, build = (found["version"], found["build"]) if found else (rest, "")
    plain = re.fullmatch(r"=([^=<>!~,|]+)", version)
    if plain is None:
        return version, build
    if build and "*" not in plain[1]:
        return f"=={plain[1]}", build
    return plain[1] if plain[1].endswith("*") else f"{plain[1]}.*", build


def _options(definition: Definition) -> list[tuple[str, Any]]:
    pip = definition.pip
    items: list[tuple[str, Any]] = []
    if pip.index_url:
        items.append(("index-url", pip.index_url))
    if pip.extra_index_urls:
        items.append(("extra-index-urls", pip.extra_index_urls))
    if pip.find_links:
        items.append(("find-links", [{"url": one} for one in pip.find_links]))
    for key, names in (("no-build", pip.only_binary), ("no-binary", pip.no_binary)):
        if names:
            items.append((key, True if ":all:" in names else names))
    if pip.pre:
        items.append(("prerelease-mode", "allow"))
    return items


def _pypi(definition: Definition) -> list[tuple[str, Any]]:
    made: dict[str, Any] = {}
    for line in definition.pip.requirements:
        one = Requirement(line)
        details: dict[str, Any] = {}
        if one.url and (found := _VCS.fullmatch(one.url)):
            details["git"] = found["url"]
            if found["rev"]:
                details["rev"] = found["rev"]
            if found["part"] and found["part"].startswith("subdirectory="):
                details["subdirectory"] = found["part"].removeprefix("subdirectory=")
        elif one.url:
            details["url"] = one.url
        else:
            details["version"] = ",".join(sorted(map(str, one.specifier))) or "*"
        if one.extras:
            details["extras"] = sorted(one.extras)
        if one.marker:
            details["env-markers"] = str(one.marker)
        made[one.name] = details["version"] if list(details) == ["version"] else details
    return sorted(made.items())
