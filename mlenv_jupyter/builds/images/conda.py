"""conda's packages in an image: solved for it here, linked for their place in it, then copied.

Solving and fetching are this machine's work, with its caches and its credentials: the image sees
neither, and needs no conda. What pip adds is resolved once the image's own Python can be asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from packaging.utils import canonicalize_name

from mlenv_jupyter.builds.conda.activation import Activation, activation_of
from mlenv_jupyter.builds.conda.engine import Engine
from mlenv_jupyter.builds.conda.explain_pip import explain_pip, missing_pins
from mlenv_jupyter.builds.conda.install import locked_conda
from mlenv_jupyter.builds.conda.pip_section import chosen_files
from mlenv_jupyter.builds.conda.pipeline import FOR, Solved, explained, lock_of, python_in, specs_of
from mlenv_jupyter.builds.conda.target import Target, image_target
from mlenv_jupyter.builds.images import layers, probe
from mlenv_jupyter.builds.images.base import Base
from mlenv_jupyter.builds.images.dockerfile import ENVIRONMENT, Group, grouped
from mlenv_jupyter.builds.images.ground import Ground, Grounds, Resolved, in_image
from mlenv_jupyter.builds.resolve import ToolFailed, choose, resolve, storable
from mlenv_jupyter.builds.wheels import private_wheels, wheel_addresses
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.lock import Lock
from mlenv_jupyter.core.universal import CondaLock, UniversalLock, UniversalPackage
from mlenv_jupyter.store.trees import remove_tree

if TYPE_CHECKING:
    from rattler import RepoDataRecord

    from mlenv_jupyter.builds.pipeline import Pipeline
    from mlenv_jupyter.registry.locks import LockRow

LEFT_OUT = ("package_tarball_full_path", "extracted_package_dir", "link")
"""What a package's record says of the machine that linked it."""


