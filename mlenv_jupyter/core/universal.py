"""The universal lock: every package for every platform, and the files of it that fit one Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from packaging.markers import Marker
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.core.lock import Lock, LockedPackage


class LockedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a package, known by its hash; ``size`` in bytes."""

    filename: str
    sha256: str
    size: int | None = None
    kind: Literal["wheel", "sdist"] = "wheel"


class UniversalPackage(msgspec.Struct, frozen=True, kw_only=True):
    """One package of a universal lock; ``source`` is set where it comes from no index."""

    name: str
    version: str
    marker: str | None = None
    files: tuple[LockedFile, ...] = ()
    source: dict[str, Any] | None = None


class CondaLock(msgspec.Struct, frozen=True, kw_only=True):
    """What a definition with conda packages came to on one platform.

    ``python`` is exact, ``text`` is rattler's lock file, ``pip`` is what pip adds to that, each
    package with the one file of it that was chosen.
    """

    python: str
    text: str
    pip: tuple[UniversalPackage, ...] = ()


class UniversalLock(msgspec.Struct, frozen=True, kw_only=True):
    """What ``uv`` resolved for all platforms at once (PEP 751), without addresses.

    conda solves for one platform: ``conda`` has a lock of its own for each that was asked for, by
    conda's name of it.
    """

    requires_python: str
    packages: tuple[UniversalPackage, ...]
    conda: dict[str, CondaLock] = {}


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """One package and the file of it that fits here."""

    package: UniversalPackage
    file: LockedFile


def from_pylock(data: Mapping[str, Any]) -> tuple[UniversalLock, dict[str, str]]:
    """The universal lock in a decoded ``pylock.toml``, and the address of each file by sha256."""
    addresses: dict[str, str] = {}
    packages = []
    for raw in data.get("packages", ()):
        files = [*_files(raw.get("wheels", ()), "wheel", addresses)]
        if "sdist" in raw:
            files += _files([raw["sdist"]], "sdist", addresses)
        source = {key: _bare(raw[key]) for key in ("vcs", "archive", "directory") if key in raw}
        if "archive" in source:
            archive = source["archive"]
            kind: Literal["wheel", "sdist"] = (
                "wheel" if str(archive.get("url", "")).endswith(".whl") else "sdist"
            )
            files += _files([archive], kind, addresses)
        packages.append(
            UniversalPackage(
                name=canonicalize_name(raw["name"]),
                version=str(raw.get("version", "")),
                marker=raw.get("marker"),
                files=tuple(files),
                source=source or None,
            )
        )
    lock = UniversalLock(
        requires_python=str(data.get("requires-python", "")), packages=tuple(packages)
    )
    return lock, addresses


def select(
    lock: UniversalLock, markers: Mapping[str, str], tags: Sequence[Tag]
) -> tuple[Chosen, ...]:
    """The packages and files that fit an interpreter: its PEP 508 environment, its tags in order.

    Raises Unavailable for a package that has no file for it.
    """
    rank = {tag: place for place, tag in reversed(list(enumerate(tags)))}
    environment = {**markers, "extra": ""}
    chosen = []
    for package in lock.packages:
        if package.marker and not Marker(package.marker).evaluate(environment):
            continue
        file = _best(package.files, rank)
        if file is None and package.source and "vcs" in package.source:
            commit = str(package.source["vcs"].get("commit-id", ""))
            file = LockedFile(filename=f"{package.name}@{commit}", sha256=commit, kind="sdist")
        if file is None:
            raise Unavailable(
                f"{package.name} {package.version} has no file for this platform and Python.",
                code="no_file_for_platform",
                where=package.name,
                remedy="Choose another version of it, or another Python.",
            )
        chosen.append(Chosen(package=package, file=file))
    return tuple(chosen)


def chosen_before(universal: UniversalLock, lock: Lock) -> tuple[Chosen, ...]:
    """The files that a Lock was made of: what ``select`` came to then, without asking again."""
    files = {(one.name, one.sha256): one for one in lock.packages}
    found = []
    for package in universal.packages:
        for file in package.files:
            if (package.name, file.sha256) in files:
                found.append(Chosen(package=package, file=file))
                break
        else:
            kept = next((one for one in lock.packages if one.name == package.name), None)
            if kept is not None and package.source and "vcs" in package.source:
                file = LockedFile(filename=kept.filename, sha256=kept.sha256, kind="sdist")
                found.append(Chosen(package=package, file=file))
    return tuple(found)


