"""The worker: one process, one run. ``python -m mlenv_jupyter.runs.worker DIRECTORY LOCK``."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlenv_jupyter.builds.durable import (
    Terminated,
    begin_work,
    end_orphans,
    moment,
    seconds_of,
    take_database,
)
from mlenv_jupyter.builds.log import LogWriter
from mlenv_jupyter.cluster import is_ray
from mlenv_jupyter.core.errors import MlenvError, Problem
from mlenv_jupyter.process import Line, run
from mlenv_jupyter.registry.secrets import Secrets
from mlenv_jupyter.runs.built import built_record, record_of
from mlenv_jupyter.runs.container import run_in_container
from mlenv_jupyter.runs.environment import environment_in
from mlenv_jupyter.runs.notebook import write_script
from mlenv_jupyter.runs.snapshot import copy_snapshot
from mlenv_jupyter.runs.spec import RunFiles, ending
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.store import Record
from mlenv_jupyter.store.trees import remove_tree, write_atomically

if TYPE_CHECKING:
    from mlenv_jupyter.registry.registry import Registry

SHIM = Path(__file__).with_name("assets") / "context.py"


class Worker:
    """Runs one script, and keeps its log, its result and its row."""

    def __init__(self, files: RunFiles, database: str | None) -> None:
        self.files = files
        self.database = database
        self.spec = spec = files.read_spec()
        self.places = Places(Path(spec.home), Path(spec.store), spec.offline)
        self.secrets = Secrets(self.places.home)
        # Another worker may have followed a job on a cluster before.
        told = None if is_ray(spec.target) else spec.run
        self.run_ = self.registry.runs.get(spec.id) if told is None else told
        self._lock = threading.Lock()
        self._over = False
        self._marking: threading.Thread | None = None
        began = seconds_of(self.run_.created_at)
        self.log = LogWriter(files.log, began, hidden=self.secrets.watched())

    @cached_property
    def registry(self) -> Registry:
        """Opened when it is needed: what it imports takes longer than a short script."""
        from mlenv_jupyter.registry.registry import Registry

        return Registry(self.places.home, self.database)

    def run(self) -> int:
        """Run to the end, whatever it is; the exit code says whether the script succeeded."""
        error: Problem | None = None
        code: int | None = None
        try:
            record = self._built()
            code = self._script(record)
            state = "succeeded" if code == 0 else "failed"
            if code:
                error = _of_exit(code)
        except Terminated:
            state = "cancelled" if self.files.cancel.exists() else "interrupted"
            if state == "interrupted" and is_ray(self.spec.target):
                # The job goes on: leave no result, so that whoever looks follows it again.
                self.log.close()
                return 1
        except MlenvError as failed:
            state, error = "failed", failed.problem()
        except OSError as failed:
            state = "failed"
            error = Problem(
                code="io_error",
                message=f"The run could not be started: {failed.strerror or failed}.",
                where=str(failed.filename or ""),
                remedy="Is it the name of a program in the environment?",
            )
        except Exception as failed:  # the outermost frame: say it, never die in silence
            import traceback

            for line in traceback.format_exc().splitlines():
                self.log.line(line, "err")
            state = "failed"
            error = Problem(
                code="internal",
                message=f"mlenv itself failed: {type(failed).__name__}: {failed}",
                remedy="Please report it with this log.",
            )
        self._keep_replaced()
        self._finish(state, code, error)
        return 0 if state == "succeeded" else 1

    def _built(self) -> Record:
        """The record of the built version; waits for its build and shows what that says."""
        ready = self.spec.lock_digest and record_of(
            self.places, self.spec.lock_digest, self.spec.form
        )
        if ready:
            return ready
        if not self.registry.builds.get(self.spec.build).ended:
            self._change(state="preparing")
        return built_record(
            self.places,
            self.registry,
            self.database,
            self.spec.build,
            lambda text: self.log.line(text, "note"),
        )

    def _script(self, record: Record) -> int:
        """Run the command where the sources are; its exit code."""
        spec, files = self.spec, self.files
        if not files.work.exists():
            copy_snapshot(self.places.snapshot(spec.snapshot), files.work)
        if spec.command[0] == "python" and spec.command[1:2] and _is_notebook(spec.command[1]):
            notebook = files.work / spec.command[1]
            script = write_script(notebook, lambda text: self.log.line(text, "note"))
            words = ("python", str(script.relative_to(files.work)), *spec.command[2:])
            self.spec = spec = msgspec.structs.replace(spec, command=words)
        if is_ray(spec.target):
            return self._on_ray(record)
        for name in ("outputs", "logs"):
            (files.files / name).mkdir(exist_ok=True)
            # A link: what a script writes is kept at once, whatever becomes of the script.
            (files.work / name).unlink(missing_ok=True)  # a file of the sources
            (files.work / name).symlink_to(Path("..", "files", name))
        package = files.path / "mlenv_jupyter"
        package.mkdir(parents=True)
        shutil.copyfile(SHIM, package / "__init__.py")
        variables = {
            **self.secrets.variables(spec.name, spec.definition.variables),
            **self.secrets.variables(spec.name, spec.variables),
        }
        self._begin()
        own = {
            "MLENV_RUN_ID": spec.id,
            "MLENV_RUN_EXPERIMENT": spec.experiment,
            "PYTHONUNBUFFERED": "1",
        }
        if record.image is not None:
            for note in spec.notes:
                self.log.line(note, "warn")
            return run_in_container(spec, files, record.image, {**variables, **own}, self._line)
        own["MLENV_RUN_DIRECTORY"] = str(files.place)
        prefix = record.prefix_at(self.places.prefix(record.lock_digest))
        source = {key: value for key, value in os.environ.items() if key != "MLENV_RUN_ID"}
        env = environment_in(prefix, variables, source, record.activation)
        theirs = variables.get("PYTHONPATH")
        env["PYTHONPATH"] = os.pathsep.join([*([theirs] if theirs else []), str(files.path)])
        command = list(spec.command)
        found = shutil.which(command[0], path=env["PATH"])
        if command[0] == "python":  # a variable may have put another one first, or none
            found = record.python_in(prefix)
        if found is not None:
            command[0] = found
        code, _ = run(
            *(command,),
            env={**env, **own},
            cwd=files.work,
            on_line=self._line,
            on_left=self._end_what_is_left,
        )
        return code

    def _end_what_is_left(self) -> None:
        """End what the script has started in sessions of their own."""
        if not self.files.cancel.exists():
            self.log.line("What the script has left running is ended", "note")
        end_orphans("MLENV_RUN_ID", self.spec.id)

    def _on_ray(self, record: Record) -> int:
        """Run the command on a cluster; its exit code."""
        from mlenv_jupyter.runs.ray import Job, runtime_environment

        row = self.registry.find(self.spec.name, self.spec.version)
        lock_id = row.lock_id
        if row.source == "catalogue":
            lock_id = self.registry.lock_of_curated(row, record.python)
        kept = self.registry.locks.get(lock_id) if lock_id is not None else None
        environment = runtime_environment(
            self.spec.definition, kept.lock if kept is not None else None, record
        )

        def on_start() -> None:
            if self.run_.state != "running":
                self._change(state="running", started_at=moment())

        self._change(state="preparing")

        def say(text: str) -> None:
            self.log.line(text, "note")

        job = Job(self.spec, self.files, record, say, self._line)
        return job.run(environment, on_start)

    def _keep_replaced(self) -> None:
        """Keep what is in an ``outputs`` that the script has put in the place of the link."""
        for name in ("outputs", "logs"):
            made = self.files.work / name
            if made.is_symlink() or not made.is_dir():
                continue
            try:
                shutil.copytree(
                    made,
                    self.files.files / name,
                    symlinks=True,
                    copy_function=shutil.move,
                    dirs_exist_ok=True,
                )
            except (OSError, shutil.Error) as failed:
                self.log.line(f"Not all of {name} could be kept: {failed}"[:1000], "warn")

    def _line(self, line: Line) -> None:
        self.log.line(line.text, line.stream)

    def _begin(self) -> None:
        """Say that it runs, while it does: the script does not wait for the registry."""
        self.run_ = msgspec.structs.replace(self.run_, state="running", started_at=moment())
        self._marking = threading.Thread(target=self._mark, daemon=True)
        self._marking.start()

    def _mark(self) -> None:
        with contextlib.suppress(MlenvError, OSError):  # its end is written all the same
            runs = self.registry.runs
            with self._lock:
                if not self._over:
                    runs.update(self.spec.id, state="running", started_at=self.run_.started_at)

    def _change(self, **fields: object) -> None:
        self.run_ = self.registry.runs.update(self.spec.id, **fields)

    def _finish(self, state: str, code: int | None, error: Problem | None) -> None:
        result = msgspec.structs.replace(
            self.run_,
            state=state,
            finished_at=moment(),
            exit_code=code,
            error=error,
            cancelling=False,
        )
        data = {"state": state, "exit_code": code, "error": msgspec.to_builtins(error)}
        text = error.message if error else {"succeeded": "Succeeded"}.get(state, state.capitalize())
        self.log.result(data, text, "note" if state == "succeeded" else "error")
        self.log.close()
        with self._lock:
            self._over = True
            # From here on whoever waits for it sees its end.
            write_atomically(self.files.result, msgspec.json.encode(result))
        if self._marking is not None:
            self._marking.join()
        self.registry.runs.update(self.spec.id, **ending(result))
        with contextlib.suppress(OSError):  # only a copy of the snapshot
            for name in ("outputs", "logs"):
                if (self.files.work / name).is_symlink():
                    (self.files.work / name).unlink()
            remove_tree(self.files.work)
        self.registry.close()


def _is_notebook(word: str) -> bool:
    return word.endswith(".ipynb") and not word.startswith("/") and ".." not in Path(word).parts


def _of_exit(code: int) -> Problem:
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        remedy = "It may have been ended for lack of memory." if name == "SIGKILL" else ""
        return Problem(
            code="script_killed", message=f"The script was ended by {name}.", remedy=remedy
        )
    return Problem(
        code="script_failed",
        message=f"The script ended with exit code {code}.",
        remedy="Its last lines in the log say why.",
    )


def main(argv: list[str]) -> int:
    """Run the run whose directory is given; the lock is the descriptor that says we live."""
    place = begin_work(argv)
    database = take_database()
    try:
        return Worker(RunFiles(Places(place.parent.parent, place), place.name), database).run()
    except Terminated:
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
