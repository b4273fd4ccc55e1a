"""pixi: pixi.toml (and the same in pyproject.toml), and pixi.lock."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from mlenv_jupyter.formats.addresses import named
from mlenv_jupyter.formats.conda import CondaFile
from mlenv_jupyter.formats.installed import channel_of
from mlenv_jupyter.formats.outcome import PLATFORMS, finish, from_address, from_index, pin, vcs
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, invalid
from mlenv_jupyter.formats.requirement import read_address, read_requirement
from mlenv_jupyter.formats.toml_file import Toml, load
from mlenv_jupyter.formats.variables import add_variable
from mlenv_jupyter.formats.wanted import Wanted
from mlenv_jupyter.formats.yaml_file import Items, Keys, Node, Text
from mlenv_jupyter.formats.yaml_file import load as load_yaml

_READ = {
    *("workspace", "project", "dependencies", "pypi-dependencies", "pypi-options", "activation"),
    *("feature", "environments", "target", "tool"),
}
_ABOUT = {"name", "channels", "platforms", "requires-pixi", "version", "authors", "description"}
_MAX_LOCK = 400_000
_PREFIX = re.compile(r"((?:\d+!)?[A-Za-z0-9_.]*[A-Za-z0-9_])\.\*")
_EXACT = re.compile(r"==([^\s,|*<>=!~]+)")


def read(text: str, _read: ReadFile | None = None, _filename: str = "") -> Imported:
    """pixi.toml: the default environment. Raises InvalidDefinition with its line; TooLarge."""
    toml, notes, wanted = load(text), Notes(), Wanted()
    if not {"workspace", "project"} & set(toml.data):
        raise invalid(0, "The file is no manifest of pixi: it has no [workspace].")
    conda = manifest(toml, "", wanted, notes)
    about = toml.table("workspace", notes) or toml.table("project", notes)
    name = about.get("name")
    return finish(
        "pixi",
        wanted,
        notes,
        name=name if isinstance(name, str) else None,
        **conda.conda_arguments(),
    )


def manifest(toml: Toml, prefix: str, wanted: Wanted, notes: Notes) -> CondaFile:
    """What the default environment of a manifest asks for; ``prefix`` is the table it is in."""
    before = f"{prefix}." if prefix else ""
    conda = CondaFile(notes, wanted=wanted)
    root = toml.table(prefix, notes) if prefix else toml.data
    about = toml.table(f"{before}workspace", notes) or toml.table(f"{before}project", notes)
    for one in about.get("channels") or ():
        channel = one.get("channel") if isinstance(one, dict) else one
        if isinstance(channel, str):
            conda.channel(channel, toml.line(channel, "channels"))
        else:
            notes.fault(toml.line("", "channels"), "A channel is not text.", code="invalid_file")
    for name, value in toml.table(f"{before}dependencies", notes).items():
        spec = _spec(name, value, toml.line("", name), notes)
        if spec is not None:
            conda.package(spec, toml.line("", name))
    for name, value in toml.table(f"{before}pypi-dependencies", notes).items():
        _pypi(name, value, toml.line("", name), wanted, notes)
    _options(toml, f"{before}pypi-options", wanted, notes)
    for name, value in toml.table(f"{before}activation.env", notes).items():
        add_variable(name, value, toml.line("", name), conda.variables, notes)
    if toml.table(f"{before}activation", notes).get("scripts"):
        notes.keep(toml.line("", "scripts"), "activation scripts are not run.")
    conda.settle()
    if not conda.packages and conda.channels:
        notes.keep(toml.line("", "channels"), "channels: they are for pixi's own Python alone.")
        notes.taken[:] = [one for one in notes.taken if not one.startswith("channel ")]
        conda.channels.clear()
    _left(toml, root, before, notes)
    return conda


def _left(toml: Toml, root: dict[str, Any], before: str, notes: Notes) -> None:
    for key in root:
        if key in ("feature", "target") and toml.table(f"{before}{key}", notes):
            names = ", ".join(toml.table(f"{before}{key}", notes))
            notes.keep(toml.line("", key), f"{key} {names}: only the default environment is taken.")
        elif key not in _READ:
            notes.keep(toml.line("", key), f"{before}{key} is not honoured.")


def _spec(name: str, value: object, line: int | str, notes: Notes) -> str | None:
    """One of pixi's conda dependencies as a match spec."""
    if isinstance(value, str):
        return f"{name}{_versioned(value)}"
    if not isinstance(value, dict):
        notes.fault(line, f"{name} is neither text nor a table.", code="invalid_file")
        return None
    if {"git", "path", "url"} & set(value):
        notes.refuse(line, f"{name} is built from source, which mlenv does not.", "")
        return None
    version = str(value.get("version", "*"))
    channel = f"{value['channel']}::" if isinstance(value.get("channel"), str) else ""
    more = [
        f"{key.replace('-', '_')}='{value[key]}'"
        for key in ("build", "build-number", "subdir", "md5", "sha256")
        if key in value
    ]
    if "build" in value and version != "*" and set(value) <= {"version", "build", "channel"}:
        exact = _EXACT.fullmatch(version)
        return f"{channel}{name} {exact[1] if exact else version} {value['build']}"
    spec = f"{channel}{name}{_versioned(version)}"
    return spec + (f"[{','.join(more)}]" if more else "")


def _versioned(version: str) -> str:
    """A version of pixi's after a name: ``1.2.*`` is what conda people write as ``=1.2``."""
    version = version.strip()
    if version in ("", "*"):
        return ""
    prefix = _PREFIX.fullmatch(version)
    return f"={prefix[1]}" if prefix else f" {version}"


