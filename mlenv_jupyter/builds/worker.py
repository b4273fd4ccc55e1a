"""The worker: one process, one build. ``python -m mlenv_jupyter.builds.worker DIRECTORY LOCK``."""

from __future__ import annotations

import itertools
import os
import sys
import time
import traceback
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from mlenv_jupyter.builds.choice import pipeline_of
from mlenv_jupyter.builds.durable import Terminated, begin_work, moment, seconds_of
from mlenv_jupyter.builds.explain import explain
from mlenv_jupyter.builds.log import Level, LogWriter
from mlenv_jupyter.builds.pipeline import Outcome, Pipeline
from mlenv_jupyter.builds.resolve import ToolFailed
from mlenv_jupyter.builds.shelf import NotOnShelf
from mlenv_jupyter.builds.spec import BuildFiles, BuildSpec
from mlenv_jupyter.core.build import STAGES, Build, Progress, Stage, StageTime, State
from mlenv_jupyter.core.errors import BuildCancelled, MlenvError, Problem, of_disk
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.process import Line
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.registry.secrets import Secrets
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import write_atomically


class Worker:
    """Runs one build, and keeps its log, its result and its row."""

    def __init__(
        self, files: BuildFiles, spec: BuildSpec, registry: Registry | None = None
    ) -> None:
        self.files = files
        self.spec = spec
        self.places = Places(Path(spec.home), Path(spec.store), spec.offline)
        self.registry = registry or Registry(
            self.places.home, spec.database or os.environ.get("MLENV_DATABASE") or None
        )
        self._is_guest = registry is not None
        self.build: Build = self.registry.builds.get(spec.id)
        self.began = seconds_of(self.build.created_at)
        secrets = Secrets(self.places.home)
        self.log = LogWriter(files.log, self.began, hidden=secrets.watched())
        self._stage: Stage = "queued"
        self._entered: dict[Stage, float] = {"queued": self.began}
        self._spent: dict[Stage, float] = {}
        self._said = 0.0
        self._slot: FileLock | None = None
        self._pipeline: Pipeline | None = None

    def is_at_once(self) -> bool:
        """Whether this build is linking alone and may begin now, so that it needs no process."""
        try:
            pipeline = self._make_pipeline()
            return pipeline.is_at_once() and not self._before() and self._take_slot()
        except (MlenvError, OSError):
            return False  # a process of its own will meet the same, and say it

    def run(self) -> int:
        """Build to the end, whatever it is; the exit code says whether there is a prefix."""
        error: Problem | None = None
        outcome: Outcome | None = None
        state: State = "succeeded"
        try:
            if self.spec.note:
                self.say(self.spec.note)
            self._wait_for_a_slot()
            outcome = (self._pipeline or self._make_pipeline()).run()
        except NotOnShelf:
            self.close()
            raise
        except Terminated:
            state = "cancelled" if self.files.cancel.exists() else "interrupted"
            if state == "interrupted":
                # The platform ends everything: leave no result, so that whoever looks tries again.
                self.log.line("The build's process was asked to end.", "warn")
                self.log.close()
                return 1
        except BuildCancelled:
            state = "cancelled"
        except ToolFailed as failed:
            state, error = "failed", self._explain(failed)
        except MlenvError as failed:
            state, error = "failed", failed.problem()
        except OSError as failed:
            state, error = "failed", _of_os(failed)
        except Exception as failed:  # the worker's outermost frame: say it, never die in silence
            for line in traceback.format_exc().splitlines():
                self.log.line(line, "err")
            state = "failed"
            error = Problem(
                code="internal",
                message=f"mlenv itself failed: {type(failed).__name__}: {failed}",
                remedy="Please report it with this log; building again may help.",
            )
        self._finish(state, error, outcome)
        return 0 if state == "succeeded" else 1

    def fail(self, problem: Problem) -> None:
        """End a build that could not begin."""
        self._finish("failed", problem, None)

    # What the pipeline says of itself.

    def stage(self, stage: Stage, text: str) -> None:
        """The build enters a stage."""
        self._heed()
        now = time.time()
        self._spent[self._stage] = now - self._entered[self._stage]
        self._stage = stage
        self._entered[stage] = now
        self.log.stage(stage, text)
        fields = {"started_at": moment()} if self.build.started_at is None else {}
        self.build = self.registry.builds.update(
            self.spec.id, state=stage, stages=self._stages(), progress=None, **fields
        )
        reach("worker.stage")

    def line(self, line: Line) -> None:
        """A tool has written a line; uv writes all it says to stderr, so that says nothing."""
        self._heed()
        if line.text.strip():
            self.log.line(line.text)

    def say(self, text: str, level: Level = "note") -> None:
        """mlenv says something itself."""
        self.log.line(text, level)

    def progress(self, progress: Progress) -> None:
        """How far the stage is; at most ten times a second, and always the last one."""
        now = time.monotonic()
        if now - self._said > 0.1 or progress.done >= progress.total:
            self._said = now
            self.log.progress(progress)

    def _explain(self, failed: ToolFailed) -> Problem:
        stage = "resolving" if "compile" in failed.tool else "installing"
        texts = [line.text for line in failed.lines]
        return explain(stage, texts, self.spec.definition)

    def close(self) -> None:
        """Give back what is held; a process that ends need not ask for it."""
        self.log.close()
        if self._slot is not None:
            self._slot.release()
        if not self._is_guest:
            self.registry.close()

    def _make_pipeline(self) -> Pipeline:
        build = pipeline_of(self.spec.definition)
        self._pipeline = build(self.spec, self.files, self.places, self.registry, self)
        return self._pipeline

    def _heed(self) -> None:
        """Stop if asked to, where no signal says so: in somebody else's process."""
        if self._is_guest and self.files.cancel.exists():
            raise BuildCancelled("The build was cancelled.")

    def _wait_for_a_slot(self) -> None:
        """Wait until fewer than the allowed number of builds run, in whatever process."""
        said = -1
        while self._slot is None and not self.spec.cluster:  # there the cluster decides
            before = len(self._before())
            if not before and self._take_slot():
                return
            if before != said:
                self.say(f"Waiting: {before} before it" if before else "Waiting: the next one")
                said = before
            time.sleep(min(0.05 * (1 + before), 1.0))

    def _before(self) -> list[str]:
        """The builds that wait, were asked for earlier, and have somebody who works on them."""
        found = itertools.takewhile(lambda one: one != self.spec.id, self.registry.builds.waiting())
        files = (BuildFiles(self.places, one) for one in found)
        return [one.place.name for one in files if one.place.exists() and one.is_held()]

    def _take_slot(self) -> bool:
        for number in range(self.spec.max_concurrent_builds):
            slot = FileLock(self.places.builds / f"slot-{number}.lock", thread_local=False)
            try:
                slot.acquire(timeout=0)
            except Timeout:
                continue
            self._slot = slot
            return True
        return False

    def _stages(self, state: State | None = None) -> tuple[StageTime, ...]:
        made = []
        reached = STAGES.index(self._stage)
        for place, stage in enumerate(STAGES):
            seconds = self._spent.get(stage)
            if place < reached:
                made.append(
                    StageTime(stage=stage, seconds=seconds and round(seconds, 3), state="done")
                )
            elif place > reached:
                made.append(StageTime(stage=stage))
            elif state is None:
                made.append(StageTime(stage=stage, state="running"))
            else:
                spent = round(time.time() - self._entered[stage], 3)
                word = "done" if state == "succeeded" else "failed"
                made.append(StageTime(stage=stage, seconds=spent, state=word))  # type: ignore[arg-type]
        return tuple(made)

    def _finish(self, state: State, error: Problem | None, outcome: Outcome | None) -> None:
        seconds = round(time.time() - self.began, 2)
        said = {
            "succeeded": f"Ready in {seconds} s",
            "failed": error.message if error else "",
            "cancelled": "Cancelled; nothing was kept",
        }[state]
        fields = {
            "state": state,
            "finished_at": moment(),
            "error": error,
            "cancelling": False,
            "stages": self._stages(state),
            "packages": outcome.packages if outcome else None,
            "lock_digest": outcome.lock_digest if outcome else None,
        }
        data = {"state": state, "error": msgspec.to_builtins(error)}
        self.log.result(data, said, "note" if state == "succeeded" else "error")
        result = msgspec.structs.replace(self.build, **fields)
        write_atomically(self.files.result, msgspec.json.encode(result))
        reach("worker.result")
        self.registry.builds.update(self.spec.id, **fields)
        self.close()


def _of_os(failed: OSError) -> Problem:
    refused = of_disk(failed)
    if refused is not None:
        return refused.problem()
    return Problem(
        code="io_error",
        message=f"A file could not be used: {failed.strerror or failed}.",
        remedy="Check that MLENV_HOME and MLENV_STORE are yours to write to.",
        where=str(failed.filename or ""),
    )


def main(argv: list[str]) -> int:
    """Run the build whose directory is given; the lock is the descriptor that says we live."""
    place = begin_work(argv)
    try:
        places = Places(place.parent.parent, place)
        files = BuildFiles(places, place.name)
        if files.read_pid() != os.getpid():
            write_atomically(files.pid, str(os.getpid()).encode())
        spec = files.read_spec()
        reach("worker.begun")
        return Worker(files, spec).run()
    except Terminated:
        return 1


if __name__ == "__main__":
    code = main(sys.argv[1:])
    if "rattler" in sys.modules:
        # All is written. Its threads may still hold objects that Python's end takes away.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
