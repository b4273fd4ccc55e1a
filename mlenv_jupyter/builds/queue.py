"""The queue: a build is a row before it is work, and a worker process is what works on it."""

from __future__ import annotations

import contextlib
import logging
import os
import threading

import msgspec

from mlenv_jupyter import cluster
from mlenv_jupyter.builds.durable import (
    Durable,
    end_orphans,
    last_words,
    moment,
    new_id,
    seconds_of,
    start_worker,
)
from mlenv_jupyter.builds.log import LogWriter
from mlenv_jupyter.builds.resolve import references
from mlenv_jupyter.builds.spec import BuildFiles, BuildSpec
from mlenv_jupyter.core.build import Build, StageTime
from mlenv_jupyter.core.errors import MlenvError, Problem
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.process import VARIABLE_OF_BUILDS, build_environment
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.store import Store

ATTEMPTS = 2
"""How often a build is tried when its worker dies without having said anything."""

LOG = logging.getLogger(__name__)


class Queue(Durable[Build]):
    """Submits builds, cancels them, and notices workers that died.

    A build whose worker died is queued once more; the second time it stays ``interrupted``.
    """

    def __init__(self, places: Places, registry: Registry, database: str | None = None) -> None:
        super().__init__(registry.builds)
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
            form=spec.form,
            stages=(StageTime(stage="queued", state="running"),),
        )
        files = BuildFiles(self._places, spec.id)
        # Held before anything is written: whoever collects what nobody holds leaves it alone.
        lock = files.try_lock()
        assert lock is not None
        try:
            try:
                files.make(spec)
                reach("queue.spec")
                kept, ours = self._registry.builds.add(build)
            except BaseException:
                _remove_files(files)
                raise
            if not ours:
                _remove_files(files)
                return kept
            reach("queue.row")
            # It is written down and will be built: whoever looks starts what did not start here.
            with contextlib.suppress(OSError):
                if not self._link(files, spec, lock):
                    self._start(files, spec, lock)
            return kept
        finally:
            os.close(lock)

    def record_reused(self, build: Build) -> Build:
        """Write down that a version was ready without any work, once."""
        return self._registry.builds.add(msgspec.structs.replace(build, id=new_id()))[0]

    def files(self, work_id: str) -> BuildFiles:
        """The directory of one build."""
        return BuildFiles(self._places, work_id)

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
            except (OSError, MlenvError) as error:
                # Not even the result could be written; whoever looks queues the build once more.
                LOG.warning("Build %s could not be written down: %s", spec.id, error)
            finally:
                os.close(held)

        threading.Thread(target=build, name=f"mlenv-build-{spec.id}").start()
        return True

    def _start(self, files: BuildFiles, spec: BuildSpec, lock: int) -> None:
        # On a cluster the variables are those of its nodes.
        also = cluster.VARIABLES if spec.cluster else variables_of(spec)
        told = {VARIABLE_OF_BUILDS: spec.id, "PYTHONUNBUFFERED": "1"}
        env = build_environment(os.environ, also=also, **told)
        module = "oncluster" if spec.cluster else "worker"
        child = start_worker(f"mlenv_jupyter.builds.{module}", files, lock, env, self._database)
        self._watch(child, spec.id)

    def _end(self, work: Build, lock: int) -> Build:
        """Clean up after a worker, and start another once where it died in silence."""
        files = self.files(work.id)
        result = files.read_result()
        if result is not None:
            return self._write_row(result)
        spec = files.read_spec() if files.spec.exists() else None
        over = files.cancel.exists() or work.attempt >= ATTEMPTS or spec is None
        if over or not (spec and spec.cluster):  # a job on a cluster may go on, and is followed
            end_orphans(VARIABLE_OF_BUILDS, work.id)
            store = Store(self._places)
            for place in files.read_making():
                store.discard(place)
        if over or spec is None:
            ended = self._write_row(self._bury(work, _interrupted(files)))
            if spec and spec.cluster:
                files.cancel.touch(mode=0o600)  # for a job that nobody follows any more
            return ended
        log = LogWriter(files.log, seconds_of(work.created_at))
        log.line("The build was interrupted; it is queued once more.", "warn")
        log.close()
        build = self._registry.builds.update(
            work.id,
            state="queued",
            attempt=work.attempt + 1,
            stages=(StageTime(stage="queued", state="running"),),
        )
        self._start(files, spec, lock)
        return build

    def _write_row(self, result: Build) -> Build:
        fields = {
            name: getattr(result, name)
            for name in Build.__struct_fields__
            if name not in ("id", "name", "version", "digest", "created_at", "author", "attempt")
        }
        return self._registry.builds.update(result.id, **fields)


def variables_of(spec: BuildSpec) -> set[str]:
    """What a build sees of this process's environment beside what all builds do."""
    wanted = references(spec.definition)
    if spec.definition.kind == "image":
        from mlenv_jupyter.builds.images import names

        wanted |= names.variables_of(spec)
    return wanted


def _interrupted(files: BuildFiles) -> Problem:
    return Problem(
        code="interrupted",
        message="The build's process ended before the build did, twice.",
        detail=last_words(files),
        remedy="Build again: what was downloaded is kept.",
    )


def _remove_files(files: BuildFiles) -> None:
    for one in (files.spec, files.lock):
        one.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        files.place.rmdir()