class CondaPart:
    """The conda packages of one image."""

    def __init__(
        self, pipeline: Pipeline, grounds: Grounds, base: Base, engine: Engine, machine: str
    ) -> None:
        self.pipeline = pipeline
        self.grounds = grounds
        self.base = base
        self.engine = engine
        self.machine = machine

    @property
    def key(self) -> str:
        """What its lock is kept under, beside that of a prefix of the same definition."""
        return f"image-{self.engine.target.platform}"

    @cached_property
    def row(self) -> LockRow | None:
        """The lock of this version, which need not be for images like this one."""
        locks, spec = self.pipeline.registry.locks, self.pipeline.spec
        found = locks.get(spec.lock_id) if spec.lock_id is not None else None
        return found or locks.find(spec.digest, FOR)

    @cached_property
    def kept(self) -> CondaLock | None:
        """What this was locked to before."""
        return self.row.lock.conda.get(self.key) if self.row is not None else None

    @cached_property
    def records(self) -> list[RepoDataRecord]:
        """The packages: as they were locked, or solved now. Raises BuildFailed."""
        definition, work = self.pipeline.spec.definition, self.pipeline.files.place
        with explained(definition):
            if self.kept is not None:
                self.pipeline.voice.say(f"Locked before for {self.key}")
                return self.engine.read_lock(self.kept.text, work)
            return self.engine.solve(specs_of(definition))

    def known(self) -> Resolved | None:
        """What was locked before; nothing has to be built to know it."""
        if self.row is None or self.kept is None:
            return None
        wheels = private_wheels(self.pipeline.spec.definition, self.pipeline.places)
        addresses = {**self.row.addresses, **wheel_addresses(wheels)}
        return self._resolved(self.row.id, self.kept.pip, addresses, {})

    def resolve(self, ground: Ground) -> Resolved:
        """Lock it, with what pip adds to what conda has brought. Raises BuildFailed, ToolFailed."""
        pipeline = self.pipeline
        given = self.given(ground)
        pip, addresses = self._pip_section(ground, given)
        made = CondaLock(
            python=str(python_in(self.records).version),
            text=self.engine.write_lock(self.records, pipeline.files.place),
            pip=pip,
        )
        locks, kept = pipeline.registry.locks, storable(addresses)
        if self.row is not None:
            locks.extend(self.row.id, self.key, made, kept)
            lock_id = self.row.id
        else:
            universal = UniversalLock(requires_python="", packages=(), conda={self.key: made})
            lock_id = locks.add(pipeline.spec.digest, FOR, universal, kept)
        wheels = private_wheels(pipeline.spec.definition, pipeline.places)
        return self._resolved(lock_id, pip, {**addresses, **wheel_addresses(wheels)}, given)

    def given(self, ground: Ground) -> dict[str, str]:
        """The Python packages that conda has brought, as the image's own Python sees them."""
        found = probe.packages_of(
            self.grounds.maker.client,
            ground.python_image or ground.base.id,
            ground.python.path,
            platform=self.grounds.maker.platform,
            build=self.pipeline.spec.id,
        )
        return {canonicalize_name(name): one.version for name, one in found.items()}

    def laid(self) -> Ground:
        """Link the packages into the build context, and build the stage that has them."""
        pipeline, context = self.pipeline, self.grounds.context
        size = sum(one.size or 0 for one in self.records)
        pipeline.voice.say(
            f"{len(self.records)} conda packages ({size / 1e6:.1f} MB) are laid out for the image"
        )
        pipeline.store.require_space(3 * size)
        prefix = context / "conda"
        with explained(pipeline.spec.definition):
            self.engine.install(self.records, prefix, pipeline.voice.progress)
        activation = activation_of(prefix, pipeline.files.place, pipeline.voice.say, pipeline.env)
        groups = _lay_out(self.records, prefix, context, pipeline.places.images)
        variables = _activation(activation, str(prefix), self._variables_of_base())
        machine = self.grounds.machine(self.base.id)
        self.grounds.bring_tools(machine)
        version = str(python_in(self.records).version)
        recipe = self.grounds.recipe(
            self.base,
            python=f"{ENVIRONMENT}/bin/python",
            python_version=version,
            conda=groups,
            kernel=False,
        )
        image = self.grounds.stage(recipe)
        python = probe.find_python(
            self.grounds.maker.client,
            image,
            f"{ENVIRONMENT}/bin/python",
            platform=self.grounds.maker.platform,
            build=pipeline.spec.id,
        )
        if python is None:
            raise self._broken(image)
        python = msgspec.structs.replace(python, path=f"{ENVIRONMENT}/bin/python")
        return Ground(
            base=self.base,
            python=python,
            python_image=image,
            conda=groups,
            activation=variables,
        )

    def _pip_section(
        self, ground: Ground, given: Mapping[str, str]
    ) -> tuple[tuple[UniversalPackage, ...], dict[str, str]]:
        """What pip adds, each package with the file that fits, and where the files are."""
        pipeline, definition = self.pipeline, self.pipeline.spec.definition
        wheels = private_wheels(definition, pipeline.places)
        if not definition.pip.requirements and not wheels:
            return (), {}
        inside = in_image(pipeline, ground.python)
        pinned = dict(given)
        while True:
            try:
                universal, addresses = resolve(
                    definition,
                    inside,
                    uv=pipeline.uv,
                    work=pipeline.files.place,
                    env=pipeline.env,
                    on_line=pipeline.voice.line,
                    refresh=not pipeline.spec.use_cache,
                    wheels=wheels,
                    constraints=[f"{name}=={version}" for name, version in pinned.items()],
                )
                break
            except ToolFailed as failed:
                # A build of conda's that is on no index is no conflict.
                unknown = missing_pins(failed, pinned)
                if not unknown:
                    problem = explain_pip(failed, given, definition)
                    raise BuildFailed.of(problem) if problem else failed from None
                pinned = {name: one for name, one in pinned.items() if name not in unknown}
        chosen = [one for one in choose(universal, inside) if one.package.name not in given]
        files = tuple(msgspec.structs.replace(one.package, files=(one.file,)) for one in chosen)
        return files, addresses

    def _resolved(
        self,
        lock_id: int,
        pip: tuple[UniversalPackage, ...],
        addresses: dict[str, str],
        given: dict[str, str],
    ) -> Resolved:
        definition = self.pipeline.spec.definition
        lock: Lock = msgspec.structs.replace(
            lock_of(definition, Solved(self.records, pip, {})),
            platform=f"image-linux-{self.machine}",
            base=self.base.pin,
        )
        digest = identity.lock_digest(lock)
        self.pipeline.registry.locks.set_on_platform(lock_id, digest, lock)
        self.pipeline.voice.say(
            f"Resolved {len(self.records)} conda packages and {len(pip)} of pip "
            f"with Python {lock.python}"
        )
        return Resolved(lock_id, lock, digest, chosen_files(pip), addresses, given)

    def _variables_of_base(self) -> dict[str, str]:
        found = self.grounds.maker.client.api.inspect_image(self.base.id)
        lines = (found.get("Config") or {}).get("Env") or ()
        return dict(str(one).partition("=")[::2] for one in lines)

    def _broken(self, image: str) -> BuildFailed:
        _, out, err = probe.run_in(
            self.grounds.maker.client,
            image,
            [f"{ENVIRONMENT}/bin/python", "-c", ""],
            platform=self.grounds.maker.platform,
            build=self.pipeline.spec.id,
        )
        return BuildFailed(
            "The Python that conda has brought does not start in the image.",
            code="python_broken",
            where="python",
            detail=(err or out).strip()[-400:],
            remedy="Choose another version of Python, other channels, or another base image.",
        )


