"""What an image is built on: pulled or built, pinned to its content, and looked into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mlenv_jupyter.builds.images import builder
from mlenv_jupyter.builds.images.probe import InImage, find_python
from mlenv_jupyter.core.errors import NotFound
from mlenv_jupyter.engine import transfer
from mlenv_jupyter.engine.credentials import login_for, registry_host

if TYPE_CHECKING:
    from docker import DockerClient

    from mlenv_jupyter.core.definition import Definition
    from mlenv_jupyter.engine.transfer import Say, Sink
    from mlenv_jupyter.registry.secrets import Secrets

BASES = "mlenv/base"
"""The repository of our own tags on bases: a Dockerfile cannot name an image by its id."""


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """An image to build on. ``pin`` is what a lock remembers of it, ``name`` what FROM says."""

    pin: str
    name: str
    id: str
    user: str = ""
    size: int = 0


class Bases:
    """Finds the base of a definition in one engine."""

    def __init__(
        self,
        client: DockerClient,
        *,
        build: str,
        secrets: Secrets,
        say: Say,
        on_moved: Sink,
    ) -> None:
        self.client = client
        self.build = build
        self.secrets = secrets
        self.say = say
        self.on_moved = on_moved

    def named(
        self, definition: Definition, image: str, *, locked: str | None, refresh: bool = False
    ) -> Base:
        """A base image by its name, or by what a lock remembers of it.

        Raises NotFound, Unavailable, and NotFound with ``base_changed`` where the locked one is in
        no registry and not here any more.
        """
        docker = definition.docker
        platform = docker.platform if docker else None
        registry = docker.base_image_registry if docker else None
        wanted = locked or image
        there = builder.image_id(self.client, wanted)
        if there is not None and locked is None and not self._fits(wanted, platform):
            there = None
        if there is None and wanted.startswith("sha256:"):
            raise NotFound(
                f"The base image that this version was locked with is not here: {wanted[:19]}.",
                code="base_changed",
                where="docker.base_image",
                detail=f"{image} came from no registry, so it can be had nowhere else.",
                remedy="Bring that image here, or refresh the version to lock it with today's.",
            )
        if there is None or (refresh and locked is None):
            login = None
            if registry is not None:
                login = login_for(
                    registry.username,
                    registry.password,
                    "docker.base_image_registry",
                    lambda name: self.secrets.value(name, host=registry_host(wanted)),
                )
            self.say(f"Pulling {wanted}")
            try:
                transfer.pull(
                    self.client,
                    wanted,
                    platform=platform,
                    login=login,
                    say=self.say,
                    on_moved=self.on_moved,
                )
            except NotFound:
                if there is None:
                    raise
        return self._pinned(wanted)

    def built(self, tag: str, pin: str) -> Base:
        """The image that was just built from a definition's own Dockerfile."""
        return msgspec.structs.replace(self._pinned(tag), pin=pin, name=tag)

    def look_into(self, base: Base, wanted: str | None, platform: str | None) -> InImage | None:
        """The interpreter of a base that fits; None where it has none."""
        return find_python(self.client, base.id, wanted, platform=platform, build=self.build)

    def _pinned(self, image: str) -> Base:
        found = self.client.api.inspect_image(image)
        own = transfer.split_image(image)[0]
        digests = [str(one) for one in found.get("RepoDigests") or ()]
        pin = next((one for one in digests if one.partition("@")[0] == own), None)
        if pin is None and "@" in image:
            pin = image
        name = pin or f"{BASES}:{found['Id'].partition(':')[2][:24]}"
        if pin is None:
            repository, tag = transfer.split_image(name)
            self.client.api.tag(found["Id"], repository, tag)
        return Base(
            pin=pin or str(found["Id"]),
            name=name,
            id=str(found["Id"]),
            user=str((found.get("Config") or {}).get("User") or ""),
            size=int(found.get("Size") or 0),
        )

    def _fits(self, image: str, platform: str | None) -> bool:
        """Whether what is here under a name is for the platform that is asked for."""
        if platform is None:
            return True
        found = self.client.api.inspect_image(image)
        system, _, rest = platform.partition("/")
        return (found.get("Os"), found.get("Architecture")) == (system, rest.partition("/")[0])
