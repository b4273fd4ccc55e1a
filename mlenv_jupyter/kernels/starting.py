"""What a kernel that takes long to start is doing: a file while it does, for who shows it.

The launcher has neither the server's address nor its token, so it leaves word; the server looks at
the directory, whose time changes with every word.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import msgspec

from mlenv_jupyter.core.names import check_kernel_name
from mlenv_jupyter.store.trees import write_atomically

EVERY = 0.5
"""Seconds between two words of one kernel."""
STALE = 60.0
"""Seconds without a word after which a launcher is taken to have been killed."""


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What one kernel is doing; ``text`` is for people, such as ``40 of 200 MB``."""

    kernel_name: str
    name: str
    version: str
    text: str


class Teller:
    """Tells of one kernel, until it has started or cannot."""

    def __init__(self, home: Path, kernel_name: str, name: str, version: str) -> None:
        self._word = Word(kernel_name=kernel_name, name=name, version=version, text="")
        self._path = place_of(home) / f"{check_kernel_name(kernel_name)}.json"
        self._told = 0.0

    def tell(self, text: str, *, at_once: bool = False) -> None:
        """Say what is being done, at most twice a second."""
        now = time.monotonic()
        if not at_once and now - self._told < EVERY:
            return
        self._told = now
        word = msgspec.structs.replace(self._word, text=text)
        with contextlib.suppress(OSError):  # it is only shown
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._path, msgspec.json.encode(word))

    def end(self) -> None:
        """It has started, or it cannot."""
        with contextlib.suppress(OSError):
            self._path.unlink()


class Listener:
    """Hears what kernels of this machine tell; one stat where nothing is new."""

    def __init__(self, home: Path) -> None:
        self._place = place_of(home)
        self._seen = 0
        self._words: dict[str, Word] = {}

    def news(self) -> list[tuple[Word, bool]]:
        """The words that are new since the last time; and whether each kernel still starts."""
        try:
            now = os.stat(self._place).st_mtime_ns
        except OSError:
            now = 0
        if now == self._seen:
            return []
        self._seen = now
        words = dict(_read(self._place)) if now else {}
        made = [(one, True) for key, one in words.items() if self._words.get(key) != one]
        made += [(one, False) for key, one in self._words.items() if key not in words]
        self._words = words
        return made


def place_of(home: Path) -> Path:
    """Where the words are."""
    return home / "starting"


def _read(place: Path) -> list[tuple[str, Word]]:
    found = []
    for path in place.glob("*.json"):
        with contextlib.suppress(OSError, msgspec.DecodeError, msgspec.ValidationError):
            if time.time() - path.stat().st_mtime < STALE:
                found.append((path.stem, msgspec.json.decode(path.read_bytes(), type=Word)))
    return found
