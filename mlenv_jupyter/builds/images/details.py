"""What is known of a version's image: in the engine, in the registry, and in its record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mlenv_jupyter.builds.images.names import repository_of, tag_of
from mlenv_jupyter.core.errors import Unavailable

if TYPE_CHECKING:
    from mlenv_jupyter.store.store import Record


class ImageLayer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer: what made it, and its size in bytes."""

    created_by: str
    size: int


class ImageDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The image of a version. ``exists`` is whether the engine or the registry has it.

    ``image`` is its name, ``repository`` that without the tag, ``registry`` where it was pushed;
    ``python_path`` and ``environment_path`` are in the image; ``size`` is bytes. ``builder`` says
    what makes it, and why that.
    """

    exists: bool
    registry: str | None = None
    repository: str
    image: str
    builder: str = ""
    id: str | None = None
    pushed: str | None = None
    base: str | None = None
    platform: str | None = None
    dockerfile: str | None = None
    python_path: str | None = None
    environment_path: str | None = None
    size: int | None = None
    layers: tuple[ImageLayer, ...] = ()
    notes: tuple[str, ...] = ()


def image_details(
    digest: str,
    record: Record | None,
    place: Path | None,
    *,
    registry: str | None = None,
    builder: str = "",
) -> ImageDetails:
    """What is known of the image of a definition's digest.

    ``record`` and ``place`` are what the store has of it, None where it was never built here. An
    engine that does not answer is said in ``notes``.
    """
    if record is None or record.image is None:
        return ImageDetails(
            exists=False,
            registry=registry,
            repository=repository_of(digest),
            image=repository_of(digest),
            builder=builder,
        )
    image = record.image
    notes: tuple[str, ...] = ()
    found: dict[str, Any] | None = None
    layers: tuple[ImageLayer, ...] = ()
    try:
        found, layers = _inspect(image.id)
        if found is None:
            notes = (
                "The engine does not have it any more; building it again takes the layers "
                "that are still cached.",
            )
    except Unavailable as error:
        notes = (f"{error.message} {error.detail}".strip(),)
    text = place / "Dockerfile" if place else None
    return ImageDetails(
        exists=found is not None or image.pushed is not None,
        registry=image.pushed.partition("/")[0] if image.pushed else registry,
        repository=repository_of(digest),
        image=tag_of(digest, record.lock_digest),
        builder=builder,
        id=image.id,
        pushed=image.pushed,
        base=image.base,
        platform=image.platform,
        dockerfile=text.read_text(encoding="utf-8") if text and text.is_file() else None,
        python_path=image.interpreter,
        environment_path=image.environment,
        size=image.size,
        layers=layers,
        notes=notes,
    )


def is_there(record: Record | None) -> bool:
    """Whether the engine has the image of a record. Raises Unavailable without an engine."""
    return (
        record is not None and record.image is not None and _inspect(record.image.id)[0] is not None
    )


def _inspect(image: str) -> tuple[dict[str, Any] | None, tuple[ImageLayer, ...]]:
    from mlenv_jupyter.engine.connect import connect

    client = connect()
    from docker.errors import ImageNotFound

    try:
        found = client.api.inspect_image(image)
        history = client.api.history(image)
    except ImageNotFound:
        return None, ()
    finally:
        client.close()
    layers = tuple(
        ImageLayer(created_by=str(one.get("CreatedBy", "")), size=int(one.get("Size", 0)))
        for one in history
        if one.get("Size", 0)
    )
    return found, layers
