"""What is installed in an environment → the Definition that would make it again.

Only what was asked for is named, pinned to what is there; the rest follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit, urlunsplit

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.existing import Contents, Installed, InstalledConda
from mlenv_jupyter.formats.addresses import has_secret, without_user
from mlenv_jupyter.formats.report import Imported, Notes, counted

TOOLS = frozenset(("pip", "setuptools", "wheel", "uv", "distribute"))
"""What comes with an environment rather than into it."""

CONDA_TOOLS = frozenset(("python", "pip", "setuptools", "wheel"))
PLATFORMS = ("noarch", "linux-", "osx-", "win-", "emscripten-", "wasi-")


def read_installed(contents: Contents, *, name: str | None = None) -> Imported:
    """A Definition of what was asked for in an environment, and what cannot be made again.

    Raises InvalidDefinition.
    """
    notes = Notes()
    conda = {canonicalize_name(one.name): one for one in contents.conda}
    lines: dict[str, str] = {}
    ours: dict[str, Installed] = {}
    for one in contents.distributions:
        key = canonicalize_name(one.name)
        # conda's packages are Python distributions too; it says so in each.
        if key in ours or (one.installer == "conda" and conda):
            continue
        line = _line(one, notes)
        # Without one that no other machine can have, what it needs is asked for by nobody else.
        if line is not None:
            ours[key], lines[key] = one, line
    requirements = [lines[key] for key in _asked(ours, contents, notes)]
    packages, channels = _conda(contents.conda, notes)
    if requirements:
        notes.take(
            f"{counted(len(requirements), 'package')} of {len(ours)}, pinned: "
            f"{', '.join(sorted(requirements))}"
        )
    if packages:
        notes.take(
            f"{counted(len(packages), 'conda package')} of {len(conda)}, pinned: "
            f"{', '.join(sorted(packages))}"
        )
    definition = Definition.create(
        ".".join(contents.python.split(".")[:2]) or None,
        requirements,
        conda_channels=channels,
        conda_packages=packages,
    )
    return Imported(
        format="installed",
        name=name,
        definition=definition,
        report=notes.report(),
        problems=tuple(notes.problems),
    )


def installed_pins(contents: Contents) -> tuple[str, ...]:
    """``name==version`` of everything that came from an index: constraints for its lock."""
    return tuple(
        sorted(
            f"{canonicalize_name(one.name)}=={one.version}"
            for one in contents.distributions
            if one.version and not one.direct_url and not one.editable
        )
    )


def _asked(ours: Mapping[str, Installed], contents: Contents, notes: Notes) -> list[str]:
    """Those that somebody named, those that nothing needs, and enough to reach all others."""
    needs = _needs(ours, contents.markers)
    needed = {one for found in needs.values() for one in found}
    # uv marks everything that it installs as requested, so only pip's mark says something.
    chosen = {
        key
        for key, one in ours.items()
        if key not in needed or (one.requested and one.installer == "pip")
    }
    tools = sorted(key for key in chosen & TOOLS if key not in needed)
    if tools:
        notes.keep(
            ", ".join(tools), "left out: it comes with an environment. Add it if you use it."
        )
        chosen -= set(tools)
    reached = _reached(chosen | set(tools), needs)
    for key in sorted(ours):
        if key not in reached:
            # A circle that nothing outside of it needs.
            chosen.add(key)
            reached |= _reached({key}, needs)
    return sorted(chosen)


def _needs(ours: Mapping[str, Installed], markers: Mapping[str, str]) -> dict[str, set[str]]:
    """Who needs whom, with the extras that are asked for on the way."""
    parsed = {key: [*_requirements(one.requires)] for key, one in ours.items()}
    extras: dict[str, set[str]] = {key: set() for key in ours}
    needs: dict[str, set[str]] = {key: set() for key in ours}
    changed = True
    while changed:
        changed = False
        for key, lines in parsed.items():
            for line in lines:
                other = canonicalize_name(line.name)
                if other not in ours or not _applies(line, markers, extras[key]):
                    continue
                wanted = {canonicalize_name(one) for one in line.extras}
                if other != key:
                    needs[key].add(other)
                if not wanted <= extras[other]:
                    extras[other] |= wanted
                    changed = True
    return needs


def _applies(line: Requirement, markers: Mapping[str, str], extras: Iterable[str]) -> bool:
    if line.marker is None:
        return True
    try:
        return any(line.marker.evaluate({**markers, "extra": one}) for one in ("", *extras))
    except UndefinedEnvironmentName:
        return True


def _requirements(lines: Iterable[str]) -> Iterable[Requirement]:
    for line in lines:
        try:
            yield Requirement(line)
        except InvalidRequirement:
            continue


def _reached(start: set[str], needs: Mapping[str, set[str]]) -> set[str]:
    seen, todo = set(start), list(start)
    while todo:
        for one in needs.get(todo.pop(), ()):
            if one not in seen:
                seen.add(one)
                todo.append(one)
    return seen


def _line(one: Installed, notes: Notes) -> str | None:
    """The requirement of one distribution; None, and said, where no other machine can have it."""
    name = canonicalize_name(one.name)
    origin = one.direct_url or {}
    address = str(origin.get("url", ""))
    if one.editable or (origin.get("dir_info") or {}).get("editable"):
        place = one.editable or address
        notes.refuse(
            name,
            f"It is an editable install from {place}: that code is on this machine only.",
            "Publish it, or make a wheel of it and add that.",
            "editable_install",
        )
        return None
    if address.startswith("file:"):
        notes.refuse(
            name,
            f"It was installed from {address}, which is on this machine only.",
            "Add it by its name if an index has it, or as a wheel.",
            "local_install",
        )
        return None
    if address:
        return _from_address(name, origin, address, notes)
    if not one.version:
        notes.refuse(name, "Its metadata names no version.", "Add it by its name.", "no_version")
        return None
    return f"{name}=={one.version}"


def _from_address(
    name: str, origin: Mapping[str, object], address: str, notes: Notes
) -> str | None:
    clean = without_user(address) or ""
    if not clean or has_secret(clean):
        notes.refuse(
            name,
            "It was installed from an address with a secret in it.",
            "Add it by an address that carries none.",
            "secret_address",
        )
        return None
    if clean != address:
        notes.keep(name, "the user and password of its address are left out.")
    vcs = origin.get("vcs_info")
    directory = f"#subdirectory={origin['subdirectory']}" if origin.get("subdirectory") else ""
    if isinstance(vcs, dict):
        return f"{name} @ {vcs.get('vcs', 'git')}+{clean}@{vcs.get('commit_id', '')}{directory}"
    return f"{name} @ {clean}{directory}"


def _conda(installed: Iterable[InstalledConda], notes: Notes) -> tuple[list[str], list[str]]:
    """Match specs and channels of what was asked for of conda."""
    there = {one.name: one for one in installed}
    needed = {line.split()[0] for one in there.values() for line in one.depends if line.split()}
    asked = {name for name, one in there.items() if one.requested}
    chosen = asked or {name for name in there if name not in needed}
    chosen = {name for name in chosen if name not in CONDA_TOOLS and not name.startswith("_")}
    if not chosen and not there.keys() <= CONDA_TOOLS:
        notes.keep("conda", "nothing in it was asked for by name.")
    channels: dict[str, int] = {}
    for name, one in there.items():
        channel = channel_of(one.channel)
        if channel:
            channels[channel] = channels.get(channel, 0) + 1 + (name in chosen)
    # The one that most came from comes first, as conda's order of channels is one of preference.
    ordered = sorted(channels, key=lambda one: (-channels[one], one))
    return [f"{name}={there[name].version}" for name in sorted(chosen)], ordered


def channel_of(address: str) -> str:
    """A channel without platform, user, password and token: its name where it is well known."""
    if "://" not in address:
        name, slash, last = address.rpartition("/")
        return name if slash and last.startswith(PLATFORMS) else address
    parts = urlsplit(without_user(address) or "")
    path = [one for one in parts.path.split("/") if one]
    if path and path[-1].startswith(PLATFORMS):
        path.pop()
    if path[:1] == ["t"] and len(path) > 2:
        # conda writes a private channel's token into the path.
        path = path[2:]
    if "anaconda" in (parts.hostname or "").split(".") and len(path) == 1:
        return path[0]
    return urlunsplit(parts._replace(path="/" + "/".join(path), query="", fragment=""))
