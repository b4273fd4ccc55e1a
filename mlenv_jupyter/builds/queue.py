"""The queue: a build is a row before it is work, and a worker process is what works on it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from uuid import uuid4

import msgspec

from mlenv_jupyter.builds.log import LogWriter
from mlenv_jupyter.builds.resolve import references
from mlenv_jupyter.builds.spec import BuildFiles, BuildSpec, WorkFiles
from mlenv_jupyter.core.build import Build, StageTime
from mlenv_jupyter.core.errors import MlenvError, Problem
from mlenv_jupyter.process import build_environment, end_group
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.store import Store
from mlenv_jupyter.store.trees import write_atomically

ATTEMPTS = 2
"""How often a build is tried when its worker dies without having said anything."""

PATIENCE = 3.5
"""Seconds between asking a worker to end and ending it."""


class Queue:
    """Submits builds, cancels them, and notices workers that died."""

    def __init__(self, places: Places, registry: Registry, database: str | None = None) -> None:
        self._places = places
        self._registry = registry
        self._database = database

    def submit(self, spec: BuildSpec, author: str) -> Build:
        """Write a build down and start its worker, or join the one that runs."""
        build = Build(
            id=spec.id,
            name=spec.name,
            version=spec.version,
            digest=spec.digest,
            state="queued",
            created_at=moment(),
            author=author,
            stages=(StageTime(stage="queued", state="running"),),
        )
        files = BuildFiles(self._places, spec.id)
        files.make(spec)
        lock = files.try_lock()
        assert lock is not None
        try:
            kept, ours = self._registry.builds.add(build)
            if not ours:
                _remove_files(files)
                return kept
            if not self._link(files, spec, lock):
                self._start(files, spec, lock)
            return kept
        finally:
            os.close(lock)

    def record_reused(self, build: Build) -> Build:
        """Write down that a version was ready without any work, once."""
        return self._registry.builds.add(msgspec.structs.replace(build, id=new_id()))[0]

    def wait(self, build_id: str, timeout: float | None = None) -> Build:
        """Wait for a build to end; the build as it is when ``timeout`` seconds are over."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            build = self._registry.builds.get(build_id)
            if build.ended or (until is not None and time.monotonic() > until):
                return build
            self._look(build)
            time.sleep(0.03)

    def cancel(self, build_id: str) -> Build:
        """Ask a build to end; its process tree is gone within five seconds."""
        build = self._registry.builds.get(build_id)
        if build.ended:
            return build
        files = BuildFiles(self._places, build_id)
        files.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.cancel.touch(mode=0o600)
        build = self._registry.builds.update(build_id, cancelling=True)
        pid = files.read_pid()
        if pid is not None and self._alive(files):
            end_group(pid)
        threading.Thread(target=self._insist, args=(files, build_id), daemon=False).start()
        return build

    def reconcile(self) -> list[Build]:
        """Look at every build that has not ended; those whose worker died are brought to an end.

        Such a build is queued once more; the second time it stays ``interrupted``. Returns the
        builds that were touched.
        """
        touched = []
        for build in self._registry.builds.running():
            # A full disk stops this too; the next look brings the build to its end.
            with contextlib.suppress(OSError):
                ended = self._look(build)
                if ended is not None:
                    touched.append(ended)
        return touched

    def _link(self, files: BuildFiles, spec: BuildSpec, lock: int) -> bool:
        """Build in a thread of this process where linking is all there is to do.

        That takes less than a process needs to start. The lock is held as by any worker: if this
        process dies, whoever looks queues the build once more.
        """
        from mlenv_jupyter.builds.shelf import NotOnShelf
        from mlenv_jupyter.builds.worker import Worker

        worker = Worker(files, spec, self._registry)
        if not worker.is_at_once():
            worker.close()
            return False
        held = os.dup(lock)

        def build() -> None:
            try:
                worker.run()
            except NotOnShelf:
                self._start(files, spec, held)
            finally:
                os.close(held)

        threading.Thread(target=build, name=f"mlenv-build-{spec.id}").start()
        return True

    def _start(self, files: BuildFiles, spec: BuildSpec, lock: int) -> None:
        env = build_environment(
            os.environ, also=_variables(spec), MLENV_BUILD=spec.id, PYTHONUNBUFFERED="1"
        )
        child = start_worker("mlenv_jupyter.builds.worker", files, lock, env, self._database)
        threading.Thread(target=self._reap, args=(child, spec.id), daemon=True).start()

    def _reap(self, child: subprocess.Popen[bytes], build_id: str) -> None:
        """Wait for a worker, and bring its build to an end if it did not do so itself."""
        child.wait()
        with contextlib.suppress(MlenvError, OSError):
            self._look(self._registry.builds.get(build_id))

    def _alive(self, files: BuildFiles) -> bool:
        lock = files.try_lock()
        if lock is None:
            return True
        os.close(lock)
        return False

    def _insist(self, files: BuildFiles, build_id: str) -> None:
        """End the process group of a build that does not end by itself."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._alive(files):
            time.sleep(0.02)
        if self._alive(files):
            pid = files.read_pid()
            if pid is not None:
                end_group(pid, hard=True)
            while self._alive(files):
                time.sleep(0.02)
        with contextlib.suppress(MlenvError, OSError):
            self._look(self._registry.builds.get(build_id))

    def _look(self, build: Build) -> Build | None:
        """Bring one build to its end if its worker is gone; None while it lives or has ended."""
        if build.ended:
            return None
        files = BuildFiles(self._places, build.id)
        lock = files.try_lock()
        if lock is None:
            return None
        try:
            build = self._registry.builds.get(build.id)
            if build.ended:
                return None
            result = files.read_result()
            if result is not None:
                return self._write_row(result)
            return self._bury(build, files, lock)
        finally:
            os.close(lock)

    def _bury(self, build: Build, files: BuildFiles, lock: int) -> Build:
        """Clean up after a worker that died in silence, and start another where that is right."""
        _end_orphans(build.id)
        store = Store(self._places)
        for place in files.read_making():
            store.discard(place)
        cancelled = files.cancel.exists()
        again = not cancelled and build.attempt < ATTEMPTS and files.spec.exists()
        log = LogWriter(files.log, seconds_of(build.created_at))
        if again:
            log.line("The build was interrupted; it is queued once more.", "warn")
            log.close()
            spec = files.read_spec()
            build = self._registry.builds.update(
                build.id,
                state="queued",
                attempt=build.attempt + 1,
                stages=(StageTime(stage="queued", state="running"),),
            )
            self._start(files, spec, lock)
            return build
        problem = None if cancelled else _interrupted(files)
        result = msgspec.structs.replace(
            build,
            state="cancelled" if cancelled else "interrupted",
            finished_at=moment(),
            cancelling=False,
            error=problem,
        )
        data = {"state": result.state, "error": msgspec.to_builtins(problem)}
        log.result(data, "Cancelled" if cancelled else "Interrupted", "error")
        log.close()
        write_atomically(files.result, msgspec.json.encode(result))
        return self._write_row(result)

    def _write_row(self, result: Build) -> Build:
        fields = {
            name: getattr(result, name)
            for name in Build.__struct_fields__
            if name not in ("id", "name", "version", "digest", "created_at", "author", "attempt")
        }
        return self._registry.builds.update(result.id, **fields)


def start_worker(
    module: str, files: WorkFiles, lock: int, env: Mapping[str, str], database: str | None
) -> subprocess.Popen[bytes]:
    """Start the process that does a piece of work, in a session of its own; it holds the lock.

    It is told the registry's address in its environment, since that may hold a password.
    """
    safe = ["-P"] if sys.version_info >= (3, 11) else []
    told = {"MLENV_DATABASE": database} if database else {}
    with open(files.place / "worker.err", "ab") as said:
        child = subprocess.Popen(
            [sys.executable, *safe, "-m", module, str(files.place), str(lock)],
            # The package may be found through the path of this process alone (a checkout, a test).
            env={**env, **told, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)},
            cwd=files.place,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            pass_fds=[lock],
            start_new_session=True,
        )
    write_atomically(files.pid, str(child.pid).encode())
    return child


def new_id() -> str:
    """An id that sorts by time."""
    return f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}-{uuid4().hex[:6]}"


def moment() -> str:
    """The time, to the millisecond, as builds have it: ISO 8601, UTC."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return now.replace("+00:00", "Z")


def seconds_of(at: str) -> float:
    """Seconds since the epoch of an ISO 8601 time."""
    return datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()


def _variables(spec: BuildSpec) -> set[str]:
    """What a build sees of this process's environment beside what all builds do."""
    wanted = references(spec.definition)
    if spec.definition.kind == "image":
        from mlenv_jupyter.builds.images.names import variables_of

        wanted |= variables_of(spec)
    return wanted


def _interrupted(files: BuildFiles) -> Problem:
    try:
        said = (files.place / "worker.err").read_text(errors="replace").strip()[-400:]
    except FileNotFoundError:
        said = ""
    return Problem(
        code="interrupted",
        message="The build's process ended before the build did, twice.",
        detail=said or "It said nothing: it may have been killed, for example for lack of memory.",
        remedy="Build again: what was downloaded is kept.",
    )


def _end_orphans(build_id: str) -> None:
    """End what a dead worker left running; every process of a build carries its id."""
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get("MLENV_BUILD") == build_id and process.pid != os.getpid():
                process.kill()


def _remove_files(files: BuildFiles) -> None:
    for one in (files.spec, files.lock):
        one.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        files.place.rmdir()
