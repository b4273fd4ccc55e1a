"""Unused kernels retire: each one in the list costs JupyterLab time at every start.

Installing a built version again takes no time, and a notebook whose kernel has retired says so
and offers it: nothing is lost.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from mlenv_jupyter.core.names import check_kernel_name
from mlenv_jupyter.kernels.record import record_path

DAY = 86400.0


def used_path(kernels: Path, kernel_name: str) -> Path:
    """The file that a kernel's start touches, and that it locks for as long as it runs."""
    return kernels / f"{check_kernel_name(kernel_name)}.used"


def pin_path(kernels: Path, kernel_name: str) -> Path:
    """The file that says that a kernel never retires."""
    return kernels / f"{check_kernel_name(kernel_name)}.pinned"


def set_pinned(kernels: Path, kernel_name: str, pinned: bool) -> None:
    """Let a kernel never retire, or let it."""
    path = pin_path(kernels, kernel_name)
    if pinned:
        path.touch(mode=0o600)
    else:
        path.unlink(missing_ok=True)


def forget(kernels: Path, kernel_name: str) -> None:
    """Remove what is known of the use of a kernel that is gone."""
    used_path(kernels, kernel_name).unlink(missing_ok=True)
    pin_path(kernels, kernel_name).unlink(missing_ok=True)


def last_used(kernels: Path, kernel_name: str) -> float:
    """When a kernel was last started, or else installed; seconds since 1970."""
    moments = [0.0]
    for path in (used_path(kernels, kernel_name), record_path(kernels, kernel_name)):
        try:
            moments.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(moments)


def is_running(kernels: Path, kernel_name: str) -> bool:
    """Whether a process that was started as this kernel is alive."""
    try:
        descriptor = os.open(used_path(kernels, kernel_name), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def to_retire(
    kernels: Path, names: list[str], *, kept: int, days: int, now: float | None = None
) -> list[str]:
    """Those not started for ``days`` (0: for ever), and the least recently used beyond ``kept``.

    Never one that runs or is pinned; the longest unused comes first.
    """
    now = time.time() if now is None else now
    moments = {one: last_used(kernels, one) for one in names}
    by_age = sorted(names, key=lambda one: moments[one])
    excess = max(0, len(names) - kept)
    chosen: list[str] = []
    for one in by_age:
        old = bool(days) and now - moments[one] > days * DAY
        if not old and len(chosen) >= excess:
            break
        if not pin_path(kernels, one).exists() and not is_running(kernels, one):
            chosen.append(one)
    return chosen