def _pypi(name: str, value: object, line: int | str, wanted: Wanted, notes: Notes) -> None:
    table: dict[str, Any] = value if isinstance(value, dict) else {"version": value}
    extras = table.get("extras")
    extra = f"[{','.join(map(str, extras))}]" if isinstance(extras, list) and extras else ""
    marker = str(table.get("env-markers", ""))
    if isinstance(git := table.get("git"), str):
        ref = next((str(table[one]) for one in ("rev", "tag", "branch") if one in table), "")
        address = vcs(git, ref, str(table.get("subdirectory", "")))
        from_address(name + extra, address, marker, line, wanted, notes)
    elif isinstance(url := table.get("url"), str):
        from_address(name + extra, url, marker, line, wanted, notes)
    elif "path" in table:
        notes.refuse(line, f"{name} comes from {table['path']}, on one machine.", "Build a wheel.")
    else:
        version = str(table.get("version", "*")).strip()
        version = "" if version == "*" else version
        from_index(table.get("index"), wanted, notes, line)
        text = f"{name}{extra}{version if version[:1] in '=<>!~' else f'=={version}'}"
        read_requirement(line, f"{text} ; {marker}" if marker else text, wanted, notes)


def _options(toml: Toml, path: str, wanted: Wanted, notes: Notes) -> None:
    table = toml.table(path, notes)
    if isinstance(url := table.get("index-url"), str):
        wanted.index_url = read_address(toml.line(url, "index-url"), "index-url", url, notes)
    for one in toml.texts(table.get("extra-index-urls"), "extra-index-urls", notes):
        line = toml.line(one, "extra-index-urls")
        if found := read_address(line, "extra-index-urls", one, notes):
            wanted.extra_index_urls.append(found)
    for one in table.get("find-links") or ():
        url = one.get("url") if isinstance(one, dict) else None
        line = toml.line(url, "find-links")
        if isinstance(url, str) and (found := read_address(line, "find-links", url, notes)):
            wanted.find_links.append(found)
        elif not isinstance(url, str):
            notes.refuse(line, "find-links is beside the file.", "Write its address.")
    wanted.pre = wanted.pre or table.get("prerelease-mode") == "allow"
    for key, names in (("no-build", wanted.only_binary), ("no-binary", wanted.no_binary)):
        found_names = table.get(key)
        if found_names is True:
            names.append(":all:")
        elif isinstance(found_names, list):
            names += map(str, found_names)


def read_lock(text: str, _read: ReadFile | None = None, _filename: str = "") -> Imported:
    """pixi.lock: the default environment on one platform, every package at its build.

    Raises InvalidDefinition with its line, and TooLarge.
    """
    root = load_yaml(text, max_nodes=_MAX_LOCK)
    notes, wanted = Notes(), Wanted()
    conda = CondaFile(notes, wanted=wanted)
    environments = _key(root, "environments")
    if not isinstance(environments, Keys):
        raise invalid(root.line, "The file is no lock of pixi: it has no environments.")
    name = "default" if "default" in environments.items else next(iter(environments.items), "")
    environment = environments.get(name)
    for one in _items(_key(environment, "channels")):
        url = _text(_key(one, "url"))
        conda.channel(channel_of(url), one.line)
    for one in _items(_key(environment, "indexes")):
        from_index(_text(one), wanted, notes, one.line)
    packages = _key(environment, "packages")
    platforms = list(packages.items) if isinstance(packages, Keys) else []
    chosen = next((one for one in PLATFORMS if one in platforms), platforms[0] if platforms else "")
    versions = _versions(_key(root, "packages"))
    for one in _items(_key(packages, chosen)):
        if url := _text(_key(one, "conda")):
            locked(url, one.line, conda, notes)
        elif url := _text(_key(one, "pypi")):
            found = versions.get(url)
            if found:
                pin(found[0], found[1], "", one.line, wanted, notes)
            elif better := named(url):
                key, _, address = better.partition(" @ ")
                from_address(key, address, "", one.line, wanted, notes)
            else:
                notes.refuse(one.line, f"{url} does not say which package it is.", "")
    said = platform_said(chosen, platforms)
    if said:
        notes.keep(environments.lines.get(name, 1), said)
    left = [one for one in environments.items if one != name]
    if left:
        notes.keep(environments.line, f"environments {', '.join(left)} are not taken.")
    conda.settle()
    return finish("pixi-lock", wanted, notes, **conda.conda_arguments())


def platform_said(chosen: str, platforms: list[str]) -> str:
    """What to say of a lock that is for more than one platform, or another."""
    others = [one for one in platforms if one != chosen]
    return f"{chosen} is taken, not {', '.join(others)}." if others else ""


def locked(url: str, line: int | str, conda: CondaFile, notes: Notes) -> None:
    """One package of a conda lock, by the address of its file."""
    try:
        file = unquote(urlsplit(url).path).rpartition("/")[2]
    except ValueError:
        file = ""
    parts = file.removesuffix(".conda").removesuffix(".tar.bz2").rsplit("-", 2)
    if len(parts) != 3 or not all(parts):
        notes.fault(line, f"{url[:200]!r} is no file of a conda package.", code="invalid_file")
        return
    name, version, build = parts
    conda.package(f"{name}={version}={build}", line)


def _versions(node: Node | None) -> dict[str, tuple[str, str]]:
    made = {}
    for one in _items(node):
        url = _text(_key(one, "pypi")) or (
            _text(_key(one, "url")) if _text(_key(one, "kind")) == "pypi" else ""
        )
        name, version = _text(_key(one, "name")), _text(_key(one, "version"))
        if url and name and version and "+" not in url.partition("://")[0]:
            made[url] = (name, version)
    return made


def _key(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Keys) else None


def _items(node: Node | None) -> list[Node]:
    return node.items if isinstance(node, Items) else []


def _text(node: Node | None) -> str:
    return (node.text or "") if isinstance(node, Text) else ""