def target_of(machine: probe.Machine) -> Target:
    """What conda packages for an image are chosen for."""
    return image_target(machine.name, machine.libc, ENVIRONMENT)


def _lay_out(
    records: Sequence[RepoDataRecord], prefix: Path, context: Path, images: Path
) -> tuple[Group, ...]:
    """Move a prefix into one directory for each group of packages; the groups.

    What is linked is as before, so a package that an earlier image has in the same place is taken
    from the builder's cache.
    """
    locked = locked_conda(records, frozenset())
    pairs = [(one, f"{one.filename} {one.sha256}") for one in locked]
    groups = grouped(pairs, layers.earlier(images, layers.CONDA_GROUPS))
    number_of = {
        line.partition(" ")[0]: number for number, group in enumerate(groups, 1) for line in group
    }
    for path in sorted(prefix.glob("conda-meta/*.json")):
        data = msgspec.json.decode(path.read_bytes())
        number = number_of[data["fn"]]
        kept = {key: value for key, value in data.items() if key not in LEFT_OUT}
        path.unlink()
        path.write_bytes(msgspec.json.format(msgspec.json.encode(kept)))
        _move([*data["files"], f"conda-meta/{path.name}"], prefix, context / f"conda-{number}")
    rest = [
        os.path.relpath(os.path.join(place, name), prefix)
        for place, folders, names in os.walk(prefix)
        for name in [*names, *(one for one in folders if os.path.islink(os.path.join(place, one)))]
    ]
    _move(rest, prefix, context / "conda-1")
    remove_tree(prefix)
    (context / layers.CONDA_GROUPS).write_bytes(msgspec.json.encode(groups))
    return tuple(Group(group) for group in groups)


def _move(paths: Iterable[str], prefix: Path, place: Path) -> None:
    for path in paths:
        source, target = prefix / path, place / path
        if not os.path.lexists(source) or os.path.lexists(target):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(source, target)


def _activation(activation: Activation, prefix: str, there: Mapping[str, str]) -> dict[str, str]:
    """What activating sets, as the image's own variables; ``there`` are those of its base."""
    made = {}
    for name, value in activation.items():
        if name == "PATH" or name.startswith("CONDA_"):
            continue
        text = value[0]
        if len(value) == 3 and name in there:
            text = value[1] + there[name] + value[2]
        made[name] = text.replace(prefix, ENVIRONMENT)
    return made
