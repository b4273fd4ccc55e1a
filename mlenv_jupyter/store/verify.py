"""Whether a committed prefix is what was committed: its lock, its record, its packages' files."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from mlenv_jupyter.core import identity
from mlenv_jupyter.core.errors import StoreDamaged
from mlenv_jupyter.core.lock import Lock
from mlenv_jupyter.store.store import Record, Store


def verify_prefix(store: Store, place: Path, lock: Lock | None) -> str:
    """What is wrong with a prefix, or "" where nothing is.

    ``lock`` is what the registry has for it; None where no version refers to it any more.
    """
    try:
        record = store.record(place)
    except StoreDamaged as error:
        return error.message
    if record is None:
        return "It has no commit record."
    if store.places.prefix(record.lock_digest) != place:
        return "Its record is of another lock."
    if lock is not None and identity.lock_digest(lock) != record.lock_digest:
        return "Its lock is not the one that it is named after."
    if record.image is not None:
        return ""  # its files are the engine's
    return _packages(place, record) or _files(place, record)


def committed(store: Store) -> list[Path]:
    """Everything in the store that is a prefix, or says so."""
    try:
        names = os.listdir(store.places.prefixes)
    except FileNotFoundError:
        return []
    found = sorted(one for one in names if re.fullmatch(r"[0-9a-f]{32,64}", one))
    return [store.places.prefixes / one for one in found]


def digest_of(store: Store, place: Path) -> str | None:
    """The lock digest in the record of a prefix; None where it cannot be read."""
    try:
        record = store.record(place)
    except StoreDamaged:
        return None
    return record.lock_digest if record else None


def _packages(place: Path, record: Record) -> str:
    """Whether every Python package that the record names is there."""
    site = place / record.site_packages
    there = {
        (_key(name), version)
        for one in sorted(site.glob("*.dist-info"))
        for name, _, version in [one.name.removesuffix(".dist-info").rpartition("-")]
    }
    wanted = {(_key(name), version) for name, version in record.versions.items() if version}
    missing = sorted(name for name, version in wanted if (name, version) not in there)
    if missing:
        return f"{', '.join(missing[:5])} of its lock is not in it."
    return ""


def _files(place: Path, record: Record) -> str:
    """Whether every file that a package's RECORD has a hash of has that content."""
    site = place / record.site_packages
    for list_ in sorted(site.glob("*.dist-info/RECORD")):
        for path, expected in _hashed(list_):
            file = Path(os.path.normpath(site / path))
            try:
                made = hashlib.sha256(file.read_bytes()).digest()
            except OSError:
                return f"{path} is missing."
            if base64.urlsafe_b64encode(made).rstrip(b"=").decode() != expected:
                return f"{path} was changed."
    return ""


def _hashed(list_: Path) -> Iterator[tuple[str, str]]:
    with open(list_, encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            kind, _, value = row[1].partition("=") if len(row) > 1 else ("", "", "")
            # Scripts are written anew for the interpreter; RECORD may have the wheel's hash.
            if kind == "sha256" and not row[0].startswith("..") and not row[0].endswith(".pyc"):
                yield row[0], value


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
