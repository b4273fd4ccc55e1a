"""An Environment as a person edits it ⇄ the Definition that is registered."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import msgspec

from mlenv_jupyter.core import sections
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidDefinition
from mlenv_jupyter.sdk.checked import Variables, warn
from mlenv_jupyter.sdk.conda_dependencies import CondaDependencies
from mlenv_jupyter.sdk.docker import (
    SHM_SIZE,
    ContainerRegistry,
    DockerBuildContext,
    DockerImagePlatform,
    DockerSection,
    RegistryIdentity,
)
from mlenv_jupyter.sdk.files import beside
from mlenv_jupyter.sdk.lines import wheel_line, wheel_of
from mlenv_jupyter.sdk.other import DatabricksSection, RSection, SparkPackage, SparkSection
from mlenv_jupyter.sdk.python import INTERPRETER, PythonSection

if TYPE_CHECKING:
    from mlenv_jupyter.sdk.environment import Environment

PLATFORM = "linux/amd64"
OWN = "mlenv://"
"""How asset ids begin that mlenv gives; they say where, not what, and are not registered."""


def definition_of(environment: Environment, *, say: bool = False) -> Definition:
    """What is registered of an Environment as it is now. Raises InvalidDefinition.

    ``say`` warns of every line that is left out or has no effect.
    """
    python = environment.python
    arguments = _dependencies(python.conda_dependencies, say=say)
    arguments["variables"] = {**arguments["variables"], **environment.environment_variables}
    path = python.interpreter_path
    databricks = environment.databricks.as_json()
    return Definition.create(
        **arguments,
        user_managed_dependencies=python.user_managed_dependencies,
        interpreter_path=path if path != INTERPRETER else None,
        conda_dependencies_file=python.conda_dependencies_file,
        base_conda_environment=python.base_conda_environment,
        torch_backend=python.torch_backend,
        docker=_docker(environment.docker),
        spark=_spark(environment.spark),
        r=environment.r.as_json() if environment.r is not None else None,
        databricks=databricks if any(databricks.values()) else None,
        inferencing_stack_version=environment.inferencing_stack_version,
        asset_id=_foreign(environment.asset_id),
    )


def fill(environment: Environment, definition: Definition) -> None:
    """Give an Environment everything that a Definition has."""
    python = PythonSection(
        user_managed_dependencies=definition.user_managed_dependencies,
        interpreter_path=definition.interpreter_path or INTERPRETER,
        conda_dependencies=_conda_dependencies(definition),
        torch_backend=definition.torch_backend,
    )
    with warnings.catch_warnings():
        # What was registered was warned of then.
        warnings.simplefilter("ignore")
        python.conda_dependencies_file = definition.conda.dependencies_file
        python.base_conda_environment = definition.conda.base_environment
    environment.python = python
    environment.environment_variables = Variables(definition.variables)
    environment.docker = _docker_section(definition.docker or sections.DockerSection())
    environment.spark = _spark_section(definition.spark or sections.SparkSection())
    environment.r = RSection.from_json(definition.r) if definition.r is not None else None
    environment.databricks = DatabricksSection.from_json(definition.databricks or {})
    environment.inferencing_stack_version = definition.inferencing_stack_version
    environment.asset_id = definition.asset_id


def _dependencies(conda: CondaDependencies | None, *, say: bool) -> dict[str, Any]:
    """The arguments of ``Definition.create`` that a conda file comes to."""
    from mlenv_jupyter.formats.conda import CondaFile
    from mlenv_jupyter.formats.report import Notes
    from mlenv_jupyter.formats.yaml_file import Keys, load

    notes = Notes()
    if conda is None:
        return {"variables": {}}
    lines = [*conda.pip_packages, *conda.pip_options]
    wheels = [wheel for line in lines if (wheel := wheel_of(line))]
    plain = _without_wheels(conda)
    file = CondaFile(notes, beside(conda._directory), "conda_dependencies.yml")
    root = load(plain.serialize_to_string())
    if isinstance(root, Keys):
        file.read(root)
    if notes.errors:
        place = "python.conda_dependencies"
        raise InvalidDefinition(
            tuple(
                msgspec.structs.replace(one, where=f"{place} {one.where}".strip())
                for one in notes.errors
            )
        )
    arguments = file.arguments()
    if say:
        for one in notes.refused:
            warn(f"Left out: {one}")
        for one in notes.kept:
            warn(f"Kept, not honoured: {one}")
    arguments["wheels"] = wheels
    return arguments


def _without_wheels(conda: CondaDependencies) -> CondaDependencies:
    made = conda.copy()
    for line in list(made.pip_packages):
        if wheel_of(line):
            made.remove_pip_package(line)
    return made


def _conda_dependencies(definition: Definition) -> CondaDependencies:
    from mlenv_jupyter.formats.conda_out import as_mapping

    plain = msgspec.structs.replace(definition, variables={})
    data = as_mapping(plain, name="project_environment", limits=None)
    made = CondaDependencies(_underlying_structure=data)
    for one in definition.pip.constraints:
        # There is no file beside an object: `-c` with the limit itself is ours alone.
        made.set_pip_option(f"-c {one}")
    for wheel in definition.wheels:
        made.add_pip_package(wheel_line(wheel))
    return made


def _docker(docker: DockerSection) -> sections.DockerSection:
    registry = docker.base_image_registry
    platform = f"{docker.platform.os}/{docker.platform.architecture}".lower()
    made = sections.ImageRegistry(
        address=registry.address or None,
        username=registry.username or None,
        password=registry.password or None,
        identity=_identity(registry.registry_identity),
    )
    return sections.DockerSection(
        enabled=docker.enabled,
        base_image=docker.base_image,
        dockerfile=docker.base_dockerfile,
        build_context=_context(docker.build_context),
        base_image_registry=made if made != sections.ImageRegistry() else None,
        platform=platform if platform != PLATFORM else None,
        arguments=tuple(docker.arguments),
        shm_size=docker.shm_size if docker.shm_size != SHM_SIZE else None,
        shared_volumes=docker.shared_volumes,
        gpu_support=docker.gpu_support,
    )


def _context(context: DockerBuildContext | None) -> sections.BuildContext | None:
    if context is None:
        return None
    return sections.BuildContext(
        location=context.location or "",
        location_type=context.location_type,  # type: ignore[arg-type] # checked when it was set
        dockerfile_path=context.dockerfile_path,
        sha256=context.sha256,
    )


def _docker_section(docker: sections.DockerSection) -> DockerSection:
    system, _, architecture = (docker.platform or PLATFORM).partition("/")
    registry, context = docker.base_image_registry, docker.build_context
    return DockerSection(
        enabled=docker.enabled,
        base_image=docker.base_image,
        **({"base_dockerfile": docker.dockerfile} if docker.dockerfile else {}),
        build_context=context
        and DockerBuildContext(
            context.location_type, context.location, context.dockerfile_path, sha256=context.sha256
        ),
        base_image_registry=ContainerRegistry(
            address=registry and registry.address,
            username=registry and registry.username,
            password=registry and registry.password,
            registry_identity=registry
            and registry.identity
            and RegistryIdentity.from_json(registry.identity),
        ),
        platform=DockerImagePlatform(os=system.capitalize(), architecture=architecture),
        arguments=list(docker.arguments),
        shm_size=docker.shm_size or SHM_SIZE,
        shared_volumes=docker.shared_volumes,
        gpu_support=docker.gpu_support,
    )


def _identity(identity: RegistryIdentity | None) -> dict[str, str] | None:
    made = {key: one for key, one in (identity.as_json() if identity else {}).items() if one}
    return made or None


def _spark(spark: SparkSection) -> sections.SparkSection:
    return sections.SparkSection(
        repositories=tuple(spark.repositories),
        packages=tuple(
            sections.SparkPackage(
                group=one.group or "", artifact=one.artifact or "", version=one.version or ""
            )
            for one in spark.packages
        ),
        precache_packages=spark.precache_packages,
    )


def _spark_section(spark: sections.SparkSection) -> SparkSection:
    return SparkSection(
        repositories=list(spark.repositories),
        packages=[SparkPackage(one.group, one.artifact, one.version) for one in spark.packages],
        precache_packages=spark.precache_packages,
    )


def _foreign(asset_id: str | None) -> str | None:
    return None if asset_id and asset_id.startswith(OWN) else asset_id
