"""Connecting to the container engine that DOCKER_HOST or docker's own context names."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.process import run, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient

VARIABLES = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_BUILDKIT",
    "BUILDX_BUILDER",
    "BUILDX_CONFIG",
    "XDG_RUNTIME_DIR",
    "SSH_AUTH_SOCK",
)
"""What tells docker's programs and SDK where the engine is."""

STREAM_TIMEOUT = 3600
"""Seconds of silence after which a long action is given up."""

START = "Start it, or set DOCKER_HOST to one that runs; everything else of mlenv works without."


def connect(*, timeout: float = 20) -> DockerClient:
    """A client of the engine, which has answered.

    Raises Unavailable where the docker package or the engine is missing.
    """
    try:
        import docker
        from docker.errors import DockerException, TLSParameterError
    except ImportError:
        raise Unavailable(
            "Images need the docker package, which is not installed.",
            code="no_docker_package",
            remedy="Install it: pip install 'mlenv-jupyter[docker]'.",
        ) from None
    place = host()
    try:
        if place is None or os.environ.get("DOCKER_HOST"):
            client = docker.from_env(timeout=timeout, use_ssh_client=True)
        else:
            client = docker.DockerClient(base_url=place, timeout=timeout, use_ssh_client=True)
        client.ping()
    except (DockerException, TLSParameterError, OSError, ValueError) as error:
        raise Unavailable(
            "The container engine does not answer.",
            code="no_engine",
            detail=f"{_reason(error)}.",
            where=_shown(place),
            remedy=START,
        ) from error
    # Pulls, pushes and builds may be silent for long.
    client.api.timeout = STREAM_TIMEOUT
    return client


def host() -> str | None:
    """The engine's address: DOCKER_HOST, else that of docker's context; None for the default."""
    told = os.environ.get("DOCKER_HOST")
    if told:
        return told
    try:
        from docker.context import ContextAPI
        from docker.errors import DockerException

        try:
            context = ContextAPI.get_current_context()
            found = context.Host if context is not None else None
        except (DockerException, OSError, ValueError, KeyError):
            return None
    except ImportError:
        return None
    return str(found) if found else None


def is_remote(place: str | None = None) -> bool:
    """Whether the engine is reached over a network: it need not see this machine's files."""
    address = place or host() or ""
    parts = urlsplit(address)
    return parts.scheme in ("ssh", "tcp", "http", "https")


def find_buildkit(environment: Mapping[str, str]) -> list[str] | None:
    """The argv that builds with BuildKit, or None where this machine's docker client has none.

    Since version 23 the client needs its buildx plugin for that; before, it could do it itself.
    """
    seen = set()
    for directory in environment.get("PATH", os.defpath).split(os.pathsep):
        found = shutil.which("docker", path=directory) if directory else None
        if found is None or os.path.realpath(found) in seen:
            continue
        seen.add(os.path.realpath(found))
        try:
            code, lines = run([found, "buildx", "version"], env=environment)
            if code == 0 and "buildx" in text_of(lines, "out"):
                return [found, "buildx", "build", "--load"]
            code, lines = run([found, "--version"], env=environment)
        except OSError:
            continue
        words = text_of(lines, "out").removeprefix("Docker version ").split(".")
        if code == 0 and len(words) > 1 and words[0].isdigit() and (18, 9) < _pair(words) < (23, 0):
            return [found, "build"]
    return None


def _pair(words: list[str]) -> tuple[int, int]:
    return int(words[0]), int(words[1]) if words[1].isdigit() else 0


def _reason(error: BaseException) -> str:
    # The SDK wraps the reason several times over, each with the text of the next in it.
    root = error
    while root.__cause__ or root.__context__:
        root = root.__cause__ or root.__context__ or root
    text = str(root) or type(root).__name__
    return text.strip().rstrip(".")


def _shown(place: str | None) -> str:
    if not place:
        return "the default socket"
    parts = urlsplit(place)
    return place if not parts.username else place.replace(f"{parts.username}@", "", 1)