def locked(chosen: Iterable[Chosen], direct: frozenset[str]) -> tuple[LockedPackage, ...]:
    """The chosen files as packages of a Lock; ``direct`` are the names that were asked for."""
    return tuple(
        LockedPackage(
            name=one.package.name,
            version=one.package.version,
            sha256=one.file.sha256,
            filename=one.file.filename,
            size=one.file.size,
            direct=one.package.name in direct,
        )
        for one in sorted(chosen, key=lambda one: one.package.name)
    )


def one_platform_pylock(chosen: Iterable[Chosen], addresses: Mapping[str, str]) -> str | None:
    """A ``pylock.toml`` of just the chosen files, or None where an address is not known."""
    lines = ['lock-version = "1.0"', 'created-by = "mlenv"']
    for one in chosen:
        lines += ["", "[[packages]]", f"name = {_toml(one.package.name)}"]
        if one.package.version:
            lines.append(f"version = {_toml(one.package.version)}")
        if one.package.source:
            lines += [f"{key} = {_toml(value)}" for key, value in one.package.source.items()]
            continue
        address = addresses.get(one.file.sha256)
        if address is None:
            return None
        entry: dict[str, Any] = {"url": address, "hashes": {"sha256": one.file.sha256}}
        if one.file.size is not None:
            entry["size"] = one.file.size
        # The name is given too: an address need not end with it.
        entry["name"] = one.file.filename
        value = _toml(entry)
        lines.append(f"wheels = [{value}]" if one.file.kind == "wheel" else f"sdist = {value}")
    return "\n".join(lines) + "\n"


def hashed_requirements(
    chosen: Iterable[Chosen], addresses: Mapping[str, str] | None = None
) -> str:
    """The chosen packages as ``name==version --hash=…`` lines, for any index that has them.

    ``addresses`` are those of the packages that come from no index, by name, as they were asked
    for, or files of this machine; a commit takes the place of its branch or tag.
    """
    lines = []
    for one in chosen:
        name, source = one.package.name, one.package.source or {}
        address = (addresses or {}).get(name)
        if "vcs" in source:
            vcs = source["vcs"]
            address = address or f"{vcs.get('type', 'git')}+{vcs.get('url', '')}"
            repository, _, part = address.partition("#")
            scheme, _, rest = repository.partition("://")
            host, _, path = rest.partition("/")
            bare = f"{scheme}://{host}/{path.partition('@')[0]}@{vcs.get('commit-id', '')}"
            lines.append(f"{name} @ {bare}{'#' + part if part else ''}\n")
        elif source or address:
            address = address or str(source.get("archive", {}).get("url", ""))
            lines.append(f"{name} @ {address} --hash=sha256:{one.file.sha256}\n")
        else:
            lines.append(f"{name}=={one.package.version} --hash=sha256:{one.file.sha256}\n")
    return "".join(lines)


def _bare(source: Mapping[str, Any]) -> dict[str, Any]:
    """Where a package comes from, without the user and password in its address."""
    made = dict(source)
    if "@" in str(made.get("url", "")):
        scheme, mark, rest = str(made["url"]).partition("://")
        host, slash, path = rest.partition("/")
        made["url"] = scheme + mark + host.rpartition("@")[2] + slash + path
    return made


def _best(files: Iterable[LockedFile], rank: Mapping[Tag, int]) -> LockedFile | None:
    best: tuple[int, tuple[int, str], LockedFile] | None = None
    sdist = None
    for file in files:
        if file.kind == "sdist":
            sdist = file
            continue
        try:
            _, _, build, tags = parse_wheel_filename(file.filename)
        except InvalidWheelFilename:
            continue
        places = [rank[tag] for tag in tags if tag in rank]
        if places:
            key = (-min(places), build if build else (0, ""))
            if best is None or key > best[:2]:
                best = (*key, file)
    return best[2] if best else sdist


def _files(
    raw: Iterable[Mapping[str, Any]], kind: Literal["wheel", "sdist"], addresses: dict[str, str]
) -> Iterable[LockedFile]:
    for one in raw:
        address = str(one.get("url") or one.get("path") or "")
        sha256 = str(one.get("hashes", {}).get("sha256", ""))
        if not sha256:
            continue
        if address:
            addresses[sha256] = address
        name = one.get("name") or address.split("?")[0].split("#")[0].rpartition("/")[2]
        yield LockedFile(
            filename=name.replace("%2B", "+"), sha256=sha256, size=one.get("size"), kind=kind
        )


def _toml(value: Any) -> str:
    """A TOML value; a JSON string is a TOML basic string."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return msgspec.json.encode(value).decode()
