"""What the notebooks of one directory run in, by what they remember."""

from __future__ import annotations

import contextlib
import heapq
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from mlenv_jupyter.core import stamp as stamps
from mlenv_jupyter.core.errors import InvalidRequest

MAX_NOTEBOOKS = 50
MAX_SIZE = 32 * 1024 * 1024
"""Bytes of a notebook that is still looked into: somebody waits for the answer."""


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """One version, and how many of the notebooks remember it."""

    name: str
    version: str
    notebooks: int


class _Head(msgspec.Struct):
    """A notebook without its cells, which msgspec leaps over."""

    metadata: dict[str, Any] = {}


def used_in(directory: Path) -> tuple[Used, ...]:
    """What the notebooks of a directory remember, that of most of them first.

    The newest 50 notebooks are read. One that cannot be read, or remembers nothing, has no say.
    """
    newest = heapq.nlargest(MAX_NOTEBOOKS, _notebooks(directory))
    counts = Counter(found for _, path in newest if (found := _remembered(path)) is not None)
    return tuple(
        Used(name=name, version=version, notebooks=count)
        for (name, version), count in counts.most_common()
    )


def _notebooks(directory: Path) -> Iterator[tuple[float, str]]:
    """Each with when it was saved; nothing where there is no such directory."""
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.endswith(".ipynb") and not entry.name.startswith("."):
                with contextlib.suppress(OSError):
                    status = entry.stat()
                    if entry.is_file() and status.st_size <= MAX_SIZE:
                        yield status.st_mtime, entry.path


def _remembered(path: str) -> tuple[str, str] | None:
    try:
        head = msgspec.json.decode(Path(path).read_bytes(), type=_Head)
        stamp = stamps.read(head.metadata)
    except (OSError, msgspec.DecodeError, InvalidRequest):
        return None
    return (stamp.name, stamp.version) if stamp is not None else None
