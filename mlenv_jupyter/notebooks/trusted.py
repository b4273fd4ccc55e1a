"""Which environments of other people's notebooks this user has wanted, and with which ticks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from filelock import FileLock

from mlenv_jupyter.core.stamp import Stamp
from mlenv_jupyter.store.trees import write_atomically


class Restored(msgspec.Struct, frozen=True):
    """What was made of an environment of somebody else's, and with which ticks."""

    name: str
    version: str
    ticks: tuple[str, ...] = ()
    definition_id: str = ""


class Trusted:
    """``trusted.json``: by Definition id and lock digest, so that each is asked once."""

    def __init__(self, home: Path) -> None:
        self._path = home / "trusted.json"

    def get(self, stamp: Stamp) -> Restored | None:
        """What was restored of this very environment here; None where nothing was."""
        return self._read().get(_key(stamp))

    def of_version(self, name: str, version: str, definition_id: str) -> Restored | None:
        """The same by what it became; None for another of that name that somebody here made."""
        wanted = (name, version, definition_id)
        for one in self._read().values():
            if (one.name, one.version, one.definition_id or definition_id) == wanted:
                return one
        return None

    def remember(self, stamp: Stamp, restored: Restored) -> None:
        """Write down what was wanted, and what it became."""
        self._write(_key(stamp), restored)

    def pass_on(self, restored: Restored, version: str) -> None:
        """Have what comes of a version count as it does: it runs no more code than that."""
        made = msgspec.structs.replace(restored, version=version)
        self._write(f"{made.name}:{version}", made)

    def tick(self, stamp: Stamp, ticks: Iterable[str]) -> None:
        """Remember more ticks of what was restored before; nothing where nothing was."""
        known = self.get(stamp)
        more = set(ticks) - set(known.ticks) if known else ()
        if known and more:
            both = tuple(sorted({*known.ticks, *more}))
            self.remember(stamp, msgspec.structs.replace(known, ticks=both))

    def _write(self, key: str, restored: Restored) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock")):
            kept = {**self._read(), key: restored}
            write_atomically(self._path, msgspec.json.encode(kept))

    def _read(self) -> dict[str, Restored]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Restored])
        except (FileNotFoundError, msgspec.DecodeError):
            return {}


def _key(stamp: Stamp) -> str:
    return f"{stamp.definition_id}:{stamp.lock_digest or ''}"
