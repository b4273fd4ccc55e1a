"""Run: a script executed in a Version, as a person follows it."""

from __future__ import annotations

import builtins
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mlenv_jupyter.core.errors import InvalidRequest, NotFound, RunFailed
from mlenv_jupyter.core.run import Run as Record
from mlenv_jupyter.runs.assets import context as _context
from mlenv_jupyter.sdk.builds import STEP, _Follow
from mlenv_jupyter.sdk.environment import Environment

if TYPE_CHECKING:
    from mlenv_jupyter.sdk.experiment import Experiment
    from mlenv_jupyter.sdk.model import Model
    from mlenv_jupyter.workspace import Workspace

context: Any = _context
"""What a script in a run sees; it is written for Pythons without type annotations."""

STATUS = {
    "queued": "Queued",
    "preparing": "Preparing",
    "running": "Running",
    "succeeded": "Completed",
    "failed": "Failed",
    "cancelled": "Canceled",
    "interrupted": "Failed",
}
"""mlenv's states in the seed's words."""


class _EnvironmentOfRun:
    """``get_environment``, of a run or, as the seed's page calls it, of the class."""

    def __get__(self, run: Run | None, owner: type[Run]) -> Callable[[], Environment]:
        def get_environment() -> Environment:
            """The version of the environment that the run runs in.

            Called on the class it is that of the run which this script belongs to, outside of any
            that of the newest run of this user's workspace. Raises NotFound where there is none.
            """
            found = run if run is not None else owner._current()
            return Environment.get(found._workspace, found._run.name, found._run.version)

        return get_environment


