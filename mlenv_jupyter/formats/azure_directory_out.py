"""A Definition as the seed system's environment directory, with the keys of azureml-core 1.61."""

from __future__ import annotations

from typing import Any

import msgspec

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.sections import DockerSection, ImageRegistry, SparkSection
from mlenv_jupyter.formats import conda_out
from mlenv_jupyter.formats.requirements_out import limits_file
from mlenv_jupyter.formats.written import Subject

JSON = "azureml_environment.json"
CONDA = "conda_dependencies.yml"
DOCKERFILE = "BaseDockerfile"

_HEAD = """\
# Conda environment specification. The dependencies defined in this file will
# be automatically provisioned for runs with userManagedDependencies=False.
"""
SHM_SIZE = "2g"
PLATFORM = "linux/amd64"
# What the seed writes for every environment.
DATABRICKS: dict[str, Any] = {
    "mavenLibraries": [],
    "pypiLibraries": [],
    "rcranLibraries": [],
    "jarLibraries": [],
    "eggLibraries": [],
}


def files(what: Subject) -> dict[str, str]:
    """The files of a directory, as ``written.py`` asks for them."""
    return write(what.name, what.version, what.definition)


def write(name: str, version: str | None, definition: Definition) -> dict[str, str]:
    """The files of a directory by name; what the seed has no key for is under ``mlenv``."""
    spark = definition.spark or SparkSection()
    data: dict[str, Any] = {
        "name": name,
        "version": version,
        "environmentVariables": dict(definition.variables),
        "python": {
            "userManagedDependencies": definition.user_managed_dependencies,
            "interpreterPath": definition.interpreter_path or "python",
            "condaDependenciesFile": definition.conda.dependencies_file,
            "baseCondaEnvironment": definition.conda.base_environment,
        },
        "docker": _docker(definition.docker or DockerSection()),
        "spark": {
            "repositories": spark.repositories,
            "packages": spark.packages,
            "precachePackages": spark.precache_packages,
        },
        "databricks": definition.databricks or DATABRICKS,
        "r": definition.r,
        "inferencingStackVersion": definition.inferencing_stack_version,
        "assetId": definition.asset_id,
    }
    own: dict[str, Any] = {}
    if definition.torch_backend:
        own["torchBackend"] = definition.torch_backend
    if definition.wheels:
        own["wheels"] = [msgspec.to_builtins(one) for one in definition.wheels]
    if definition.docker is not None:
        own |= _own_docker(definition.docker)
    if own:
        data["mlenv"] = own
    files = {CONDA: _conda(definition), **limits_file(definition)}
    if definition.docker is not None and definition.docker.dockerfile is not None:
        # As the seed does it: the text is in a file of its own, and the key is left out.
        del data["docker"]["baseDockerfile"]
        files[DOCKERFILE] = definition.docker.dockerfile
    files[JSON] = msgspec.json.format(msgspec.json.encode(data), indent=4).decode() + "\n"
    return files


def _docker(docker: DockerSection) -> dict[str, Any]:
    system, _, architecture = (docker.platform or PLATFORM).partition("/")
    registry = docker.base_image_registry or ImageRegistry()
    context = docker.build_context
    return {
        "enabled": docker.enabled,
        "baseImage": docker.base_image,
        "baseDockerfile": None,
        "buildContext": context
        and {
            "locationType": context.location_type,
            "location": context.location,
            "dockerfilePath": context.dockerfile_path,
        },
        "sharedVolumes": docker.shared_volumes,
        "shmSize": docker.shm_size or SHM_SIZE,
        "arguments": list(docker.arguments),
        "baseImageRegistry": {
            "address": registry.address,
            "username": registry.username,
            "password": registry.password,
            "registryIdentity": registry.identity,
        },
        "platform": {"os": system.capitalize(), "architecture": architecture or "amd64"},
    }


def _own_docker(docker: DockerSection) -> dict[str, Any]:
    context = docker.build_context
    return {
        **({"gpuSupport": True} if docker.gpu_support else {}),
        **({"buildContextSha256": context.sha256} if context and context.sha256 else {}),
    }


def _conda(definition: Definition) -> str:
    made = conda_out.as_mapping(
        msgspec.structs.replace(definition, variables={}), name="project_environment"
    )
    return _HEAD + conda_out.dump(made)
