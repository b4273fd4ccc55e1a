"""What a notebook's metadata asks for: nteract (``runt``) and jupyterlab-requirements."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from mlenv_jupyter.core.matchspec import parse
from mlenv_jupyter.formats.outcome import requires_python
from mlenv_jupyter.formats.pipfile import sections
from mlenv_jupyter.formats.report import Notes
from mlenv_jupyter.formats.requirement import read_requirement
from mlenv_jupyter.formats.wanted import Wanted

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def asked_by(metadata: Mapping[str, Any]) -> str | None:
    """Which tool has written into a notebook what it needs; None for none."""
    if _runt(metadata):
        return "nteract"
    if isinstance(metadata.get("requirements"), str) and metadata["requirements"].strip():
        return "jupyterlab-requirements"
    return None


def read_metadata(metadata: Mapping[str, Any], wanted: Wanted, notes: Notes) -> dict[str, Any]:
    """Collect what is asked for; the arguments of ``Definition.create`` that are not pip's."""
    if found := _runt(metadata):
        return _nteract(found, wanted, notes)
    return _pipfile(str(metadata["requirements"]), wanted, notes)


def _runt(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The two lists of nteract that are not empty; in old notebooks they are one level up."""
    inside = metadata.get("runt")
    places = [inside if isinstance(inside, Mapping) else {}, metadata]
    for place in places:
        found = {
            key: place[key]
            for key in ("uv", "conda")
            if isinstance(place.get(key), Mapping) and place[key].get("dependencies")
        }
        if found:
            return found
    return {}


def _nteract(found: Mapping[str, Any], wanted: Wanted, notes: Notes) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if uv := found.get("uv"):
        where = "metadata.runt.uv"
        for line in _texts(uv.get("dependencies"), where, notes):
            read_requirement(where, line, wanted, notes)
        if isinstance(uv.get("requires-python"), str):
            more["python"] = requires_python(uv["requires-python"], where, notes)
        wanted.pre = uv.get("prerelease") == "allow"
        return more
    conda, where = found["conda"], "metadata.runt.conda"
    packages = []
    for spec in _texts(conda.get("dependencies"), where, notes):
        one = parse(spec)
        if one is not None and one.name == "python":
            more["python"] = requires_python(one.rest, where, notes)
        else:
            packages.append(spec)
    if isinstance(conda.get("python"), str):
        more["python"] = requires_python(conda["python"], where, notes)
    channels = _texts(conda.get("channels") or ["conda-forge"], where, notes)
    return {**more, "conda_packages": packages, "conda_channels": list(channels)}


def _pipfile(text: str, wanted: Wanted, notes: Notes) -> dict[str, Any]:
    where = "metadata.requirements"
    try:
        data = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        notes.fault(where, f"It cannot be read: {error}.", remedy="Write the packages by hand.")
        return {}
    if not isinstance(data, Mapping):
        notes.fault(where, "It is no Pipfile.", remedy="Write the packages by hand.")
        return {}
    data = {"source": data.get("sources"), **data}
    return dict(sections(data, wanted, notes, lambda _: where))


def _texts(value: object, where: str, notes: Notes) -> Iterable[str]:
    for one in value if isinstance(value, (list, tuple)) else ():
        if isinstance(one, str) and one.strip():
            yield one.strip()
        else:
            notes.fault(where, f"{str(one)[:80]!r} is no text.", remedy="Write names of packages.")
