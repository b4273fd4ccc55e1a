"""Named places at which a test has this process die, or a call of the system fail.

``MLENV_FAILPOINTS`` of the process's own environment arms them, read once, at import: no request,
setting or file does. It is a list of ``POINT=kill``, ``POINT=ENOSPC`` or any other name of errno,
``POINT#3=…`` for the third time only, and ``hits=FILE``, which gets a line for each point that is
passed. Whoever can set that variable owns the process anyway. Without it a point is one
comparison.
"""

from __future__ import annotations

import errno
import os
import signal
import threading

VARIABLE = "MLENV_FAILPOINTS"

STEPS = {
    "database.begun": "a transaction holds the write lock",
    "database.commit": "all of a transaction is written, and nothing is committed",
    "database.committed": "it is committed, and nobody has been told",
    "queue.spec": "a build is written down, and has no row",
    "queue.row": "it has a row, and no worker",
    "queue.started": "its worker runs, and its process id is not written down",
    "worker.begun": "the worker has read what to build",
    "worker.stage": "the worker has said that it enters a stage",
    "worker.result": "the result is on disk, and the row is not",
    "lock.resolved": "everything is resolved, and the lock is not kept",
    "lock.set": "a version has its lock, and is not said to be ready",
    "making.noted": "a place is written down that is about to be made",
    "store.begun": "a place is held, and nothing is in it",
    "prefix.venv": "a prefix has an interpreter, and no packages",
    "prefix.linked": "what is on the shelf is linked into it",
    "prefix.fetched": "uv has installed the rest",
    "shelf.staged": "a wheel is about to be put on the shelf",
    "store.whole": "a place is whole and read-only, and has no record",
    "store.placed": "it is in its place, and its record is not written",
    "store.committed": "it has its record",
    "kernel.record": "a kernel's launch record is written, and it has no kernelspec",
    "kernel.staged": "its kernelspec is whole, and not in its place",
    "kernel.placed": "it is in its place, and the registry does not know",
    "kernel.unplaced": "a kernelspec is out of its place, and not removed",
    "kernel.removed": "it is removed, and the launch record is not",
    "delete.kernels": "the kernels of an environment are removed, and it is not",
    "conda.solved": "rattler has solved, and the lock is not kept",
    "conda.linked": "conda's packages are linked to where they go, and pip's are not",
    "layer.resolved": "what a kernel needs beside the packages is known, and not installed",
    "image.base": "the base of an image is known, and nobody has looked into it",
    "image.ground": "the Python of an image is known or in its place, and no packages are",
    "image.context": "all that the builder needs is laid out, and it has not begun",
    "image.made": "the image is in the engine, and nobody has looked into it",
    "image.tagged": "it has its name, and no record",
    "store.unrecorded": "the record of what is collected is removed, and its files are not",
}
"""What has been done, and what has not, at each place where a process may die."""

CALLS = {
    "file.write": "writing a small file, beside its place",
    "file.sync": "having it on disk",
    "file.rename": "moving it to its place",
    "directory.sync": "having the move on disk",
    "making.note": "writing down a place that is about to be made",
    "log.write": "writing to a log, what came together",
    "log.sync": "having a log on disk",
    "store.mkdir": "making the place of a prefix or layer",
    "store.rename": "having a new prefix and the old one change places",
    "shelf.link": "linking a file into a prefix",
    "shelf.rename": "putting a wheel on the shelf",
    "tree.chmod": "taking the write permission of a directory",
    "kernel.write": "writing a kernelspec",
    "kernel.rename": "moving a kernelspec to its place, or out of it",
}
"""The calls of the system that may fail; a process may die there too."""


class Armed:
    """What happens at which point, and where it is told that one was passed."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for a point or a fault that there is not."""
        self.text = text
        self._hits = ""
        self._faults: dict[tuple[str, int], int] = {}
        self._passed: dict[str, int] = {}
        self._lock = threading.Lock()
        for one in filter(None, text.split(",")):
            name, _, what = one.partition("=")
            if name == "hits":
                self._hits = what
                continue
            point, _, nth = name.partition("#")
            if point not in STEPS and point not in CALLS:
                raise ValueError(f"{VARIABLE}: there is no point {point!r}")
            self._faults[point, int(nth or 0)] = 0 if what == "kill" else getattr(errno, what)

    def reach(self, point: str) -> None:
        """Count it, and let happen what is to happen there. Raises OSError."""
        with self._lock:
            nth = self._passed[point] = self._passed.get(point, 0) + 1
            if self._hits:
                with open(self._hits, "a", encoding="ascii") as file:
                    file.write(f"{point}\n")
        fault = self._faults.get((point, nth), self._faults.get((point, 0)))
        if fault == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        elif fault is not None:
            raise OSError(fault, os.strerror(fault), point)


def reach(point: str) -> None:
    """Pass a point."""
    if _armed is not None:
        _armed.reach(point)


def arm(text: str | None) -> None:
    """Arm the points of this process, or none of them."""
    global _armed
    _armed = Armed(text) if text else None


def inherited() -> dict[str, str]:
    """What the process of a build is told of them."""
    return {VARIABLE: _armed.text} if _armed is not None else {}


_armed: Armed | None = None
arm(os.environ.get(VARIABLE))
