"""The stages of a conda build, in order: solve, pip's part, lock, prefix, kernel layer."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from mlenv_jupyter.builds.conda.channels import Channels, read_channels
from mlenv_jupyter.builds.conda.engine import Engine, RattlerFailed
from mlenv_jupyter.builds.conda.explain import explain_rattler
from mlenv_jupyter.builds.conda.install import (
    install_conda,
    interpreter_in,
    locked_conda,
    site_packages_of,
)
from mlenv_jupyter.builds.conda.pip_section import (
    chosen_files,
    resolve_pip_section,
    versions_in,
)
from mlenv_jupyter.builds.conda.target import Target
from mlenv_jupyter.builds.layer import Layer, resolve_layer
from mlenv_jupyter.builds.pipeline import Outcome, Pipeline, count
from mlenv_jupyter.builds.python import SYSTEM
from mlenv_jupyter.builds.resolve import spark_of, storable
from mlenv_jupyter.builds.site import Site
from mlenv_jupyter.builds.wheels import private_wheels, wheel_addresses
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.lock import Lock, LockedPackage
from mlenv_jupyter.core.universal import CondaLock, UniversalLock, UniversalPackage, locked
from mlenv_jupyter.registry.secrets import Secrets
from mlenv_jupyter.store.trees import remove_tree

if TYPE_CHECKING:
    from rattler import RepoDataRecord

FOR = "conda"
"""What a conda lock was resolved for, where a pip lock has its Python: it is part of the solve."""


class Solved(NamedTuple):
    """What a definition comes to on this platform, before anything is installed for good."""

    records: list[RepoDataRecord]
    pip: tuple[UniversalPackage, ...]
    addresses: dict[str, str]


class CondaPipeline(Pipeline):
    """Builds a Version of kind ``conda`` into a prefix: rattler, then uv for pip's part."""

    def run(self) -> Outcome:
        """From Definition to committed prefix. Raises MlenvError, ToolFailed, OSError."""
        definition = self.spec.definition
        self.store.require_space(0)
        channels = read_channels(
            definition,
            self.env,
            lambda name, host: Secrets(self.places.home).value(name, host=host),
        )
        self.voice.stage("resolving", f"solve {_asked(definition, channels)}")
        with engine_of(self, channels) as engine, explained(definition):
            lock_id, solved = self._lock(engine)
            lock = lock_of(definition, solved)
            digest = identity.lock_digest(lock)
            self.registry.locks.set_on_platform(lock_id, digest, lock)
            self.voice.say(
                f"Resolved {len(solved.records)} conda packages"
                + (f" and {len(solved.pip)} of pip" if solved.pip else "")
                + f" with Python {lock.python}"
            )
            prefix = self.places.prefix(digest)
            size = sum(one.size or 0 for one in lock.packages)
            self.voice.stage(
                "installing", f"install {len(lock.packages)} packages ({size / 1e6:.1f} MB)"
            )
            self.make(prefix, lambda: self._prefix(engine, prefix, lock, digest, solved))
        record = self.store.record(prefix)
        assert record is not None
        if record.layer is None or self.store.record(self.places.layer(record.layer)) is None:
            site = self.site(interpreter_in(prefix))
            layer = self._layer(site, lock, digest, dict(record.distributions or {}))
        else:
            layer = record.layer
        self.finish(prefix, layer, lock_id)
        return Outcome(digest, len(lock.packages))

    def _lock(self, engine: Engine) -> tuple[int, Solved]:
        """The lock of this version for this platform: the one that there is, or a new one."""
        locks = self.registry.locks
        found = locks.get(self.spec.lock_id) if self.spec.lock_id is not None else None
        found = found or locks.find(self.spec.digest, FOR)
        here = engine.target.platform
        if found is not None and here in found.lock.conda:
            kept = found.lock.conda[here]
            self.voice.say(f"Locked before for {here}")
            return found.id, Solved(
                engine.read_lock(kept.text, self.files.place), kept.pip, found.addresses
            )
        if found is not None:
            others = ", ".join(found.lock.conda)
            self.voice.say(f"Locked before for {others}; {here} is solved by itself")
        solved = self._solve(engine)
        made = CondaLock(
            python=str(python_in(solved.records).version),
            text=engine.write_lock(solved.records, self.files.place),
            pip=solved.pip,
        )
        addresses = storable(solved.addresses)
        if found is not None:
            locks.extend(found.id, here, made, addresses)
            return found.id, solved
        universal = UniversalLock(requires_python="", packages=(), conda={here: made})
        lock_id = locks.add(self.spec.digest, FOR, universal, addresses)
        return lock_id, solved

    def _solve(self, engine: Engine) -> Solved:
        definition = self.spec.definition
        records = engine.solve(specs_of(definition))
        if not definition.pip.requirements and not definition.wheels:
            return Solved(records, (), {})
        with sketch(self, engine, records) as (site, prefix):
            given = versions_in(site_packages_of(prefix, site.python))
            pip, addresses = resolve_pip_section(
                site, prefix, given, definition, private_wheels(definition, self.places)
            )
        return Solved(records, pip, addresses)

    def _prefix(
        self, engine: Engine, prefix: Path, lock: Lock, digest: str, solved: Solved
    ) -> None:
        with self.store.making(prefix, replace=self.spec.force) as made:
            if made is None:
                return
            wheels = private_wheels(self.spec.definition, self.places)
            self.store.require_space(2 * sum(one.size or 0 for one in lock.packages))
            install_conda(
                self.site,
                engine,
                made,
                lock,
                digest,
                solved.records,
                chosen_files(solved.pip),
                solved.addresses | wheel_addresses(wheels),
                self.spec.definition,
                on_progress=self.voice.progress,
                verifying=self.verifying,
                before_commit=lambda site, there: self._layer(site, lock, digest, there),
                activate=lambda site_packages: self.spark(made, site_packages),
            )

    def _layer(self, site: Site, lock: Lock, digest: str, there: dict[str, str]) -> str:
        """The kernel layer beside the Python packages of the prefix, made; its digest."""
        given = msgspec.structs.replace(
            lock,
            packages=tuple(
                LockedPackage(name=name, version=version, sha256="", filename="")
                for name, version in sorted(there.items())
            ),
        )
        layer: Layer = resolve_layer(site, given, digest, self.spec.definition)
        self.install_layer(site, layer)
        return layer.digest


