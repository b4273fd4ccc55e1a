"""The supervisor: one process, one service. ``… -m mlenv_jupyter.serving.supervisor PLACE LOCK``.

It holds the listening socket, so that connections wait while the process that answers is changed
or started again; a new revision takes over when it is ready, and the old one ends after that.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import IO

import msgspec

from mlenv_jupyter.builds.durable import Terminated, begin_work, moment, seconds_of, take_database
from mlenv_jupyter.builds.log import LogWriter
from mlenv_jupyter.builds.resolve import ToolFailed
from mlenv_jupyter.core.errors import MlenvError, Problem, Unavailable
from mlenv_jupyter.core.service import Revision
from mlenv_jupyter.process import Child, end, start
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.registry.secrets import Secrets
from mlenv_jupyter.runs.built import built_record
from mlenv_jupyter.runs.environment import environment_in
from mlenv_jupyter.runs.snapshot import copy_snapshot
from mlenv_jupyter.serving.layer import serving_layer
from mlenv_jupyter.serving.spec import ServiceFiles
from mlenv_jupyter.store.places import Places

SCORE = Path(__file__).with_name("assets") / "score.py"
CONTEXT = Path(__file__).with_name("assets") / "raw.py"
KEEP = b"\x1ekeep\n"
"""What ``score.py`` writes to be told when all that it has written is in the log."""
LOOK = 0.1
"""Seconds between two looks at what is wanted."""
STARTING = 120.0
"""Seconds in which ``init()`` has to be done."""
PATIENCE = 35.0
BACKOFF = (0.0, 0.5, 1.0, 2.0, 5.0, 15.0)


class Served:
    """One process that answers, and the revision that it answers with."""

    def __init__(self, revision: Revision, child: Child, lifeline: IO[bytes]) -> None:
        self.revision = revision
        self.child = child
        self.lifeline = lifeline

    def end(self) -> None:
        """Let it answer what it has, then end it."""
        end(self.child, PATIENCE)
        self.lifeline.close()


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
        self.log = LogWriter(files.log, began, hidden=self.secrets.values())
        self.socket = _listen(spec.port)
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
                elif self.served is not None and self.served.child.poll() is not None:
                    self._restart(self.served)
                time.sleep(LOOK)
        except Terminated:
            pass
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
            answers = before is not None and before.child.poll() is None
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
        self.log.line(f"Revision {wanted.number} answers on port {self.spec.port}", "note")
        if before is not None:
            before.end()

    def _restart(self, dead: Served) -> None:
        code = dead.child.returncode
        self.restarts += 1
        self.log.line(f"The process that answers has ended ({code}); it is started again", "warn")
        self._change(state="unhealthy", restarts=self.restarts)
        time.sleep(BACKOFF[min(self.restarts, len(BACKOFF)) - 1])
        dead.lifeline.close()
        self.served = None
        self._deploy_again(dead.revision)

    def _deploy_again(self, revision: Revision) -> None:
        restarts = self.restarts
        self._deploy(revision)
        self.restarts = restarts
        self._change(restarts=restarts)

    def _start(self, revision: Revision) -> Served:
        """Start a process for a revision, and wait until it is ready. Raises MlenvError."""
        record = built_record(
            self.places,
            self.registry,
            self.database,
            revision.build,
            lambda text: self.log.line(text, "note"),
        )
        if record.image is not None:
            raise Unavailable(
                f"{revision.environment}:{revision.version} is an image, and has no prefix here.",
                code="no_prefix",
                remedy="Deploy it in an environment that is built as a directory.",
            )
        layer = serving_layer(
            self.places,
            revision.definition,
            record,
            self.files.place / "layer",
            lambda text: self.log.line(text, "note"),
        )
        code = self.files.code(revision.number)
        if not code.exists():
            copy_snapshot(self.places.snapshot(revision.snapshot), code)
        path = self.files.place / "path" / "mlenv_jupyter"
        path.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(CONTEXT, path / "__init__.py")
        model_dir = self.files.link_models(revision, self.places)
        prefix = record.prefix_at(self.places.prefix(record.lock_digest))
        variables = self.secrets.variables(
            revision.environment, {**revision.definition.variables, **revision.variables}
        )
        env = environment_in(prefix, variables, os.environ, record.activation)
        env["PYTHONPATH"] = str(path.parent)
        env |= {
            "AZUREML_MODEL_DIR": str(model_dir),
            "AZUREML_ENTRY_SCRIPT": revision.entry_script,
            "MLENV_MODEL_ROOT": str(self.files.models(revision.number)),
            "PYTHONUNBUFFERED": "1",
        }
        python = record.interpreter or str(prefix / "bin" / "python")
        return self._spawn(revision, python, code, env, [str(layer)] if layer else [])

    def _spawn(
        self, revision: Revision, python: str, code: Path, env: dict[str, str], layers: list[str]
    ) -> Served:
        ready, say_ready = os.pipe()
        lifeline, held = os.pipe()
        hold = os.fdopen(held, "wb", buffering=0)
        settings = {
            "name": self.spec.name,
            "revision": revision.number,
            "entry_script": str(code / revision.entry_script),
            "layers": layers,
            "keys": self.files.read_keys() if revision.authenticated else (),
            "socket_fd": self.socket.fileno(),
            "ready_fd": say_ready,
            "lifeline_fd": lifeline,
            **msgspec.to_builtins(revision.limits),
        }
        env = {**env, "MLENV_SERVICE": msgspec.json.encode(settings).decode()}
        child = start(
            [python, SCORE],
            env=env,
            cwd=code,
            pass_fds=[self.socket.fileno(), say_ready, lifeline],
        )
        os.close(say_ready)
        os.close(lifeline)
        threading.Thread(target=self._follow, args=(child, hold), daemon=True).start()
        served = Served(revision, child, hold)
        try:
            if not select.select([ready], [], [], STARTING)[0] or not os.read(ready, 16):
                raise Unavailable(
                    "The entry script did not start.",
                    code="init_failed",
                    detail="Its last lines in the log say why.",
                    remedy="Mend it, and deploy or update again.",
                    where=revision.entry_script,
                )
        except BaseException:
            child.kill()
            child.wait()
            hold.close()
            raise
        finally:
            os.close(ready)
        return served

    def _follow(self, child: Child, hold: IO[bytes]) -> None:
        assert child.stdout is not None
        with child.stdout as pipe:
            for line in pipe:
                text, asked = line.removesuffix(KEEP), line.endswith(KEEP)
                if text or not asked:
                    self.log.line(text.decode(errors="replace").rstrip("\r\n"))
                if asked:
                    with contextlib.suppress(OSError, ValueError):  # ended meanwhile
                        hold.write(b".")

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
