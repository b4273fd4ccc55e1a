"""pylock.toml (PEP 751), in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packaging.markers import InvalidMarker, Marker

from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.core.universal import LockedFile
from mlenv_jupyter.formats.outcome import (
    finish,
    from_address,
    from_index,
    pin,
    requires_python,
    vcs,
)
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, invalid
from mlenv_jupyter.formats.toml_file import load
from mlenv_jupyter.formats.toml_out import value
from mlenv_jupyter.formats.wanted import Wanted
from mlenv_jupyter.formats.written import Subject

_SELECTION = ("extras", "dependency_groups")


def read(text: str, _read: ReadFile | None = None, _filename: str = "") -> Imported:
    """The packages of a lock, each at its version; those of extras and other groups not.

    Raises InvalidDefinition, with ``where`` as ``line N``, and TooLarge.
    """
    toml, notes, wanted = load(text), Notes(), Wanted()
    packages = toml.data.get("packages")
    if not isinstance(packages, list) or "lock-version" not in toml.data:
        raise invalid(1, "The file is no lock in the form of PEP 751.")
    version = str(toml.data["lock-version"])
    if not version.startswith("1."):
        raise invalid(toml.line(version), f"Locks of version {version[:20]} are not known.")
    groups = frozenset(toml.texts(toml.data.get("default-groups"), "default-groups", notes))
    left: list[str] = []
    for one in packages:
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str):
            notes.fault("packages", "A package has no name.", code="invalid_file")
            continue
        line = toml.line(name)
        marker = str(one.get("marker", ""))
        if any(word in marker for word in _SELECTION):
            kept = _selected(marker, groups)
            if kept is None:
                left.append(name)
                continue
            marker = kept
        _package(name, one, marker, line, wanted, notes)
    if left:
        notes.keep("packages", f"{', '.join(left)}: of extras or groups that are not taken.")
    python = toml.data.get("requires-python")
    made = None
    if isinstance(python, str):
        made = requires_python(python, toml.line(python, "requires-python"), notes)
    notes.keep("packages", "hashes: the lock has hashes of its own.")
    return finish("pylock", wanted, notes, python=made)


def _package(
    name: str, one: dict[str, Any], marker: str, line: int | str, wanted: Wanted, notes: Notes
) -> None:
    def table(key: str) -> dict[str, Any]:
        found = one.get(key)
        return found if isinstance(found, dict) else {}

    git, archive = table("vcs"), table("archive")
    if git.get("url"):
        kind = str(git.get("type", "git"))
        address = vcs(
            str(git["url"]), str(git.get("commit-id", "")), str(git.get("subdirectory", ""))
        )
        address = address if kind == "git" else address.replace("git+", f"{kind}+", 1)
        from_address(name, address, marker, line, wanted, notes)
    elif archive.get("url"):
        from_address(name, str(archive["url"]), marker, line, wanted, notes)
    elif "directory" in one or archive or git:
        notes.refuse(
            line, f"{name} comes from a directory or file of one machine.", "Build a wheel of it."
        )
    else:
        from_index(one.get("index"), wanted, notes, line)
        pin(name, str(one.get("version", "")), marker, line, wanted, notes)


def _selected(marker: str, groups: frozenset[str]) -> str | None:
    """The marker without what it says of extras and groups; None where it is not taken."""
    try:
        fits = Marker(marker).evaluate(
            {"extras": frozenset(), "dependency_groups": groups}, context="lock_file"
        )
    except (InvalidMarker, TypeError, KeyError):
        return None
    return "" if fits else None


def files(what: Subject) -> dict[str, str]:
    """The lock for all platforms, with the place of each file on the index.

    Raises Conflict where it is not locked, or a file is at no address that can be given away.
    """
    lock = what.lock
    if lock is None:
        raise Conflict(
            f"{what.name or 'It'} is not locked.",
            code="not_locked",
            where="format",
            remedy="Build it first, or export it as requirements-unpinned.",
        )
    lines = ['lock-version = "1.0"', 'created-by = "mlenv"']
    if lock.requires_python:
        lines.append(f"requires-python = {value(lock.requires_python)}")
    for one in sorted(lock.packages, key=lambda one: (one.name, one.version)):
        lines += ["", "[[packages]]", f"name = {value(one.name)}"]
        if one.version:
            lines.append(f"version = {value(one.version)}")
        if one.marker:
            lines.append(f"marker = {value(one.marker)}")
        if one.source:
            lines += [f"{key} = {value(it)}" for key, it in one.source.items()]
            continue
        wheels = [_entry(file, what.addresses) for file in one.files if file.kind == "wheel"]
        for file in one.files:
            if file.kind == "sdist":
                lines.append(f"sdist = {value(_entry(file, what.addresses))}")
        if wheels:
            lines += ["wheels = [", *(f"    {value(wheel)}," for wheel in wheels), "]"]
    return {"pylock.toml": "\n".join(lines) + "\n"}


def _entry(file: LockedFile, addresses: Mapping[str, str]) -> dict[str, Any]:
    address = addresses.get(file.sha256)
    if address is None:
        raise Conflict(
            f"The index says no place of {file.filename} that could be given away.",
            code="no_address",
            where=file.filename,
            remedy="Export it as requirements-hashed, which needs none.",
        )
    made: dict[str, Any] = {"name": file.filename, "url": address}
    if file.size is not None:
        made["size"] = file.size
    made["hashes"] = {"sha256": file.sha256}
    return made