@contextmanager
def engine_of(
    pipeline: Pipeline, channels: Channels, target: Target | None = None
) -> Iterator[Engine]:
    """rattler over the store's cache, or over an empty one that is removed at the end."""
    if pipeline.spec.use_cache:
        yield Engine(channels, pipeline.places.rattler, target=target)
        return
    place = pipeline.places.store / f".rattler-{pipeline.spec.id}"
    try:
        yield Engine(channels, place, use_cache=False, target=target)
    finally:
        remove_tree(place)


@contextmanager
def sketch(
    pipeline: Pipeline, engine: Engine, records: Sequence[RepoDataRecord]
) -> Iterator[tuple[Site, Path]]:
    """conda's packages in a prefix that goes away again: what pip's part is resolved against.

    Where the real prefix will be is not known before that is resolved.
    """
    place = pipeline.places.prefixes / f"sketch-{uuid.uuid4().hex[:12]}"
    pipeline.files.note_making(place)
    try:
        with pipeline.store.making(place):
            pipeline.voice.say("What conda brings is laid out, to resolve pip's part against it")
            engine.install(records, place, lambda progress: None)
            yield pipeline.site(interpreter_in(place)), place
    finally:
        pipeline.store.remove(place)


@contextmanager
def explained(definition: Definition) -> Iterator[None]:
    """Turn what rattler says into a BuildFailed that points at the lines at fault."""
    try:
        yield
    except RattlerFailed as failed:
        raise BuildFailed.of(explain_rattler(failed, definition)) from None


def specs_of(definition: Definition) -> list[str]:
    """What rattler is asked for: the packages, and a Python in any case."""
    python = definition.python
    if python is None:
        asked = "python"
    else:
        asked = f"python =={python}" if python.count(".") == 2 else f"python ={python}"
    return [*definition.conda.packages, asked]


def python_in(records: Sequence[RepoDataRecord]) -> RepoDataRecord:
    """The Python among solved packages; raises BuildFailed."""
    for record in records:
        if record.name.normalized == "python":
            return record
    raise BuildFailed(
        "The channels have no Python that fits.",
        code="python_missing",
        where="python",
        remedy="Add a channel that has one.",
    )


def lock_of(definition: Definition, solved: Solved) -> Lock:
    """The Lock of what was solved, for this platform and its exact Python."""
    wanted = frozenset(definition.wanted) | {"python"}
    packages = [
        *locked_conda(solved.records, wanted),
        *locked(chosen_files(solved.pip), wanted),
    ]
    return Lock(
        python=str(python_in(solved.records).version),
        implementation="cpython",
        platform=SYSTEM,
        packages=tuple(sorted(packages, key=lambda one: (one.name, one.installer))),
        spark=spark_of(definition),
    )


def _asked(definition: Definition, channels: Channels) -> str:
    packages = len(definition.conda.packages)
    text = f"{packages} conda package{'' if packages == 1 else 's'}"
    if definition.pip.requirements:
        text += f" and {count(definition)} of pip"
    shown = [one.rstrip("/").rpartition("/")[2] for one in channels.names]
    return f"{text} from {', then '.join(shown)}"
