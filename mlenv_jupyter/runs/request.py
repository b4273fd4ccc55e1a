"""What a run is asked for, checked before anything is made of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlenv_jupyter.cluster import is_ray
from mlenv_jupyter.core.builder import form_of, in_form
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, NotFound
from mlenv_jupyter.core.run import RunRequest
from mlenv_jupyter.runs.ray import check_ray

if TYPE_CHECKING:
    from mlenv_jupyter.core.build import Form
    from mlenv_jupyter.core.definition import Definition

MAX_WORD = 128 * 1024 - 1
"""Bytes that Linux takes for one argument of a program."""


def check_target(request: RunRequest, definition: Definition) -> tuple[str, Form]:
    """Where it runs, and in which form of the version. Raises InvalidRequest, Conflict, …"""
    own = form_of(definition)
    target = request.target or ("docker" if own == "image" else "local")
    if is_ray(target):
        check_ray(target, definition, request.variables)
        return target, request.form or own
    if request.resources:
        raise InvalidRequest(
            "Resources are asked for of a Ray cluster only.",
            where="resources",
            remedy="Use compute_target='ray' or the address of a cluster.",
        )
    if target not in ("local", "docker"):
        raise InvalidRequest(
            f"There is no compute target {target[:80]!r}.",
            where="compute_target",
            remedy="Use 'local', 'docker' for a container of the environment's image, "
            "or 'ray' or the address of a Ray cluster.",
        )
    if (request.docker_arguments or request.shm_size) and target != "docker":
        raise InvalidRequest(
            "Arguments for a container are of no use without one.",
            where="docker_runtime_config",
            remedy="Set use_docker=True, or compute_target='docker'.",
        )
    form: Form = "image" if target == "docker" else "prefix"
    try:
        in_form(definition, form)
    except Conflict as error:
        if target == "docker":
            raise
        raise Conflict(
            f"It cannot run in a process of this machine. {error.message}",
            code=error.code,
            where="compute_target",
            remedy="Use compute_target='docker', which runs it in a container.",
        ) from error
    return target, form


def command_of(request: RunRequest) -> tuple[str, ...]:
    """The words of the command, a script's with ``python`` first.

    Raises InvalidRequest, NotFound where there is no such script.
    """
    for where, words in (("arguments", request.arguments), ("command", request.command)):
        for word in words:
            _check_word(word, where)
    if request.command and request.script:
        raise InvalidRequest("Name a script or a command, not both.", where="command")
    if request.command:
        return (*request.command, *request.arguments)
    if not request.script:
        raise InvalidRequest(
            "There is nothing to run.", where="script", remedy="Name a script or a command."
        )
    _check_word(request.script, "script")
    if not is_within(request.source_directory, request.script):
        raise NotFound(
            f"There is no {request.script!r} in {request.source_directory}.",
            where="script",
            remedy="The script is named by its path from source_directory.",
        )
    return ("python", request.script, *request.arguments)


def check_kept(request: RunRequest, snapshot: Path) -> None:
    """Raise InvalidRequest where the script is no part of its own snapshot."""
    if request.script and not os.path.lexists(snapshot / os.path.normpath(request.script)):
        raise InvalidRequest(
            f"{request.script} is left out of the sources.",
            where="script",
            remedy="Take it out of .amlignore or .gitignore, or out of outputs/ and logs/.",
        )


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise InvalidRequest for what is no text, or none that can be kept."""
    for name, value in tags.items():
        for one in (name, value):
            if not isinstance(one, str):
                raise InvalidRequest(
                    f"The tag {name!r} is not text.", where="tags", remedy="Put it in quotes."
                )
            _check_word(one, "tags")


def _check_word(word: str, where: str) -> None:
    try:
        size = len(word.encode())
    except UnicodeEncodeError:
        raise InvalidRequest(
            f"{word[:80]!r} is no text.", where=where, remedy="Use a name that is UTF-8."
        ) from None
    if "\0" in word or size > MAX_WORD:
        raise InvalidRequest(
            f"{word[:80]!r} cannot be passed to a process.",
            where=where,
            remedy="Remove NUL characters, and put what is longer than 128 kB into a file.",
        )


def is_within(directory: str, script: str) -> bool:
    """Whether a script is a file of a directory; a name that no file can have is none."""
    try:
        top = Path(directory).resolve()
        place = (top / script).resolve()
        return place.is_relative_to(top) and place.is_file()
    except (OSError, ValueError):
        return False
