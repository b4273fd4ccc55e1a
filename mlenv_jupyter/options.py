"""The options of a workspace: ``c.Workspace.…`` in a configuration file, with their defaults."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from traitlets import Bool, Float, Int, List, Unicode, default
from traitlets.config import Configurable

from mlenv_jupyter.kernels.containers.policy import ALLOWED as DOCKER_ARGUMENTS
from mlenv_jupyter.kernels.containers.policy import VERBS as CONTAINER_VERBS
from mlenv_jupyter.store.places import Places

if TYPE_CHECKING:
    from mlenv_jupyter.builds.images.settings import ImageSettings
    from mlenv_jupyter.kernels.containers.policy import Policy


class WorkspaceOptions(Configurable):
    """What may be configured, and what follows from it alone."""

    home = Unicode(help="Where the registry, builds and launcher are; MLENV_HOME.").tag(config=True)
    store_directory = Unicode(help="Where prefixes and caches are; MLENV_STORE.").tag(config=True)
    database = Unicode(
        help="The address of a PostgreSQL database to keep the registry in; MLENV_DATABASE, else "
        "the file `database` in the home (mode 0600); empty for SQLite in the home."
    ).tag(config=True)
    max_concurrent_builds = Int(2, min=1, help="How many builds run at once on this machine.").tag(
        config=True
    )

    build_executor = Unicode(
        "local",
        help="Where environments of packages are built: local, or a Ray cluster that shares home "
        "and store: ray, or its address.",
    ).tag(config=True)
    log_days = Int(
        30,
        min=0,
        help="Logs that nobody has written or read for so many days are compressed; 0: none is.",
    ).tag(config=True)
    kernels_kept = Int(
        20, min=1, help="More kernels than this are not installed: the least recently used retire."
    ).tag(config=True)
    kernel_days = Int(
        90, min=0, help="Kernels not started for so many days retire; 0: none does for its age."
    ).tag(config=True)
    offline = Bool(
        False, help="Fetch nothing: build from bundles, caches and directories alone."
    ).tag(config=True)
    catalogue_directories = List(
        Unicode(),
        help="Directories with a team's curated environments, beside `catalogue` in the home.",
    ).tag(config=True)
    base_image = Unicode(
        "", help="The image that environments with docker enabled and no base are built on."
    ).tag(config=True)
    image_network = Unicode(
        "", help="The network of an image build's steps, such as host; empty to choose it."
    ).tag(config=True)
    image_registry = Unicode(
        help="HOST[:PORT][/PATH] that images are pushed to and looked for; MLENV_IMAGE_REGISTRY."
    ).tag(config=True)
    image_registry_username = Unicode(
        "", help="Its user, or a reference such as ${secret:NAME}; empty for docker's own login."
    ).tag(config=True)
    image_registry_password = Unicode("", help="A reference such as ${secret:NAME}.").tag(
        config=True
    )

    allowed_docker_arguments = List(
        Unicode(),
        list(DOCKER_ARGUMENTS),
        help="The flags of docker.arguments that containers get; all others are said and left out.",
    ).tag(config=True)
    container_network = Unicode(
        "bridge", help="The network of container kernels: bridge, host, or one of the engine's."
    ).tag(config=True)
    container_memory = Unicode("", help="The most memory of a container, such as 8g.").tag(
        config=True
    )
    container_cpus = Float(0.0, help="The most CPUs of a container; 0 for all.").tag(config=True)
    container_mount = Bool(True, help="Whether containers see the notebook's directory.").tag(
        config=True
    )

    container_verbs = List(
        Unicode(),
        list(CONTAINER_VERBS),
        help="The verbs of mlenv that %mlenv in a container may have its host run.",
    ).tag(config=True)

    @default("database")
    def _default_database(self) -> str:
        from mlenv_jupyter.registry.address import address_of

        return address_of(self.places.home)

    @default("image_registry")
    def _default_image_registry(self) -> str:
        return os.environ.get("MLENV_IMAGE_REGISTRY", "")

    @cached_property
    def places(self) -> Places:
        """Every path of this workspace."""
        default = Places.default()
        home = Path(self.home).expanduser().absolute() if self.home else default.home
        store = default.store if not self.home else home / "store"
        if self.store_directory:
            store = Path(self.store_directory).expanduser().absolute()
        return Places(home, store, self.offline)

    @property
    def default_python(self) -> str:
        """The Python of a definition that names none."""
        return f"{sys.version_info.major}.{sys.version_info.minor}"

    def image_settings(self, *, push: bool) -> ImageSettings:
        """What an image is built with."""
        from mlenv_jupyter.builds.images.settings import ImageSettings

        return ImageSettings(
            base=self.base_image or None,
            network=self.image_network or None,
            registry=self.image_registry or None,
            username=self.image_registry_username or None,
            password=self.image_registry_password or None,
            push=push,
        )

    def container_policy(self) -> Policy:
        """What containers get."""
        from mlenv_jupyter.kernels.containers.policy import Policy

        return Policy(
            allowed=tuple(self.allowed_docker_arguments),
            network=self.container_network or "bridge",
            memory=self.container_memory,
            cpus=self.container_cpus,
            mount=self.container_mount,
            verbs=tuple(self.container_verbs),
        )
