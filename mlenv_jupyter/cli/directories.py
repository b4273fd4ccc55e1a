"""``mlenv environment …``: environments as directories, in the seed system's own format."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlenv_jupyter.cli import environments
from mlenv_jupyter.cli.answers import show_registered
from mlenv_jupyter.cli.exchange import read_file, show_report
from mlenv_jupyter.cli.output import emit, note, say
from mlenv_jupyter.cli.session import REFERENCE, Session, common, verb
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, NotFound, Unavailable

if TYPE_CHECKING:
    from mlenv_jupyter.core.definition import Definition
    from mlenv_jupyter.formats import Imported

Pair = tuple[str, "str | None"]
DIRECTORY = click.option(
    "-d", "--directory", required=True, type=click.Path(path_type=Path), help="The directory."
)


@click.group("environment")
@common
def environment() -> None:
    """Environments as directories: scaffold, register, list, show, download."""


@verb("scaffold")
@click.option("-n", "--name", required=True)
@DIRECTORY
@click.option("--python", help="3.12, or 3.12.4; the Python that mlenv runs on if left out.")
def scaffold(session: Session, name: str, directory: Path, python: str | None) -> None:
    """Write the files of a new environment, to be edited and then registered."""
    from mlenv_jupyter.core.definition import Definition
    from mlenv_jupyter.core.names import check_name

    check_name(name)
    python = python or f"{sys.version_info.major}.{sys.version_info.minor}"
    _write(session, directory, name, None, Definition.create(python))
    if not session.json:
        note(f"Edit conda_dependencies.yml, then: mlenv environment register -d {directory}")


@verb("register")
@DIRECTORY
@click.option("-n", "--name", help="The environment's name; that in the files if left out.")
@click.option("-m", "--message", default="", help="What is new in this version.")
def register(session: Session, directory: Path, name: str | None, message: str) -> None:
    """Register a directory; a name that exists gets its next version."""
    read = read_directory(directory)
    name = name or read.name
    if name is None:
        raise InvalidRequest(
            f"{directory} does not say what the environment is called.",
            where="name",
            remedy="Give it a name with -n NAME.",
        )
    version, created = session.workspace.register(
        name, read.definition, message=message, version=read.version
    )
    if not session.json:
        show_report(read)
    show_registered(session, version, created)


@verb("download")
@click.option("-n", "--name", "reference", required=True, type=REFERENCE, metavar="NAME[:V]")
@click.option("-v", "--version", help="The newest if left out.")
@DIRECTORY
def download(session: Session, reference: Pair, version: str | None, directory: Path) -> None:
    """Write a registered version as a directory."""
    found = session.workspace.version(reference[0], version or reference[1])
    assert found.definition is not None
    _write(session, directory, found.name, found.version, found.definition)


def read_directory(directory: Path) -> Imported:
    """A directory as a definition and a report; raises NotFound, InvalidDefinition."""
    from mlenv_jupyter.formats.azure_directory_out import CONDA, JSON

    if not directory.is_dir():
        raise NotFound(f"There is no directory {directory}.", where="directory")
    for one in (JSON, CONDA):
        if (directory / one).exists():
            return read_file(directory / one)
    raise NotFound(
        f"{directory} has neither {JSON} nor {CONDA}.",
        where="directory",
        remedy="`mlenv environment scaffold -n NAME -d DIR` writes them.",
    )


def _write(
    session: Session, directory: Path, name: str, version: str | None, definition: Definition
) -> None:
    from mlenv_jupyter.formats import azure_directory_out as seed

    files: Mapping[str, str] = seed.write(name, version, definition)
    there = [one for one in files if (directory / one).exists()]
    if there:
        raise Conflict(
            f"{directory} has {there[0]} already.",
            where="directory",
            remedy="Choose a directory that is empty or not there.",
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for one, text in files.items():
            (directory / one).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unavailable(
            f"{error.filename or directory} cannot be written: {error.strerror}.",
            remedy="Choose another directory.",
        ) from error
    if session.json:
        emit({"name": name, "version": version, "files": [str(directory / one) for one in files]})
    else:
        for one in files:
            say(f"Wrote {directory / one}")


for one in (scaffold, register, environments.list_, environments.show, download):
    environment.add_command(one)
COMMANDS = (environment,)
