"""The stages of an image build: base, ground, lock, layers, verify, and push if asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlenv_jupyter.builds.choice import no_base_image
from mlenv_jupyter.builds.credentials import guarded_addresses
from mlenv_jupyter.builds.images import builder, layers, own
from mlenv_jupyter.builds.images.base import Base, Bases
from mlenv_jupyter.builds.images.commit import Built, commit_image
from mlenv_jupyter.builds.images.dockerfile import ENVIRONMENT, Recipe, context
from mlenv_jupyter.builds.images.ground import Ground, Grounds, Resolved, in_image
from mlenv_jupyter.builds.images.maker import Maker
from mlenv_jupyter.builds.images.names import DOCKERFILE, labels_of, packed, tag_of
from mlenv_jupyter.builds.images.registries import Registries
from mlenv_jupyter.builds.layer import resolve_layer
from mlenv_jupyter.builds.pipeline import Outcome, Pipeline, count
from mlenv_jupyter.builds.resolve import index_options, lock_for
from mlenv_jupyter.builds.spark import (
    VARIABLE,
    check_repositories,
    ivy_files,
    submit_arguments,
)
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.build import Progress
from mlenv_jupyter.core.lock import Lock, LockedPackage
from mlenv_jupyter.engine.connect import connect
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.process import Line
from mlenv_jupyter.registry.secrets import Secrets
from mlenv_jupyter.store.store import Record
from mlenv_jupyter.store.trees import remove_tree

if TYPE_CHECKING:
    from docker import DockerClient

    from mlenv_jupyter.builds.images.conda import CondaPart
    from mlenv_jupyter.engine.transfer import Moved


class ImagePipeline(Pipeline):
    """Builds a Version of kind ``image``."""

    @cached_property
    def client(self) -> DockerClient:
        """The engine. Raises Unavailable."""
        return connect()

    @cached_property
    def maker(self) -> Maker:
        """The builder of this machine."""
        return Maker(self.client, self.spec, self.env, self.voice)

    @cached_property
    def registries(self) -> Registries:
        """The workspace's own image registry."""
        say, images = self.voice.say, self.spec.images
        return Registries(self.client, images, self.secrets, say, self._moved)

    @cached_property
    def secrets(self) -> Secrets:
        """The secrets of this user."""
        return Secrets(self.places.home)

    def run(self) -> Outcome:
        """From Definition to a tagged image. Raises MlenvError, ToolFailed, OSError."""
        self.store.require_space(0)
        self.voice.stage("resolving", f"resolve the base image, {count(self.spec.definition)}")
        work = self.files.place / "image"
        remove_tree(work)
        (work / "context").mkdir(mode=0o700, parents=True)
        try:
            base = self._base(work)
            grounds = Grounds(self, self.maker, work / "context")
            try:
                found, record = self._made(base, grounds)
            finally:
                grounds.forget()
            if self.spec.images.push:
                record = self._push(record, found.digest)
        finally:
            remove_tree(work)
        if self.spec.version_id is not None:
            self.registry.versions.set_lock(self.spec.version_id, found.id)
            self.registry.environments.set_ready(self.spec.name, self.spec.version)
        return Outcome(found.digest, len(record.packages))

    def _made(self, base: Base, grounds: Grounds) -> tuple[Resolved, Record]:
        """What the image is locked to, and its record, built where it is nowhere."""
        reach("image.base")
        if self._has_conda():
            with self._conda(grounds, base) as part:
                return self._with_conda(part, grounds)
        ground = grounds.with_python(base, self.locked.python if self.locked else None)
        reach("image.ground")
        found = self._resolve(ground)
        return found, self._there(found) or self._build(ground, grounds, found)

    # What it is built on, and from.

    def _base(self, work: Path) -> Base:
        definition, docker = self.spec.definition, self.spec.definition.docker
        bases = Bases(
            self.client,
            build=self.spec.id,
            secrets=self.secrets,
            say=self.voice.say,
            on_moved=self._moved,
        )
        if docker is not None and (docker.dockerfile or docker.build_context):
            tag = f"mlenv/base:{self.spec.digest[:24]}"
            self.voice.say("Building the Dockerfile of the definition")
            own.make_own(docker, self.maker, work, tag, self._secret)
            return bases.built(tag, f"definition@{self.spec.digest}")
        image = (docker and docker.image) or self.spec.images.base
        if image is None:
            raise no_base_image()
        refresh = not self.spec.use_cache
        locked = self.locked.base if self.locked else None
        if locked is not None and locked.startswith("definition@"):
            locked = None
        base = bases.named(definition, image, locked=locked, refresh=refresh)
        self.voice.say(f"Base image {base.pin}")
        return base

    def _secret(self, name: str) -> str:
        """What a Dockerfile mounts as a secret: a variable, else one of the user's secrets."""
        if name in os.environ:
            return os.environ[name]
        return self.secrets.value(name, environment=self.spec.name)

    @cached_property
    def locked(self) -> Lock | None:
        """What this version was locked to as an image; None for one that is locked now."""
        if self.spec.lock_id is None:
            return None
        return self.registry.locks.newest_of_image(self.spec.lock_id)

    def _resolve(self, ground: Ground) -> Resolved:
        definition = self.spec.definition
        inside = in_image(self, ground.python)
        known = self.found_lock(inside)
        if known is not None:
            self.voice.say(f"Locked before: {len(known.lock.packages)} packages for all platforms")
        row = known or self.resolved_lock(inside)
        chosen = self.choose_files(row, inside)
        lock = lock_for(definition, chosen, ground.python.python)
        lock = msgspec.structs.replace(lock, base=ground.base.pin)
        digest = identity.lock_digest(lock)
        self.registry.locks.set_on_platform(row.id, digest, lock)
        self.voice.say(f"Resolved {len(lock.packages)} packages with Python {lock.python}")
        return Resolved(row.id, lock, digest, chosen, self.addresses_of(row))

    # With conda packages.

    def _has_conda(self) -> bool:
        definition = self.spec.definition
        return bool(definition.conda.packages) and not definition.user_managed_dependencies

    @contextmanager
    def _conda(self, grounds: Grounds, base: Base) -> Iterator[CondaPart]:
        from mlenv_jupyter.builds.conda.channels import read_channels
        from mlenv_jupyter.builds.conda.pipeline import engine_of
        from mlenv_jupyter.builds.images.conda import CondaPart, target_of

        machine = grounds.machine(base.id)
        channels = read_channels(
            self.spec.definition,
            self.env,
            lambda name, host: self.secrets.value(name, host=host),
        )
        with engine_of(self, channels, target_of(machine)) as engine:
            yield CondaPart(self, grounds, base, engine, machine.name)

    def _with_conda(self, part: CondaPart, grounds: Grounds) -> tuple[Resolved, Record]:
        found = part.known()
        record = self._there(found) if found is not None else None
        if found is not None and record is not None:
            return found, record
        ground = part.laid()
        reach("image.ground")
        if found is None:
            found = part.resolve(ground)
            record = self._there(found)
        else:
            found = msgspec.structs.replace(found, given=part.given(ground))
        return found, record or self._build(ground, grounds, found)

    # The image.

    def _there(self, found: Resolved) -> Record | None:
        """The record of an image that this engine, or the registry, has already."""
        if self.spec.force:
            return None
        tag = tag_of(self.spec.digest, found.digest)
        image = builder.image_id(self.client, tag)
        if image is None and self.registries.address:
            image = self.registries.fetch(tag)
        if image is None:
            return None
        record = self.store.record(self.places.image(found.digest))
        if record is not None and record.image is not None and record.image.id == image:
            self.voice.say(f"{tag} is there already")
            return record
        self.voice.stage("verifying", "compare every package of the image that is there")
        return commit_image(self, self.maker, Built(image, tag, found))

    def _build(self, ground: Ground, grounds: Grounds, found: Resolved) -> Record:
        definition, place = self.spec.definition, grounds.context
        self.maker.require_buildkit(
            layers.secret_names(definition), "The package index of this environment needs a secret"
        )
        # conda's packages need not be what their names are to Python.
        beside = found.lock
        if ground.conda:
            given = [
                LockedPackage(name=name, version=version, sha256="", filename="")
                for name, version in sorted(found.given.items())
            ]
            pip = [one for one in found.lock.packages if one.installer == "pip"]
            beside = msgspec.structs.replace(beside, packages=(*given, *pip))
        site = self.site(in_image(self, ground.python))
        layer = resolve_layer(site, beside, found.digest, definition)
        groups = layers.lay_out(
            found.lock,
            found.chosen,
            found.addresses,
            guarded_addresses(definition),
            place,
            self.places.images,
        )
        python = ground.python
        jars, spark = self._spark(ground, grounds, found)
        recipe: Recipe = grounds.recipe(
            ground.base,
            lock_digest=found.digest,
            python=python.path,
            python_version=python.python.version,
            install_python=ground.install_python,
            sites=python.sites if definition.user_managed_dependencies else None,
            conda=ground.conda,
            jars=jars,
            activation={**ground.activation, **spark},
            groups=groups,
            options=layers.options_in_container(index_options(definition)),
            user=ground.base.user,
            labels=labels_of(self.spec, found.digest, ground.base.pin),
        )
        kernel = [
            *layers.options_in_container(layer.options),
            *(layers.line_of(one, {}) for one in layer.chosen),
        ]
        files = context(recipe, kernel)
        for name, text in files.items():
            (place / name).write_text(text)
            os.chmod(place / name, 0o644)
        grounds.bring_tools(python.machine)
        size = sum(one.size or 0 for one in found.lock.packages)
        self.voice.stage(
            "installing",
            f"build {len(groups) + len(ground.conda)} layers with {len(found.lock.packages)} "
            f"packages ({size / 1e6:.1f} MB), "
            + ("with BuildKit" if recipe.buildkit else "with the classic builder"),
        )
        for text in files["Dockerfile"].splitlines():
            self.voice.line(Line("out", f"    {text}"))
        tag = tag_of(self.spec.digest, found.digest)
        reach("image.context")
        image = self.maker.make(
            place,
            tag,
            labels={DOCKERFILE: packed(files["Dockerfile"])},
            secrets=self.maker.secrets(),
        )
        reach("image.made")
        self.voice.stage("verifying", "start the image's Python, compare every package")
        return commit_image(self, self.maker, Built(image, tag, found, place, groups))

    def _spark(
        self, ground: Ground, grounds: Grounds, found: Resolved
    ) -> tuple[bool, dict[str, str]]:
        """Whether Spark's packages are fetched into the image, and what is to be set for them."""
        section = found.lock.spark
        if section is None:
            return False, {}
        check_repositories(section)
        java = grounds.machine(ground.python_image or ground.base.id).java
        jars = layers.spark_of_image(self.spec.definition, found.lock, java, self.voice.say)
        if jars:
            place = grounds.context / "spark"
            place.mkdir(exist_ok=True)
            for name, text in ivy_files(section, "${ivy.cache.dir}").items():
                (place / name).write_text(text)
        return jars, {VARIABLE: submit_arguments(section, ENVIRONMENT if jars else None)}

    def _push(self, record: Record, digest: str) -> Record:
        assert record.image is not None
        pushed = self.registries.push(record.image.tag)
        self.voice.say(f"Pushed as {pushed}")
        image = msgspec.structs.replace(record.image, pushed=pushed)
        record = msgspec.structs.replace(record, image=image)
        self.store.amend(self.places.image(digest), record)
        return record

    def _moved(self, moved: Moved) -> None:
        self.voice.progress(
            Progress(
                done=moved.layers_done,
                total=moved.layers,
                bytes_done=moved.bytes_done,
                bytes_total=moved.bytes_total or None,
            )
        )
