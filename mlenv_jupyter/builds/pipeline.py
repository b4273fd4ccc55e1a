"""The stages of a pip build, in order: Python, lock, prefix, kernel layer."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.install import Site, install_layer, install_prefix
from mlenv_jupyter.builds.layer import Layer, resolve_layer
from mlenv_jupyter.builds.resolve import (
    choose,
    index_options,
    lock_for,
    references,
    require_pip_only,
    resolve,
    storable,
)
from mlenv_jupyter.builds.spec import BuildFiles, BuildSpec
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.build import Progress, Stage
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.universal import Chosen, chosen_before
from mlenv_jupyter.kernels.layer import finish_layer
from mlenv_jupyter.process import Line, build_environment
from mlenv_jupyter.registry.registry import Registry
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


class Pipeline:
    """Builds one Version of kind ``pip``."""

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
        self.env = uv_environment(places, also=references(spec.definition))

    def run(self) -> Outcome:
        """From Definition to committed prefix. Raises MlenvError, ToolFailed, OSError."""
        definition = self.spec.definition
        require_pip_only(definition)
        self.store.require_space(0)
        wanted = definition.python or pythons.default_version()
        self.voice.stage("resolving", f"resolve Python {wanted}, {_count(definition)}")
        python = pythons.find(
            definition.python,
            uv=self.uv,
            directory=self.places.pythons,
            env=self.env,
            on_line=self.voice.line,
        )
        lock_id, chosen, addresses = self._lock(python)
        lock = lock_for(definition, chosen, python)
        digest = identity.lock_digest(lock)
        self.registry.locks.set_on_platform(lock_id, digest, lock)
        prefix = self.places.prefix(digest)
        site = Site(
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
        layer = resolve_layer(site, lock, digest, definition)
        self.voice.say(f"Resolved {len(lock.packages)} packages with Python {python.version}")

        size = sum(one.file.size or 0 for one in chosen)
        self.voice.stage("installing", f"install {len(chosen)} packages ({size / 1e6:.1f} MB)")
        self._install_layer(site, layer)
        self._make(
            prefix,
            lambda: install_prefix(
                site,
                prefix,
                lock,
                digest,
                chosen,
                addresses,
                definition,
                replace=self.spec.force,
                verifying=self._verifying,
            ),
        )
        self._finish(prefix, layer.digest, lock_id)
        return Outcome(digest, len(lock.packages))

    def _lock(self, python: pythons.Python) -> tuple[int, tuple[Chosen, ...], dict[str, str]]:
        """The lock of this version: the one that it has, one with the same digest, or a new one."""
        locks = self.registry.locks
        found = locks.get(self.spec.lock_id) if self.spec.lock_id is not None else None
        found = found or locks.find(self.spec.digest, python.minor)
        if found is None:
            universal, addresses = resolve(
                self.spec.definition,
                python,
                uv=self.uv,
                work=self.files.place,
                env=self.env,
                on_line=self.voice.line,
                refresh=not self.spec.use_cache,
            )
            choose(universal, python)  # a lock that cannot be installed here is not kept
            lock_id = locks.add(self.spec.digest, python.minor, universal, storable(addresses))
            found = locks.get(lock_id)
            assert found is not None
        else:
            self.voice.say(f"Locked before: {len(found.lock.packages)} packages for all platforms")
            known = locks.on_platform(found.id, python.platform)
            if known is not None and known.lock.python == python.version:
                return found.id, chosen_before(found.lock, known.lock), found.addresses
        return found.id, choose(found.lock, python), found.addresses

    def _install_layer(self, site: Site, layer: Layer) -> None:
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
        self._make(
            place,
            lambda: install_layer(
                quiet,
                place,
                layer.lock,
                layer.digest,
                layer.chosen,
                layer.addresses,
                index_options(self.spec.definition),
                finish=finish_layer,
            ),
        )

    def _make(self, place: Path, make: Callable[[], object]) -> None:
        self.files.note_making(place)
        make()

    def _verifying(self) -> None:
        self.voice.stage("verifying", "verify every package, make read-only, commit")

    def _finish(self, prefix: Path, layer_digest: str, lock_id: int) -> None:
        record = self.store.record(prefix)
        assert record is not None
        if record.layer != layer_digest:
            self.store.amend(prefix, msgspec.structs.replace(record, layer=layer_digest))
        if self.spec.version_id is not None:
            self.registry.environments.set_lock(self.spec.version_id, lock_id)
            self.registry.environments.set_ready(self.spec.name, self.spec.version)


def uv_environment(places: Places, also: set[str] | None = None) -> dict[str, str]:
    """The environment that uv runs in: the allow-list, and our own cache and Pythons."""
    return build_environment(
        os.environ,
        also=also or set(),
        UV_CACHE_DIR=str(places.uv_cache),
        UV_PYTHON_INSTALL_DIR=str(places.pythons),
        UV_NO_PROGRESS="1",
        MLENV_BUILD=os.environ.get("MLENV_BUILD", ""),
    )


def _count(definition: Definition) -> str:
    lines = definition.pip.requirements
    return "1 requirement" if len(lines) == 1 else f"{len(lines)} requirements"
