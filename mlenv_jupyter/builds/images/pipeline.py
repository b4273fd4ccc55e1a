"""The stages of an image build: base, lock, layers, verify, and push where that is asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.credentials import guarded_addresses
from mlenv_jupyter.builds.images import builder, layers, own, probe, tools
from mlenv_jupyter.builds.images.base import Base, Bases
from mlenv_jupyter.builds.images.dockerfile import ENVIRONMENT, Group, Recipe, context, minor
from mlenv_jupyter.builds.images.names import labels_of, repository_of, tag_of
from mlenv_jupyter.builds.images.registries import Registries
from mlenv_jupyter.builds.images.verify import verified
from mlenv_jupyter.builds.install import now
from mlenv_jupyter.builds.layer import resolve_layer
from mlenv_jupyter.builds.pipeline import Outcome, Pipeline, count
from mlenv_jupyter.builds.resolve import index_options, lock_for
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.build import Progress
from mlenv_jupyter.core.errors import BuildFailed, Unavailable
from mlenv_jupyter.core.lock import Lock
from mlenv_jupyter.core.universal import Chosen
from mlenv_jupyter.engine.connect import VARIABLES, connect, find_buildkit
from mlenv_jupyter.process import Line
from mlenv_jupyter.registry.secrets import Secrets
from mlenv_jupyter.store.store import BuiltImage, Record
from mlenv_jupyter.store.trees import link

if TYPE_CHECKING:
    from docker import DockerClient

    from mlenv_jupyter.engine.transfer import Moved

INTERPRETER = f"{ENVIRONMENT}/bin/python"


class Resolved(msgspec.Struct, frozen=True):
    """What is to be in the image: the lock, its files, and where they were found."""

    id: int
    lock: Lock
    digest: str
    chosen: tuple[Chosen, ...]
    addresses: dict[str, str]


class ImagePipeline(Pipeline):
    """Builds a Version of kind ``image``."""

    @cached_property
    def client(self) -> DockerClient:
        """The engine. Raises Unavailable."""
        return connect()

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
    def registries(self) -> Registries:
        """The workspace's own image registry."""
        say, images = self.voice.say, self.spec.images
        return Registries(self.client, images, self.secrets, say, self._moved)

    @cached_property
    def secrets(self) -> Secrets:
        """The secrets of this user."""
        return Secrets(self.places.home)

    @property
    def platform(self) -> str | None:
        """``linux/arm64`` and the like; None for the engine's own."""
        docker = self.spec.definition.docker
        return docker.platform if docker else None

    def run(self) -> Outcome:
        """From Definition to a tagged image. Raises MlenvError, ToolFailed, OSError."""
        self.store.require_space(0)
        self.voice.stage("resolving", f"resolve the base image, {count(self.spec.definition)}")
        work = self.files.place / "image"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700)
        try:
            bases = Bases(
                self.client,
                build=self.spec.id,
                secrets=self.secrets,
                say=self.voice.say,
                on_moved=self._moved,
            )
            base = self._base(bases, work)
            python = self._python(bases, base)
            found = self._resolve(base, python)
            record = None if self.spec.force else self._there(found)
            if record is None:
                record = self._build(base, python, found, work)
            if self.spec.images.push:
                record = self._push(record, found.digest)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        if self.spec.version_id is not None:
            self.registry.environments.set_lock(self.spec.version_id, found.id)
            self.registry.environments.set_ready(self.spec.name, self.spec.version)
        return Outcome(found.digest, len(record.packages))

    # What it is built on, and from.

    def _base(self, bases: Bases, work: Path) -> Base:
        definition, docker = self.spec.definition, self.spec.definition.docker
        if docker is not None and (docker.dockerfile or docker.build_context):
            return self._own_base(bases, work)
        image = (docker and docker.image) or self.spec.images.base
        if image is None:
            raise Unavailable(
                "This environment names no base image, and the workspace has none.",
                code="no_base_image",
                where="docker.base_image",
                remedy="Name one, or set c.Workspace.base_image.",
            )
        refresh = not self.spec.use_cache
        base = bases.named(definition, image, locked=self._locked_base(), refresh=refresh)
        self.voice.say(f"Base image {base.pin}")
        return base

    def _own_base(self, bases: Bases, work: Path) -> Base:
        """The image of the definition's own Dockerfile or build context."""
        docker = self.spec.definition.docker
        assert docker is not None
        given, text = docker.build_context, docker.dockerfile or ""
        place: Path | str = work / "own"
        if given is None:
            Path(place).mkdir()
            Path(place, "Dockerfile").write_text(text)
        else:
            place = own.place_of(given)
            text = own.read_dockerfile(given) if isinstance(place, Path) else ""
        wanted = builder.secrets_of(text)
        self._require_buildkit(wanted, "The Dockerfile of this environment mounts secrets")
        tag = f"mlenv/base:{self.spec.digest[:24]}"
        self.voice.say("Building the Dockerfile of the definition")
        self._run_builder(
            place,
            tag,
            dockerfile=given.dockerfile_path if given else "Dockerfile",
            secrets={name: self._secret(name) for name in wanted},
        )
        return bases.built(tag, f"definition@{self.spec.digest}")

    def _secret(self, name: str) -> str:
        """What a Dockerfile mounts as a secret: a variable, else one of the user's secrets."""
        if name in os.environ:
            return os.environ[name]
        return self.secrets.value(name, environment=self.spec.name)

    def _locked_base(self) -> str | None:
        """The base that this version was locked with; None for one that is locked now."""
        if self.spec.lock_id is None:
            return None
        found = self.registry.locks.newest_base(self.spec.lock_id)
        return None if found is None or found.startswith("definition@") else found

    def _python(self, bases: Bases, base: Base) -> probe.InImage:
        definition = self.spec.definition
        wanted = definition.python
        if definition.user_managed_dependencies:
            path = definition.interpreter_path or ""
            wanted = path if path.startswith("/") else None
        found = bases.look_into(base, wanted, self.platform)
        if found is not None:
            self.voice.say(f"The image has Python {found.python.version} as {found.path}")
            return found
        other = bases.look_into(base, None, self.platform)
        raise BuildFailed(
            f"The base image has no Python {wanted or ''}".rstrip() + ".",
            code="python_missing",
            detail=f"It has Python {other.python.version}."
            if other
            else "It has no Python at all.",
            where="python",
            remedy="Choose a base image that has it"
            + (f", or Python {other.python.minor}." if other else "."),
        )

    def _resolve(self, base: Base, python: probe.InImage) -> Resolved:
        definition = self.spec.definition
        inside = self._inside(python)
        known = self.found_lock(inside)
        if known is not None:
            self.voice.say(f"Locked before: {len(known.lock.packages)} packages for all platforms")
        row = known or self.resolved_lock(inside)
        chosen = self.choose_files(row, inside)
        lock = lock_for(definition, chosen, python.python)
        lock = msgspec.structs.replace(lock, base=base.pin)
        digest = identity.lock_digest(lock)
        self.registry.locks.set_on_platform(row.id, digest, lock)
        self.voice.say(f"Resolved {len(lock.packages)} packages with Python {lock.python}")
        return Resolved(row.id, lock, digest, chosen, self.addresses_of(row))

    def _inside(self, python: probe.InImage) -> pythons.Python:
        """The image's interpreter as uv is told of it: it runs one of this machine to resolve."""
        here = pythons.find(None, uv=self.uv, directory=self.places.pythons, env=self.env)
        return msgspec.structs.replace(python.python, executable=here.executable)

    # The image.

    def _there(self, found: Resolved) -> Record | None:
        """The record of an image that this engine, or the registry, has already."""
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
        return self._commit(image, tag, found, None, ())

    def _build(self, base: Base, python: probe.InImage, found: Resolved, work: Path) -> Record:
        definition = self.spec.definition
        self._require_buildkit(
            layers.secret_names(definition), "The package index of this environment needs a secret"
        )
        layer = resolve_layer(self.site(self._inside(python)), found.lock, found.digest, definition)
        place = work / "context"
        place.mkdir()
        groups = layers.lay_out(
            found.lock,
            found.chosen,
            found.addresses,
            guarded_addresses(definition),
            place,
            self.places.images,
        )
        certificates = os.environ.get("SSL_CERT_FILE", "")
        recipe = Recipe(
            title=f"{self.spec.name} {self.spec.version}",
            digest=self.spec.digest,
            lock_digest=found.digest,
            base=base.name,
            python=python.path,
            python_version=python.python.version,
            sites=python.sites if definition.user_managed_dependencies else None,
            groups=groups,
            options=layers.options_in_container(index_options(definition)),
            user=base.user,
            labels=labels_of(self.spec, found.digest, base.pin),
            variables=tuple(sorted(layers.public_arguments())),
            certificates=bool(certificates) and os.path.isfile(certificates),
            buildkit=self.buildkit is not None,
        )
        kernel = [
            *layers.options_in_container(layer.options),
            *(layers.line_of(one, {}) for one in layer.chosen),
        ]
        files = context(recipe, kernel)
        for name, text in files.items():
            (place / name).write_text(text)
            os.chmod(place / name, 0o644)
        uv = tools.uv_for(python, uv=self.uv, places=self.places, env=self.env)
        link(uv, place / "uv")
        if recipe.certificates and not recipe.buildkit:
            shutil.copyfile(certificates, place / "certificates.crt")
        size = sum(one.file.size or 0 for one in found.chosen)
        self.voice.stage(
            "installing",
            f"build {len(groups)} layers with {len(found.chosen)} packages ({size / 1e6:.1f} MB), "
            + ("with BuildKit" if recipe.buildkit else "with the classic builder"),
        )
        for text in files["Dockerfile"].splitlines():
            self.voice.line(Line("out", f"    {text}"))
        tag = tag_of(self.spec.digest, found.digest)
        secrets = layers.secrets_for(
            definition, self.env, certificates if recipe.certificates else ""
        )
        self._run_builder(place, tag, secrets=secrets if recipe.buildkit else {})
        image = builder.image_id(self.client, tag)
        if image is None:
            raise BuildFailed(
                f"The image {tag} is not in the engine after its build.",
                remedy="Is the builder another one than the engine's own? See BUILDX_BUILDER.",
            )
        self.voice.stage("verifying", "start the image's Python, compare every package")
        return self._commit(image, tag, found, place, groups)

    def _run_builder(
        self,
        place: Path | str,
        tag: str,
        *,
        dockerfile: str = "Dockerfile",
        secrets: Mapping[str, str | Path],
    ) -> None:
        work = builder.Work(
            place,
            tag=tag,
            dockerfile=dockerfile,
            platform=self.platform,
            network=layers.network_of(self.spec.definition, self.spec.images.network),
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

    def _commit(
        self,
        image: str,
        tag: str,
        found: Resolved,
        made_of: Path | None,
        groups: tuple[Group, ...],
    ) -> Record:
        """Look into the image, and write down what it is. Raises BuildFailed."""
        installed = probe.packages_of(
            self.client, image, INTERPRETER, platform=self.platform, build=self.spec.id
        )
        packages = verified(
            found.lock, installed, own=self.spec.definition.user_managed_dependencies
        )
        inspected = self.client.api.inspect_image(image)
        self.client.api.tag(image, repository_of(self.spec.digest), "latest")
        place = self.places.image(found.digest)
        self.files.note_making(place)
        with self.store.making(place, replace=True):
            place.mkdir()
            for one in made_of.iterdir() if made_of else ():
                if one.suffix == ".txt" or one.name == "Dockerfile":
                    shutil.copyfile(one, place / one.name)
            if groups:
                kept = [group.lines for group in groups]
                (place / layers.GROUPS).write_bytes(msgspec.json.encode(kept))
            record = Record(
                lock_digest=found.digest,
                python=found.lock.python,
                site_packages=f"{ENVIRONMENT}/lib/python{minor(found.lock.python)}/site-packages",
                packages=packages,
                created_at=now(),
                image=BuiltImage(
                    id=image,
                    tag=tag,
                    base=found.lock.base or "",
                    platform=f"{inspected.get('Os')}/{inspected.get('Architecture')}",
                    interpreter=INTERPRETER,
                    environment=ENVIRONMENT,
                    size=int(inspected.get("Size") or 0),
                    layers=len((inspected.get("RootFS") or {}).get("Layers") or ()),
                ),
            )
            return self.store.commit(place, record)

    def _push(self, record: Record, digest: str) -> Record:
        assert record.image is not None
        pushed = self.registries.push(record.image.tag)
        self.voice.say(f"Pushed as {pushed}")
        image = msgspec.structs.replace(record.image, pushed=pushed)
        record = msgspec.structs.replace(record, image=image)
        self.store.amend(self.places.image(digest), record)
        return record

    def _require_buildkit(self, secrets: set[str], why: str) -> None:
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

    def _moved(self, moved: Moved) -> None:
        self.voice.progress(
            Progress(
                done=moved.layers_done,
                total=moved.layers,
                bytes_done=moved.bytes_done,
                bytes_total=moved.bytes_total or None,
            )
        )
