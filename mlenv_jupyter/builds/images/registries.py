"""The workspace's image registry: where built images are found by other machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlenv_jupyter.builds.images.settings import ImageSettings
from mlenv_jupyter.core.errors import InvalidRequest, MlenvError, NotFound
from mlenv_jupyter.engine import transfer
from mlenv_jupyter.engine.credentials import Login, login_for, registry_host

if TYPE_CHECKING:
    from docker import DockerClient

    from mlenv_jupyter.engine.transfer import Say, Sink
    from mlenv_jupyter.registry.secrets import Secrets


class Registries:
    """Pulls from and pushes to the one registry that the workspace names."""

    def __init__(
        self,
        client: DockerClient,
        settings: ImageSettings,
        secrets: Secrets,
        say: Say,
        on_moved: Sink,
    ) -> None:
        self.client = client
        self.settings = settings
        self.secrets = secrets
        self.say = say
        self.on_moved = on_moved

    @property
    def address(self) -> str | None:
        """``HOST[:PORT][/PATH]``, or None where the workspace has no registry."""
        return self.settings.registry.rstrip("/") if self.settings.registry else None

    def fetch(self, tag: str) -> str | None:
        """The id of an image that the registry had, under our own name by now; None without."""
        from mlenv_jupyter.builds.images.builder import image_id

        remote = f"{self.address}/{tag}"
        self.say(f"Looking for {remote}")
        try:
            transfer.pull(
                self.client, remote, login=self._login(), say=self.say, on_moved=self.on_moved
            )
        except NotFound:
            self.say("The registry does not have it")
            return None
        except MlenvError as error:
            # A registry that does not answer is no reason not to build.
            self.say(f"{error.message} {error.detail}")
            return None
        repository, label = transfer.split_image(tag)
        found = image_id(self.client, remote)
        self.client.api.tag(found, repository, label)
        return found

    def push(self, tag: str) -> str:
        """Push an image; ``registry/repository@sha256:…``. Raises InvalidRequest, Unavailable."""
        if self.address is None:
            raise InvalidRequest(
                "There is no image registry to push to.",
                code="no_image_registry",
                remedy="Set c.Workspace.image_registry, or MLENV_IMAGE_REGISTRY.",
            )
        remote = f"{self.address}/{tag}"
        repository, label = transfer.split_image(remote)
        self.client.api.tag(tag, repository, label)
        self.say(f"Pushing {remote}")
        digest = transfer.push(
            self.client, remote, login=self._login(), say=self.say, on_moved=self.on_moved
        )
        return f"{repository}@{digest}" if digest else remote

    def _login(self) -> Login | None:
        host = registry_host(f"{self.address}/")
        return login_for(
            self.settings.username,
            self.settings.password,
            "image_registry",
            lambda name: self.secrets.value(name, host=host),
        )
