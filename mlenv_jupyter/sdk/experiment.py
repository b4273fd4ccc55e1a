"""Experiment and ScriptRunConfig: what is run, and under which name its runs are kept."""

from __future__ import annotations

import builtins
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from mlenv_jupyter.cluster import is_ray
from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.core.names import check_name
from mlenv_jupyter.core.run import RunRequest
from mlenv_jupyter.sdk.checked import refuse
from mlenv_jupyter.sdk.environment import Environment
from mlenv_jupyter.sdk.run import Run
from mlenv_jupyter.sdk.runconfig import DockerConfiguration, RunConfiguration

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace


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
        **unknown: Any,
    ) -> None:
        refuse(unknown, "ScriptRunConfig")
        given = RunConfiguration() if run_config is None else run_config
        if not isinstance(given, RunConfiguration):
            raise InvalidRequest(
                f"{type(given).__name__} is no RunConfiguration.",
                where="run_config",
                remedy="Use mlenv_jupyter.RunConfiguration, or name what it says here.",
            )
        if target is not None and compute_target not in (None, target):
            raise InvalidRequest(
                "Name compute_target alone: target is its old name.", where="target"
            )
        if environment is not None and not isinstance(environment, Environment):
            raise InvalidRequest(f"{environment!r} is no Environment.", where="environment")
        self.source_directory = os.fspath(source_directory)
        self.script = script or given.script
        self.arguments = _words(given.arguments if arguments is None else arguments)
        wanted = (given.command or ()) if command is None else command
        self.command = shlex.split(wanted) if isinstance(wanted, str) else list(wanted)
        self.resources = dict(resources or {})
        said = compute_target or target
        if said or environment or docker_runtime_config or environment_variables:
            # What is said here is of this one alone: others may have the same run_config.
            given = copy(given)
            given.target = said or given.said
            given.environment = environment or given.given
            given.docker = docker_runtime_config or given.docker
            variables = {**given.environment_variables, **(environment_variables or {})}
            given.environment_variables = variables
        self.run_config = given

    @property
    def compute_target(self) -> str:
        """Where it runs."""
        return self.run_config.target

    @property
    def target(self) -> str:
        """``compute_target`` by its old name."""
        return self.run_config.target

    @property
    def environment(self) -> Environment | None:
        """What it runs in; None for the default one."""
        return self.run_config.given

    @property
    def docker_runtime_config(self) -> DockerConfiguration:
        """Whether it runs in a container."""
        return self.run_config.docker

    @property
    def environment_variables(self) -> dict[str, str]:
        """What it sees beside the variables of its environment."""
        return self.run_config.environment_variables


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
        where = config.run_config
        environment, docker = where.environment_for(default), where.docker
        # In the seed system docker.enabled has a run on this machine be in a container.
        enabled = where.target == "local" and environment.docker.enabled
        wanted = where.target == "docker" or docker.use_docker or enabled
        boxed = wanted and not is_ray(where.target)
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
                target="docker" if boxed else where.said,
                form="image" if wanted else None,
                variables=dict(where.environment_variables),
                resources=config.resources,
                docker_arguments=tuple(docker.arguments) if boxed else (),
                shm_size=docker.shm_size if boxed else None,
                tags=dict(tags or {}),
            )
        )
        return Run._of(self.workspace, made)

    @staticmethod
    def list(workspace: Workspace, experiment_name: str | None = None) -> list[Experiment]:
        """The experiments that have runs, the one with the newest run first."""
        found = workspace.runs.newest(limit=500, experiment=experiment_name)
        names = dict.fromkeys(one.experiment for one in found)
        return [Experiment(workspace, one) for one in names]

    def get_runs(
        self, type: None = None, tags: Mapping[str, str] | None = None, **unknown: Any
    ) -> builtins.list[Run]:
        """Its runs, newest first, of those that have these tags."""
        refuse({"type": type, **unknown}, "get_runs")
        found = self.workspace.runs.newest(limit=500, experiment=self.name)
        wanted = dict(tags or {}).items()
        return [Run._of(self.workspace, one) for one in found if wanted <= one.tags.items()]

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name})"


def _words(arguments: Sequence[Any] | None) -> list[Any]:
    if isinstance(arguments, (str, bytes)):
        raise InvalidRequest("The arguments are a list.", where="arguments")
    return list(arguments or ())


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:100]
