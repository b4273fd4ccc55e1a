"""A definition's own Dockerfile or build context: where it is, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mlenv_jupyter.builds.images.builder import secrets_of
from mlenv_jupyter.core.errors import BuildFailed, Unavailable
from mlenv_jupyter.core.sections import BuildContext, DockerSection

if TYPE_CHECKING:
    from mlenv_jupyter.builds.images.maker import Maker


def context_directory(context: BuildContext) -> Path:
    """The directory of a local build context. Raises BuildFailed where it is not there."""
    parts = urlsplit(context.location)
    text = unquote(parts.path) if parts.scheme == "file" else context.location
    place = Path(text).expanduser()
    if not place.is_dir():
        raise BuildFailed(
            f"The build context {context.location} is not on this machine.",
            code="no_build_context",
            where="docker.build_context",
            remedy="Bring the directory here, or register the environment with where it is.",
        )
    return place.absolute()


def read_dockerfile(context: BuildContext) -> str:
    """The Dockerfile of a local build context. Raises BuildFailed where there is none."""
    path = context_directory(context) / context.dockerfile_path
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BuildFailed(
            f"There is no {context.dockerfile_path} in the build context.",
            code="no_dockerfile",
            detail=f"{error}",
            where="docker.build_context",
            remedy="Name it by its path from the context's root.",
        ) from error


def place_of(context: BuildContext) -> Path | str:
    """What a builder is given: a directory, or a repository's address. Raises Unavailable."""
    if context.location_type == "local":
        return context_directory(context)
    if context.location_type == "git":
        return context.location
    raise Unavailable(
        "A build context in a storage account cannot be fetched.",
        code="no_build_context",
        where="docker.build_context",
        remedy="Download it, and name the directory.",
    )


def make_own(
    docker: DockerSection, maker: Maker, work: Path, tag: str, secret: Callable[[str], str]
) -> None:
    """Build the image of a definition's own Dockerfile or build context.

    Raises MlenvError, ToolFailed.
    """
    given, text = docker.build_context, docker.dockerfile or ""
    place: Path | str = work / "own"
    if given is None:
        Path(place).mkdir()
        Path(place, "Dockerfile").write_text(text)
    else:
        place = place_of(given)
        text = read_dockerfile(given) if isinstance(place, Path) else ""
    wanted = secrets_of(text)
    maker.require_buildkit(wanted, "The Dockerfile of this environment mounts secrets")
    maker.make(
        place,
        tag,
        dockerfile=given.dockerfile_path if given else "Dockerfile",
        secrets={name: secret(name) for name in wanted},
    )
