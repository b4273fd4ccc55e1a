"""A revision answered by a process in the environment's prefix."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.process import Child, Lines, end, end_group, start
from mlenv_jupyter.runs.environment import environment_in
from mlenv_jupyter.runs.snapshot import copy_snapshot
from mlenv_jupyter.serving.layer import serving_layer
from mlenv_jupyter.serving.spec import VARIABLE, ServiceFiles

if TYPE_CHECKING:
    from mlenv_jupyter.builds.log import LogWriter
    from mlenv_jupyter.core.service import Revision
    from mlenv_jupyter.store.places import Places
    from mlenv_jupyter.store.store import Record

ASSETS = Path(__file__).with_name("assets")
KEEP = "\x1ekeep"
"""What ``score.py`` writes to be told when all that it has written is in the log."""
STARTING = 120.0
"""Seconds in which ``init()`` has to be done."""
PATIENCE = 35.0


class Process:
    """One process that answers, and the revision that it answers with."""

    port: int | None = None
    """It has the service's own socket."""

    def __init__(self, revision: Revision, child: Child, lifeline: IO[bytes]) -> None:
        self.revision = revision
        self.child = child
        self.lifeline = lifeline

    def ended(self) -> int | None:
        """Its exit code; None while it answers."""
        return self.child.poll()

    def end(self) -> None:
        """Let it answer what it has, then end it."""
        end(self.child, PATIENCE)
        end_group(self.child.pid, hard=True)  # what the entry script has started
        self.lifeline.close()


class Output:
    """What a service says, into its log; ``answer`` tells it that what it asked to be kept is."""

    def __init__(self, log: LogWriter, answer: Callable[[], object]) -> None:
        self.log = log
        self.answer = answer
        self.lines = Lines()

    def feed(self, data: bytes) -> None:
        """More of it."""
        for text in self.lines.feed(data):
            said, asked = text.removesuffix(KEEP), text.endswith(KEEP)
            if said or not asked:
                self.log.line(said)
            if asked:
                with contextlib.suppress(OSError, ValueError):  # ended meanwhile
                    self.log.flush()
                    self.answer()

    def end(self) -> None:
        """Nothing more comes."""
        for text in self.lines.rest():
            self.log.line(text)


class Local:
    """Starts such processes for one service."""

    def __init__(
        self,
        name: str,
        files: ServiceFiles,
        places: Places,
        log: LogWriter,
        listening: socket.socket,
    ) -> None:
        self.name = name
        self.files = files
        self.places = places
        self.log = log
        self.socket = listening

    def start(self, revision: Revision, record: Record, variables: Mapping[str, str]) -> Process:
        """Start a process for a revision, and wait until it is ready. Raises MlenvError."""
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
        shutil.copyfile(ASSETS / "raw.py", path / "__init__.py")
        model_dir = self.files.link_models(revision, self.places)
        prefix = record.prefix_at(self.places.prefix(record.lock_digest))
        env = environment_in(prefix, variables, os.environ, record.activation)
        env["PYTHONPATH"] = str(path.parent)
        env |= {
            "AZUREML_MODEL_DIR": str(model_dir),
            "AZUREML_ENTRY_SCRIPT": revision.entry_script,
            "MLENV_MODEL_ROOT": str(self.files.models(revision.number)),
            "PYTHONUNBUFFERED": "1",
            VARIABLE: str(self.files.place),
        }
        python = record.python_in(prefix)
        return self._spawn(revision, python, code, env, [str(layer)] if layer else [])

    def _spawn(
        self, revision: Revision, python: str, code: Path, env: dict[str, str], layers: list[str]
    ) -> Process:
        ready, say_ready = os.pipe()
        lifeline, held = os.pipe()
        hold = os.fdopen(held, "wb", buffering=0)
        settings = {
            "name": self.name,
            "revision": revision.number,
            "entry_script": str(code / revision.entry_script),
            "layers": layers,
            "authenticated": revision.authenticated,
            "keys_file": str(self.files.keys),
            "socket_fd": self.socket.fileno(),
            "ready_fd": say_ready,
            "lifeline_fd": lifeline,
            **msgspec.to_builtins(revision.limits),
        }
        env = {**env, "MLENV_SERVICE": msgspec.json.encode(settings).decode()}
        child = start(
            [python, ASSETS / "score.py"],
            env=env,
            cwd=code,
            pass_fds=[self.socket.fileno(), say_ready, lifeline],
            own_session=True,  # what it does to its group is not done to the supervisor
        )
        os.close(say_ready)
        os.close(lifeline)
        threading.Thread(target=self._follow, args=(child, hold), daemon=True).start()
        served = Process(revision, child, hold)
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
            end_group(child.pid, hard=True)
            hold.close()
            raise
        finally:
            os.close(ready)
        return served

    def _follow(self, child: Child, hold: IO[bytes]) -> None:
        assert child.stdout is not None
        output = Output(self.log, lambda: hold.write(b"."))
        with child.stdout as pipe:
            while data := os.read(pipe.fileno(), 65536):
                output.feed(data)
        output.end()
