"""The formats that mlenv writes: a Definition, and where it is locked what it resolved to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.core.lock import LockedPackage
from mlenv_jupyter.core.universal import UniversalLock
from mlenv_jupyter.core.version import Version


class Subject(NamedTuple):
    """What is written. ``packages`` are what it came to here, ``lock`` on all platforms.

    ``addresses`` has where an index has each file, by sha256; only a pylock.toml needs them.
    """

    definition: Definition
    name: str = ""
    version: str | None = None
    packages: Sequence[LockedPackage] | None = None
    lock: UniversalLock | None = None
    addresses: Mapping[str, str] = MappingProxyType({})


class Export(NamedTuple):
    """One format: its file's name after the environment's, its media type, and who writes it.

    ``writer`` is ``module:function`` in this package: ``(Subject) -> {file name: text}``.
    """

    name: str
    suffix: str
    media: str
    writer: str
    about: str


EXPORTS = {
    one.name: one
    for one in (
        Export(
            *("requirements", ".txt", "text/plain", "requirements_out:files"),
            "pip; pinned to what it resolved to, if it is locked",
        ),
        Export(
            *("requirements-unpinned", ".in", "text/plain", "requirements_out:unpinned"),
            "pip; as it was asked for",
        ),
        Export(
            *("requirements-hashed", ".txt", "text/plain", "requirements_out:hashed"),
            "pip; pinned, with the hash of every file",
        ),
        Export("conda", ".yml", "application/yaml", "conda_out:files", "environment.yml"),
        Export("pixi", ".toml", "application/toml", "pixi_out:files", "pixi.toml"),
        Export("pylock", ".toml", "application/toml", "pylock:files", "pylock.toml (PEP 751)"),
        Export("script", ".py", "text/x-python", "script:files", "a PEP 723 block for a script"),
        Export(
            *("dockerfile", ".Dockerfile", "text/plain", "dockerfile_out:files"),
            "a Dockerfile that builds the same without mlenv",
        ),
        Export(
            *("devcontainer", ".zip", "application/zip", "dockerfile_out:devcontainer"),
            "a .devcontainer folder",
        ),
        Export(
            *("azureml", ".zip", "application/zip", "azure_directory_out:files"),
            "an Azure ML environment directory",
        ),
        Export("sbom", ".cdx.json", "application/json", "sbom:files", "CycloneDX 1.6"),
        Export("json", ".json", "application/json", "json_file:files", "mlenv's own, without loss"),
    )
}
"""By name, in the order in which they are offered."""


def subject(version: Version) -> Subject:
    """What is known of a version without asking the registry further."""
    return Subject(
        definition=version.definition or Definition(),
        name=version.name,
        version=version.version,
        packages=version.packages,
    )


def write_files(form: str, what: Subject) -> dict[str, str]:
    """The files of a format, by their paths. Raises InvalidRequest for one that is not there.

    Raises Conflict where it needs a lock and there is none.
    """
    found = EXPORTS.get(form)
    if found is None:
        raise InvalidRequest(
            f"{form!r} is not a format that mlenv writes.",
            where="format",
            remedy=f"Use {', '.join(EXPORTS)}.",
        )
    module, _, function = found.writer.partition(":")
    made: dict[str, str] = getattr(import_module(f"mlenv_jupyter.formats.{module}"), function)(what)
    return made


def write(form: str, version: Version) -> str:
    """A version as one file that other tools read; see ``write_files``."""
    return _only(form, write_files(form, subject(version)))


def write_definition(
    form: str,
    definition: Definition,
    *,
    name: str = "",
    packages: Sequence[LockedPackage] | None = None,
) -> str:
    """A Definition as one file; ``requirements`` is pinned where ``packages`` are known."""
    return _only(form, write_files(form, Subject(definition, name, packages=packages)))


def _only(form: str, files: dict[str, str]) -> str:
    if len(files) != 1:
        raise InvalidRequest(
            f"{form} has more than one file.", where="format", remedy="Write it to a directory."
        )
    return next(iter(files.values()))
