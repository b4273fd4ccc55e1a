"""The Catalogue: the curated environments shipped with mlenv, read-only.

Each is a pair of files beside this one: ``NAME.json`` and its universal lock ``NAME.lock.json``
(names, versions, hashes and file names; no addresses).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import msgspec

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.names import canonical_name
from mlenv_jupyter.core.universal import UniversalLock

PLACE = Path(__file__).parent


class Curated(msgspec.Struct, frozen=True, kw_only=True):
    """One curated environment, as its file has it."""

    name: str
    version: str
    description: str
    tags: dict[str, str] = {}
    icon: str | None = None
    updated_at: str
    definition: Definition


@lru_cache(maxsize=1)
def curated() -> Mapping[str, Curated]:
    """Every curated environment, by name in lower case."""
    files = sorted(path for path in PLACE.glob("*.json") if not path.name.endswith(".lock.json"))
    entries = [msgspec.json.decode(path.read_bytes(), type=Curated) for path in files]
    return {entry.name.lower(): entry for entry in entries}


def curated_entry(name: str) -> Curated | None:
    """One curated environment by its name or an alias of it, in any letter case."""
    return curated().get(canonical_name(name).lower())


def curated_lock(name: str) -> UniversalLock:
    """The committed lock of a curated environment."""
    return msgspec.json.decode((PLACE / f"{name}.lock.json").read_bytes(), type=UniversalLock)
