"""Pull and push of images, layer by layer, with the bytes of each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mlenv_jupyter.core.errors import MlenvError, NotFound, Unavailable
from mlenv_jupyter.core.redact import redact

if TYPE_CHECKING:
    from docker import DockerClient

    from mlenv_jupyter.engine.credentials import Login

# What the engine says of a layer when nothing more is to do for it.
ENDED = frozenset(
    ("Pull complete", "Already exists", "Pushed", "Layer already exists", "Mounted from")
)
DENIED = ("unauthorized", "authentication required", "denied", "no basic auth", "forbidden")
MISSING = ("not found", "manifest unknown", "does not exist", "no such image", "name unknown")


class Moved(NamedTuple):
    """How far a transfer is: layers, and bytes of those whose size is known by now."""

    layers_done: int
    layers: int
    bytes_done: int
    bytes_total: int


Say = Callable[[str], None]
Sink = Callable[[Moved], None]


def pull(
    client: DockerClient,
    image: str,
    *,
    platform: str | None = None,
    login: Login | None = None,
    say: Say,
    on_moved: Sink,
) -> None:
    """Pull ``repository[:tag|@digest]``. Raises NotFound, Unavailable."""
    repository, tag = split_image(image)
    with _engine_errors("pulled", image):
        stream = client.api.pull(
            repository,
            tag=tag,
            stream=True,
            decode=True,
            auth_config=dict(login) if login else None,
            platform=platform,
        )
        _follow(stream, image, "pulled", say, on_moved)


def push(
    client: DockerClient, image: str, *, login: Login | None = None, say: Say, on_moved: Sink
) -> str | None:
    """Push ``repository:tag``; the digest that it has there. Raises NotFound, Unavailable."""
    repository, tag = split_image(image)
    with _engine_errors("pushed", image):
        stream = client.api.push(
            repository,
            tag=tag,
            stream=True,
            decode=True,
            auth_config=dict(login) if login else None,
        )
        return _follow(stream, image, "pushed", say, on_moved)


def split_image(image: str) -> tuple[str, str]:
    """``(repository, tag)``; the tag is ``latest`` where there is none, or ``sha256:…``."""
    if "@" in image:
        repository, _, digest = image.partition("@")
        return repository, digest
    repository, colon, tag = image.rpartition(":")
    return (image, "latest") if not colon or "/" in tag else (repository, tag)


def _follow(
    stream: Iterable[Mapping[str, Any]], image: str, word: str, say: Say, on_moved: Sink
) -> str | None:
    layers: dict[str, tuple[int, int, bool]] = {}
    pushed = None
    for event in stream:
        if "error" in event:
            raise failure(image, word, str(event["error"]))
        status, layer = str(event.get("status", "")), str(event.get("id", ""))
        pushed = event.get("aux", {}).get("Digest", pushed)
        detail = event.get("progressDetail") or {}
        # Other lines have an id too (the tag, with «Pulling from …»): a layer's is twelve hex.
        if len(layer) != 12 or status.startswith(("Pulling from", "Waiting")):
            if status.startswith(("Digest:", "Status:")):
                say(status)
            continue
        done, total, ended = layers.get(layer, (0, 0, False))
        if status in ("Downloading", "Pushing") and detail.get("total"):
            total = int(detail["total"])
            done = min(int(detail.get("current", 0)), total)
        if any(status.startswith(one) for one in ENDED) and not ended:
            done, ended = total, True
            size = f" ({total / 1e6:.1f} MB)" if total else ""
            say(f"{layer}: {status}{size}")
        layers[layer] = (done, total, ended)
        on_moved(
            Moved(
                sum(one[2] for one in layers.values()),
                len(layers),
                sum(one[0] for one in layers.values()),
                sum(one[1] for one in layers.values()),
            )
        )
    return pushed


def failure(image: str, word: str, said: str) -> MlenvError:
    """What the engine or a registry said, as an error that a person can act on."""
    said = redact(said).strip().rstrip(".")
    low = said.lower()
    if any(one in low for one in DENIED):
        return Unavailable(
            f"{image} could not be {word}: its registry refused it.",
            code="registry_denied",
            detail=f"{said}.",
            where=image,
            remedy="Check the name; log in with `docker login`, or name the registry's user and "
            "password as secret references.",
        )
    if any(one in low for one in MISSING):
        return NotFound(
            f"There is no image {image}.",
            code="image_missing",
            detail=f"{said}.",
            where=image,
            remedy="Check its name and tag, and that its registry can be reached.",
        )
    return Unavailable(
        f"{image} could not be {word}.",
        code="registry_unreachable",
        detail=f"{said}.",
        where=image,
        remedy="Check the registry's address and the network, then try again.",
    )


@contextlib.contextmanager
def _engine_errors(word: str, image: str) -> Iterator[None]:
    """Errors of the SDK become ours."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except APIError as error:
        raise failure(image, word, str(error.explanation or error)) from error
    except (DockerException, RequestException) as error:
        raise failure(image, word, str(error)) from error
