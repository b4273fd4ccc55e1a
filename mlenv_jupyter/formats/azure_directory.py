"""The seed system's environment directory, with the keys of azureml-core 1.61.

``azureml_environment.json``, ``conda_dependencies.yml`` and ``BaseDockerfile``. A password is
read and written only as a reference, such as ``${secret:NAME}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from mlenv_jupyter.core.checks import REFERENCE
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.sections import (
    DEFAULT_DOCKERFILE,
    BuildContext,
    DockerSection,
    ImageRegistry,
    SparkPackage,
    SparkSection,
    Wheel,
)
from mlenv_jupyter.formats import conda, conda_out
from mlenv_jupyter.formats.azure_directory_out import (
    CONDA,
    DATABRICKS,
    DOCKERFILE,
    JSON,
    PLATFORM,
    SHM_SIZE,
)
from mlenv_jupyter.formats.json_file import decode
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, check_size, invalid
from mlenv_jupyter.formats.requirements import describe
from mlenv_jupyter.formats.variables import add_variable
from mlenv_jupyter.formats.version import kept_version
from mlenv_jupyter.formats.yaml_file import Keys, load

_CONTEXT_TYPES = {"git": "git", "storageaccount": "storageAccount"}
T = TypeVar("T")


def read(files: Mapping[str, str]) -> Imported:
    """A directory, as its files' texts by name. Raises InvalidDefinition, TooLarge."""
    texts = {name: check_size(text, name) for name, text in files.items()}
    if JSON in texts:
        return read_json(texts[JSON], texts.get)
    if CONDA in texts:
        return conda.read(texts[CONDA], texts.get, CONDA)
    raise invalid(JSON, f"There is no {JSON} in the directory.")


def read_json(text: str, read_file: ReadFile | None = None, _filename: str = JSON) -> Imported:
    """The JSON file; ``read_file`` gives the texts of the files beside it."""
    reader = _Reader(decode(text), read_file or (lambda _: None))
    reader.fill()
    reader.notes.raise_faults()
    definition = Definition.create(**reader.arguments())
    describe(definition, reader.notes)
    return Imported(
        format="azureml",
        name=reader.name,
        version=reader.version,
        definition=definition,
        report=reader.notes.report(),
        problems=tuple(reader.notes.problems),
    )


