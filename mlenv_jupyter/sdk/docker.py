"""The docker section of an Environment, and what belongs to it."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from traitlets import Bool, Instance, List, Unicode

from mlenv_jupyter.core import sections
from mlenv_jupyter.core.checks import check_docker, check_registry
from mlenv_jupyter.sdk.checked import Section, check, invalid, warn
from mlenv_jupyter.sdk.files import text_of

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace

SHM_SIZE = "2g"
_BASES = ("base_image", "base_dockerfile", "build_context")


class RegistryIdentity(Section):
    """A managed identity that logs in to a registry; kept, not honoured."""

    resource_id = Unicode(None, allow_none=True)
    client_id = Unicode(None, allow_none=True)


class ContainerRegistry(Section):
    """Where a base image comes from, and who asks for it.

    ``password`` is a reference, ``${secret:NAME}``; the word itself is refused.
    """

    address = Unicode(None, allow_none=True)
    username = Unicode(None, allow_none=True)
    password = Unicode(None, allow_none=True)
    registry_identity = Instance(RegistryIdentity, allow_none=True)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("address", "username", "password") and isinstance(value, str) and value:
            check(
                check_registry(msgspec.structs.replace(sections.ImageRegistry(), **{name: value}))
            )
        super().__setattr__(name, value)


BaseImageRegistry = ContainerRegistry


class DockerImagePlatform(Section):
    """Operating system and architecture of an image."""

    os = Unicode("Linux")
    architecture = Unicode("amd64")


class DockerBuildContext(Section):
    """A directory that an image is built from."""

    class LocationType(Enum):
        """Where a build context is."""

        Local = "local"
        Git = "git"
        StorageAccount = "storageAccount"

    location_type = Unicode("local")
    location = Unicode(None, allow_none=True)
    dockerfile_path = Unicode(sections.DEFAULT_DOCKERFILE)
    sha256 = Unicode(None, allow_none=True)
    _kept = ("sha256",)

    def __init__(
        self,
        location_type: LocationType | str | None = None,
        location: str | None = None,
        dockerfile_path: str | None = None,
        **given: Any,
    ) -> None:
        super().__init__(**given)
        chosen: Any = location_type or "local"
        self.location_type = chosen
        self.location = location
        self.dockerfile_path = dockerfile_path or sections.DEFAULT_DOCKERFILE

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "location_type":
            try:
                value = DockerBuildContext.LocationType(value).value
            except ValueError:
                known = ", ".join(one.value for one in DockerBuildContext.LocationType)
                message = f"{value!r} is no kind of place."
                raise invalid("location_type", message, f"It is one of {known}.") from None
        super().__setattr__(name, value)

    @staticmethod
    def from_local_directory(
        workspace: Workspace,
        path: str | os.PathLike[str],
        dockerfile_path: str = sections.DEFAULT_DOCKERFILE,
    ) -> DockerBuildContext:
        """The directory as it is now: its files are copied into the workspace, by content.

        Raises NotFound, InvalidRequest for a directory without that Dockerfile, TooLarge.
        """
        digest, kept = workspace.contexts.add(Path(path), dockerfile_path)
        return DockerBuildContext("local", str(kept), dockerfile_path, sha256=digest)


class DockerSection(Section):
    """The image that an environment is built on, and how its containers run.

    ``base_image``, ``base_dockerfile`` and ``build_context`` exclude each other: setting one
    takes the others away, and says so. ``base_dockerfile`` takes text, a path or an open file.
    ``enabled`` without any of them is the workspace's own base image.
    """

    enabled = Bool(False)
    base_image = Unicode(None, allow_none=True)
    base_dockerfile = Unicode(None, allow_none=True)
    build_context = Instance(DockerBuildContext, allow_none=True)
    shared_volumes = Bool(True)
    shm_size = Unicode(SHM_SIZE, allow_none=True)
    arguments = List(Unicode())
    base_image_registry = Instance(ContainerRegistry, ())
    platform = Instance(DockerImagePlatform, ())
    gpu_support = Bool(False)
    _kept = ("gpu_support",)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _BASES and not value:
            value = None
        elif name == "base_image_registry" and isinstance(value, (str, type(None))):
            # The seed's documentation sets it to an address.
            value = ContainerRegistry(address=value)
        elif name == "base_dockerfile":
            value = _dockerfile(value)
        elif name == "arguments" and value is None:
            value = []
        if isinstance(value, str) and value and name in ("base_image", "shm_size"):
            check(check_docker(msgspec.structs.replace(sections.DockerSection(), **{name: value})))
        super().__setattr__(name, value)
        if name in _BASES and value is not None:
            self._exclude(name)

    def _exclude(self, chosen: str) -> None:
        for other in _BASES:
            if other != chosen and getattr(self, other) is not None:
                setattr(self, other, None)
                warn(f"{other} is None now: an image has one base, and {chosen} is set.")


def _dockerfile(value: Any) -> str:
    if hasattr(value, "read"):
        return str(value.read())
    if isinstance(value, os.PathLike):
        return text_of(Path(value))
    if not isinstance(value, str):
        message = f"{type(value).__name__} is no Dockerfile."
        raise invalid("base_dockerfile", message, "Give its text, its path or an open file.")
    if "\n" not in value.strip():
        if len(value) < 4096 and "\0" not in value and Path(value).is_file():
            return text_of(Path(value))
        if not value.strip().upper().startswith("FROM "):
            message = f"There is no file {value!r}, and it is no Dockerfile either."
            raise invalid("base_dockerfile", message, "A Dockerfile begins with FROM.")
    return value
