"""uv.lock: every package that the project needs, at its version."""

from __future__ import annotations

from typing import Any

from packaging.utils import canonicalize_name

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
from mlenv_jupyter.formats.wanted import Wanted

MAX_MARKER = 4000
MAX_CONDITIONS = 6
_LOCAL = ("editable", "virtual", "directory", "path")
Key = tuple[str, str]


def read(text: str, _read: ReadFile | None = None, _filename: str = "") -> Imported:
    """The packages that the projects of a lock ask for, without extras and groups of theirs.

    Raises InvalidDefinition, with ``where`` as ``line N``, and TooLarge.
    """
    toml, notes, wanted = load(text), Notes(), Wanted()
    found = toml.data.get("package", [])
    if "version" not in toml.data or not isinstance(found, list):
        raise invalid(1, "The file is no lock of uv.")
    packages: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise invalid(0, "A package of the lock has no name.")
        packages.setdefault(canonicalize_name(one["name"]), []).append(one)
    roots = [one for one in found if _local(one)]
    name = None
    for one in roots:
        place = next(str(value) for key, value in one["source"].items() if key in _LOCAL)
        name = one["name"] if name is None or place == "." else name
        notes.keep(toml.line(one["name"]), f"{one['name']} itself is no part of it.")
    reached = _reach(packages, roots)
    for key, markers in sorted(reached.items()):
        package = next(one for one in packages[key[0]] if _key(one) == key)
        if _local(package):
            continue
        line = toml.line(package["name"])
        marker = _any(markers)
        found_source = package.get("source")
        source = found_source if isinstance(found_source, dict) else {}
        git, url = source.get("git"), source.get("url")
        if isinstance(git, str):
            bare, _, commit = git.partition("#")
            directory = bare.partition("subdirectory=")[2].partition("&")[0]
            from_address(key[0], vcs(bare, commit, directory), marker, line, wanted, notes)
        elif isinstance(url, str):
            from_address(key[0], url, marker, line, wanted, notes)
        else:
            from_index(source.get("registry"), wanted, notes, line)
            pin(key[0], key[1], marker, line, wanted, notes)
    left = sum(len(one) for one in packages.values()) - len(reached)
    if left > 0:
        notes.keep("package", f"{left} that only extras or groups need: not taken.")
    python = toml.data.get("requires-python")
    made = None
    if isinstance(python, str):
        made = requires_python(python, toml.line(python, "requires-python"), notes)
    notes.keep("package", "hashes: the lock has hashes of its own.")
    return finish("uv-lock", wanted, notes, name=name, python=made)


def _local(package: dict[str, Any]) -> bool:
    source = package.get("source")
    return isinstance(source, dict) and any(key in source for key in _LOCAL)


def _key(package: dict[str, Any]) -> Key:
    return canonicalize_name(package["name"]), str(package.get("version", ""))


def _reach(
    packages: dict[str, list[dict[str, Any]]], roots: list[dict[str, Any]]
) -> dict[Key, set[str]]:
    """What the roots need, and on which condition; everything where there is no root."""
    reached: dict[Key, set[str]] = {}
    if not roots:
        return {_key(one): {""} for many in packages.values() for one in many}
    todo: list[tuple[dict[str, Any], str, str]] = [(one, "", "") for one in roots]
    seen: dict[tuple[Key, str], set[str]] = {}
    while todo:
        package, extra, marker = todo.pop()
        key = _key(package)
        markers = seen.setdefault((key, extra), set())
        if marker in markers or "" in markers:
            continue
        if len(markers) >= MAX_CONDITIONS:
            # Rather everywhere than conditions without end.
            marker = ""
        markers.add(marker)
        reached.setdefault(key, set()).add(marker)
        optional = package.get("optional-dependencies")
        edges = package.get("dependencies") if not extra else None
        if extra and isinstance(optional, dict):
            edges = optional.get(extra)
        for edge in edges if isinstance(edges, list) else ():
            if not isinstance(edge, dict) or not isinstance(edge.get("name"), str):
                continue
            version, asked = edge.get("version"), edge.get("extra")
            condition = _and(marker, str(edge.get("marker", "")))
            for one in packages.get(canonicalize_name(edge["name"]), ()):
                if version is not None and one.get("version") != version:
                    continue
                wanted = map(str, asked) if isinstance(asked, list) else ()
                todo += [(one, it, condition) for it in ("", *wanted)]
    return reached


def _and(a: str, b: str) -> str:
    if not a or not b or a == b or f"({b})" in a:
        return a or b
    both = f"({a}) and ({b})"
    # A package too many on some platform, rather than a marker without end.
    return both if len(both) <= MAX_MARKER // 8 else a


def _any(markers: set[str]) -> str:
    if "" in markers:
        return ""
    if len(markers) == 1:
        return next(iter(markers))
    made = " or ".join(f"({one})" for one in sorted(markers))
    return made if len(made) <= MAX_MARKER else ""
