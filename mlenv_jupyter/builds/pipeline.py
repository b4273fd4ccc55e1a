"""What all builds have in common: where they say what they do, the kernel layer, the end.

Each kind of Definition has a Pipeline of its own, which ``choice.py`` picks: ``pip.py``, and a
package beside it for every other kind. Each implements ``run`` with the steps below.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.credentials import credentials
from mlenv_jupyter.builds.install import install_layer
from mlenv_jupyter.builds.layer import Layer
from mlenv_jupyter.builds.resolve import choose, references, resolve, storable
from mlenv_jupyter.builds.settings import passed_on
from mlenv_jupyter.builds.site import Site
from mlenv_jupyter.builds.spark import spark_activation
from mlenv_jupyter.builds.spec import BuildFiles, BuildSpec
from mlenv_jupyter.builds.wheels import private_wheels, wheel_addresses
from mlenv_jupyter.core.build import Progress, Stage
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.stamp import is_whole, pins
from mlenv_jupyter.core.universal import Chosen, chosen_before
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.kernels.layer import finish_layer
from mlenv_jupyter.process import Line, build_environment
from mlenv_jupyter.registry.locks import LockRow, PlatformLock
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.registry.secrets import Secrets
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.store import Store


class Voice(Protocol):
    """Where a build says what it does."""

    def stage(self, stage: Stage, text: str) -> None: ...
    def line(self, line: Line) -> None: ...
    def say(self, text: str) -> None: ...
    def progress(self, progress: Progress) -> None: ...


class Outcome(NamedTuple):
    """What a build has made."""

    lock_digest: str
    packages: int


class Pipeline(ABC):
    """Builds one Version, of the kinds that a subclass is for."""

    def __init__(
        self,
        spec: BuildSpec,
        files: BuildFiles,
        places: Places,
        registry: Registry,
        voice: Voice,
    ) -> None:
        self.spec = spec
        self.files = files
        self.places = places
        self.registry = registry
        self.voice = voice
        self.store = Store(places)
        self.uv = pythons.find_uv()
        self.env = {**environment_for(spec.definition, places), "MLENV_BUILD": spec.id}

    def is_at_once(self) -> bool:
        """Whether all that is left to do is linking: no resolving, fetching or compiling.

        ``run`` then takes a moment, needs no process of its own, and raises NotOnShelf should
        that have changed meanwhile.
        """
        return False

    @abstractmethod
    def run(self) -> Outcome:
        """From Definition to what is committed. Raises MlenvError, ToolFailed, OSError."""

    # The steps that pipelines share.

    def site(self, python: pythons.Python) -> Site:
        """What the steps of an installation for this Python need."""
        return Site(
            uv=self.uv,
            python=python,
            places=self.places,
            store=self.store,
            work=self.files.place,
            env=self.env,
            on_line=self.voice.line,
            on_progress=self.voice.progress,
            use_cache=self.spec.use_cache,
        )

    def found_lock(self, python: pythons.Python) -> LockRow | None:
        """The lock of this version: the one that it has, or one with the same digest."""
        locks = self.registry.locks
        found = locks.get(self.spec.lock_id) if self.spec.lock_id is not None else None
        return found or locks.find(self.spec.digest, python.minor)

    def resolved_lock(self, python: pythons.Python) -> LockRow:
        """A new lock, resolved now."""
        universal, addresses = resolve(
            self.spec.definition,
            python,
            uv=self.uv,
            work=self.files.place,
            env=self.env,
            on_line=self.voice.line,
            refresh=not self.spec.use_cache,
            wheels=private_wheels(self.spec.definition, self.places),
        )
        choose(universal, python)  # a lock that cannot be installed here is not kept
        reach("lock.resolved")
        locks = self.registry.locks
        lock_id = locks.add(self.spec.digest, python.minor, universal, storable(addresses))
        found = locks.get(lock_id)
        assert found is not None
        return found

    def addresses_of(self, found: LockRow) -> dict[str, str]:
        """Where the files of a lock are, private wheels on this machine; raises Unavailable."""
        return found.addresses | wheel_addresses(private_wheels(self.spec.definition, self.places))

    def choose_files(self, found: LockRow, python: pythons.Python) -> tuple[Chosen, ...]:
        """The files of a lock for this machine; those of last time where nothing has changed."""
        known = self._known_here(found, python)
        if known is not None:
            return chosen_before(found.lock, known.lock)
        return choose(found.lock, python)

    def is_of_elsewhere(self, found: LockRow, python: pythons.Python) -> bool:
        """Whether a lock came with a notebook, and knows the files of another platform only."""
        return not is_whole(found.lock) and self._known_here(found, python) is None

    def completed_lock(self, found: LockRow, python: pythons.Python) -> LockRow:
        """A lock of elsewhere with the files of all platforms; its versions stay."""
        wanted = pins(found.lock)
        universal, addresses = resolve(
            self.spec.definition,
            python,
            uv=self.uv,
            work=self.files.place,
            env=self.env,
            on_line=self.voice.line,
            wheels=private_wheels(self.spec.definition, self.places),
            constraints=wanted,
        )
        choose(universal, python)
        self.registry.locks.complete(found.id, universal, storable(addresses))
        self.voice.say(f"Resolved for this platform, with {len(wanted)} versions kept")
        made = self.registry.locks.get(found.id)
        assert made is not None
        return made

    def _known_here(self, found: LockRow, python: pythons.Python) -> PlatformLock | None:
        """What a lock came to here before; one from a notebook serves all of a minor version."""
        known = self.registry.locks.on_platform(found.id, python.platform)
        if known is None or known.lock.python == python.version:
            return known
        alike = known.lock.python.split(".")[:2] == python.version.split(".")[:2]
        return known if alike and not is_whole(found.lock) else None

    def install_layer(self, site: Site, layer: Layer) -> None:
        """Make the kernel layer; it is no package of the version and no part of the progress."""
        place = self.places.layer(layer.digest)
        if self.store.record(place) is not None:
            return
        self.voice.say(f"Kernel layer: {len(layer.chosen)} packages beside the environment")
        quiet = replace(
            site,
            on_progress=lambda progress: None,
            on_line=lambda line: None if line.text.startswith(" + ") else self.voice.line(line),
        )
        self.make(
            place,
            lambda: install_layer(
                quiet,
                place,
                layer.lock,
                layer.digest,
                layer.chosen,
                layer.addresses,
                layer.options,
                finish=finish_layer,
            ),
        )

    def make(self, place: Path, make: Callable[[], object]) -> None:
        """Make something at a place which is removed if this build does not come to its end."""
        self.files.note_making(place)
        make()

    def spark(self, prefix: Path, site_packages: Path) -> dict[str, tuple[str, ...]]:
        """Fetch what the Spark section asks for, and what is to be set then. Raises BuildFailed."""
        section = self.spec.definition.spark
        if section is None:
            return {}
        return spark_activation(
            section,
            prefix,
            site_packages,
            work=self.files.place,
            cache=self.places.store / "ivy",
            env=self.env,
            on_line=self.voice.line,
            offline=self.places.offline,
        )

    def verifying(self) -> None:
        """Everything is there; what follows is looking at it."""
        self.voice.stage("verifying", "verify every package, make read-only, commit")

    def finish(self, prefix: Path, layer_digest: str, lock_id: int) -> None:
        """Write down which layer belongs to a prefix and which lock to the version: it is ready."""
        record = self.store.record(prefix)
        assert record is not None
        if record.layer != layer_digest:
            self.store.amend(prefix, msgspec.structs.replace(record, layer=layer_digest))
        if self.spec.version_id is not None:
            self.registry.versions.set_lock(self.spec.version_id, lock_id)
            reach("lock.set")
            self.registry.environments.set_ready(self.spec.name, self.spec.version)


def environment_for(definition: Definition, places: Places) -> dict[str, str]:
    """The environment of uv, with what the addresses of a definition refer to.

    Raises SecretMissing.
    """
    secrets = Secrets(places.home)
    return {
        **uv_environment(places, also=references(definition)),
        **credentials(definition, lambda name, host: secrets.value(name, host=host)),
    }


def uv_environment(places: Places, also: set[str] | None = None) -> dict[str, str]:
    """The environment that uv runs in: the allow-list, and our own cache and Pythons."""
    return build_environment(
        {**passed_on(os.environ), **os.environ},
        also=also or set(),
        UV_CACHE_DIR=str(places.uv_cache),
        UV_PYTHON_INSTALL_DIR=str(places.pythons),
        UV_NO_PROGRESS="1",
        MLENV_BUILD=os.environ.get("MLENV_BUILD", ""),
        **({"UV_OFFLINE": "1"} if places.offline else {}),
    )


def count(definition: Definition) -> str:
    """``1 requirement``, ``3 requirements``: what pip is asked for."""
    lines = definition.pip.requirements
    return "1 requirement" if len(lines) == 1 else f"{len(lines)} requirements"
