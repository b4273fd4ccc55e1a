"""Making a prefix again beside the one that is in use, and having them change places.

What is installed has its prefix's path in some files (scripts, ``pyvenv.cfg``, what conda has
filled in, bytecode). The new one is therefore made under a name that is as long, and that name is
replaced where it stands.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import mmap
import os
import re
import stat
from pathlib import Path

OWN = re.compile(r"[0-9a-f]{32}")
BESIDE = re.compile(r"[g-v][0-9a-f]{31}")
"""The name of a place in the making: the first digit of its digest is a letter behind ``f``."""
_SHIFT = ord("g")
_EXCHANGE = 2
_HERE = -100


def beside(place: Path) -> Path:
    """Where a place named by a digest is made again."""
    return place.with_name(chr(_SHIFT + int(place.name[0], 16)) + place.name[1:])


def home_of(made: Path) -> Path:
    """The place that something was made for; itself where it was made there."""
    if not BESIDE.fullmatch(made.name):
        return made
    return made.with_name(f"{ord(made.name[0]) - _SHIFT:x}" + made.name[1:])


def rename_within(top: Path, name: str) -> None:
    """Have what is below ``top`` name ``name`` where it names ``top``; both are as long.

    What has another link is linked from a shelf or cache and names no prefix. Hashes that RECORDs
    and conda's own lists have of what is changed are put right.
    """
    old, new = os.fsencode(top.name), os.fsencode(name)
    hashes: list[tuple[bytes, bytes]] = []
    lists: list[str] = []
    for directory, folders, files in os.walk(top):
        for one in (*files, *folders):
            path = os.path.join(directory, one)
            found = os.lstat(path)
            if stat.S_ISLNK(found.st_mode):
                target = os.readlink(path)
                if top.name in target:
                    os.unlink(path)
                    os.symlink(target.replace(top.name, name), path)
            elif stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_size:
                changed = _replace(path, found.st_mode, [(old, new)])
                if changed and not one.endswith(".pyc"):
                    hashes += changed
                if one == "RECORD" or os.path.basename(directory) == "conda-meta":
                    lists.append(path)
    for path in lists if hashes else ():
        _replace(path, os.lstat(path).st_mode, hashes)


def exchange(a: Path, b: Path) -> None:
    """Have two directories change places: at once, where the system and its file system can."""
    import ctypes

    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is not None:
        if rename(_HERE, os.fsencode(a), _HERE, os.fsencode(b), _EXCHANGE) == 0:
            return
        code = ctypes.get_errno()
        if code not in (errno.ENOSYS, errno.EINVAL):
            raise OSError(code, os.strerror(code), os.fspath(b))
    between = aside(b)
    os.rename(b, between)
    os.rename(a, b)
    os.rename(between, a)


def aside(place: Path) -> Path:
    """Where a place is while two change places in steps."""
    return place.with_name(place.name + ".aside")


def _replace(path: str, mode: int, pairs: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Overwrite texts with others as long; the file's hashes before and after, if it changed."""
    import hashlib

    closed = not mode & 0o200
    if closed:
        os.chmod(path, mode | 0o200)
    try:
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
            if not any(data.find(old) >= 0 for old, _ in pairs):
                return []
            before = hashlib.sha256(data).digest()
            for old, new in pairs:
                at = data.find(old)
                while at >= 0:
                    data[at : at + len(old)] = new
                    at = data.find(old, at + len(old))
            after = hashlib.sha256(data).digest()
    finally:
        if closed:
            with contextlib.suppress(OSError):
                os.chmod(path, mode)
    return [
        (_base64(before), _base64(after)),
        (before.hex().encode(), after.hex().encode()),
    ]


def _base64(digest: bytes) -> bytes:
    return base64.urlsafe_b64encode(digest).rstrip(b"=")
