"""What an image is called, what its labels say, and which variables its build is to see."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING

from mlenv_jupyter.builds.images.builder import secrets_of
from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.engine.connect import VARIABLES
from mlenv_jupyter.engine.credentials import variables_in

if TYPE_CHECKING:
    from mlenv_jupyter.builds.spec import BuildSpec

REPOSITORY = "mlenv/mlenv_"
DOCKERFILE = "mlenv.dockerfile"
"""The label with the Dockerfile; given to the builder, or it would have to be in itself."""
OCI = "org.opencontainers.image."


def repository_of(digest: str) -> str:
    """``mlenv/mlenv_<digest[:32]>``: the name of a definition's image (design.md, Identity)."""
    return REPOSITORY + digest[:32]


def tag_of(digest: str, lock_digest: str) -> str:
    """The name with the tag of one lock, so that a refreshed version does not take its place."""
    return f"{repository_of(digest)}:{lock_digest[:16]}"


def labels_of(spec: BuildSpec, lock_digest: str, base: str) -> dict[str, str]:
    """OCI annotations, and what mlenv finds an image by."""
    repository, at, base_digest = base.rpartition("@")
    named = {f"{OCI}base.name": repository, f"{OCI}base.digest": base_digest}
    return {
        f"{OCI}title": spec.name,
        f"{OCI}version": spec.version,
        f"{OCI}vendor": "mlenv",
        **(named if at and repository != "definition" else {}),
        "mlenv.name": spec.name,
        "mlenv.version": spec.version,
        "mlenv.digest": spec.digest,
        "mlenv.lock-digest": lock_digest,
    }


def packed(dockerfile: str) -> str:
    """A Dockerfile as the text of a label: who pulls an image still sees how it was made."""
    return base64.b64encode(zlib.compress(dockerfile.encode(), 9)).decode()


def unpacked(label: str | None) -> str | None:
    """The Dockerfile in a label; None where there is none that can be read."""
    try:
        return zlib.decompress(base64.b64decode(label or "", validate=True)).decode()
    except (ValueError, zlib.error):
        return None


def variables_of(spec: BuildSpec) -> set[str]:
    """The variables that the build of an image sees beside those of every build."""
    docker = spec.definition.docker
    if docker is None:
        return set()
    registry = docker.base_image_registry
    wanted = set(VARIABLES)
    wanted |= variables_in(spec.images.username, spec.images.password)
    if registry is not None:
        wanted |= variables_in(registry.username, registry.password)
    text = docker.dockerfile or ""
    context = docker.build_context
    if context is not None and context.location_type == "local":
        from mlenv_jupyter.builds.images.own import read_dockerfile

        try:
            text = read_dockerfile(context)
        except MlenvError:
            text = ""  # the build says so
    return wanted | secrets_of(text)