class _Reader:
    """Collects the sections of the JSON file; the place of what is wrong is the path of its key."""

    def __init__(self, data: dict[str, Any], read_file: ReadFile) -> None:
        self.data = data
        self.read_file = read_file
        self.notes = Notes()
        self.conda = conda.CondaFile(self.notes, read_file, CONDA)
        self.name: str | None = None
        self.version: str | None = None
        self.made: dict[str, Any] = {}

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``Definition.create``."""
        made = {**self.conda.arguments(), **self.made}
        # The JSON's variables win; those of the conda file are conda's own way to have some.
        made["variables"] = {**self.conda.variables, **self.made["variables"]}
        return made

    def fill(self) -> None:
        """Read everything."""
        data = self.data
        self.name = self.value(data, "name", str, "") or None
        self.version = kept_version(self.value(data, "version", str, ""), "version", self.notes)
        self.made["variables"] = self.variables(
            self.value(data, "environmentVariables", dict, "") or {}
        )
        self.python(self.value(data, "python", dict, "") or {})
        own = self.value(data, "mlenv", dict, "") or {}
        self.made["docker"] = self.docker(self.value(data, "docker", dict, "") or {}, own)
        self.made["spark"] = self.spark(self.value(data, "spark", dict, "") or {})
        self.kept()
        self.made["torch_backend"] = self.value(own, "torchBackend", str, "mlenv.")
        self.made["wheels"] = self.list_of(own, "wheels", Wheel, "mlenv.", "a name and a sha256")
        for key, value in data.items():
            if key not in _READ and value not in (None, [], {}):
                self.notes.keep(key[:80], "no key that mlenv knows.")

    def kept(self) -> None:
        """What means nothing to mlenv, and is written again as it came."""
        databricks = self.value(self.data, "databricks", dict, "")
        for key, name, value in (
            ("databricks", "databricks", databricks if databricks != DATABRICKS else None),
            ("r", "r", self.value(self.data, "r", dict, "")),
            (
                "inferencingStackVersion",
                "inferencing_stack_version",
                self.value(self.data, "inferencingStackVersion", str, ""),
            ),
            ("assetId", "asset_id", self.value(self.data, "assetId", str, "")),
        ):
            self.made[name] = value
            if value:
                self.notes.keep(key, "kept in the definition, not honoured.")

    def variables(self, given: dict[str, Any]) -> dict[str, str]:
        made: dict[str, str] = {}
        for name, value in given.items():
            add_variable(name, value, f"environmentVariables.{name[:80]}", made, self.notes)
        return made

    def python(self, python: dict[str, Any]) -> None:
        self.made["user_managed_dependencies"] = bool(
            self.value(python, "userManagedDependencies", bool, "python.")
        )
        path = self.value(python, "interpreterPath", str, "python.")
        self.made["interpreter_path"] = path if path not in (None, "", "python") else None
        for key, name in (
            ("baseCondaEnvironment", "base_conda_environment"),
            ("condaDependenciesFile", "conda_dependencies_file"),
        ):
            self.made[name] = self.value(python, key, str, "python.")
            if self.made[name]:
                self.notes.keep(f"python.{key}", "kept in the definition, not honoured.")
        inline = self.value(python, "condaDependencies", dict, "python.")
        text = self.read_file(CONDA) if inline is None else conda_out.dump(inline)
        if text is None:
            self.notes.refuse(CONDA, "It is not here.", "Import the whole directory, or that file.")
            return
        root = load(text)
        if isinstance(root, Keys):
            self.conda.read(root)
        else:
            self.notes.fault(CONDA, "The file is no conda environment.", code="invalid_file")

    def docker(self, docker: dict[str, Any], own: dict[str, Any]) -> DockerSection | None:
        platform = self.platform(self.value(docker, "platform", dict, "docker.") or {})
        size = self.value(docker, "shmSize", str, "docker.")
        shared = self.value(docker, "sharedVolumes", bool, "docker.")
        section = DockerSection(
            enabled=bool(self.value(docker, "enabled", bool, "docker.")),
            base_image=self.value(docker, "baseImage", str, "docker.") or None,
            dockerfile=self.value(docker, "baseDockerfile", str, "docker.")
            or self.read_file(DOCKERFILE)
            or None,
            build_context=self.context(docker.get("buildContext"), own),
            base_image_registry=self.registry(
                self.value(docker, "baseImageRegistry", dict, "docker.") or {}
            ),
            platform=platform if platform != PLATFORM else None,
            arguments=tuple(self.list_of(docker, "arguments", str, "docker.", "text")),
            shm_size=size if size not in (None, "", SHM_SIZE) else None,
            shared_volumes=shared is not False,
            gpu_support=bool(self.value(own, "gpuSupport", bool, "mlenv.")),
        )
        if section.base_image and (section.dockerfile or section.build_context):
            # Where a file has both, the seed takes what its own setters take: the later one.
            self.notes.keep("docker.baseImage", f"{section.base_image}, not used beside the other.")
            section = msgspec.structs.replace(section, base_image=None)
        if section.base_image:
            self.notes.keep("docker.baseImage", f"{section.image}, kept in the definition.")
        if section.dockerfile:
            self.notes.keep("docker.baseDockerfile", "kept in the definition.")
        return section if section != DockerSection() else None

    def registry(self, given: dict[str, Any]) -> ImageRegistry | None:
        where = "docker.baseImageRegistry."
        password = self.value(given, "password", str, where)
        if password and not REFERENCE.fullmatch(password):
            self.notes.keep(
                f"{where}password",
                "a password is not taken. Log in to the registry where builds run, or write "
                "${secret:NAME} in its place.",
            )
            password = None
        identity = self.value(given, "registryIdentity", dict, where)
        if identity:
            self.notes.keep(f"{where}registryIdentity", "kept in the definition, not honoured.")
        made = ImageRegistry(
            address=self.value(given, "address", str, where) or None,
            username=self.value(given, "username", str, where) or None,
            password=password or None,
            identity={key: str(one) for key, one in identity.items()} if identity else None,
        )
        return made if made != ImageRegistry() else None

    def context(self, given: Any, own: dict[str, Any]) -> BuildContext | None:
        where = "docker.buildContext."
        if not given:
            return None
        if isinstance(given, str):
            given = {"location": given}
        if not isinstance(given, dict):
            self.notes.fault("docker.buildContext", "The build context is not an object.")
            return None
        location = self.value(given, "location", str, where)
        kind = self.value(given, "locationType", str, where) or "local"
        path = self.value(given, "dockerfilePath", str, where)
        if not location:
            return None
        return BuildContext(
            location=location,
            location_type=_CONTEXT_TYPES.get(kind.lower(), "local"),  # type: ignore[arg-type]
            dockerfile_path=path or DEFAULT_DOCKERFILE,
            sha256=self.value(own, "buildContextSha256", str, "mlenv."),
        )

    def spark(self, given: dict[str, Any]) -> SparkSection | None:
        what = "a group, an artifact and a version"
        precache = self.value(given, "precachePackages", bool, "spark.")
        section = SparkSection(
            repositories=tuple(self.list_of(given, "repositories", str, "spark.", "text")),
            packages=tuple(self.list_of(given, "packages", SparkPackage, "spark.", what)),
            precache_packages=precache is not False,
        )
        if section == SparkSection():
            return None
        self.notes.keep("spark", "kept in the definition.")
        return section

    def platform(self, platform: dict[str, Any]) -> str:
        system = self.value(platform, "os", str, "docker.platform.") or "Linux"
        architecture = self.value(platform, "architecture", str, "docker.platform.") or "amd64"
        return f"{system}/{architecture}".lower()

    def list_of(
        self, data: dict[str, Any], key: str, kind: type[T], before: str, what: str
    ) -> list[T]:
        """The values of a list, if each is of its kind; says what is wrong otherwise."""
        given = self.value(data, key, list, before) or []
        try:
            return msgspec.convert(given, list[kind])  # type: ignore[valid-type]
        except msgspec.ValidationError:
            self.notes.fault(f"{before}{key}", f"A value of {key} is not {what}.")
            return []

    def value(self, data: dict[str, Any], key: str, kind: type[T], before: str) -> T | None:
        """The value of a key, if it is of its kind; says what is wrong otherwise."""
        found = data.get(key)
        if found is None or isinstance(found, kind):
            return found
        self.notes.fault(f"{before}{key}", f"The value of {key} is not {_WORDS[kind]}.")
        return None


_READ = (
    *("name", "version", "environmentVariables", "python", "docker", "spark", "mlenv"),
    *("databricks", "r", "inferencingStackVersion", "assetId"),
)
_WORDS: dict[type, str] = {
    str: "text",
    dict: "an object",
    list: "a list",
    bool: "true or false",
}
