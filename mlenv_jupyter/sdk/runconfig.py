"""RunConfiguration and DockerConfiguration: where and in what something runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.sdk.conda_dependencies import CondaDependencies
from mlenv_jupyter.sdk.environment import Environment


class DockerConfiguration:
    """Whether a run is to be in a container of the environment's image."""

    def __init__(
        self,
        use_docker: bool = False,
        shared_volumes: bool = True,
        arguments: Sequence[str] | None = None,
        shm_size: str | None = None,
    ) -> None:
        """``arguments`` are docker's, such as ``["--cpus", "2"]``: those that are allowed.

        Nothing but the run's own directory is shared with the container.
        """
        del shared_volumes
        self.use_docker = use_docker
        self.arguments = list(arguments or ())
        self.shm_size = shm_size


class HistoryConfiguration:
    """What is kept of a run: all of it, always. The seed system lets it be turned off."""

    __slots__ = ()

    @property
    def output_collection(self) -> bool:
        """Whether the log and the metrics are kept."""
        return True

    @output_collection.setter
    def output_collection(self, wanted: bool) -> None:
        self._refuse(wanted, "The log of a run is always kept.", "output_collection")

    @property
    def snapshot_project(self) -> bool:
        """Whether the sources are kept."""
        return True

    @snapshot_project.setter
    def snapshot_project(self, wanted: bool) -> None:
        self._refuse(wanted, "A run is always of a copy of its sources.", "snapshot_project")

    def _refuse(self, wanted: bool, message: str, where: str) -> None:
        if not wanted:
            remedy = "Leave it on; .amlignore says which sources are left out."
            raise InvalidRequest(message, where=where, remedy=remedy)


class RunConfiguration:
    """Where and in what something runs, to be given to several ScriptRunConfig.

    The arguments that have a place are the seed system's, in its order.
    """

    __slots__ = (
        *("script", "arguments", "command", "said", "environment_variables", "docker"),
        *("_history", "_environment", "_default"),
    )

    def __init__(
        self,
        script: str | None = None,
        arguments: Sequence[Any] | None = None,
        framework: str | None = None,
        communicator: str | None = None,
        conda_dependencies: CondaDependencies | None = None,
        *,
        command: Sequence[Any] | str | None = None,
        environment: Environment | None = None,
        target: str | None = None,
        environment_variables: Mapping[str, str] | None = None,
        docker: DockerConfiguration | None = None,
    ) -> None:
        if framework not in (None, "Python") or communicator not in (None, "None"):
            raise InvalidRequest(
                "One process runs a script, without a framework to distribute it.",
                where="framework",
                remedy="Let the script itself distribute its work, on a Ray cluster.",
            )
        self.script = script
        self.arguments = arguments
        self.command = command
        self.said = target
        self.environment_variables = dict(environment_variables or {})
        self.docker = docker or DockerConfiguration()
        self._history = HistoryConfiguration()
        self._default: Environment | None = None
        self._environment: Environment | None = None
        self.environment = environment
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies

    @property
    def target(self) -> str:
        """Where it runs: on this machine, if nothing else was said."""
        return self.said or "local"

    @target.setter
    def target(self, target: str | None) -> None:
        self.said = target

    @property
    def history(self) -> HistoryConfiguration:
        """What is kept of a run."""
        return self._history

    @property
    def environment(self) -> Environment:
        """What it runs in; where none was given, the default one, which may be edited here."""
        return self._environment or self._made()

    @environment.setter
    def environment(self, given: Environment | None) -> None:
        if given is not None and not isinstance(given, Environment):
            raise InvalidRequest(f"{given!r} is no Environment.", where="environment")
        self._environment = given

    @property
    def given(self) -> Environment | None:
        """The one that was given."""
        return self._environment

    def environment_for(self, default: str) -> Environment:
        """The one that was given, or the default one under a name."""
        if self._environment is not None:
            return self._environment
        return Environment(default) if self._default is None else self._default.clone(default)

    def _made(self) -> Environment:
        if self._default is None:
            self._default = Environment("default-environment")
        return self._default
