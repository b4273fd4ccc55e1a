"""LocalWebservice: a model answering HTTP in a process on this machine."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlenv_jupyter.core.errors import BuildFailed, InvalidRequest, MlenvError, Unavailable
from mlenv_jupyter.core.service import Limits, Service
from mlenv_jupyter.sdk.builds import STEP, _Follow
from mlenv_jupyter.sdk.checked import refuse, warn
from mlenv_jupyter.serving.services import Deployment

if TYPE_CHECKING:
    from mlenv_jupyter.sdk.model import InferenceConfig, Model
    from mlenv_jupyter.workspace import Workspace

STATES = {
    "deploying": "Transitioning",
    "healthy": "Healthy",
    "unhealthy": "Unhealthy",
    "failed": "Failed",
    "stopped": "Unhealthy",
}
"""mlenv's states in the seed's words."""


class DeploymentConfiguration:
    """Where and how a service answers."""

    def __init__(
        self,
        port: int | None = None,
        limits: Limits | None = None,
        auth_enabled: bool = False,
        arguments: tuple[str, ...] = (),
        boxed: bool = False,
    ) -> None:
        if port is not None and not isinstance(port, int):
            raise InvalidRequest(
                f"{port!r} is no port.", where="port", remedy="Give a number, or none for any."
            )
        self.port = port
        self.limits = limits or Limits()
        self.auth_enabled = auth_enabled
        self.arguments = arguments
        self.boxed = boxed


class Webservice:
    """A service; it goes on without this object."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        """A service that there is; raises NotFound."""
        self._workspace = workspace
        self.name = name
        workspace.services.get(name)

    @staticmethod
    def list(workspace: Workspace) -> list[Webservice]:
        """Every service."""
        return [Webservice(workspace, one.name) for one in workspace.services.all()]

    @property
    def service(self) -> Service:
        """The service as it is now."""
        return self._workspace.services.get(self.name)

    @property
    def state(self) -> str:
        """``Transitioning``, ``Healthy``, ``Unhealthy`` or ``Failed``."""
        return STATES[self.service.state]

    @property
    def port(self) -> int:
        """Its port."""
        return self.service.port

    @property
    def error(self) -> Any:
        """Why it does not answer with its newest revision, or None."""
        return self.service.error

    @property
    def scoring_uri(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.port}/score"

    @property
    def swagger_uri(self) -> str:
        """Where it says how it is asked."""
        return f"http://127.0.0.1:{self.port}/swagger.json"

    def wait_for_deployment(
        self, show_output: bool = False, timeout_sec: float | None = None
    ) -> None:
        """Wait until the newest revision answers. Raises BuildFailed with the reason if not.

        Raises Unavailable when ``timeout_sec`` are over; the deployment goes on.
        """
        until = time.monotonic() + (math.inf if timeout_sec is None else timeout_sec)
        follow = _Follow(self._workspace.services.log_path(self.name)) if show_output else None
        while not self._workspace.services.wait(self.name, STEP).settled:
            if follow is not None:
                follow.show()
            if time.monotonic() > until:
                raise Unavailable(
                    f"The service {self.name} does not answer yet.",
                    code="timeout",
                    remedy="Wait again, or look at get_logs().",
                )
        if follow is not None:
            follow.show()
        error = self.service.error
        if error is not None:
            raise BuildFailed.of(error)

    def run(self, input_data: Any) -> Any:
        """Ask it with a text of JSON or bytes; what it answers, decoded.

        Raises Unavailable with what it said where that is no score.
        """
        data = input_data.encode() if isinstance(input_data, str) else input_data
        if not isinstance(data, (bytes, bytearray)):
            raise InvalidRequest(
                "Give a text or bytes.", where="input_data", remedy="json.dumps(…) makes a text."
            )
        answer = self._workspace.services.ask(self.name, bytes(data))
        if answer.status >= 400:
            raise Unavailable(
                f"The service answered with status {answer.status}.",
                code="no_score",
                detail=answer.body.decode(errors="replace")[:2000],
                remedy="Its log says more: get_logs().",
            )
        try:
            return json.loads(answer.body)
        except ValueError:
            return answer.body

    def get_logs(self, num_lines: int = 5000, raw: bool = False, init: bool = False) -> str:
        """What it has said; there is one log, so that ``raw`` and ``init`` change nothing."""
        del raw, init
        from mlenv_jupyter.builds.log import read_records

        records = read_records(self._workspace.services.log_path(self.name))
        said = [one.x for one in records if one.x]
        return "".join(f"{one}\n" for one in said[-num_lines:])

    def update(
        self,
        models: Sequence[Model] | None = None,
        inference_config: InferenceConfig | None = None,
        deployment_config: DeploymentConfiguration | None = None,
        *,
        wait: bool = False,
    ) -> None:
        """Serve something else in its place; no request fails while it changes."""
        if inference_config is None:
            raise InvalidRequest("Name the entry script again.", where="inference_config")
        chosen = models
        if chosen is None:
            from mlenv_jupyter.sdk.model import Model

            chosen = [
                Model(self._workspace, one.name, version=one.version) for one in self.service.models
            ]
        config = deployment_config
        if config is None:
            before = self._workspace.services.wanted(self.name)
            config = DeploymentConfiguration(
                None,
                before.limits,
                before.authenticated,
                before.arguments,
                boxed=before.boxed,
            )
        wanted = deployment_of(self._workspace, chosen, inference_config, config)
        self._workspace.services.update(self.name, wanted)
        if wait:
            self.wait_for_deployment()

    def reload(self, wait: bool = False) -> None:
        """Start it anew with what it serves; no request fails."""
        self._workspace.services.reload(self.name)
        if wait:
            self.wait_for_deployment()

    def delete(self) -> None:
        """Stop it and forget it; its models stay."""
        self._workspace.services.delete(self.name)

    def get_keys(self) -> tuple[str, ...]:
        """The primary and the secondary key."""
        return self._workspace.services.keys(self.name)

    def export(self, target_dir: str, image: str | None = None) -> tuple[str, ...]:
        """Write an image's context, a Compose file and Kubernetes manifests; their names."""
        return self._workspace.services.export(self.name, Path(target_dir), image)

    def regen_key(self, key: str) -> tuple[str, ...]:
        """Make the ``Primary`` or ``Secondary`` key anew; the old one is refused at once."""
        return self._workspace.services.renew_key(self.name, key)

    def __repr__(self) -> str:
        try:
            return f"{type(self).__name__}({self.name}, {self.state})"
        except MlenvError:
            return f"{type(self).__name__}({self.name}, deleted)"


