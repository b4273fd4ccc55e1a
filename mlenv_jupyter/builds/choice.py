"""Which builder a Definition takes, why, and whether this machine has it."""

from __future__ import annotations

from urllib.parse import urlsplit

from mlenv_jupyter.builds.pipeline import Pipeline
from mlenv_jupyter.cluster import check_cluster, is_ray
from mlenv_jupyter.core.build import Form
from mlenv_jupyter.core.builder import form_of, in_form
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidRequest, Unavailable


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


def definition_in(definition: Definition, form: Form, base_image: str) -> Definition:
    """A Definition as this machine builds it in a form.

    Raises Conflict where it cannot have that form, Unavailable where this machine cannot make it:
    ``base_image`` is what the workspace builds on where a Definition names nothing.
    """
    made = in_form(definition, form)
    require_builder(made)
    if form != form_of(definition) and form == "image" and not base_image:
        raise no_base_image()
    return made


def no_base_image() -> Unavailable:
    """There is nothing to build an image on."""
    return Unavailable(
        "This environment names no base image, and the workspace has none.",
        code="no_base_image",
        where="docker.base_image",
        remedy="Name one, or set c.Workspace.base_image.",
    )


def require_builder(definition: Definition) -> None:
    """Raise Unavailable for a definition that takes a builder which is not here."""
    if definition.kind == "image":
        _require_images(definition)
        return
    if definition.kind == "conda" and not definition.user_managed_dependencies:
        from mlenv_jupyter.builds.conda.engine import require_rattler

        require_rattler()


def cluster_of(executor: str, definition: Definition, database: str) -> str:
    """The Ray cluster that a Definition is built on by ``c.Workspace.build_executor``; or empty.

    An image stays with its engine, and an interpreter of its own with its machine. Raises
    InvalidRequest, Unavailable.
    """
    where = "c.Workspace.build_executor"
    if executor == "local" or definition.kind == "image" or definition.user_managed_dependencies:
        return ""
    if not is_ray(executor):
        raise InvalidRequest(
            f"There is no build executor {executor[:80]!r}.",
            where=where,
            remedy="Use 'local', 'ray', or the address of a Ray cluster.",
        )
    check_cluster(executor, where)
    if urlsplit(database).password:
        raise InvalidRequest(
            "The registry's address has a password, which cannot be sent to a Ray cluster.",
            where="c.Workspace.database",
            remedy="Leave it out, and have it in a file that PGPASSFILE names on every node.",
        )
    return executor


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
