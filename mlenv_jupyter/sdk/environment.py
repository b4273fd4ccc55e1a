"""Environment: a name and what it is made of, as a person edits and registers it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets import Instance, Unicode

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidRequest, NotFound, Unavailable
from mlenv_jupyter.core.names import RESERVED_PREFIX, canonical_name, check_name, check_version
from mlenv_jupyter.sdk.builds import DockerImageDetails, EnvironmentBuild
from mlenv_jupyter.sdk.checked import Section, Variables, warn
from mlenv_jupyter.sdk.conda_dependencies import CondaDependencies
from mlenv_jupyter.sdk.convert import OWN, definition_of, fill
from mlenv_jupyter.sdk.docker import ContainerRegistry, DockerBuildContext, DockerSection
from mlenv_jupyter.sdk.files import text_of
from mlenv_jupyter.sdk.other import DatabricksSection, RSection, SparkSection
from mlenv_jupyter.sdk.python import PythonSection

if TYPE_CHECKING:
    from mlenv_jupyter.core.build import Form
    from mlenv_jupyter.core.version import Version
    from mlenv_jupyter.workspace import Workspace

PathLike = str | os.PathLike[str]


class Environment(Section):
    """A reproducible environment: Python, packages, image, variables.

    Editing one changes nothing that is registered; ``register`` takes a snapshot and makes the
    next version of it.
    """

    name = Unicode()
    version = Unicode(None, allow_none=True)
    python = Instance(PythonSection, ())
    docker = Instance(DockerSection, ())
    spark = Instance(SparkSection, ())
    databricks = Instance(DatabricksSection, ())
    environment_variables = Instance(Variables, ())
    inferencing_stack_version = Unicode(None, allow_none=True)
    r = Instance(RSection, allow_none=True)
    asset_id = Unicode(None, allow_none=True)

    def __init__(self, name: str, **given: Any) -> None:
        super().__init__(name=name, **given)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "name":
            check_name(value, own=False)
        elif name == "version" and value is not None:
            check_version(value)
        elif name == "environment_variables":
            value = Variables(value if value is not None else {})
        super().__setattr__(name, value)

    # What there is.

    @staticmethod
    def get(
        workspace: Workspace, name: str, version: str | None = None, label: str | None = None
    ) -> Environment:
        """A registered or curated environment, its newest version where none is named.

        Raises NotFound, InvalidRequest for both a version and a label.
        """
        if version and label:
            raise InvalidRequest("Name a version or a label, not both.", where="label")
        return _of_version(workspace.version(canonical_name(name), version or label))

    @staticmethod
    def list(workspace: Workspace) -> dict[str, Environment]:
        """The newest version of every environment, by name; curated ones too."""
        found = Environments()
        for one in workspace.catalogue():
            found[one.name] = _of_version(workspace.version(one.name))
        cursor = None
        while True:
            page = workspace.registry.environments.page(limit=200, cursor=cursor)
            for row in page.rows:
                found[row.name] = Environment.from_definition(
                    row.name, row.latest.definition, row.latest.version
                )
            cursor = page.next
            if cursor is None:
                return found

    @staticmethod
    def from_definition(
        name: str, definition: Definition, version: str | None = None
    ) -> Environment:
        """An Environment with everything that a Definition has."""
        made = Environment(name)
        fill(made, definition)
        made.version = version
        if version is not None and not made.asset_id:
            made.asset_id = f"{OWN}environments/{name}/versions/{version}"
        return made

    # From something else.

    @staticmethod
    def from_conda_specification(name: str, file_path: PathLike) -> Environment:
        """From conda's environment.yml."""
        made = Environment(name)
        made.python.conda_dependencies = CondaDependencies(file_path)
        return made

    @staticmethod
    def from_pip_requirements(
        name: str, file_path: PathLike, pip_version: str | None = None
    ) -> Environment:
        """From a requirements file; ``pip_version`` is asked of conda."""
        made = Environment(name)
        path = Path(file_path)
        dependencies = CondaDependencies()
        dependencies.set_pip_requirements(_logical_lines(text_of(path)))
        dependencies._directory = path.parent
        dependencies.add_conda_package(f"pip={pip_version}" if pip_version else "pip")
        made.python.conda_dependencies = dependencies
        return made

    @staticmethod
    def from_existing_conda_environment(name: str, conda_environment_name: str) -> Environment:
        """From a conda environment on this machine, by its name or directory.

        What somebody asked for, pinned to what is there; no conda is needed for it. Raises
        NotFound.
        """
        from mlenv_jupyter.sdk.existing import find_conda

        return Environment.from_existing_environment(name, find_conda(conda_environment_name))

    @staticmethod
    def from_existing_environment(name: str, path: PathLike | None = None) -> Environment:
        """From a venv, a conda environment or a Python; the running one where none is named.

        What somebody asked for, pinned to what is there; what cannot be made again is warned of.
        """
        from mlenv_jupyter.sdk.existing import read

        return Environment.from_definition(name, read(Path(path) if path else Path(sys.prefix)))

    @staticmethod
    def from_docker_image(
        name: str,
        image: str,
        container_registry: ContainerRegistry | None = None,
        conda_specification: PathLike | None = None,
        pip_requirements: PathLike | None = None,
    ) -> Environment:
        """On a base image; with a conda or requirements file for what goes on top of it."""
        made = _with_python(name, conda_specification, pip_requirements)
        made.docker.base_image = image
        if container_registry is not None:
            made.docker.base_image_registry = container_registry
        return made

    @staticmethod
    def from_dockerfile(
        name: str,
        dockerfile: Any,
        conda_specification: PathLike | None = None,
        pip_requirements: PathLike | None = None,
    ) -> Environment:
        """On a Dockerfile, as text, path or open file; more on top of it as with an image."""
        made = _with_python(name, conda_specification, pip_requirements)
        made.docker.base_dockerfile = dockerfile
        return made

    @staticmethod
    def from_docker_build_context(
        name: str, docker_build_context: DockerBuildContext
    ) -> Environment:
        """On an image that is built from a directory."""
        made = Environment(name)
        made.python.user_managed_dependencies = True
        made.docker.build_context = docker_build_context
        return made

    @staticmethod
    def load_from_directory(path: PathLike) -> Environment:
        """From a directory that ``save_to_directory``, or the seed, has written.

        Raises NotFound, InvalidDefinition; warns of what is left out.
        """
        from mlenv_jupyter.sdk.directory import load

        return load(Path(path))

    # What can be done with it.

    @property
    def definition(self) -> Definition:
        """What would be registered now. Raises InvalidDefinition."""
        return definition_of(self)

    def register(self, workspace: Workspace) -> Environment:
        """Register it as it is now; returns the version as an Environment of its own.

        The same again is the version that there is. Where ``version`` is set it is kept, unless
        there is one of that name with another content: then it is the next one, and says so.
        """
        return _of_version(self._registered(workspace))

    @staticmethod
    def label(workspace: Workspace, name: str, version: str, labels: Iterable[str]) -> None:
        """Have labels mean this version; one that meant another moves."""
        for one in labels:
            workspace.lifecycle.label(canonical_name(name), one, version)

    def clone(self, new_name: str) -> Environment:
        """A copy of another name, not registered."""
        check_name(new_name)
        made = Environment.from_definition(new_name, self.definition)
        dependencies = self.python.conda_dependencies
        if dependencies is not None:
            made.python.conda_dependencies = dependencies.copy()
        made.asset_id = None
        return made

    def save_to_directory(self, path: PathLike, overwrite: bool = False) -> None:
        """Write it as files that are easy to edit, and that the seed reads as well.

        Raises Conflict for a directory that is there, unless ``overwrite``. No password is
        written; a reference to one is.
        """
        from mlenv_jupyter.sdk.directory import save

        save(self, Path(path), overwrite=overwrite)

    def build(
        self,
        workspace: Workspace,
        image_build_compute: object = None,
        *,
        form: Form | None = None,
    ) -> EnvironmentBuild:
        """Build it, registered first where it is not; answers at once.

        ``form`` asks for a ``prefix`` or an ``image`` of the same version. Raises Unavailable, and
        Conflict where it cannot have that form.
        """
        del image_build_compute
        version = self._registered(workspace)
        build = workspace.build(version.name, version.version, form=form)
        return EnvironmentBuild(workspace, build)

    def build_local(
        self,
        workspace: Workspace,
        platform: str | None = None,
        *,
        useDocker: bool | None = None,  # noqa: N803 - the seed's own spelling
        pushImageToWorkspaceAcr: bool = False,  # noqa: N803
    ) -> EnvironmentBuild:
        """Build it and wait, its log on standard output.

        ``useDocker`` builds an image of it, or none where False, ``pushImageToWorkspaceAcr`` pushes
        it to the workspace's registry. Raises Unavailable where there is none, or no engine.
        """
        del platform
        if pushImageToWorkspaceAcr and not workspace.image_registry:
            raise Unavailable(
                "This workspace has no registry for images.",
                code="no_image_registry",
                where="pushImageToWorkspaceAcr",
                remedy="Set c.Workspace.image_registry, or MLENV_IMAGE_REGISTRY.",
            )
        form: Form | None = None if useDocker is None else "image" if useDocker else "prefix"
        version = self._registered(workspace)
        build = workspace.build(
            version.name, version.version, push=pushImageToWorkspaceAcr, form=form
        )
        return EnvironmentBuild(workspace, build).wait_for_completion(show_output=True)

    def get_image_details(self, workspace: Workspace) -> DockerImageDetails:
        """The image of the registered version, built or not: ``image_exist`` says so.

        Raises NotFound for one that is not registered, Conflict for one that can be no image.
        """
        version = workspace.version(canonical_name(self.name), self.version)
        return DockerImageDetails(workspace.image_details(version.name, version.version))

    @staticmethod
    def add_private_pip_wheel(
        workspace: Workspace, file_path: PathLike, exist_ok: bool = False
    ) -> str:
        """Put a wheel into the workspace; returns what ``add_pip_package`` takes for it.

        Kept by its content. Raises NotFound, InvalidRequest for what is no wheel, and Conflict
        for another content under a name that is there; the same again needs ``exist_ok``.
        """
        from mlenv_jupyter.sdk.lines import wheel_line

        return wheel_line(workspace.wheels.add(Path(file_path), exist_ok=exist_ok))

    def _registered(self, workspace: Workspace) -> Version:
        """The version of what it is now; a curated one that nobody has edited is there."""
        definition = definition_of(self, say=True)
        if self.name.lower().startswith(RESERVED_PREFIX):
            with contextlib.suppress(NotFound):
                curated = workspace.version(self.name)
                if curated.definition == definition:
                    return curated
        version, _ = workspace.register(check_name(self.name), definition, version=self.version)
        if self.version not in (None, version.version):
            warn(
                f"Version {self.version} of {self.name} is registered with another content, "
                f"which stays; this is version {version.version}."
            )
        return version

    def __str__(self) -> str:
        return f"Environment(Name: {self.name},\nVersion: {self.version})"

    def __repr__(self) -> str:
        from mlenv_jupyter.sdk.directory import as_json

        return as_json(self)


class Environments(dict[str, Environment]):
    """Environments by name; the seed's names of curated ones are understood."""

    def __missing__(self, name: str) -> Environment:
        other = canonical_name(name)
        if other == name:
            raise KeyError(name)
        return self[other]


def _of_version(version: Version) -> Environment:
    if version.definition is None:
        raise NotFound(f"{version.reference} has no definition.", where="version")
    return Environment.from_definition(version.name, version.definition, version.version)


def _with_python(
    name: str, conda_specification: PathLike | None, pip_requirements: PathLike | None
) -> Environment:
    if conda_specification and pip_requirements:
        raise InvalidRequest(
            "Name a conda specification or pip requirements, not both.",
            where="conda_specification",
            remedy="Put the pip requirements into the conda file.",
        )
    if conda_specification:
        return Environment.from_conda_specification(name, conda_specification)
    if pip_requirements:
        return Environment.from_pip_requirements(name, pip_requirements)
    made = Environment(name)
    made.python.user_managed_dependencies = True
    return made


def _logical_lines(text: str) -> Iterable[str]:
    from mlenv_jupyter.formats.piplines import lines

    return [line for _, line in lines(text)]
