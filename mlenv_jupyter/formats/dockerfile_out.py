"""A Definition as a Dockerfile that builds the same without mlenv, and as a dev container."""

from __future__ import annotations

import re
import shlex

import msgspec

from mlenv_jupyter.core.checks import REFERENCE
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.formats.conda_out import as_mapping, dump
from mlenv_jupyter.formats.requirements_out import (
    hashed_lines,
    option_lines,
    requirement_lines,
)
from mlenv_jupyter.formats.written import Subject

FILE = "Dockerfile"
_CONDA_IMAGE = "mambaorg/micromamba:2"
_PYTHON_IMAGE = "python"
_LIMITS = "/tmp/constraints.txt"  # noqa: S108


def files(what: Subject) -> dict[str, str]:
    """The Dockerfile; needs no files beside it, and no BuildKit.

    Packages are pinned with hashes where it is locked. Raises Conflict for what only mlenv has:
    private wheels, and a build context of which the files are elsewhere.
    """
    return {FILE: text(what)}


def text(what: Subject) -> str:
    """The text of it."""
    definition = what.definition
    docker = definition.docker
    if definition.wheels:
        raise Conflict(
            f"{definition.wheels[0].name} is a private wheel, which no Dockerfile can name.",
            code="not_portable",
            where="wheels",
            remedy="Export it as json, or put the wheel on an index.",
        )
    if definition.user_managed_dependencies and not (docker is not None and docker.base):
        raise Conflict(
            f"It is {definition.interpreter_path or 'a Python'} of one machine as it is.",
            code="not_portable",
            where="user_managed_dependencies",
            remedy="Make it reproducible with `mlenv adopt`, and export that.",
        )
    if docker is not None and docker.build_context is not None:
        raise Conflict(
            f"It is built from the files in {docker.build_context.location}.",
            code="not_portable",
            where="docker.build_context",
            remedy="Take the Dockerfile that is there.",
        )
    if docker is not None and docker.dockerfile is not None:
        body = docker.dockerfile
        if definition.user_managed_dependencies and not definition.variables:
            return body
        parts = [body.rstrip("\n"), ""]
        base = None
    else:
        base = docker.image if docker is not None else None
        parts = _head(what)
    parts += [f"# not in this image: {one}" for one in definition.pip.options]
    if definition.user_managed_dependencies:
        parts += [f"FROM {base}"] if base else []
    elif definition.conda.packages or definition.kind == "conda":
        parts += _conda(definition, base, what.name)
    else:
        parts += _pip(what, base, fresh=docker is None or docker.dockerfile is None)
    return "\n".join([*parts, *_variables(definition)]) + "\n"


def devcontainer(what: Subject) -> dict[str, str]:
    """``.devcontainer/``: the Dockerfile, and how editors open it."""
    definition = what.definition
    docker = definition.docker
    data = {
        "name": what.name or "environment",
        "build": {"dockerfile": FILE},
        **({"runArgs": list(docker.arguments)} if docker and docker.arguments else {}),
        "customizations": {"vscode": {"extensions": ["ms-python.python", "ms-toolsai.jupyter"]}},
    }
    made = msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n"
    return {".devcontainer/devcontainer.json": made, f".devcontainer/{FILE}": text(what)}


def _head(what: Subject) -> list[str]:
    named = f"{what.name}{f':{what.version}' if what.version else ''}"
    return [f"# {named}, as mlenv would build it."] if what.name else []


def _pip(what: Subject, base: str | None, *, fresh: bool) -> list[str]:
    definition = what.definition
    python = definition.python or ""
    parts = []
    if fresh:
        image = f"{_PYTHON_IMAGE}:{python}-slim" if python else f"{_PYTHON_IMAGE}:3-slim"
        parts.append(f"FROM {base or image}")
    lines = option_lines(definition, limits=None, kept=False)
    locked = what.lock is not None and all(one.files for one in what.lock.packages)
    if locked:
        assert what.lock is not None
        made = [one.replace(" \\\n    ", " ") for one in hashed_lines(what.lock)]
    else:
        made = requirement_lines(definition)
        if definition.pip.constraints and made:
            parts.append(_file(_LIMITS, list(definition.pip.constraints)))
            lines.append(f"-c {_LIMITS}")
    flags = ["--no-cache-dir", *(["--require-hashes", "--no-deps"] if locked and made else [])]
    secrets = sorted({name for line in lines for name in REFERENCE.findall(line)})
    if secrets:
        parts += [
            f"# {', '.join(secrets)}: pass them as build secrets; pip reads them from a .netrc.",
        ]
        lines = [
            REFERENCE.sub("", line).replace("://:@", "://").replace("://@", "://") for line in lines
        ]
    if made:
        parts += [
            _file("/tmp/requirements.txt", [*lines, *made]),  # noqa: S108
            f"RUN python -m pip install {' '.join(flags)} -r /tmp/requirements.txt \\",
            "    && rm /tmp/requirements.txt",
        ]
    return parts


def _conda(definition: Definition, base: str | None, name: str) -> list[str]:
    plain = msgspec.structs.replace(definition, variables={})
    mapping = as_mapping(plain, limits=_LIMITS, kept=False)
    limits = (
        [_file(_LIMITS, list(definition.pip.constraints))] if definition.pip.constraints else []
    )
    made = dump(mapping).rstrip("\n").split("\n")
    where = "/tmp/environment.yml"  # noqa: S108
    if base:
        return [
            f"FROM {_CONDA_IMAGE} AS environment",
            *limits,
            _file(where, made),
            f"RUN micromamba create -y -p /opt/environment -f {where} && micromamba clean -ay",
            f"FROM {base}",
            "COPY --from=environment /opt/environment /opt/environment",
            "ENV PATH=/opt/environment/bin:$PATH",
        ]
    del name
    return [
        f"FROM {_CONDA_IMAGE}",
        *limits,
        _file(where, made),
        f"RUN micromamba install -y -n base -f {where} && micromamba clean -ay",
        "ENV PATH=/opt/conda/bin:$PATH",
    ]


def _file(path: str, lines: list[str]) -> str:
    """A file out of the Dockerfile itself, as the classic builder has no here-documents."""
    quoted = " \\\n    ".join(shlex.quote(one) for one in lines)
    return f"RUN printf '%s\\n' \\\n    {quoted} \\\n    > {path}"


def _variables(definition: Definition) -> list[str]:
    made = []
    for name, value in definition.variables.items():
        if REFERENCE.search(value):
            made.append(f"# {name} is a secret: pass it when a container starts, -e {name}")
        elif "\n" in value:
            made.append(f"# {name} has more than one line: pass it when a container starts.")
        else:
            escaped = re.sub(r'(["\\$])', r"\\\1", value)
            made.append(f'ENV {name}="{escaped}"')
    return made
