"""Poetry: its dependency tables and version constraints, and poetry.lock."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from mlenv_jupyter.formats.outcome import (
    finish,
    from_address,
    from_index,
    pin,
    requires_python,
    vcs,
)
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, invalid
from mlenv_jupyter.formats.requirement import read_requirement
from mlenv_jupyter.formats.toml_file import Toml, load
from mlenv_jupyter.formats.wanted import Wanted

_PART = re.compile(r"(\^|~=|~|>=|<=|==|!=|>|<|=)?\s*([0-9][0-9A-Za-z.+*!-]*)")


def pep440(constraint: str) -> str | None:
    """Poetry's constraint as PEP 440 has it (``^1.2`` → ``>=1.2,<2``); None where it has none."""
    constraint = constraint.strip()
    if constraint in ("*", ""):
        return ""
    if "|" in constraint:
        return None
    made = []
    for one in re.split(r"\s*,\s*|\s+(?=[\^~<>=!])", constraint):
        found = _PART.fullmatch(one.strip())
        if found is None:
            return None
        op, version = found[1] or "==", found[2]
        numbers = re.match(r"\d+(?:\.\d+)*", version)
        if op in ("^", "~"):
            assert numbers is not None
            parts = [int(part) for part in numbers[0].split(".")]
            made.append(f">={version.removesuffix('.*')},<{_next(parts, op)}")
        else:
            made.append(f"{'==' if op == '=' else op}{version}")
    return ",".join(made)


def _next(parts: list[int], op: str) -> str:
    if op == "~":
        at = 1 if len(parts) > 1 else 0
    else:
        at = next((n for n, one in enumerate(parts) if one), len(parts) - 1)
    return ".".join(map(str, [*parts[:at], parts[at] + 1]))


def dependencies(toml: Toml, wanted: Wanted, notes: Notes, groups: Collection[str]) -> str | None:
    """Add what ``tool.poetry`` asks for; the Python that it asks for."""
    python = None
    for source in toml.table("tool.poetry", notes).get("source") or ():
        if isinstance(source, dict):
            from_index(source.get("url"), wanted, notes, toml.line(source.get("url"), "url"))
    tables = {"dependencies": toml.table("tool.poetry.dependencies", notes)}
    found = toml.table("tool.poetry.group", notes)
    if "dev-dependencies" in toml.table("tool.poetry", notes):
        found = {**found, "dev": {"dependencies": toml.data["tool"]["poetry"]["dev-dependencies"]}}
    for name, group in found.items():
        if name in groups and isinstance(group, dict):
            tables[name] = group.get("dependencies", {})
            notes.take(f"group {name}")
        else:
            notes.keep(toml.line("", name), f"group {name} not taken: ask with --group {name}.")
    for one in groups:
        if one not in found:
            notes.fault("tool.poetry.group", f"There is no group {one[:80]!r}.", code="not_found")
    for table in tables.values():
        for name, value in table.items() if isinstance(table, dict) else ():
            if name == "python":
                said = value if isinstance(value, str) else ""
                text = pep440(said)
                line = toml.line(said, "python")
                python = requires_python(said if text is None else text, line, notes)
                continue
            for one in value if isinstance(value, list) else [value]:
                _dependency(name, one, toml, wanted, notes)
    return python


def _dependency(name: str, value: object, toml: Toml, wanted: Wanted, notes: Notes) -> None:
    line = toml.line("", name)
    table: dict[str, Any] = value if isinstance(value, dict) else {"version": value}
    if table.get("optional"):
        notes.keep(line, f"{name} is optional: not taken.")
        return
    extras = table.get("extras")
    extra = f"[{','.join(map(str, extras))}]" if isinstance(extras, list) and extras else ""
    marker = str(table.get("markers", ""))
    if isinstance(python := table.get("python"), str) and (spec := pep440(python)):
        marker = " and ".join([*([f"({marker})"] if marker else []), *_python_markers(spec)])
    if isinstance(git := table.get("git"), str):
        ref = next((str(table[one]) for one in ("rev", "tag", "branch") if one in table), "")
        address = vcs(git, ref, str(table.get("subdirectory", "")))
        from_address(name + extra, address, marker, line, wanted, notes)
        return
    if isinstance(url := table.get("url"), str):
        from_address(name + extra, url, marker, line, wanted, notes)
        return
    if "path" in table or "file" in table:
        notes.refuse(
            line,
            f"{name} comes from {table.get('path', table.get('file'))}, on one machine.",
            "Build a wheel of it, or name it by NAME @ git+https://….",
        )
        return
    version = table.get("version", "*")
    made = pep440(version) if isinstance(version, str) else None
    if made is None:
        notes.fault(
            line,
            f"{name} {str(version)[:80]!r} has no equal outside of Poetry.",
            remedy="Write it with >=, < and !=.",
        )
        return
    read_requirement(line, f"{name}{extra}{made}{f' ; {marker}' if marker else ''}", wanted, notes)


def _python_markers(spec: str) -> list[str]:
    made = []
    for one in spec.split(","):
        found = re.fullmatch(r"(>=|<=|==|!=|>|<|~=)(.+)", one)
        if found:
            made.append(f"python_version {found[1]} '{found[2]}'")
    return made


def read_lock(text: str, _read: ReadFile | None = None, _filename: str = "") -> Imported:
    """poetry.lock: every package of the main group at its version. Raises InvalidDefinition."""
    toml, notes, wanted = load(text), Notes(), Wanted()
    packages = toml.data.get("package", [])
    if not isinstance(packages, list) or "metadata" not in toml.data:
        raise invalid(1, "The file is no lock of Poetry.")
    left = 0
    for one in packages:
        name, version = (
            one.get(key) if isinstance(one, dict) else None for key in ("name", "version")
        )
        if not isinstance(name, str) or not isinstance(version, str):
            notes.fault("package", "A package has no name or no version.", code="invalid_file")
            continue
        line = toml.line(name)
        groups = one.get("groups", [one.get("category", "main")])
        if (isinstance(groups, list) and "main" not in groups) or one.get("optional"):
            left += 1
            continue
        marker = one.get("markers", "")
        marker = str(marker.get("main", "") if isinstance(marker, dict) else marker)
        source = one.get("source")
        source = source if isinstance(source, dict) else {}
        kind, url = source.get("type"), str(source.get("url", ""))
        if kind == "git":
            commit = str(source.get("resolved_reference") or source.get("reference") or "")
            address = vcs(url, commit, str(source.get("subdirectory", "")))
            from_address(name, address, marker, line, wanted, notes)
        elif kind == "url":
            from_address(name, url, marker, line, wanted, notes)
        elif kind in ("directory", "file"):
            notes.refuse(line, f"{name} comes from {url}, on one machine.", "Build a wheel of it.")
        else:
            if kind == "legacy":
                from_index(url, wanted, notes, line)
            pin(name, version, marker, line, wanted, notes)
    if left:
        notes.keep("package", f"{left} of other groups, or optional: not taken.")
    python = toml.table("metadata", notes).get("python-versions")
    made = None
    if isinstance(python, str):
        text440 = pep440(python)
        line = toml.line(python, "python-versions")
        made = requires_python(python if text440 is None else text440, line, notes)
    notes.keep("package", "hashes: the lock has hashes of its own.")
    return finish("poetry-lock", wanted, notes, python=made)
