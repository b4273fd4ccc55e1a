"""What a notebook remembers: the Stamp in ``metadata.mlenv``."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.core import identity
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidRequest, MlenvError
from mlenv_jupyter.core.lock import Lock, LockedPackage
from mlenv_jupyter.core.names import check_name, check_version
from mlenv_jupyter.core.universal import LockedFile, UniversalLock, UniversalPackage

FORMAT = 1
KEY = "mlenv"
LIMIT = 16 * 1024
"""Bytes of a stamp in a notebook; a longer lock is a file beside it."""
MAX_PACKAGES = 3000

SHA256 = re.compile(r"[0-9a-f]{64}")


class StampedLock(msgspec.Struct, frozen=True, kw_only=True):
    """The lock as a notebook carries it: no addresses.

    ``packages`` are ``name==version`` for all platforms, with a marker where it is for some;
    ``hashes`` are sha256 in base64 of the files chosen on ``platform``, by name, or ``git:`` and
    the commit.
    """

    python: str
    implementation: str = "cpython"
    platform: str
    requires_python: str = ""
    packages: tuple[str, ...]
    hashes: dict[str, str]


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """The environment that a notebook ran in, enough to make it again elsewhere.

    ``follows`` is a label where the notebook goes with one; ``lock_file`` is the name of the file
    beside the notebook where the lock did not fit; ``left_out`` names what of the definition is
    good on the author's machine only and therefore not in it.
    """

    format: int = FORMAT
    name: str
    version: str
    follows: str | None = None
    definition_id: str
    digest: str
    lock_digest: str | None = None
    definition: dict[str, Any]
    lock: StampedLock | None = None
    lock_file: str | None = None
    left_out: tuple[str, ...] = ()


def make(
    *,
    name: str,
    version: str,
    definition: Definition,
    universal: UniversalLock | None = None,
    lock: Lock | None = None,
    follows: str | None = None,
) -> Stamp:
    """The stamp of a version; without a lock where it was never resolved."""
    portable, left_out = _portable(definition)
    return Stamp(
        name=name,
        version=version,
        follows=follows,
        definition_id=identity.definition_id(definition),
        digest=identity.digest(definition),
        lock_digest=identity.lock_digest(lock) if lock else None,
        definition=_short(portable),
        lock=_stamped(universal, lock) if universal and lock else None,
        left_out=left_out,
    )


def to_metadata(stamp: Stamp) -> dict[str, Any]:
    """The stamp as plain JSON values, without what is empty."""
    made = msgspec.json.decode(msgspec.json.encode(stamp))
    return {key: value for key, value in made.items() if value not in (None, [], ())}


def size_of(stamp: Stamp) -> int:
    """Bytes that it takes in a notebook."""
    return len(msgspec.json.encode(to_metadata(stamp)))


def read(metadata: object) -> Stamp | None:
    """The stamp in a notebook's metadata; None where there is none.

    Raises InvalidRequest for one that cannot be read, with the reason.
    """
    raw = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    if raw is None:
        return None
    if isinstance(raw, Mapping) and isinstance(raw.get("format"), int) and raw["format"] > FORMAT:
        raise InvalidRequest(
            "This notebook remembers its environment in the way of a newer mlenv.",
            code="newer_stamp",
            where="metadata.mlenv",
            remedy="Upgrade mlenv-jupyter to restore it.",
        )
    try:
        stamp = msgspec.convert(raw, Stamp)
        check_name(stamp.name, own=False)
        check_version(stamp.version)
        for one in (stamp.definition_id, stamp.digest, stamp.lock_digest or stamp.digest):
            if not SHA256.fullmatch(one):
                raise msgspec.ValidationError(f"{one[:80]!r} is no digest")
        if stamp.lock is not None and len(stamp.lock.packages) > MAX_PACKAGES:
            raise msgspec.ValidationError("the lock has too many packages")
        if stamp.lock_file is not None and not re.fullmatch(r"[\w. +-]{1,255}", stamp.lock_file):
            raise msgspec.ValidationError(f"{stamp.lock_file[:80]!r} is no name of a file")
    except (msgspec.ValidationError, MlenvError) as error:
        raise InvalidRequest(
            f"What this notebook remembers of its environment cannot be read: {error}.",
            code="bad_stamp",
            where="metadata.mlenv",
            remedy="Choose an environment for it; saving writes it anew.",
        ) from error
    return stamp


def locks_of(stamped: StampedLock, definition: Definition) -> tuple[UniversalLock, Lock]:
    """The lock for all platforms, with the files of the one it was made on, and that of it.

    What comes from no index comes from where the definition says. Raises InvalidRequest.
    """
    packages = []
    here = []
    addresses = _addresses(definition)
    try:
        for line in stamped.packages:
            one = Requirement(line)
            name = canonicalize_name(one.name)
            (version,) = [spec.version for spec in one.specifier] or [""]
            files: tuple[LockedFile, ...] = ()
            source = None
            if name in stamped.hashes:
                sha256, source = _origin(stamped.hashes[name], addresses.get(name))
                files = () if source and "vcs" in source else (_file(sha256),)
                here.append(LockedPackage(name=name, version=version, sha256=sha256, filename=""))
            packages.append(
                UniversalPackage(
                    name=name,
                    version=version,
                    marker=str(one.marker) if one.marker else None,
                    files=files,
                    source=source,
                )
            )
    except (InvalidRequirement, ValueError) as error:
        raise InvalidRequest(
            f"The lock in this notebook cannot be read: {error}.", where="metadata.mlenv.lock"
        ) from error
    lock = Lock(
        python=stamped.python,
        implementation=stamped.implementation,
        platform=stamped.platform,
        packages=tuple(here),
    )
    requires = stamped.requires_python
    return UniversalLock(requires_python=requires, packages=tuple(packages)), lock


def is_whole(lock: UniversalLock) -> bool:
    """Whether a lock knows the files of all platforms; one from a notebook does not."""
    return all(
        one.source or (one.files and all(file.filename for file in one.files))
        for one in lock.packages
    )


def pins(lock: UniversalLock) -> tuple[str, ...]:
    """The versions of a lock as constraints for resolving it on another platform."""
    return tuple(
        f"{one.name}=={one.version}" + (f" ; {one.marker}" if one.marker else "")
        for one in lock.packages
        if one.version and one.source is None
    )


def _origin(stamped: str, address: str | None) -> tuple[str, dict[str, Any] | None]:
    """The hash, and where a package comes from if from no index; raises ValueError."""
    if stamped.startswith("git:"):
        commit = stamped[4:]
        if address is None or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit):
            raise ValueError(f"{commit[:80]!r} is no commit of what is wanted")
        scheme, _, rest = address.removeprefix("git+").partition("#")[0].partition("://")
        host, _, path = rest.partition("/")
        url = f"{scheme}://{host}/{path.partition('@')[0]}"
        return commit, {"vcs": {"type": "git", "url": url, "commit-id": commit}}
    sha256 = base64.b64decode(stamped, validate=True).hex()
    if not SHA256.fullmatch(sha256):
        raise ValueError(f"{stamped[:80]!r} is no hash")
    if address is None:
        return sha256, None
    return sha256, {"archive": {"url": address, "hashes": {"sha256": sha256}}}


def _file(sha256: str) -> LockedFile:
    return LockedFile(filename="", sha256=sha256)


def _addresses(definition: Definition) -> dict[str, str]:
    found = {}
    for line in definition.pip.requirements:
        name, at, address = line.partition(" @ ")
        if at:
            found[name.partition("[")[0]] = address.partition(" ;")[0]
    return found


def _stamped(universal: UniversalLock, lock: Lock) -> StampedLock:
    commits = {one.name for one in universal.packages if "vcs" in (one.source or {})}
    hashes = {
        one.name: f"git:{one.sha256}"
        if one.name in commits
        else base64.b64encode(bytes.fromhex(one.sha256)).decode()
        for one in lock.packages
    }
    return StampedLock(
        python=lock.python,
        implementation=lock.implementation,
        platform=lock.platform,
        requires_python=universal.requires_python,
        packages=tuple(map(_line, universal.packages)),
        hashes=hashes,
    )


def _line(one: UniversalPackage) -> str:
    text = f"{one.name}=={one.version}" if one.version else one.name
    return f"{text} ; {one.marker}" if one.marker else text


def _portable(definition: Definition) -> tuple[Definition, tuple[str, ...]]:
    """The definition without paths of this machine, and what was left out."""
    left_out = []
    pip = definition.pip
    local = tuple(one for one in pip.find_links if _is_local(one))
    if local:
        left_out.append("pip.find_links")
        rest = tuple(one for one in pip.find_links if one not in local)
        pip = msgspec.structs.replace(pip, find_links=rest)
    if pip.index_url and _is_local(pip.index_url):
        left_out.append("pip.index_url")
        pip = msgspec.structs.replace(pip, index_url=None)
    files = tuple(one for one in pip.requirements if "@ file:" in one)
    if files:
        left_out.append("pip.requirements")
        rest = tuple(one for one in pip.requirements if one not in files)
        pip = msgspec.structs.replace(pip, requirements=rest)
    changes: dict[str, Any] = {"pip": pip}
    if definition.interpreter_path:
        left_out.append("interpreter_path")
        changes["interpreter_path"] = None
    if definition.wheels:
        left_out.append("wheels")
        changes["wheels"] = ()
    channels = tuple(one for one in definition.conda.channels if _is_local(one))
    if channels:
        left_out.append("conda.channels")
        rest = tuple(one for one in definition.conda.channels if one not in channels)
        changes["conda"] = msgspec.structs.replace(definition.conda, channels=rest)
    return msgspec.structs.replace(definition, **changes), tuple(left_out)


def _is_local(address: str) -> bool:
    return address.startswith(("file:", "/", "~", "."))


def _short(definition: Definition) -> dict[str, Any]:
    """A definition as JSON values without the defaults."""
    empty = msgspec.to_builtins(Definition())
    made = msgspec.to_builtins(definition)
    short = {key: value for key, value in made.items() if value != empty[key]}
    for section in ("pip", "conda"):
        if section in short:
            short[section] = {
                key: value for key, value in short[section].items() if value != empty[section][key]
            }
    return short
