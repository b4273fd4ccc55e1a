"""What the packages of an image are put on: a base, and a Python in it.

A base has a Python, or is given one by uv (here), or by conda (``conda.py``). What it is given is
built before anything is resolved, as the stage ``base`` of the Dockerfile that the image comes of,
so that the builder takes it from its cache then.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.images import probe, tools
from mlenv_jupyter.builds.images.base import BASES, Base
from mlenv_jupyter.builds.images.dockerfile import Group, Recipe, context
from mlenv_jupyter.builds.images.layers import public_arguments
from mlenv_jupyter.builds.resolve import ToolFailed
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.lock import Lock
from mlenv_jupyter.core.universal import Chosen
from mlenv_jupyter.process import run, text_of
from mlenv_jupyter.store.trees import link

if TYPE_CHECKING:
    from mlenv_jupyter.builds.images.maker import Maker
    from mlenv_jupyter.builds.pipeline import Pipeline


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """A base with the Python that packages are installed for.

    ``install_python`` is the version that uv fetches into it, ``python_image`` the id of the image
    that has its Python where the base has not. ``conda`` are the groups of what conda brings,
    ``activation`` the variables that its packages want set.
    """

    base: Base
    python: probe.InImage
    install_python: str | None = None
    python_image: str | None = None
    conda: tuple[Group, ...] = ()
    activation: Mapping[str, str] = {}


class Resolved(msgspec.Struct, frozen=True):
    """What is to be in the image: the lock, its files, and where they were found.

    ``given`` are the Python packages that are there before pip's, version by name.
    """

    id: int
    lock: Lock
    digest: str
    chosen: tuple[Chosen, ...]
    addresses: dict[str, str]
    given: dict[str, str] = {}


class Grounds:
    """Makes the ground of one image in a build context."""

    def __init__(self, pipeline: Pipeline, maker: Maker, context: Path) -> None:
        self.pipeline = pipeline
        self.maker = maker
        self.context = context

    def with_python(self, base: Base, locked: str | None) -> Ground:
        """A base that has the Python of the definition, or is given it. Raises BuildFailed.

        ``locked`` is the exact version that there was before.
        """
        definition = self.pipeline.spec.definition
        wanted = definition.python
        if definition.user_managed_dependencies:
            path = definition.interpreter_path or ""
            wanted = path if path.startswith("/") else None
        found = self._look(base.id, wanted)
        if found is not None:
            self.pipeline.voice.say(f"The image has Python {found.python.version} as {found.path}")
            return Ground(base=base, python=found)
        other = self._look(base.id, None)
        if definition.user_managed_dependencies:
            raise _missing(wanted, other)
        return self._fetched(base, locked or wanted or pythons.default_version(), other)

    def stage(self, given: Recipe) -> str:
        """Build what a base is given; the id of that image. Raises ToolFailed."""
        for name, text in context(given).items():
            (self.context / name).write_text(text)
            os.chmod(self.context / name, 0o644)
        return self.maker.make(self.context, self.name, target="base", secrets=self.maker.secrets())

    @property
    def name(self) -> str:
        """What a base with what it is given is called, until the image is there."""
        return f"{BASES}:{self.pipeline.spec.digest[:24]}-given"

    def forget(self) -> None:
        """Take that name away again: the layers stay for as long as the image has them."""
        from docker.errors import APIError

        with contextlib.suppress(APIError):
            self.maker.client.api.remove_image(self.name, noprune=True)

    def recipe(self, base: Base, **fields: object) -> Recipe:
        """The part of a recipe that is known before anything is resolved."""
        spec = self.pipeline.spec
        return Recipe(
            title=f"{spec.name} {spec.version}",
            digest=spec.digest,
            base=base.name,
            variables=tuple(sorted(public_arguments())),
            certificates=bool(self.maker.certificates),
            buildkit=self.maker.buildkit is not None,
            **fields,  # type: ignore[arg-type]
        )

    def bring_tools(self, machine: probe.Machine) -> None:
        """Put what the builder needs beside the Dockerfile: uv, and certificates."""
        if (self.context / "uv").exists():
            return
        pipeline = self.pipeline
        uv = tools.uv_for(machine, uv=pipeline.uv, places=pipeline.places, env=pipeline.env)
        link(uv, self.context / "uv")
        if self.maker.certificates and self.maker.buildkit is None:
            shutil.copyfile(self.maker.certificates, self.context / "certificates.crt")

    def machine(self, image: str) -> probe.Machine:
        """What an image runs on. Raises BuildFailed."""
        return probe.machine_of(
            self.maker.client,
            image,
            platform=self.maker.platform,
            build=self.pipeline.spec.id,
        )

    def _look(self, image: str, wanted: str | None) -> probe.InImage | None:
        return probe.find_python(
            self.maker.client,
            image,
            wanted,
            platform=self.maker.platform,
            build=self.pipeline.spec.id,
        )

    def _fetched(self, base: Base, wanted: str, other: probe.InImage | None) -> Ground:
        pipeline, machine = self.pipeline, self.machine(base.id)
        exact = _newest(wanted, machine, uv=pipeline.uv, env=pipeline.env)
        if exact is None:
            raise _missing(wanted, other, "uv knows of none that it could fetch either.")
        pipeline.voice.say(f"The base image has no Python {wanted}: uv fetches {exact} into it")
        self.bring_tools(machine)
        recipe = self.recipe(
            base, python="", python_version=exact, install_python=exact, kernel=False
        )
        try:
            image = self.stage(recipe)
        except ToolFailed as failed:
            causes = [one.text.strip() for one in failed.lines if "rror:" in one.text]
            why = causes[0] if causes else text_of(failed.lines)[-300:]
            raise _missing(wanted, other, f"uv could not fetch {exact}: {why}") from failed
        found = self._look(image, exact)
        if found is None:
            raise _missing(wanted, other, f"The one that uv fetched ({exact}) does not start.")
        return Ground(base=base, python=found, install_python=exact, python_image=image)


def in_image(pipeline: Pipeline, python: probe.InImage) -> pythons.Python:
    """The image's interpreter as uv is told of it: it runs one of this machine to resolve."""
    here = pythons.find(None, uv=pipeline.uv, directory=pipeline.places.pythons, env=pipeline.env)
    return msgspec.structs.replace(python.python, executable=here.executable)


def _newest(wanted: str, machine: probe.Machine, *, uv: str, env: Mapping[str, str]) -> str | None:
    """The newest Python like ``3.9`` that uv can fetch for a machine, such as ``3.9.25``."""
    kind = "musl" if machine.musl else "gnu"
    name = f"cpython-{wanted}-linux-{machine.name}-{kind}"
    code, lines = run(
        [uv, "python", "list", name, "--only-downloads", "--output-format", "json"], env=env
    )
    try:
        found = msgspec.json.decode(text_of(lines, "out"), type=list[dict[str, object]])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return str(found[0]["version"]) if code == 0 and found else None


def _missing(wanted: str | None, other: probe.InImage | None, more: str = "") -> BuildFailed:
    has = f"It has Python {other.python.version}." if other else "It has no Python at all."
    return BuildFailed(
        f"The base image has no Python {wanted or ''}".rstrip() + ".",
        code="python_missing",
        detail=f"{has} {more}".strip(),
        where="python",
        remedy="Choose a base image that has it"
        + (f", or Python {other.python.minor}" if other else "")
        + ", or ask for Python in the conda packages of this environment.",
    )
