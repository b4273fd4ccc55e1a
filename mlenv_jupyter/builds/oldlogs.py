"""Logs of work that ended long ago are compressed; whoever reads one has it back as it was."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from mlenv_jupyter.builds.spec import WorkFiles
from mlenv_jupyter.core.errors import StoreDamaged
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import sync_directory

DAY = 86400.0
SMALL = 4096
"""Bytes below which a compressed file takes as many blocks of a disk as the log does."""


def unpacked(path: Path) -> Path:
    """The path of a log, which is there again if it was compressed: the same bytes, so that an
    offset into it stays what it was. For a while it is not compressed again.

    Raises StoreDamaged.
    """
    if not path.exists():
        if packed(path).exists():
            try:
                _write(packed(path), path, unpack=True)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise StoreDamaged(
                    "The log was compressed, and the compressed file is damaged.",
                    where=str(packed(path)),
                    remedy="Remove that file; nothing else depends on it.",
                ) from error
    elif time.time() - path.stat().st_mtime > DAY:
        with contextlib.suppress(OSError):
            os.utime(path)
    return path


def packed(path: Path) -> Path:
    """Where a log is when it is compressed."""
    return path.with_name(path.name + ".gz")


def pack_old(places: Places, days: int, now: float | None = None) -> int:
    """Compress the logs of builds and runs that nobody has written or read for so many days.

    Returns how many bytes that has freed.
    """
    before = (time.time() if now is None else now) - days * DAY
    freed = 0
    for files in _ended(places):
        with contextlib.suppress(OSError):
            found = files.log.stat()
            if found.st_size < SMALL or found.st_mtime > before:
                continue
            lock = files.try_lock()
            if lock is None:
                continue
            try:
                _write(files.log, packed(files.log), unpack=False)
                # What is read from here on is unpacked first.
                files.log.unlink()
                freed += found.st_size - packed(files.log).stat().st_size
            finally:
                os.close(lock)
    return freed


def _ended(places: Places) -> Iterator[WorkFiles]:
    for top in (places.builds, places.runs):
        with contextlib.suppress(FileNotFoundError):
            for place in sorted(top.iterdir()):
                files = WorkFiles(place)
                if files.result.exists():
                    yield files


def _write(source: Path, target: Path, *, unpack: bool) -> None:
    """Copy one file into the other's form: whole or not at all."""
    staged = target.with_name(f".{target.name}.{threading.get_ident()}.{os.getpid()}")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as into:
            if unpack:
                with gzip.open(source) as out:
                    shutil.copyfileobj(out, into, 1 << 18)
            else:
                with (
                    source.open("rb") as plain,
                    gzip.GzipFile("", "wb", 6, into, mtime=0) as made,
                ):
                    shutil.copyfileobj(plain, made, 1 << 18)
            into.flush()
            os.fsync(into.fileno())
        os.replace(staged, target)
    finally:
        staged.unlink(missing_ok=True)
    sync_directory(target.parent)
