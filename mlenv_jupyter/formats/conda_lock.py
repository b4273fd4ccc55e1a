"""conda-lock.yml, and the lists that ``conda list --export`` and ``--explicit`` print."""

from __future__ import annotations

import re

from mlenv_jupyter.core.matchspec import parse
from mlenv_jupyter.formats.conda import CondaFile
from mlenv_jupyter.formats.installed import channel_of
from mlenv_jupyter.formats.outcome import PLATFORMS, finish, from_address, pin
from mlenv_jupyter.formats.pixi import locked, platform_said
from mlenv_jupyter.formats.report import MAX_LINES, Imported, Notes, ReadFile, invalid, too_large
from mlenv_jupyter.formats.wanted import Wanted
from mlenv_jupyter.formats.yaml_file import Items, Keys, Node, Text, load

_MAX = 400_000
_CHANNEL_OF = re.compile(r"(?P<channel>.*)/(?:noarch|[a-z]+-[a-z0-9]+)/[^/]+")


def read(text: str, _read: ReadFile | None = None, _filename: str = "") -> Imported:
    """conda-lock.yml: one platform, every package at its build. Raises InvalidDefinition."""
    root = load(text, max_nodes=_MAX)
    notes, wanted = Notes(), Wanted()
    conda = CondaFile(notes, wanted=wanted)
    packages, metadata = _get(root, "package"), _get(root, "metadata")
    if not isinstance(packages, Items) or not isinstance(metadata, Keys):
        raise invalid(root.line, "The file is no lock of conda-lock: it has no packages.")
    channels = _get(metadata, "channels")
    for one in channels.items if isinstance(channels, Items) else []:
        if url := _text(one) or _text(_get(one, "url")):
            conda.channel(channel_of(url), one.line)
    platforms = list(dict.fromkeys(_text(_get(one, "platform")) for one in packages.items))
    chosen = next((one for one in PLATFORMS if one in platforms), platforms[0] if platforms else "")
    left = 0
    for one in packages.items:
        if _text(_get(one, "platform")) != chosen:
            continue
        name, version = _text(_get(one, "name")), _text(_get(one, "version"))
        if not name or not version:
            notes.fault(one.line, "A package has no name or no version.", code="invalid_file")
        elif _text(_get(one, "category")) not in ("", "main"):
            left += 1
        elif _text(_get(one, "manager")) == "pip":
            source = _get(one, "source")
            if _text(_get(source, "type")) == "url":
                from_address(name, _text(_get(source, "url")), "", one.line, wanted, notes)
            else:
                pin(name, version, "", one.line, wanted, notes)
        elif url := _text(_get(one, "url")):
            locked(url, one.line, conda, notes)
        else:
            conda.package(f"{name}=={version}", one.line)
    if said := platform_said(chosen, platforms):
        notes.keep(packages.line, said)
    if left:
        notes.keep(packages.line, f"{left} of other categories than main: not taken.")
    notes.keep(packages.line, "hashes: the lock has hashes of its own.")
    conda.settle()
    return finish("conda-lock", wanted, notes, **conda.conda_arguments())


def read_list(text: str, _read: ReadFile | None = None, _filename: str = "") -> Imported:
    """A list of ``name=version=build`` lines, or of addresses. Raises InvalidDefinition."""
    notes, wanted = Notes(), Wanted()
    conda = CondaFile(notes, wanted=wanted)
    for number, line in enumerate(text.splitlines(), 1):
        if number > MAX_LINES:
            raise too_large(number, f"more than {MAX_LINES} lines")
        line = line.strip()
        if not line or line.startswith("#") or line == "@EXPLICIT":
            continue
        if "://" in line:
            address = line.partition("#")[0]
            if found := _CHANNEL_OF.fullmatch(address):
                conda.channel(channel_of(found["channel"]), number)
            locked(address, number, conda, notes)
            continue
        name, _, rest = line.partition("=")
        version, _, build = rest.partition("=")
        if build.startswith("pypi_") or build == "pypi":
            pin(name, version, "", number, wanted, notes)
        elif parse(line) is None:
            notes.fault(number, f"{line[:200]!r} is not a conda package.")
        else:
            conda.package(line, number)
    conda.settle()
    return finish("conda-list", wanted, notes, **conda.conda_arguments())


def _get(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Keys) else None


def _text(node: Node | None) -> str:
    return (node.text or "") if isinstance(node, Text) else ""
