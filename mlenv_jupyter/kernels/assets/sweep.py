"""Remove temporary overlays whose kernel has ended: loaded by file when a kernel ends.

Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time

TEMPORARY = "tmp-"
GONE = "tmp-gone-"
GRACE = 60
"""Seconds for which an unlocked overlay may belong to a kernel that is only just starting."""


def sweep(overlays: str, *, grace: float = GRACE) -> list[str]:
    """Remove every temporary overlay that no kernel holds; the names of those removed.

    For kernels that were killed and could not do it themselves.
    """
    removed = []
    try:
        names = os.listdir(overlays)
    except OSError:
        return []
    for name in names:
        place = os.path.join(overlays, name)
        if name.startswith(TEMPORARY) and is_unused(place, grace=grace):
            remove(place)
            removed.append(name)
    return removed


def is_unused(overlay: str, *, grace: float = 0) -> bool:
    """Whether no kernel runs in an overlay, as far as its lock can tell."""
    try:
        if time.time() - os.stat(overlay).st_mtime < grace:
            return False
        if os.path.basename(overlay).startswith(GONE):
            return True
        os.stat(os.path.join(overlay, "overlay.json"))  # what has none is no overlay
        lock = os.open(os.path.join(overlay, "lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def take_away(overlay: str) -> str:
    """Rename an overlay that is not used, under its lock: no kernel starts in it meanwhile.

    Its new name, or '' where a kernel runs in it or it cannot be told.
    """
    gone = os.path.join(os.path.dirname(overlay), GONE + os.urandom(6).hex())
    try:
        os.stat(os.path.join(overlay, "overlay.json"))
        lock = os.open(os.path.join(overlay, "lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        return ""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(overlay, gone)
    except OSError:
        return ""
    finally:
        os.close(lock)
    return gone


def remove(overlay: str) -> None:
    """Remove an overlay; under another name first, so that nobody finds half of it."""
    gone = os.path.join(os.path.dirname(overlay), GONE + os.urandom(6).hex())
    try:
        os.rename(overlay, gone)
    except OSError:
        gone = overlay
    shutil.rmtree(gone, ignore_errors=True)
