"""Durable work: builds and runs, done by processes that outlive whoever asked for them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any, Generic, NoReturn, Protocol, TypeVar

import msgspec

from mlenv_jupyter.builds.log import LogWriter
from mlenv_jupyter.builds.spec import WorkFiles
from mlenv_jupyter.core.errors import MlenvError, Problem
from mlenv_jupyter.failpoints import inherited, reach
from mlenv_jupyter.process import Child, end_group, start
from mlenv_jupyter.store.trees import write_atomically

PATIENCE = 3.5
"""Seconds between asking a worker to end and ending it."""


class Work(Protocol):
    """What a row of work says of itself."""

    @property
    def id(self) -> str: ...

    @property
    def created_at(self) -> str: ...

    @property
    def ended(self) -> bool: ...


T = TypeVar("T", bound=Work)


Row = TypeVar("Row", bound=Work, covariant=True)


class Rows(Protocol[Row]):
    """Where the rows are kept."""

    def get(self, work_id: str) -> Row: ...

    def update(self, work_id: str, **fields: Any) -> Row: ...

    def running(self) -> tuple[Row, ...]: ...


class Durable(ABC, Generic[T]):
    """Waits for work, cancels it, and notices workers that died.

    A worker is alive while it holds the lock of its directory; ``result.json`` is how it ended,
    the row is an index of that.
    """

    def __init__(self, rows: Rows[T]) -> None:
        self._rows = rows

    @abstractmethod
    def files(self, work_id: str) -> WorkFiles:
        """The directory of one piece of work; raises NotFound for what is no id."""

    @abstractmethod
    def _end(self, work: T, lock: int) -> T:
        """Bring work whose worker is gone to its end, or start it anew; ``lock`` is ours now."""

    def wait(self, work_id: str, timeout: float | None = None) -> T:
        """Wait for the end; the work as it is when ``timeout`` seconds are over."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            work = self._rows.get(work_id)
            if work.ended or (until is not None and time.monotonic() > until):
                return work
            self._look(work)
            time.sleep(0.03)

    def cancel(self, work_id: str) -> T:
        """Ask work to end; its processes are gone within five seconds. Raises NotFound."""
        work = self._rows.get(work_id)
        if work.ended:
            return work
        files = self.files(work_id)
        files.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.cancel.touch(mode=0o600)
        work = self._rows.update(work_id, cancelling=True)
        pid = files.read_pid()
        if pid is not None and files.is_held():
            end_group(pid)
        threading.Thread(target=self._insist, args=(files, work_id), daemon=False).start()
        return work

    def reconcile(self) -> list[T]:
        """Look at all work that has not ended; what was touched since its worker had died."""
        touched = []
        for work in self._rows.running():
            # A full disk stops this too; the next look brings the work to its end.
            with contextlib.suppress(OSError):
                ended = self._look(work)
                if ended is not None:
                    touched.append(ended)
        return touched

    def _watch(self, child: Child, work_id: str) -> None:
        """Reap a worker, and bring its work to an end if it does not do so itself."""
        threading.Thread(target=self._reap, args=(child, work_id), daemon=True).start()

    def _reap(self, child: Child, work_id: str) -> None:
        child.wait()
        with contextlib.suppress(MlenvError, OSError):
            self._look(self._rows.get(work_id))

    def _insist(self, files: WorkFiles, work_id: str) -> None:
        """End the process group of work that does not end by itself."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and files.is_held():
            time.sleep(0.02)
        if files.is_held():
            pid = files.read_pid()
            if pid is not None:
                end_group(pid, hard=True)
            while files.is_held():
                time.sleep(0.02)
        with contextlib.suppress(MlenvError, OSError):
            self._look(self._rows.get(work_id))

    def _look(self, work: T) -> T | None:
        """Bring work to its end if its worker is gone; None while it lives or has ended."""
        if work.ended:
            return None
        lock = self.files(work.id).try_lock()
        if lock is None:
            return None
        try:
            work = self._rows.get(work.id)
            return None if work.ended else self._end(work, lock)
        finally:
            os.close(lock)

    def _bury(self, work: T, problem: Problem) -> T:
        """The end of work whose worker died in silence: cancelled if that was asked for."""
        files = self.files(work.id)
        cancelled = files.cancel.exists()
        error = None if cancelled else problem
        fields = {
            "state": "cancelled" if cancelled else "interrupted",
            "finished_at": moment(),
            "cancelling": False,
            "error": error,
        }
        result: T = msgspec.structs.replace(work, **fields)  # type: ignore[type-var]
        log = LogWriter(files.log, seconds_of(work.created_at))
        data = {"state": fields["state"], "error": msgspec.to_builtins(error)}
        log.result(data, "Cancelled" if cancelled else "Interrupted", "error")
        log.close()
        write_atomically(files.result, msgspec.json.encode(result))
        return result


class Terminated(BaseException):
    """Somebody asked this process to end; as with KeyboardInterrupt nothing else may catch it."""


def start_worker(
    module: str, files: WorkFiles, lock: int, env: Mapping[str, str], database: str | None
) -> Child:
    """Start the process that does a piece of work, in a session of its own; it holds the lock.

    It is told the registry's address in its environment, since that may hold a password.
    """
    safe = ["-P"] if sys.version_info >= (3, 11) else []
    told = {**inherited(), **({"MLENV_DATABASE": database} if database else {})}
    with open(files.place / "worker.err", "ab") as said:
        child = start(
            [sys.executable, *safe, "-m", module, files.place, str(lock)],
            # The package may be found through the path of this process alone (a checkout, a test).
            env={**env, **told, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)},
            cwd=files.place,
            output=said,
            pass_fds=[lock],
            own_session=True,
        )
    reach("queue.started")
    # The worker writes it too: this process may be gone.
    with contextlib.suppress(OSError):
        write_atomically(files.pid, str(child.pid).encode())
    return child


def begin_work(argv: Sequence[str]) -> Path:
    """What every worker does first; the directory that it is given. SIGTERM raises Terminated."""
    place, lock = Path(argv[0]), int(argv[1])
    os.set_inheritable(lock, False)
    # Held already, except on a network file system, where a lock is one process's own.
    fcntl.flock(lock, fcntl.LOCK_EX)
    end_at_sigterm()
    return place


def end_at_sigterm() -> None:
    """Have SIGTERM raise Terminated from now on."""
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    # Once is enough: the cleaning up that follows must not be interrupted by a second signal.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated


def take_database() -> str | None:
    """Where the registry is, out of the environment that what we start would see."""
    os.environ.pop("PYTHONPATH", None)
    return os.environ.pop("MLENV_DATABASE", None) or None


def end_orphans(variable: str, work_id: str) -> None:
    """End what a dead worker left running; all its processes carry its id in a variable."""
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(variable) == work_id and process.pid != os.getpid():
                process.kill()


def last_words(files: WorkFiles) -> str:
    """What a dead worker has said outside of its log."""
    try:
        said = (files.place / "worker.err").read_text(errors="replace").strip()[-400:]
    except FileNotFoundError:
        said = ""
    return said or "It said nothing: it may have been killed, for example for lack of memory."


def new_id() -> str:
    """An id that sorts by time."""
    return f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}-{os.urandom(3).hex()}"


def moment() -> str:
    """The time, to the millisecond, as builds have it: ISO 8601, UTC."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return now.replace("+00:00", "Z")


def seconds_of(at: str) -> float:
    """Seconds since the epoch of an ISO 8601 time."""
    return datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()
