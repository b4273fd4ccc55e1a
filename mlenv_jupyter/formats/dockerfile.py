"""Dockerfiles in: kept as they are, with what they need said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mlenv_jupyter.core.redact import redact
from mlenv_jupyter.core.sections import BuildContext, DockerSection
from mlenv_jupyter.formats.conda import TEMPLATE
from mlenv_jupyter.formats.outcome import finish
from mlenv_jupyter.formats.report import Imported, Notes, ReadFile, invalid
from mlenv_jupyter.formats.variables import looks_secret
from mlenv_jupyter.formats.wanted import Wanted

_WORDS = {
    *("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"),
    *("MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
}
_DIRECTIVE = re.compile(r"#\s*(syntax|escape|check)\s*=\s*(.+)", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)([A-Za-z_][A-Za-z0-9_]*)\1")
_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}|\{%[^%]*%\}")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(\"[^\"]*\"|'[^']*'|\S*)")
_OWN = re.compile(r"--from=|<<")
_GO = re.compile(r"\{\{\s*(?:\.|json|index|range|if|end)[^{}]*\}\}")


class Instruction(NamedTuple):
    """One instruction, its lines put together; ``line`` is the first one."""

    line: int
    word: str
    rest: str


def read(text: str, _read: ReadFile | None = None, filename: str = "") -> Imported:
    """A Dockerfile: the whole text. Raises InvalidDefinition, with ``where`` as ``line N``."""
    notes = Notes()
    base = check(text, notes, in_context=False)
    notes.raise_faults()
    notes.take(f"Dockerfile on {base}" if base else "Dockerfile")
    docker = DockerSection(dockerfile=text)
    return finish("dockerfile", Wanted(), notes, docker=docker, user_managed_dependencies=True)


def read_context(text: str, location: str, path: str, notes: Notes) -> DockerSection:
    """The section of a directory with a Dockerfile in it."""
    base = check(text, notes, in_context=True, where=path)
    notes.take(f"build context {location} with {path}{f' on {base}' if base else ''}")
    return DockerSection(build_context=BuildContext(location=location, dockerfile_path=path))


def check(text: str, notes: Notes, *, in_context: bool, where: str = "") -> str:
    """Say what is wrong with a Dockerfile, and what it needs; the base image of its last stage."""
    notes = notes.inside(where) if where else notes
    found = list(instructions(text))
    if not found:
        raise invalid(0, "The Dockerfile has no instructions.", remedy="Begin with FROM.")
    base, stages = "", set[str]()
    for one in found:
        if _TEMPLATE.search(_GO.sub("", one.rest)) and one.word in ("FROM", "ARG", "ENV", "COPY"):
            notes.fault(
                one.line,
                f"{one.word} {one.rest[:200]} is part of a template.",
                remedy=TEMPLATE,
                code="template",
            )
        elif one.word not in _WORDS:
            notes.fault(
                one.line,
                f"{one.word[:80]!r} is no instruction of a Dockerfile.",
                remedy="Check the line above it for a missing backslash.",
                code="invalid_file",
            )
        elif one.word == "FROM":
            words = [word for word in one.rest.split() if not word.startswith("--")]
            base = words[0] if words else ""
            if len(words) == 3 and words[1].upper() == "AS":
                stages.add(words[2])
        _secret(one, notes)
        if one.word in ("COPY", "ADD") and not in_context and not _OWN.search(one.rest):
            notes.keep(
                one.line,
                f"{one.word} {one.rest[:120]} needs files: import the directory to have them.",
            )
    first = next((one for one in found if one.word not in ("ARG",)), found[0])
    if first.word != "FROM":
        notes.fault(
            first.line,
            "The Dockerfile does not begin with FROM.",
            remedy="Name the image that it is built on.",
            code="invalid_file",
        )
    return base


def _secret(one: Instruction, notes: Notes) -> None:
    said = ""
    if one.word in ("ENV", "ARG"):
        for name, value in _ASSIGNED.findall(one.rest):
            value = value.strip("\"'")
            if value and not value.startswith("$") and looks_secret(name, value):
                said = f"The value of {name}"
    elif "://" in one.rest and any(
        redact(word) != word for word in one.rest.split() if "://" in word and "$" not in word
    ):
        said = "An address"
    if said:
        notes.fault(
            one.line,
            f"{said} in {one.word} looks like a secret, which would be stored with every version.",
            remedy="Take it from a build secret: RUN --mount=type=secret,id=NAME …",
            code="secret_in_clear",
        )


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions: continued lines joined, comments and here-documents passed over."""
    escape = "\\"
    lines = text.splitlines()
    number = 0
    while number < len(lines) and (found := _DIRECTIVE.match(lines[number].strip())):
        if found[1].lower() == "escape":
            escape = found[2].strip()[:1]
        number += 1
    while number < len(lines):
        line, first = lines[number].strip(), number + 1
        number += 1
        if not line or line.startswith("#"):
            continue
        parts = [line]
        while parts[-1].endswith(escape) and number < len(lines):
            parts[-1] = parts[-1].removesuffix(escape)
            # A comment or an empty line inside of an instruction does not end it.
            while number < len(lines) and (
                not lines[number].strip() or lines[number].lstrip().startswith("#")
            ):
                number += 1
            if number < len(lines):
                parts.append(lines[number].strip())
                number += 1
        joined = " ".join(part.strip() for part in parts)
        word, _, rest = joined.partition(" ")
        word = word.upper()
        for _, end in _HEREDOC.findall(rest) if word in ("RUN", "COPY", "ADD") else ():
            while number < len(lines) and lines[number].strip("\t ") != end:
                number += 1
            number += 1
        yield Instruction(first, word, rest.strip())
