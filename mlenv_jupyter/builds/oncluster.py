"""A build on a Ray cluster: the process here has a job there do the work, and follows it.

The home and the store are one file system, shared by all: the job (``there.py``) writes log, result
and row itself, so that nothing has to come back. This process holds the build's lock and says with
it that somebody looks after the build; if it dies, the next one follows the same job.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from mlenv_jupyter.builds.durable import Terminated, begin_work
from mlenv_jupyter.builds.spec import BuildFiles, BuildSpec
from mlenv_jupyter.builds.worker import Worker
from mlenv_jupyter.cluster import connect, job_info, last, silence, state_of
from mlenv_jupyter.core.errors import MlenvError, Unavailable
from mlenv_jupyter.process import VARIABLE_OF_BUILDS
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.store import Store

LOOK = 0.3
LATE = 5.0
"""Seconds after the end of a job in which its files may still become visible here."""
NOT_SHARED, NO_MLENV = 78, 79

BEGIN = f"""
import os, sys
token, python, *marks = sys.argv[1:]
for mark in marks:
    try:
        seen = open(mark).read()
    except OSError:
        seen = None
    if seen != token:
        print("mlenv: there is no", os.path.dirname(mark), "here, or it is another one")
        sys.exit({NOT_SHARED})
if not os.access(python, os.X_OK):
    import importlib.util
    python = sys.executable
    if importlib.util.find_spec("mlenv_jupyter") is None:
        sys.exit({NO_MLENV})
os.execv(python, [python, "-m", "mlenv_jupyter.builds.there", os.path.dirname(marks[0])])
"""


class Follower:
    """Has one build done by a job of a cluster."""

    def __init__(self, files: BuildFiles, spec: BuildSpec) -> None:
        self.files = files
        self.spec = spec
        self.places = Places(Path(spec.home), Path(spec.store), spec.offline)
        self.worker = Worker(files, spec)
        self.attempt = self.worker.build.attempt
        self.job = ""

    def run(self) -> int:
        """Follow the build to its end; not 0 where it died and may be tried once more."""
        client: Any = None
        try:
            client = self._connect()
            self.job = self._running(client) or self._submit(client)
            return self._follow(client)
        except Terminated:
            # Where this process alone is ended, the next one follows the job.
            if client is not None and self.job and self.files.cancel.exists():
                self._stop(client)
            return 1
        except MlenvError as failed:
            if self.files.read_result() is None:
                self.worker.fail(failed.problem())
            return 1

    def _connect(self) -> Any:
        until = time.monotonic() + (silence() if self.attempt > 1 else 0)
        while True:
            try:
                return connect(self.spec.cluster)
            except Unavailable:
                if time.monotonic() > until:
                    raise
            time.sleep(1)

    def _running(self, client: Any) -> str | None:
        """The job of the process before this one, if it is at work."""
        job = self._name(self.attempt - 1)
        info = job_info(client, job) if self.attempt > 1 else None
        if info is not None and not info.status.is_terminal():
            return job
        store = Store(self.places)
        for place in self.files.read_making():
            store.discard(place)
        return None

    def _submit(self, client: Any) -> str:
        token, job = uuid4().hex, self._name(self.attempt)
        marks = [self.files.place / "shared", self.places.store / f".shared-{self.spec.id}"]
        self.places.make()
        for mark in marks:
            mark.write_text(token)
        words = ["python", "-c", BEGIN, token, sys.executable, *map(str, marks)]
        try:
            client.submit_job(
                entrypoint=shlex.join(words),
                submission_id=job,
                runtime_env={"env_vars": {VARIABLE_OF_BUILDS: self.spec.id}},
                metadata={"mlenv": f"build {self.spec.name}:{self.spec.version}"},
                entrypoint_num_cpus=1,
            )
        except (RuntimeError, ValueError, TypeError, OSError) as error:
            raise Unavailable(
                "Ray did not take the build.", code="ray_refused", detail=last(error)
            ) from error
        self.worker.say(f"Submitted to the Ray cluster as job {job}")
        return job

    def _follow(self, client: Any) -> int:
        while self.files.read_result() is None:
            info = self._info(client)
            if info is None or info.status.is_terminal():
                return self._ending(info)
            time.sleep(LOOK)
        return 0

    def _info(self, client: Any) -> Any:
        try:
            return job_info(client, self.job)
        except Unavailable as lost:
            self.worker.say(lost.message, "warn")
            return None

    def _ending(self, info: Any) -> int:
        until = time.monotonic() + LATE
        while self.files.read_result() is None:
            code = info and info.driver_exit_code
            if code == NOT_SHARED:
                raise Unavailable(
                    "The cluster does not see mlenv's files.",
                    code="not_shared",
                    detail=(info.message or "")[-1000:],
                    remedy=f"Mount {self.spec.home} and {self.spec.store} at the same places on "
                    "every node, or set c.Workspace.build_executor = 'local'.",
                )
            if code == NO_MLENV:
                raise Unavailable(
                    "The cluster has no mlenv.",
                    code="no_mlenv",
                    remedy="Install mlenv-jupyter beside Ray on every node, or have "
                    f"{sys.executable} there.",
                )
            if time.monotonic() > until:
                word = state_of(info).lower() if info is not None else "lost"
                self.worker.say(f"The job is {word}, and the build has not ended.", "warn")
                return 1
            time.sleep(LOOK)
        return 0

    def _stop(self, client: Any) -> None:
        """End the job, and give it the time to say that it was cancelled."""
        with contextlib.suppress(RuntimeError, OSError):
            client.stop_job(self.job)
            while self.files.read_result() is None:
                time.sleep(0.05)  # whoever cancelled ends this process when it takes too long

    def _name(self, attempt: int) -> str:
        return f"mlenv-build-{self.spec.id}-{attempt}"


def main(argv: list[str]) -> int:
    """Follow the build whose directory is given; the lock is the descriptor that says we live."""
    place = begin_work(argv)
    try:
        files = BuildFiles(Places(place.parent.parent, place), place.name)
        spec = files.read_spec()
        code = Follower(files, spec).run()
        (Path(spec.store) / f".shared-{spec.id}").unlink(missing_ok=True)
        return code
    except Terminated:
        return 1


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # Ray's threads need not be waited for
