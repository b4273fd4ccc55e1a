"""Empty an overlay, also while kernels run in it: what was added is gone, the Version is left.

Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import fcntl
import os
import shutil

import overlay as overlays
import sweep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GONE = ".gone"
KEPT = frozenset(["lock", "promote.lock", GONE])
"""What kernels hold, what those who write wait for, and where the rest goes."""


def discard(overlay: str, described: dict[str, Any], text: str) -> bool:
    """Make a promoted overlay thin again; False where it was.

    ``text`` is that of its ``overlay.json``. Dying in the middle leaves one that works and is
    brought up to date by the next start of a kernel.
    """
    lock = os.open(os.path.join(overlay, "promote.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not overlays.is_promoted(overlay):
            return False
        # Where it is mounted into a container there is nothing of it beside it.
        mounted = described["record"].get("mounted")
        place = os.path.join(overlay, GONE) if mounted else os.path.dirname(overlay)
        os.makedirs(place, 0o700, exist_ok=True)
        gone = os.path.join(place, sweep.GONE + os.urandom(6).hex())
        os.mkdir(gone, 0o700)
        # First what says that it is whole, then what says that it is a clone, then the clone.
        rest = [one for one in os.listdir(overlay) if one not in KEPT]
        for name in sorted(rest, key=lambda one: (one != "overlay.json", one != "promoted")):
            os.rename(os.path.join(overlay, name), os.path.join(gone, name))
        overlays.make_thin(overlay, described["record"], launcher=described["launcher"], text=text)
        shutil.rmtree(place if mounted else gone, ignore_errors=True)
        return True
    finally:
        os.close(lock)
