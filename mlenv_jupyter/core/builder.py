"""What builds a Definition, and why: what pipelines are chosen by, in words."""

from __future__ import annotations

from typing import NamedTuple

from mlenv_jupyter.core.definition import Definition


class Builder(NamedTuple):
    """What builds a Definition (``rattler, then uv``), what comes of it, and why this one."""

    name: str
    makes: str
    why: str

    def __str__(self) -> str:
        return f"{self.makes}, by {self.name}: {self.why}"


def builder_of(definition: Definition) -> Builder:
    """The builder that a Definition takes."""
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
