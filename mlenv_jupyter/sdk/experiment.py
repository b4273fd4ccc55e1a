"""Experiment and ScriptRunConfig: what is run, and under which name its runs are kept."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.core.names import check_name
from mlenv_jupyter.core.run import RunRequest
from mlenv_jupyter.sdk.environment import Environment
from mlenv_jupyter.sdk.run import Run

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace


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


class RunConfiguration:
    """Where and in what something runs, to be given to several ScriptRunConfig."""

    def __init__(
        self,
        environment: Environment | None = None,
        target: str | None = None,
        environment_variables: Mapping[str, str] | None = None,
        docker: DockerConfiguration | None = None,
    ) -> None:
        self.environment = environment
        self.target = target
        self.environment_variables = dict(environment_variables or {})
        self.docker = docker


class ScriptRunConfig:
    """A script or command, its arguments, its environment and where it is to run.

    ``compute_target`` is ``local``, ``docker``, or a Ray cluster: ``ray`` for the one that
    RAY_ADDRESS names, ``ray://HOST:PORT`` or ``http://HOST:PORT``; of that, ``resources`` are what
    the script itself takes, such as ``{"GPU": 1}``. The documentation's older ``target`` means the
    same as ``compute_target``. What is said here goes before what ``run_config`` says.
    """

    def __init__(
        self,
        source_directory: str | os.PathLike[str],
        script: str | None = None,
        arguments: Sequence[Any] | None = None,
        run_config: RunConfiguration | None = None,
        compute_target: str | None = None,
        environment: Environment | None = None,
        command: Sequence[Any] | str | None = None,
        docker_runtime_config: DockerConfiguration | None = None,
        *,
        target: str | None = None,
        environment_variables: Mapping[str, str] | None = None,
        resources: Mapping[str, float] | None = None,
    ) -> None:
        given = RunConfiguration() if run_config is None else run_config
        if not isinstance(given, RunConfiguration):
            raise InvalidRequest(
                f"{type(given).__name__} is no RunConfiguration.",
                where="run_config",
                remedy="Use mlenv_jupyter.RunConfiguration, or name what it says here.",
            )
        environment = environment or given.environment
        if target is not None and compute_target not in (None, target):
            raise InvalidRequest(
                "Name compute_target alone: target is its old name.", where="target"
            )
        if isinstance(arguments, (str, bytes)):
            raise InvalidRequest("The arguments are a list.", where="arguments")
        if environment is not None and not isinstance(environment, Environment):
            raise InvalidRequest(f"{environment!r} is no Environment.", where="environment")
        self.source_directory = os.fspath(source_directory)
        self.script = script
        self.arguments = list(arguments or ())
        self.command = shlex.split(command) if isinstance(command, str) else list(command or ())
        self.compute_target = compute_target or target or given.target or "local"
        self.environment = environment
        self.docker_runtime_config = docker_runtime_config or given.docker
        self.environment_variables = {
            **given.environment_variables,
            **(environment_variables or {}),
        }
        self.resources = dict(resources or {})

    @property
    def target(self) -> str:
        """``compute_target`` by its old name."""
        return self.compute_target


class Experiment:
    """A name under which runs are kept."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.workspace = workspace
        self.name = check_name(name, own=False, where="experiment")

    def submit(
        self, config: ScriptRunConfig, tags: Mapping[str, str] | None = None, **ignored: Any
    ) -> Run:
        """Run it in a process of its own; answers at once.

        The environment is registered first where it is not, or was edited; where none is given
        the default one of the experiment is made. Raises MlenvError.
        """
        if not isinstance(config, ScriptRunConfig):
            raise InvalidRequest(f"{config!r} is no ScriptRunConfig.", where="config")
        if ignored:
            raise InvalidRequest(f"{', '.join(ignored)}: not understood.", where="submit")
        default = f"Experiment-{_slug(self.name)}-Environment"
        environment = config.environment or Environment(default)
        docker = config.docker_runtime_config
        boxed = config.compute_target == "docker" or (docker is not None and docker.use_docker)
        if boxed and environment.definition.kind != "image":
            environment = environment.clone(environment.name)
            environment.docker.enabled = True
        version = environment._registered(self.workspace)
        made = self.workspace.runs.submit(
            RunRequest(
                experiment=self.name,
                name=version.name,
                version=version.version,
                source_directory=config.source_directory,
                script=config.script,
                arguments=tuple(map(str, config.arguments)),
                command=tuple(map(str, config.command)),
                target="docker" if boxed else config.compute_target,
                variables=config.environment_variables,
                resources=config.resources,
                docker_arguments=tuple(docker.arguments) if boxed and docker else (),
                shm_size=docker.shm_size if boxed and docker else None,
                tags=dict(tags or {}),
            )
        )
        return Run._of(self.workspace, made)

    def get_runs(self, tags: Mapping[str, str] | None = None) -> list[Run]:
        """Its runs, newest first, of those that have these tags."""
        found = self.workspace.runs.newest(limit=500, experiment=self.name)
        wanted = dict(tags or {}).items()
        return [Run._of(self.workspace, one) for one in found if wanted <= one.tags.items()]

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name})"


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:100]
