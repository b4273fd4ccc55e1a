"""What the worker of a run is told, and the files of one run: ``runs/<id>/``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mlenv_jupyter.builds.spec import WorkFiles
from mlenv_jupyter.core.build import Form
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.run import Metric, Run
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import write_atomically


class RunSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a worker needs to know; written before the run's row.

    ``container`` are the engine's options that the administrator's policy grants, ``notes`` say
    what it does not. ``run`` is the row as it was written, and ``lock_digest`` what the build has
    made where it had ended already: with both the script starts before the registry is opened.
    ``form`` is what it runs in, unknown for a run of long ago.
    """

    id: str
    experiment: str
    name: str
    version: str
    definition: Definition
    command: tuple[str, ...]
    target: str
    snapshot: str
    variables: dict[str, str]
    build: str
    form: Form | None = None
    home: str
    store: str
    resources: dict[str, float] = {}
    container: dict[str, Any] = {}
    network: str = "bridge"
    notes: tuple[str, ...] = ()
    offline: bool = False
    run: Run | None = None
    lock_digest: str | None = None


def ending(result: Run) -> dict[str, Any]:
    """The fields that the end of a run changes."""
    names = ("state", "started_at", "finished_at", "exit_code", "error", "cancelling")
    return {name: getattr(result, name) for name in names}


class RunFiles(WorkFiles):
    """The directory of one run.

    ``work/`` is the copy of the snapshot that the script runs in, ``files/`` what it has made,
    ``path/`` the package through which it speaks to mlenv, ``metrics.jsonl`` what it has logged.
    """

    def __init__(self, places: Places, run_id: str) -> None:
        super().__init__(places.run(run_id))
        self.work = self.place / "work"
        self.files = self.place / "files"
        self.path = self.place / "path"
        self.metrics = self.place / "metrics.jsonl"

    def make(self, spec: RunSpec) -> None:
        """Make the directory, and write down what is to be run."""
        for one in (self.place, self.files):
            one.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self.spec, msgspec.json.encode(spec))

    def read_spec(self) -> RunSpec:
        """What is to be run."""
        return msgspec.json.decode(self.spec.read_bytes(), type=RunSpec)

    def read_result(self) -> Run | None:
        """How it ended, or None where it has not."""
        try:
            return msgspec.json.decode(self.result.read_bytes(), type=Run)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def read_metrics(self) -> list[Metric]:
        """Every value that the script has logged, oldest first; a line that was cut is no line."""
        found = []
        try:
            lines = self.metrics.read_bytes().splitlines()
        except (FileNotFoundError, IsADirectoryError):  # it is the script's to write, and to spoil
            return []
        for line in lines:
            try:
                found.append(msgspec.json.decode(line, type=Metric))
            except (msgspec.DecodeError, msgspec.ValidationError):
                continue
        return found

    def names(self) -> list[str]:
        """The files that the run has made, by their names."""
        there = (one for one in self.files.rglob("*") if one.is_file())
        names = (one.relative_to(self.files).as_posix() for one in there)
        return sorted(one for one in names if self.file(one) is not None)

    def file(self, name: str) -> Path | None:
        """Where one of them is; None for what is none, whatever the name tries."""
        try:
            place = (self.files / name).resolve()
            return place if place.is_relative_to(self.files.resolve()) and place.exists() else None
        except (OSError, ValueError):  # a name that no file can have
            return None
