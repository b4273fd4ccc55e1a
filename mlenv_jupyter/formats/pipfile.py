"""Pipenv: Pipfile and Pipfile.lock (https://pipenv.pypa.io/en/latest/pipfile.html)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlenv_jupyter.formats.json_file import decode
from mlenv_jupyter.formats.outcome import (
    finish,
    from_address,
    from_index,
    is_pypi,
    requires_python,
    vcs,
)
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, invalid
from mlenv_jupyter.formats.requirement import read_address, read_requirement
from mlenv_jupyter.formats.toml_file import load
from mlenv_jupyter.formats.wanted import Wanted

Lines = Callable[[str], int | str]
"""The line that a key is in."""

_MARKERS = (
    *("os_name", "sys_platform", "platform_machine", "platform_python_implementation"),
    *("platform_release", "platform_system", "platform_version", "python_version"),
    *("python_full_version", "implementation_name", "implementation_version"),
)
_OTHER = ("source", "packages", "requires", "pipenv", "scripts")


def read(text: str, _read: ReadFile | None = None, _filename: str = "") -> Imported:
    """A Pipfile: its packages; those for development are said. Raises InvalidDefinition."""
    toml, notes, wanted = load(text), Notes(), Wanted()
    if not toml.data.keys() & {"source", "packages", "dev-packages", "requires"}:
        raise invalid(0, "The file is no Pipfile: it has neither [packages] nor [requires].")

    def line(key: str) -> int | str:
        return toml.line("", key)

    more = sections(toml.data, wanted, notes, line)
    for name, table in toml.data.items():
        if name not in _OTHER and isinstance(table, dict) and table:
            notes.keep(line(name), f"{name}: not taken. Import a file with them as packages.")
    if toml.table("pipenv", notes).get("allow_prereleases") is True:
        wanted.pre = True
        notes.take("pre-releases")
    if toml.data.get("scripts"):
        notes.keep(line("scripts"), "scripts: not used.")
    return finish("pipfile", wanted, notes, **more)


def read_lock(text: str, _read: ReadFile | None = None, _filename: str = "") -> Imported:
    """Pipfile.lock: every package of the default section at its version.

    Raises InvalidDefinition.
    """
    data, notes, wanted = decode(text), Notes(), Wanted()
    meta = data.get("_meta")
    if not isinstance(meta, dict) or not isinstance(data.get("default"), dict):
        raise invalid(1, "The file is no lock of Pipenv.")
    numbers: dict[str, int] = {}
    for number, one in enumerate(text.split("\n"), 1):
        if (key := one.strip()).startswith('"') and key.endswith(": {"):
            numbers.setdefault(key[1:-4], number)

    def line(key: str) -> int | str:
        return numbers.get(key, key[:80])

    asked = {
        "source": meta.get("sources"),
        "packages": data["default"],
        "requires": meta.get("requires"),
    }
    more = sections(asked, wanted, notes, line)
    for name, table in data.items():
        if name not in ("_meta", "default") and isinstance(table, dict) and table:
            notes.keep(line(name), f"{len(table)} of {name}: not taken.")
    notes.keep(line("default"), "hashes: the lock has hashes of its own.")
    return finish("pipfile-lock", wanted, notes, **more)


def sections(
    data: Mapping[str, Any], wanted: Wanted, notes: Notes, line: Lines
) -> dict[str, str | None]:
    """Collect ``source``, ``packages`` and ``requires``; the Python that is asked for."""
    _sources(data.get("source"), wanted, notes, line("source"))
    packages = data.get("packages") or {}
    if not isinstance(packages, Mapping):
        notes.fault(line("packages"), "packages is not a table.", code="invalid_file")
        packages = {}
    for name, value in packages.items():
        _package(name, value, wanted, notes, line(name))
    requires = data.get("requires")
    requires = requires if isinstance(requires, Mapping) else {}
    for key, end in (("python_full_version", ""), ("python_version", ".*")):
        if isinstance(found := requires.get(key), str) and found.strip():
            # `3` and `3.11` leave open what comes after them.
            return {"python": requires_python(f"=={found.strip()}{end}", line(key), notes)}
    return {}


def _sources(found: object, wanted: Wanted, notes: Notes, line: int | str) -> None:
    urls = [
        one["url"]
        for one in (found if isinstance(found, list) else ())
        if isinstance(one, Mapping) and isinstance(one.get("url"), str)
    ]
    if urls and not any(map(is_pypi, urls)):
        # Without PyPI among them packages come from the first.
        wanted.index_url = read_address(line, "the index", urls.pop(0), notes)
    for one in urls:
        from_index(one, wanted, notes, line)


def _package(name: str, value: object, wanted: Wanted, notes: Notes, line: int | str) -> None:
    table = value if isinstance(value, Mapping) else {"version": value}
    version = table.get("version", "*")
    if not isinstance(version, str):
        notes.fault(line, f"The version of {name[:80]} is no text.", remedy='Write "*" or ">=1".')
        return
    extras = table.get("extras")
    extra = f"[{','.join(map(str, extras))}]" if isinstance(extras, list) and extras else ""
    conditions = [f"{key} {table[key]}" for key in _MARKERS if isinstance(table.get(key), str)]
    if isinstance(marker := table.get("markers"), str) and marker.strip():
        conditions.insert(0, f"({marker})" if conditions else marker)
    condition = " and ".join(conditions)
    place = next((str(table[one]) for one in ("file", "path") if one in table), None)
    git = table.get("git")
    if table.get("editable") and (isinstance(git, str) or "://" in (place or "")):
        notes.keep(line, f"{name} is editable there: it is installed as any other.")
    if isinstance(git, str):
        address = vcs(git, str(table.get("ref") or ""), str(table.get("subdirectory") or ""))
        from_address(name + extra, address, condition, line, wanted, notes)
        return
    if place is not None and "://" in place:
        from_address(name + extra, place, condition, line, wanted, notes)
        return
    if place is not None or any(one in table for one in ("hg", "svn", "bzr")):
        where = place or "a repository that is not git's"
        notes.refuse(
            line,
            f"{name} comes from {where[:200]}.",
            "Build a wheel of it, or name it by NAME @ git+https://….",
        )
        return
    version = version.strip()
    spec = "" if version in ("*", "") else f"=={version}" if version[0].isdigit() else version
    read_requirement(
        line, f"{name}{extra}{spec}{f' ; {condition}' if condition else ''}", wanted, notes
    )
