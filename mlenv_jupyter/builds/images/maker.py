"""From a context to an image, with whichever builder this machine has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlenv_jupyter.builds.images import builder, layers
from mlenv_jupyter.builds.pipeline import Voice
from mlenv_jupyter.builds.spec import BuildSpec
from mlenv_jupyter.core.errors import BuildFailed, Unavailable
from mlenv_jupyter.engine.connect import VARIABLES, find_buildkit

if TYPE_CHECKING:
    from docker import DockerClient


class Maker:
    """Runs the builder for one build. ``env`` is the environment of uv on this machine."""

    def __init__(
        self, client: DockerClient, spec: BuildSpec, env: Mapping[str, str], voice: Voice
    ) -> None:
        self.client = client
        self.spec = spec
        self.env = env
        self.voice = voice

    @property
    def platform(self) -> str | None:
        """``linux/arm64`` and the like; None for the engine's own."""
        docker = self.spec.definition.docker
        return docker.platform if docker else None

    @cached_property
    def engine_environment(self) -> dict[str, str]:
        """What docker's own client runs in."""
        told = {name: os.environ[name] for name in VARIABLES if name in os.environ}
        return {**self.env, **told}

    @cached_property
    def buildkit(self) -> list[str] | None:
        """How BuildKit is called; None where only the classic builder is there."""
        if os.environ.get("DOCKER_BUILDKIT") == "0":
            return None
        return find_buildkit(self.engine_environment)

    @cached_property
    def certificates(self) -> str:
        """This machine's own certificates, which the steps of a build are to trust; or nothing."""
        path = os.environ.get("SSL_CERT_FILE", "")
        return path if path and os.path.isfile(path) else ""

    def require_buildkit(self, secrets: set[str], why: str) -> None:
        """Raise Unavailable where there are secrets and no builder that keeps them to itself."""
        if secrets and self.buildkit is None:
            names = ", ".join(sorted(secrets))
            raise Unavailable(
                f"{why} ({names}), and only the classic builder is here, which would keep it in "
                "the image.",
                code="needs_buildkit",
                where="docker",
                remedy="Install docker's buildx plugin, then build again.",
            )

    def secrets(self) -> dict[str, str | Path]:
        """What the steps of our own Dockerfile are given by BuildKit."""
        if self.buildkit is None:
            return {}
        return layers.secrets_for(self.spec.definition, self.env, self.certificates)

    def make(
        self,
        place: Path | str,
        tag: str,
        *,
        dockerfile: str = "Dockerfile",
        target: str | None = None,
        labels: Mapping[str, str] | None = None,
        secrets: Mapping[str, str | Path],
    ) -> str:
        """Build a context, or one stage of it; the image's id. Raises ToolFailed, BuildFailed."""
        work = builder.Work(
            place,
            tag=tag,
            dockerfile=dockerfile,
            platform=self.platform,
            network=layers.network_of(self.spec.definition, self.spec.images.network),
            target=target,
            labels=labels,
            use_cache=self.spec.use_cache,
            on_line=self.voice.line,
            on_progress=self.voice.progress,
        )
        if self.buildkit is not None:
            builder.build_with_buildkit(
                self.buildkit, work, secrets=secrets, environment=self.engine_environment
            )
        else:
            builder.build_classic(self.client, work, arguments=layers.public_arguments())
        image = builder.image_id(self.client, tag)
        if image is None:
            raise BuildFailed(
                f"The image {tag} is not in the engine after its build.",
                remedy="Is the builder another one than the engine's own? See BUILDX_BUILDER.",
            )
        return image
