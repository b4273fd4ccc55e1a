"""Which builder a Definition takes, why, and whether this machine has it."""

from __future__ import annotations

from mlenv_jupyter.builds.pipeline import Pipeline
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Unavailable


def pipeline_of(definition: Definition) -> type[Pipeline]:
    """The Pipeline that builds a Definition; only what it needs is imported.

    Raises Unavailable where there is none, or where what it needs is not installed.
    """
    require_builder(definition)
    if definition.kind == "image":
        from mlenv_jupyter.builds.images.pipeline import ImagePipeline

        return ImagePipeline
    if definition.user_managed_dependencies:
        from mlenv_jupyter.builds.user_managed import UserManagedPipeline

        return UserManagedPipeline
    if definition.kind == "conda":
        from mlenv_jupyter.builds.conda.pipeline import CondaPipeline

        return CondaPipeline
    from mlenv_jupyter.builds.pip import PipPipeline

    return PipPipeline


def require_builder(definition: Definition) -> None:
    """Raise Unavailable for a definition that takes a builder which is not here."""
    if definition.kind == "image":
        _require_images(definition)
        return
    if definition.kind == "conda" and not definition.user_managed_dependencies:
        from mlenv_jupyter.builds.conda.engine import require_rattler

        require_rattler()


def _require_images(definition: Definition) -> None:
    from importlib.util import find_spec

    if find_spec("docker") is None:
        raise Unavailable(
            "This environment is an image, and the docker package is not installed.",
            code="no_docker_package",
            where="docker",
            remedy="Install it: pip install 'mlenv-jupyter[docker]'.",
        )
    if definition.conda.packages and not definition.user_managed_dependencies:
        from mlenv_jupyter.builds.conda.engine import require_rattler

        require_rattler()
