"""How far rattler is with an installation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mlenv_jupyter.core.build import Progress

if TYPE_CHECKING:
    from rattler import RepoDataRecord


class Reporter:
    """Follows an installation: packages linked, and bytes fetched where something is fetched."""

    def __init__(
        self, records: Sequence[RepoDataRecord], on_progress: Callable[[Progress], None]
    ) -> None:
        self._total = len(records)
        self._say = on_progress
        self._linked = 0
        self._names: list[str] = []
        self._fetched: dict[int, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Callable[..., int]:
        if name.startswith("on_"):
            return lambda *_: 0
        raise AttributeError(name)

    def on_download_start(self, _: int) -> int:
        with self._lock:
            key = len(self._fetched)
            self._fetched[key] = (0, 0)
            return key

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        with self._lock:
            self._fetched[download_idx] = (progress, total or progress)
            self._report()

    def on_link_complete(self, _: int) -> None:
        with self._lock:
            self._linked += 1
            self._report()

    def _report(self) -> None:
        total = sum(one for _, one in self._fetched.values())
        self._say(
            Progress(
                done=self._linked,
                total=self._total,
                bytes_done=sum(one for one, _ in self._fetched.values()) if total else None,
                bytes_total=total or None,
            )
        )
