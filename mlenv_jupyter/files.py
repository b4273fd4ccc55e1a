"""Files and directories on this machine as Definitions: the opening that ``formats`` leaves out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from mlenv_jupyter.core.errors import InvalidRequest, NotFound, TooLarge
from mlenv_jupyter.formats import Imported, decode_text, read_text
from mlenv_jupyter.formats.python_file import MAX_LENGTH, PYTHON_FILES

MAX_FILE = 5 * 1024 * 1024
"""Bytes of a file that are read."""

MAX_NAMES = 2000
_FOLDERS = ("binder", ".binder", "context")


def read_path(
    path: Path,
    *,
    form: str | None = None,
    extras: Collection[str] = (),
    groups: Collection[str] = (),
) -> Imported:
    """A file or directory as a Definition and a report; what it names is read beside it.

    Raises NotFound, TooLarge, InvalidRequest, InvalidDefinition.
    """
    if path.is_dir():
        from mlenv_jupyter.formats.directory import read_directory

        made = read_directory(
            names_in(path),
            _beside(path),
            form=form,
            extras=tuple(extras),
            groups=tuple(groups),
        )
        return _placed(made, path)
    made = read_text(
        path.name,
        text_of(path),
        _beside(path.parent),
        form=form,
        extras=tuple(extras),
        groups=tuple(groups),
    )
    return _placed(made, path.parent)


def text_of(file: Path) -> str:
    """A file's text; raises NotFound, TooLarge, InvalidRequest, InvalidDefinition."""
    try:
        with file.open("rb") as opened:
            if os.fstat(opened.fileno()).st_size > MAX_FILE:
                raise TooLarge(f"{file} is larger than 5 MB.", where=str(file))
            # A pipe or a device has no size: no more is read than there may be.
            data = opened.read(MAX_FILE + 1)
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.", where="file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidRequest(f"{file} cannot be read: {reason}.", where="file") from error
    if len(data) > MAX_FILE:
        raise TooLarge(f"{file} is larger than 5 MB.", where=str(file))
    return decode_text(data)


def names_in(directory: Path) -> tuple[str, ...]:
    """The files of a directory, and those of the folders that formats know, by their paths."""
    made: list[str] = []
    try:
        for place in (directory, *(directory / one for one in _FOLDERS)):
            if not place.is_dir():
                continue
            for entry in os.scandir(place):
                if entry.is_file() and len(made) < MAX_NAMES:
                    made.append(Path(entry.path).relative_to(directory).as_posix())
    except OSError as error:
        raise InvalidRequest(
            f"{directory} cannot be read: {error.strerror}.", where="directory"
        ) from error
    return tuple(sorted(made))


def python_beside(directory: Path) -> dict[str, str]:
    """How the files in a directory begin that say which Python it is for, by their names."""
    found = {}
    for name in PYTHON_FILES:
        place = directory / name
        with contextlib.suppress(OSError):
            if place.is_file():
                with place.open(encoding="utf-8", errors="replace") as file:
                    found[name] = file.read(MAX_LENGTH)
    return found


def _beside(directory: Path) -> Callable[[str], str | None]:
    def read(name: str) -> str | None:
        try:
            return text_of(directory / name)
        except NotFound:
            return None

    return read


def _placed(made: Imported, directory: Path) -> Imported:
    """With the place of a local build context from the root of this machine."""
    docker = made.definition.docker
    context = docker.build_context if docker else None
    if docker is None or context is None or context.location_type != "local":
        return made
    if "://" in context.location:
        return made
    place = (directory / context.location).resolve()
    change = msgspec.structs.replace
    docker = change(docker, build_context=change(context, location=str(place)))
    return change(made, definition=change(made.definition, docker=docker))
