"""The supervisor: one process, one service. ``… -m mlenv_jupyter.serving.supervisor PLACE LOCK``.

It holds the listening socket, so that connections wait while the process that answers is changed
or started again; a new revision takes over when it is ready, and the old one ends after that.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Protocol

import msgspec

from mlenv_jupyter.builds.durable import Terminated, begin_work, moment, seconds_of, take_database
from mlenv_jupyter.builds.log import LogWriter
from mlenv_jupyter.builds.resolve import ToolFailed
from mlenv_jupyter.core.errors import MlenvError, Problem
from mlenv_jupyter.core.service import Revision
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.registry.secrets import Secrets
from mlenv_jupyter.runs.built import built_record
from mlenv_jupyter.serving.gate import Gate
from mlenv_jupyter.serving.local import Local
from mlenv_jupyter.serving.spec import ServiceFiles
from mlenv_jupyter.store.places import Places

LOOK = 0.1
"""Seconds between two looks at what is wanted."""
BACKOFF = (0.0, 0.5, 1.0, 2.0, 5.0, 15.0)


class Served(Protocol):
    """What answers, and the revision that it answers with.

    ``port`` is where on this machine; None where it has the service's own socket.
    """

    revision: Revision
    port: int | None

    def ended(self) -> int | None:
        """Its exit code; None while it answers."""

    def end(self) -> None:
        """Let it answer what it has, then end it."""


class Supervisor:
    """Keeps one service answering with the newest revision that works."""

    def __init__(self, files: ServiceFiles, database: str | None) -> None:
        self.files = files
        self.database = database
        self.spec = spec = files.read_spec()
        self.places = Places(Path(spec.home), Path(spec.store), spec.offline)
        self.registry = Registry(self.places.home, database)
        self.secrets = Secrets(self.places.home)
        began = seconds_of(self.registry.services.get(spec.name).created_at)
        self.log = LogWriter(files.log, began, hidden=self.secrets.watched())
        self.socket = _listen(spec.port)
        self.gate = Gate(self.socket)
        self.served: Served | None = None
        self.tried = 0
        self.restarts = 0

    def run(self) -> int:
        """Until somebody asks it to end."""
        try:
            while True:
                wanted = self.files.read_wanted()
                if wanted.number != self.tried:
                    self._deploy(wanted)
                elif self.served is not None and self.served.ended() is not None:
                    self._restart(self.served)
                time.sleep(LOOK)
        except Terminated:
            pass
        self.gate.close()
        if self.served is not None:
            self.served.end()
        self.log.line("Stopped", "note")
        self.log.close()
        self.registry.close()
        return 0

    def _deploy(self, wanted: Revision) -> None:
        """Serve a revision; what answered before goes on where that fails."""
        self.tried = wanted.number
        self.log.line(f"Revision {wanted.number}: {wanted.environment}:{wanted.version}", "note")
        before = self.served
        try:
            self.served = self._start(wanted)
        except Terminated:
            raise
        except Exception as failed:
            problem = _problem(failed)
            if problem.code == "internal":
                for line in traceback.format_exc().splitlines():
                    self.log.line(line, "err")
            self.log.line(f"{problem.message} {problem.detail}".strip(), "error")
            answers = before is not None and before.ended() is None
            self._change(state="unhealthy" if answers else "failed", error=problem)
            return
        self.restarts = 0
        self._change(
            state="healthy",
            revision=wanted.number,
            error=None,
            restarts=0,
            environment=wanted.environment,
            version=wanted.version,
            models=wanted.models,
            authenticated=wanted.authenticated,
        )
        self.gate.open(self.served.port)
        self.log.line(f"Revision {wanted.number} answers on port {self.spec.port}", "note")
        if before is not None:
            before.end()

    def _restart(self, dead: Served) -> None:
        code = dead.ended()
        self.restarts += 1
        self.log.line(f"What answers has ended ({code}); it is started again", "warn")
        self._change(state="unhealthy", restarts=self.restarts)
        time.sleep(BACKOFF[min(self.restarts, len(BACKOFF)) - 1])
        dead.end()
        self.served = None
        self._deploy_again(dead.revision)

    def _deploy_again(self, revision: Revision) -> None:
        restarts = self.restarts
        self._deploy(revision)
        self.restarts = restarts
        self._change(restarts=restarts)

    def _start(self, revision: Revision) -> Served:
        """Start what answers for a revision, and wait until it is ready. Raises MlenvError."""
        record = built_record(
            self.places,
            self.registry,
            self.database,
            revision.build,
            lambda text: self.log.line(text, "note"),
        )
        if revision.authenticated:
            self.files.read_keys()
        variables = self.secrets.variables(
            revision.environment, {**revision.definition.variables, **revision.variables}
        )
        if record.image is None:
            local = Local(self.spec.name, self.files, self.places, self.log, self.socket)
            return local.start(revision, record, variables)
        from mlenv_jupyter.serving.container import Boxes

        boxes = Boxes(self.spec.name, self.files, self.places, self.log)
        return boxes.start(revision, record, record.image, variables, alone=self.served is None)

    def _change(self, **fields: object) -> None:
        with contextlib.suppress(MlenvError):
            self.registry.services.change(self.spec.name, updated_at=moment(), **fields)


def _listen(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(2048)
    return made


def _problem(failed: Exception) -> Problem:
    if isinstance(failed, MlenvError):
        return failed.problem()
    if isinstance(failed, ToolFailed):
        said = " ".join(line.text for line in failed.lines)[-400:]
        return Problem(
            code="no_serving_layer",
            message="What a service needs does not fit beside the environment.",
            detail=said,
            remedy="Allow other versions of starlette, uvicorn or what they need.",
        )
    return Problem(code="internal", message=f"{type(failed).__name__}: {failed}")


def main(argv: list[str]) -> int:
    """Serve what is in the directory; the lock is the descriptor that says we live."""
    place = begin_work(argv)
    database = take_database()
    places = Places(place.parent.parent, place)
    spec = msgspec.json.decode((place / "spec.json").read_bytes())
    return Supervisor(ServiceFiles(places, spec["name"]), database).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
