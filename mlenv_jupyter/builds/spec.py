"""What a worker is told, and the files of one build: ``builds/<id>/``."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

from mlenv_jupyter.builds.images.settings import ImageSettings
from mlenv_jupyter.core.build import Build, Form
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import write_atomically


class BuildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a worker needs to know; written before the build's row.

    ``definition`` is as it is built in ``form``, ``note`` what is to be said of that first.
    ``cluster`` is the Ray cluster that does the work, empty for this machine.
    """

    id: str
    name: str
    version: str
    digest: str
    definition: Definition
    version_id: int | None
    lock_id: int | None
    home: str
    store: str
    database: str | None
    force: bool = False
    use_cache: bool = True
    max_concurrent_builds: int = 2
    images: ImageSettings = ImageSettings()
    offline: bool = False
    form: Form | None = None
    note: str = ""
    cluster: str = ""


class WorkFiles:
    """The directory of one piece of work that a process of its own does: a build, a run."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.spec = self.place / "spec.json"
        self.log = self.place / "log.jsonl"
        self.result = self.place / "result.json"
        self.lock = self.place / "lock"
        self.cancel = self.place / "cancel"
        self.pid = self.place / "pid"

    def read_pid(self) -> int | None:
        """The worker's process, which leads its own session and process group."""
        try:
            return int(self.pid.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def try_lock(self) -> int | None:
        """The descriptor of the lock that says a worker is alive, or None where one is.

        It is the kernel's lock on an open file: a child that inherits it holds it, and it ends
        with the last process that has it, however that dies.
        """
        self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def is_held(self) -> bool:
        """Whether a worker is alive."""
        lock = self.try_lock()
        if lock is None:
            return True
        os.close(lock)
        return False


class BuildFiles(WorkFiles):
    """The directory of one build. ``log.jsonl`` and ``result.json`` are the truth."""

    def __init__(self, places: Places, build_id: str) -> None:
        super().__init__(places.build(build_id))
        self.making = self.place / "making"

    def make(self, spec: BuildSpec) -> None:
        """Make the directory, and write down what is to be built."""
        self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self.spec, msgspec.json.encode(spec))

    def read_spec(self) -> BuildSpec:
        """What is to be built."""
        return msgspec.json.decode(self.spec.read_bytes(), type=BuildSpec)

    def read_result(self) -> Build | None:
        """How it ended, or None where it has not."""
        try:
            return msgspec.json.decode(self.result.read_bytes(), type=Build)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def note_making(self, place: Path) -> None:
        """Write down a path before it is made, so that whoever looks can remove what is left."""
        with open(self.making, "a", encoding="utf-8") as file:
            reach("making.note")
            file.write(f"{place}\n")
            file.flush()
            os.fsync(file.fileno())
        reach("making.noted")

    def read_making(self) -> list[Path]:
        """Every path that the build may have begun to make."""
        try:
            return [Path(one) for one in self.making.read_text().splitlines()]
        except FileNotFoundError:
            return []
