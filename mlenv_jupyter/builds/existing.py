"""Reading an environment that is there: files only, none of its code is run.

It works as well for one whose Python is gone.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlenv_jupyter.builds.python import markers_of
from mlenv_jupyter.core.errors import InvalidRequest, NotFound
from mlenv_jupyter.core.existing import Contents, Installed, InstalledConda
from mlenv_jupyter.formats.installed import read_installed
from mlenv_jupyter.formats.report import Imported

_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")
_DIRECTORY = re.compile(r"python3\.\d+")
_HISTORY = re.compile(r"^# update specs: (.*)$", re.MULTILINE)
LARGEST = 10 * 1024 * 1024


def read_prefix(prefix: Path, *, name: str | None = None) -> Imported:
    """A venv, conda environment or Python installation as a Definition, with a report.

    Raises NotFound, InvalidRequest for a directory that is none, InvalidDefinition.
    """
    return read_installed(contents_of(prefix), name=name)


def contents_of(prefix: Path) -> Contents:
    """Everything that is installed in a prefix; raises NotFound, InvalidRequest."""
    if not prefix.is_dir():
        raise NotFound(f"There is no directory {prefix}.", where="prefix")
    version = python_of(prefix)
    if version is None:
        raise InvalidRequest(
            f"{prefix} is no Python environment.",
            where="prefix",
            remedy="Name the directory that has bin/python in it.",
        )
    return Contents(
        python=version,
        markers=markers_of(version),
        distributions=tuple(_distributions(prefix)),
        conda=tuple(_conda(prefix)),
    )


def python_of(prefix: Path) -> str | None:
    """The version of the Python in a prefix, as exact as its files say; None where there is none.

    Not asked of the Python itself: it may be gone, and starting it takes longer.
    """
    if os.path.realpath(prefix) == os.path.realpath(sys.prefix):
        return ".".join(map(str, sys.version_info[:3]))
    settings = settings_of(prefix)
    for key in ("version_info", "version"):
        found = _VERSION.match(settings.get(key, ""))
        if found:
            return found[0]
    for record in (prefix / "conda-meta").glob("python-3*.json"):
        found = _VERSION.match(record.name.removeprefix("python-"))
        if found:
            return found[0]
    link = os.path.realpath(prefix / "bin" / "python3")
    found = re.search(r"python(3\.\d+)$", link)
    minors = [found[1]] if found else [one.name[6:] for one in _libraries(prefix)]
    if not minors:
        return None
    # pyenv and uv name a directory by the exact version.
    exact = re.search(rf"(?<![\d.]){re.escape(minors[-1])}\.\d+", os.path.realpath(prefix))
    return exact[0] if exact else minors[-1]


def settings_of(prefix: Path) -> dict[str, str]:
    """What ``pyvenv.cfg`` says; empty where there is none."""
    try:
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def count_of(prefix: Path) -> int:
    """How many packages are in a prefix, without reading them."""
    names = set()
    for place in site_directories(prefix):
        try:
            entries = os.listdir(place)
        except OSError:
            continue
        names |= {
            one.partition("-")[0].lower()
            for one in entries
            if one.endswith((".dist-info", ".egg-info", ".egg-link"))
        }
    return len(names)


def site_directories(prefix: Path) -> list[Path]:
    """Where the packages of a prefix are, the first one wins; those it inherits last."""
    found: list[Path] = []
    version = python_of(prefix) or ""
    minor = ".".join(version.split(".")[:2])
    for library in ("lib", "lib64", "local/lib"):
        for kind in ("site-packages", "dist-packages"):
            found.append(prefix / library / f"python{minor}" / kind)
    found.append(prefix / "lib" / "python3" / "dist-packages")
    settings = settings_of(prefix)
    if settings.get("include-system-site-packages", "").lower() == "true":
        base = Path(settings.get("home", "")).parent
        if base != prefix and base.name:
            found += site_directories(base)
    kept: dict[str, Path] = {}
    for one in found:
        if one.is_dir():
            kept.setdefault(os.path.realpath(one), one)
    return list(kept.values())


def _libraries(prefix: Path) -> list[Path]:
    return sorted(
        (one for one in (prefix / "lib").glob("python3.*") if _DIRECTORY.fullmatch(one.name)),
        key=lambda one: int(one.name.partition(".")[2]),
    )


def _distributions(prefix: Path) -> Iterator[Installed]:
    for place in site_directories(prefix):
        for found in importlib.metadata.distributions(path=[str(place)]):
            one = _installed(found)
            if one is not None:
                yield one
        for link in sorted(place.glob("*.egg-link")):
            lines = link.read_text(errors="replace").splitlines()
            source = lines[0].strip() if lines else ""
            for found in importlib.metadata.distributions(path=[source] if source else []):
                one = _installed(found, editable=source)
                if one is not None:
                    yield one


def _installed(
    found: importlib.metadata.Distribution, *, editable: str | None = None
) -> Installed | None:
    try:
        # Half a package, as an interrupted removal leaves it, has no metadata.
        name, version = found.metadata["Name"], found.metadata["Version"]
        if not name:
            return None
        return Installed(
            name=name,
            version=version or "",
            requires=tuple(found.requires or ()),
            requested=found.read_text("REQUESTED") is not None,
            installer=(found.read_text("INSTALLER") or "").strip().lower(),
            direct_url=_json(found.read_text("direct_url.json")),
            editable=editable,
        )
    except (OSError, KeyError, TypeError, UnicodeDecodeError):
        return None


def _conda(prefix: Path) -> Iterator[InstalledConda]:
    directory = prefix / "conda-meta"
    if not directory.is_dir():
        return
    asked = _asked_of_conda(directory)
    for record in sorted(directory.glob("*.json")):
        try:
            if record.stat().st_size > LARGEST:
                continue
            data = _json(record.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        if data is None or not data.get("name") or not data.get("version"):
            continue
        name = str(data["name"])
        requested = data.get("requested_spec") or next(iter(data.get("requested_specs") or ()), "")
        depends = data.get("depends")
        yield InstalledConda(
            name=name,
            version=str(data["version"]),
            build=str(data.get("build", "")),
            channel=str(data.get("channel") or ""),
            depends=tuple(map(str, depends)) if isinstance(depends, list) else (),
            requested=str(requested if requested and requested != "None" else asked.get(name, "")),
        )


def _asked_of_conda(directory: Path) -> dict[str, str]:
    """The specs that somebody typed, by name, from conda's own history."""
    try:
        text = (directory / "history").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    asked: dict[str, str] = {}
    for line in _HISTORY.findall(text):
        for spec in re.findall(r"'([^']+)'|\"([^\"]+)\"", line):
            text = spec[0] or spec[1]
            name = re.match(r"(?:[^:\s]+::)?([A-Za-z0-9_.-]+)", text)
            if name:
                asked[name[1].lower()] = text
    return asked


def _json(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
