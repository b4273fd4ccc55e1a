"""What builds a Definition, in which form, and why: what pipelines are chosen by, in words."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from mlenv_jupyter.core.build import Form
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.core.sections import DockerSection


class Builder(NamedTuple):
    """What builds a Definition (``rattler, then uv``), what comes of it, and why this one."""

    name: str
    makes: str
    why: str

    def __str__(self) -> str:
        return f"{self.makes}, by {self.name}: {self.why}"


def form_of(definition: Definition) -> Form:
    """What comes of a Definition unless the other form is asked for."""
    return "image" if definition.kind == "image" else "prefix"


def in_form(definition: Definition, form: Form) -> Definition:
    """A Definition as it is built in a form; the Version keeps its own, and its digest.

    Raises Conflict where it cannot have that form.
    """
    if form_of(definition) == form:
        return definition
    docker = definition.docker
    if form == "image":
        if definition.user_managed_dependencies:
            raise _impossible(
                "Its packages are managed by you on this machine, so there is nothing to put into "
                "an image.",
                "Name its packages, or a base image that has them.",
            )
        enabled = msgspec.structs.replace(docker or DockerSection(), enabled=True)
        return msgspec.structs.replace(definition, docker=enabled)
    if docker is not None and (docker.dockerfile or docker.build_context):
        raise _impossible(
            "It is made by a Dockerfile of its own, which only an image can be built from.",
            "Build it as an image.",
        )
    if definition.user_managed_dependencies:
        raise _impossible(
            "Its packages are those of its base image, and they are nowhere else.",
            "Build it as an image, or name the packages.",
        )
    return msgspec.structs.replace(definition, docker=None)


def builder_of(definition: Definition, form: Form | None = None) -> Builder:
    """The builder that a Definition takes, in its own form or another. Raises Conflict."""
    if form is not None and form != form_of(definition):
        return builder_of(in_form(definition, form))._replace(why="if it is asked for")
    conda, pip = definition.conda.packages, definition.pip.requirements
    if definition.kind == "image":
        name = "the container engine"
        if conda and not definition.user_managed_dependencies:
            name = "rattler and the container engine"
        return Builder(name, "an image", "it has a base image or a Dockerfile")
    if definition.user_managed_dependencies:
        return Builder("nobody", "a record", "its packages are managed by you")
    if conda:
        asked = "1 conda package is" if len(conda) == 1 else f"{len(conda)} conda packages are"
        name = "rattler, then uv" if pip or definition.wheels else "rattler"
        return Builder(name, "a prefix", f"{asked} asked for")
    return Builder("uv", "a prefix", "only pip packages are asked for")


def asked_for(definition: Definition, form: Form) -> str:
    """What a build says first where it makes the other form than a Definition's own."""
    if form_of(definition) == form:
        return ""
    if form == "image":
        return "Built as an image, since that was asked for"
    base = definition.docker.image if definition.docker else None
    apart = f": what {base} has besides Python's packages is not in it" if base else ""
    return f"Built as a prefix, since that was asked for{apart}"


def _impossible(message: str, remedy: str) -> Conflict:
    return Conflict(message, code="other_form", where="form", remedy=remedy)
