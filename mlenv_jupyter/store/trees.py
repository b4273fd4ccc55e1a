"""Trees of files: make read-only, link, measure, remove."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from mlenv_jupyter.failpoints import reach


class Size(NamedTuple):
    """Files and bytes of a tree, each hard-linked file counted in full."""

    files: int
    bytes: int


def make_read_only(top: Path, known: Mapping[str, Size] | None = None) -> Size:
    """Take the write permission from every file and directory; returns what was there.

    Hard-linked files are shared with the cache, so most have lost it already: a stat is cheaper
    than a chmod. ``known`` are directories whose files were read-only before they were linked,
    with what is in each; a stat of 20,000 files takes 0.1 s.
    """
    files = total = 0
    known = known or {}
    for path, size in known.items():
        files += size.files
        total += size.bytes
        os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) & ~0o222)
    pending = [os.fspath(top)]
    while pending:
        place = pending.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.path not in known:
                        pending.append(entry.path)
                    continue
                found = entry.stat(follow_symlinks=False)
                files += 1
                total += found.st_size
                if stat.S_ISREG(found.st_mode) and found.st_mode & 0o222:
                    os.chmod(entry.path, stat.S_IMODE(found.st_mode) & ~0o222)
        reach("tree.chmod")
        os.chmod(place, stat.S_IMODE(os.stat(place).st_mode) & ~0o222)
    return Size(files, total)


def remove_tree(top: Path) -> None:
    """Remove a tree, read-only directories included; a tree that is not there is no error."""
    if not os.path.lexists(top):
        return
    for place, directories, _ in os.walk(top):
        for one in (place, *(os.path.join(place, name) for name in directories)):
            if not os.path.islink(one):
                os.chmod(one, 0o700)
    shutil.rmtree(top)


def link(source: str | Path, target: str | Path) -> None:
    """A hard link, or a copy where the file system refuses one; an existing target is replaced."""
    try:
        os.link(source, target)
    except FileExistsError:
        os.unlink(target)
        link(source, target)
    except OSError:
        shutil.copy2(source, target)


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all, and have it on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            reach("file.write")
            file.write(data)
            file.flush()
            reach("file.sync")
            os.fsync(file.fileno())
        reach("file.rename")
        os.replace(staged, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(staged)
        raise
    sync_directory(path.parent)


def sync_directory(place: Path) -> None:
    """Have the names in a directory on disk (a rename is not durable before)."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        reach("directory.sync")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_files(paths: Iterable[Path]) -> None:
    """Remove files that may or may not be there."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