class Run:
    """One execution of a script; it goes on without this object."""

    def __init__(self, experiment: Experiment, run_id: str) -> None:
        """A run that there is; raises NotFound."""
        self._workspace: Workspace = experiment.workspace
        self._run: Record = self._workspace.runs.get(run_id)

    @classmethod
    def _of(cls, workspace: Workspace, run: Record) -> Run:
        made = cls.__new__(cls)
        made._workspace, made._run = workspace, run
        return made

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """A run by its id; raises NotFound."""
        return Run._of(workspace, workspace.runs.get(run_id))

    @classmethod
    def _current(cls) -> Run:
        from mlenv_jupyter.workspace import Workspace

        workspace = Workspace.from_config()
        here = os.environ.get("MLENV_RUN_ID")
        if here:
            return cls.get(workspace, here)
        for newest in workspace.runs.newest(limit=1):
            return cls._of(workspace, newest)
        raise NotFound(
            "This process belongs to no run, and nothing has run in this workspace yet.",
            where="run",
            remedy="Submit one: Experiment(workspace, NAME).submit(ScriptRunConfig(…)).",
        )

    @staticmethod
    def list(experiment: Experiment, tags: Mapping[str, str] | None = None) -> builtins.list[Run]:
        """The runs of an experiment, newest first, of those that have these tags."""
        return experiment.get_runs(tags=tags)

    @staticmethod
    def get_context(allow_offline: bool = True) -> Any:
        """In a script: the run that it belongs to; outside of any run one that prints."""
        return context.Run.get_context(allow_offline)

    @property
    def id(self) -> str:
        """Its id."""
        return self._run.id

    @property
    def record(self) -> Record:
        """The run as it is now."""
        if not self._run.ended:
            self._run = self._workspace.runs.get(self._run.id)
        return self._run

    @property
    def experiment(self) -> Experiment:
        """The experiment that it belongs to."""
        from mlenv_jupyter.sdk.experiment import Experiment

        return Experiment(self._workspace, self._run.experiment)

    @property
    def status(self) -> str:
        """The same as ``get_status``."""
        return self.get_status()

    def get_status(self) -> str:
        """``Queued``, ``Preparing``, ``Running``, ``Completed``, ``Failed`` or ``Canceled``."""
        run = self.record
        if run.cancelling and not run.ended:
            return "CancelRequested"
        return STATUS[run.state]

    def get_details(self) -> dict[str, Any]:
        """What is known of it, in the seed's words; the rest in ``properties``."""
        run = self.record
        return {
            "runId": run.id,
            "target": run.target,
            "status": self.get_status(),
            "startTimeUtc": run.started_at,
            "endTimeUtc": run.finished_at,
            "exitCode": run.exit_code,
            "error": msgspec.to_builtins(run.error),
            "properties": {"snapshot": run.snapshot, "build": run.build, "author": run.author},
            "tags": run.tags,
            "runDefinition": {
                "command": list(run.command),
                "target": run.target,
                "environment": {"name": run.name, "version": run.version},
            },
            "logFiles": {"log.jsonl": str(self._workspace.runs.log_path(run.id))},
        }

    def get_log(self) -> str:
        """What it has said so far, as text."""
        from mlenv_jupyter.builds.log import read_records

        records = read_records(self._workspace.runs.log_path(self.id))
        return "".join(f"{one.x}\n" for one in records if one.k == "line")

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Wait until it has ended, its output on standard output; its details.

        Raises RunFailed for one that did not succeed, unless told not to.
        """
        del wait_post_processing
        follow = _Follow(self._workspace.runs.log_path(self.id)) if show_output else None
        while not self._workspace.runs.wait(self.id, STEP).ended:
            if follow is not None:
                follow.show()
        if follow is not None:
            follow.show()
        run = self.record
        if raise_on_error and run.state not in ("succeeded", "cancelled"):
            if run.error is not None:
                raise RunFailed.of(run.error)
            raise RunFailed(f"The run {run.id} was {run.state}.")
        return self.get_details()

    def cancel(self) -> None:
        """Ask it to end; its processes are gone within five seconds."""
        self._run = self._workspace.runs.cancel(self.id)

    get_environment = _EnvironmentOfRun()

    def get_metrics(self, name: str | None = None) -> dict[str, Any]:
        """What the script has logged, by name: a value, a list, or the columns of a table."""
        records = [msgspec.to_builtins(one) for one in self._workspace.runs.metrics(self.id)]
        found: dict[str, Any] = context.gather(records)
        return found if name is None else {key: found[key] for key in found if key == name}

    def log(self, name: str, value: Any, description: str = "", step: int | None = None) -> None:
        """Keep a value under a name."""
        self._inside().log(name, value, description, step)

    def log_list(self, name: str, value: Any, description: str = "") -> None:
        """Keep several values under a name."""
        self._inside().log_list(name, value, description)

    def log_row(self, name: str, description: str | None = None, **columns: Any) -> None:
        """Add a row to a table."""
        self._inside().log_row(name, description, **columns)

    def upload_file(self, name: str, path_or_stream: Any) -> None:
        """Keep a file under a name."""
        self._inside().upload_file(name, path_or_stream)

    def upload_folder(self, name: str, path: str) -> None:
        """Keep a directory under a name."""
        self._inside().upload_folder(name, path)

    def get_file_names(self) -> builtins.list[str]:
        """The files that it has made, such as ``outputs/model.pkl``."""
        return self._workspace.runs.files(self.id).names()

    def download_file(self, name: str, output_file_path: str | None = None) -> None:
        """Copy one of its files; into the working directory where no path is given."""
        source = self._workspace.runs.file(self.id, name)
        if not source.is_file():
            raise NotFound(f"{name!r} is no file.", where="name")
        target = Path(output_file_path or os.path.basename(name))
        if target.is_dir():
            target = target / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    def download_files(
        self, prefix: str | None = None, output_directory: str | None = None
    ) -> None:
        """Copy its files, or those whose names begin with ``prefix``, under their names."""
        top = Path(output_directory or ".")
        for name in self.get_file_names():
            if name.startswith(prefix or ""):
                self.download_file(name, str(top / name))

    def tag(self, key: str, value: str | None = None) -> None:
        """Set a tag."""
        self.set_tags({key: value or ""})

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags; others stay."""
        self._run = self._workspace.runs.tag(self.id, dict(tags))

    def get_tags(self) -> dict[str, str]:
        """Its tags."""
        return dict(self._workspace.runs.get(self.id).tags)

    def register_model(
        self,
        model_name: str,
        model_path: str | None = None,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        description: str | None = None,
        **unknown: Any,
    ) -> Model:
        """Register one of its files or directories, all of ``outputs`` where none is named.

        Raises NotFound.
        """
        from mlenv_jupyter.sdk.model import Model

        return Model.register(
            self._workspace,
            model_path=str(self._workspace.runs.file(self.id, model_path or "outputs")),
            model_name=model_name,
            tags=tags,
            properties=properties,
            description=description,
            model_framework=model_framework,
            model_framework_version=model_framework_version,
            _run=self.id,
            **unknown,
        )

    def _inside(self) -> Any:
        if self.record.ended:
            raise InvalidRequest(f"The run {self.id} has ended.", where="run")
        place = str(self._workspace.runs.files(self.id).place)
        return context.Run(place, self.id, self._run.experiment)

    def __repr__(self) -> str:
        return (
            f"Run(Experiment: {self._run.experiment}, Id: {self.id}, Status: {self.get_status()})"
        )