class LocalWebservice(Webservice):
    """A service in a process on this machine."""

    @staticmethod
    def deploy_configuration(
        port: int | None = None,
        *,
        auth_enabled: bool | None = False,
        max_concurrent_requests: int = 1,
        scoring_timeout_ms: int = 60_000,
        max_request_bytes: int = 100 * 1024 * 1024,
        max_waiting_requests: int = 1000,
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        **unknown: Any,
    ) -> DeploymentConfiguration:
        """``run()`` is called by as many threads as ``max_concurrent_requests`` says.

        ``cpu_cores`` and ``memory_gb`` are taken, as a program for the seed's AciWebservice has
        them, and said to limit nothing: a process has all of the machine.
        """
        _not_kept(unknown)
        if cpu_cores is not None or memory_gb is not None:
            warn("cpu_cores and memory_gb limit nothing: the service is a process on this machine.")
        limits = _limits(
            max_concurrent_requests, scoring_timeout_ms, max_request_bytes, max_waiting_requests
        )
        return DeploymentConfiguration(port, limits, bool(auth_enabled))


class ContainerWebservice(Webservice):
    """A service in a container of the environment's image."""

    @staticmethod
    def deploy_configuration(
        cpu_cores: float | None = None,
        memory_gb: float | None = None,
        *,
        port: int | None = None,
        auth_enabled: bool | None = False,
        max_concurrent_requests: int = 1,
        scoring_timeout_ms: int = 60_000,
        max_request_bytes: int = 100 * 1024 * 1024,
        max_waiting_requests: int = 1000,
        docker_arguments: Sequence[str] = (),
        **unknown: Any,
    ) -> DeploymentConfiguration:
        """The container has at most ``cpu_cores`` and ``memory_gb``; the rest as for a process.

        ``docker_arguments`` are honoured as far as the administrator allows.
        """
        _not_kept(unknown)
        if (cpu_cores or 1) <= 0 or (memory_gb or 1) <= 0:
            raise InvalidRequest("A limit is more than 0.", where="deployment_config")
        arguments = [*docker_arguments]
        arguments += ["--cpus", str(cpu_cores)] if cpu_cores else []
        arguments += ["--memory", f"{int(memory_gb * 1024)}m"] if memory_gb else []
        limits = _limits(
            max_concurrent_requests, scoring_timeout_ms, max_request_bytes, max_waiting_requests
        )
        return DeploymentConfiguration(
            port, limits, bool(auth_enabled), tuple(arguments), boxed=True
        )


def _not_kept(given: Mapping[str, Any]) -> None:
    """Say what of the seed's AciWebservice is taken and not kept; refuse the rest."""
    words = ("tags", "properties", "description")
    refuse({name: value for name, value in given.items() if name not in words}, "A service")
    named = [name for name in words if given.get(name)]
    if named:
        warn(f"{' and '.join(named)} of a service: not kept; those of its models are.")


def _limits(concurrency: int, timeout_ms: int, max_body: int, max_waiting: int) -> Limits:
    given = {
        "max_concurrent_requests": concurrency,
        "scoring_timeout_ms": timeout_ms,
        "max_request_bytes": max_body,
        "max_waiting_requests": max_waiting,
    }
    for name, value in given.items():
        if not isinstance(value, int) or value < 1:
            raise InvalidRequest(
                f"{name} is {value!r}.",
                where="deployment_config",
                remedy="Give a whole number, at least 1.",
            )
    return Limits(
        concurrency=concurrency,
        timeout=timeout_ms / 1000,
        max_body=max_body,
        max_waiting=max_waiting,
    )


def deployment_of(
    workspace: Workspace,
    models: Sequence[Model],
    inference: InferenceConfig,
    config: DeploymentConfiguration,
) -> Deployment:
    """What is to be served; the environment is registered where it is not."""
    version = inference.environment._registered(workspace)
    return Deployment(
        environment=version.name,
        version=version.version,
        models=tuple(one._record for one in models),
        entry_script=inference.entry_script,
        source_directory=inference.source_directory,
        limits=config.limits,
        authenticated=config.auth_enabled,
        arguments=config.arguments,
        form="image" if config.boxed else None,
    )
