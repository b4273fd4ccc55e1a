"""What was added for a notebook whose kernel runs in a container: it outlives that container.

The overlay stands in the store with those of all other notebooks, so it is found, renamed,
emptied and collected as they are. It alone is mounted, under its own path; its links lead into
the image, and nothing on this machine runs what is in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import Any

from mlenv_jupyter.kernels.assets import overlay as assets
from mlenv_jupyter.kernels.assets import sweep
from mlenv_jupyter.kernels.record import LaunchRecord

NOTEBOOK = "MLENV_KERNEL_NOTEBOOK"
"""Which notebook ``start.py`` found that this kernel was started for."""
TRIES = 3
"""How often one is looked for that another process takes away meanwhile."""


class Mounted:
    """The overlay of one notebook and version, held until it is closed."""

    def __init__(self, place: str, notebook: str, lock: int) -> None:
        self.place = place
        self.described = {"place": place, "notebook": notebook}
        self._lock = lock

    @classmethod
    def of(cls, record: LaunchRecord, notebook: str) -> Mounted | None:
        """Find or make it; None without a notebook, or where the store cannot be written."""
        if not notebook:
            return None
        key: dict[str, Any] = {
            "definition_id": record.definition_id,
            "lock_digest": record.lock_digest,
            "mounted": True,
        }
        with contextlib.suppress(OSError):
            for _ in range(TRIES):
                place = os.path.realpath(assets.place_of(record.overlays, notebook, key))
                os.makedirs(place, 0o700, exist_ok=True)
                lock = assets.hold(place)
                if lock is not None:
                    return cls(place, notebook, lock)
        return None

    def close(self) -> None:
        """Let it go; without anything in it, it is removed."""
        with contextlib.suppress(OSError):  # somebody else holds it, too
            if not os.path.exists(os.path.join(self.place, "overlay.json")):
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                sweep.remove(self.place)
        os.close(self._lock)
