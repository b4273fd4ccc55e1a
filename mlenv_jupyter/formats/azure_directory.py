"""The seed system's environment directory, with the keys of azureml-core 1.61.

``azureml_environment.json``, ``conda_dependencies.yml`` and ``BaseDockerfile``. Passwords are
neither read nor written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from mlenv_jupyter.core.definition import (
    Definition,
    DockerSection,
    Wheel,
    check_variables,
)
from mlenv_jupyter.formats import conda, conda_out
from mlenv_jupyter.formats.json_file import decode
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, check_size, invalid
from mlenv_jupyter.formats.requirements import describe
from mlenv_jupyter.formats.yaml_file import Keys, load

JSON = "azureml_environment.json"
CONDA = "conda_dependencies.yml"
DOCKERFILE = "BaseDockerfile"

_HEAD = """\
# Conda environment specification. The dependencies defined in this file will
# be automatically provisioned for runs with userManagedDependencies=False.
"""
_SHM_SIZE = "2g"
_PLATFORM = "linux/amd64"
# What the seed writes for every environment, and what means nothing here.
_IGNORED: dict[str, Any] = {
    "version": None,
    "inferencingStackVersion": None,
    "assetId": None,
    "r": None,
    "spark": {"repositories": [], "packages": [], "precachePackages": True},
    "databricks": {
        "mavenLibraries": [],
        "pypiLibraries": [],
        "rcranLibraries": [],
        "jarLibraries": [],
        "eggLibraries": [],
    },
}
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


def write(name: str, version: str | None, definition: Definition) -> dict[str, str]:
    """The files of a directory by name; what the seed has no key for is under ``mlenv``."""
    docker = definition.docker or DockerSection()
    system, _, architecture = (docker.platform or _PLATFORM).partition("/")
    data: dict[str, Any] = {
        "name": name,
        "version": version,
        "environmentVariables": dict(definition.variables),
        "python": {
            "userManagedDependencies": definition.user_managed_dependencies,
            "interpreterPath": definition.interpreter_path or "python",
            "condaDependenciesFile": None,
            "baseCondaEnvironment": None,
        },
        "docker": {
            "enabled": False,
            "baseImage": docker.base_image,
            "baseDockerfile": None,
            "buildContext": docker.build_context,
            "sharedVolumes": True,
            "shmSize": docker.shm_size or _SHM_SIZE,
            "arguments": list(docker.arguments),
            "baseImageRegistry": {
                "address": None,
                "username": None,
                "password": None,
                "registryIdentity": None,
            },
            "platform": {"os": system.capitalize(), "architecture": architecture or "amd64"},
        },
        "spark": _IGNORED["spark"],
        "databricks": _IGNORED["databricks"],
        "r": None,
        "inferencingStackVersion": None,
        "assetId": None,
    }
    own: dict[str, Any] = {}
    if definition.torch_backend:
        own["torchBackend"] = definition.torch_backend
    if definition.wheels:
        own["wheels"] = [msgspec.to_builtins(one) for one in definition.wheels]
    if own:
        data["mlenv"] = own
    files = {CONDA: _conda(definition)}
    if docker.dockerfile is not None:
        # As the seed does it: the text is in a file of its own, and the key is left out.
        del data["docker"]["baseDockerfile"]
        files[DOCKERFILE] = docker.dockerfile
    files[JSON] = msgspec.json.format(msgspec.json.encode(data), indent=4).decode() + "\n"
    return files


def _conda(definition: Definition) -> str:
    made = conda_out.as_mapping(
        msgspec.structs.replace(definition, variables={}), name="project_environment"
    )
    return _HEAD + conda_out.dump(made)


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
        self.version = self.value(data, "version", str, "") or None
        self.made["variables"] = self.variables(
            self.value(data, "environmentVariables", dict, "") or {}
        )
        self.python(self.value(data, "python", dict, "") or {})
        self.made["docker"] = self.docker(self.value(data, "docker", dict, "") or {})
        own = self.value(data, "mlenv", dict, "") or {}
        self.made["torch_backend"] = self.value(own, "torchBackend", str, "mlenv.")
        self.made["wheels"] = self.wheels(self.value(own, "wheels", list, "mlenv.") or [])
        for key, value in data.items():
            if key not in _READ and value != _IGNORED.get(key) and value not in (None, [], {}):
                self.notes.keep(key[:80], "not honoured.")

    def variables(self, given: dict[str, Any]) -> dict[str, str]:
        made = {}
        for name, value in given.items():
            if not self.notes.adopt(
                check_variables({name: value}), f"environmentVariables.{name[:80]}"
            ):
                made[name] = value
                self.notes.take(f"variable {name}")
        return made

    def python(self, python: dict[str, Any]) -> None:
        self.made["user_managed_dependencies"] = bool(
            self.value(python, "userManagedDependencies", bool, "python.")
        )
        path = self.value(python, "interpreterPath", str, "python.")
        self.made["interpreter_path"] = path if path not in (None, "", "python") else None
        for key in ("baseCondaEnvironment", "condaDependenciesFile"):
            if python.get(key):
                self.notes.keep(f"python.{key}", "not honoured.")
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

    def docker(self, docker: dict[str, Any]) -> DockerSection | None:
        image = self.value(docker, "baseImage", str, "docker.")
        registry = self.value(docker, "baseImageRegistry", dict, "docker.") or {}
        address = self.value(registry, "address", str, "docker.baseImageRegistry.")
        if image and address and not image.startswith(f"{address}/"):
            image = f"{address}/{image.lstrip('/')}"
        if any(registry.get(key) for key in ("username", "password", "registryIdentity")):
            self.notes.keep(
                "docker.baseImageRegistry",
                "who logs in, and how, is not taken. Log in to the registry where builds run.",
            )
        context = docker.get("buildContext")
        if isinstance(context, dict):
            self.notes.keep("docker.buildContext", "only its location is taken.")
            context = context.get("location")
        platform = self.platform(self.value(docker, "platform", dict, "docker.") or {})
        size = self.value(docker, "shmSize", str, "docker.")
        arguments = self.value(docker, "arguments", list, "docker.") or []
        section = DockerSection(
            base_image=image or None,
            dockerfile=self.value(docker, "baseDockerfile", str, "docker.")
            or self.read_file(DOCKERFILE)
            or None,
            build_context=context if isinstance(context, str) and context else None,
            platform=platform if platform != _PLATFORM else None,
            arguments=tuple(map(str, arguments)),
            shm_size=size if size != _SHM_SIZE else None,
        )
        if section.base_image:
            self.notes.keep("docker.baseImage", f"{image}, kept in the definition.")
        if section.dockerfile:
            self.notes.keep("docker.baseDockerfile", "kept in the definition.")
        return section if section != DockerSection() else None

    def platform(self, platform: dict[str, Any]) -> str:
        system = self.value(platform, "os", str, "docker.platform.") or "Linux"
        architecture = self.value(platform, "architecture", str, "docker.platform.") or "amd64"
        return f"{system}/{architecture}".lower()

    def wheels(self, given: list[Any]) -> list[Wheel]:
        try:
            return msgspec.convert(given, list[Wheel])
        except msgspec.ValidationError:
            self.notes.fault("mlenv.wheels", "A wheel is not a name and a sha256.")
            return []

    def value(self, data: dict[str, Any], key: str, kind: type[T], before: str) -> T | None:
        """The value of a key, if it is of its kind; says what is wrong otherwise."""
        found = data.get(key)
        if found is None or isinstance(found, kind):
            return found
        self.notes.fault(f"{before}{key}", f"The value of {key} is not {_WORDS[kind]}.")
        return None


_READ = ("name", "version", "environmentVariables", "python", "docker", "mlenv")
_WORDS: dict[type, str] = {
    str: "text",
    dict: "an object",
    list: "a list",
    bool: "true or false",
}
