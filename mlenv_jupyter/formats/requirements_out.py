"""A Definition as a requirements file: as it was asked for, pinned, or pinned with hashes."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.requirements import Requirement

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.core.lock import LockedPackage
from mlenv_jupyter.core.requirements import name_of
from mlenv_jupyter.core.universal import UniversalLock, UniversalPackage
from mlenv_jupyter.formats.written import Subject

FILE = "requirements.txt"
LIMITS = "constraints.txt"


def option_lines(
    definition: Definition, *, limits: str | None = LIMITS, kept: bool = True
) -> list[str]:
    """The index settings of a Definition, as pip takes them.

    ``limits`` is where its file of constraints is; ``kept`` puts in what mlenv does not honour.
    """
    pip = definition.pip
    return [
        *([f"--index-url {pip.index_url}"] if pip.index_url else []),
        *(f"--extra-index-url {one}" for one in pip.extra_index_urls),
        *(f"--find-links {one}" for one in pip.find_links),
        *(f"--no-binary {one}" for one in pip.no_binary),
        *(f"--only-binary {one}" for one in pip.only_binary),
        *(["--pre"] if pip.pre else []),
        *([f"-c {limits}"] if pip.constraints and limits else []),
        *(pip.options if kept else ()),
    ]


def requirement_lines(definition: Definition) -> list[str]:
    """The requirements as they were asked for, with the hashes that were asked for."""
    hashes = definition.pip.hashes
    return [
        " ".join((line, *(f"--hash={one}" for one in hashes.get(name_of(line), ()))))
        for line in definition.pip.requirements
    ]


def limits_file(definition: Definition) -> dict[str, str]:
    """The file that limits what is not asked for, where there are limits."""
    limits = definition.pip.constraints
    return {LIMITS: "".join(f"{one}\n" for one in limits)} if limits else {}


def files(what: Subject) -> dict[str, str]:
    """The file; each package pinned, with who asked for it, where ``packages`` are known."""
    if what.packages is None or what.definition.kind != "pip":
        return unpinned(what)
    return _file(what, _pinned(what.definition, what.packages), limits=None)


def unpinned(what: Subject) -> dict[str, str]:
    """The file, as it was asked for."""
    return _file(what, requirement_lines(what.definition))


def hashed(what: Subject) -> dict[str, str]:
    """The file with the hashes of every file of every package, for all platforms.

    Raises Conflict where it is not locked, or a package has no file with a hash.
    """
    lock = what.lock
    if lock is None:
        raise Conflict(
            f"{what.name or 'It'} is not locked, so there are no hashes.",
            code="not_locked",
            where="format",
            remedy="Build it first, or export it as requirements-unpinned.",
        )
    return _file(what, hashed_lines(lock), exact=True)


def hashed_lines(lock: UniversalLock) -> list[str]:
    """``name==version ; marker --hash=…`` of every package of a lock. Raises Conflict."""
    made = []
    for one in sorted(lock.packages, key=lambda one: (one.name, one.version)):
        hashes = sorted({file.sha256 for file in one.files})
        if not hashes:
            raise Conflict(
                f"{one.name} comes from a repository, which has no hash.",
                code="no_hash",
                where=one.name,
                remedy="Export it as requirements, or take a release of it.",
            )
        made.append(" \\\n    ".join((_line(one), *(f"--hash=sha256:{it}" for it in hashes))))
    return made


def _line(one: UniversalPackage) -> str:
    archive = (one.source or {}).get("archive")
    url = archive.get("url") if isinstance(archive, dict) else None
    what = f"{one.name} @ {url}" if url else f"{one.name}=={one.version}"
    return f"{what} ; {one.marker}" if one.marker else what


def _file(
    what: Subject, lines: Sequence[str], *, exact: bool = False, limits: str | None = LIMITS
) -> dict[str, str]:
    definition = what.definition
    head = [f"# {what.name}"] if what.name else []
    if definition.python:
        head.append(f"# Python {definition.python}")
    if definition.conda.packages:
        head.append(f"# not in this file, from conda: {', '.join(definition.conda.packages)}")
    if exact:
        # pip takes nothing without a hash beside lines with one, and every limit is kept to.
        head += [f"# not in this file: {one}" for one in definition.pip.options]
        options = option_lines(definition, limits=None, kept=False)
        return {FILE: "\n".join([*head, *options, *lines]) + "\n"}
    text = "\n".join([*head, *option_lines(definition, limits=limits), *lines]) + "\n"
    return {FILE: text, **(limits_file(definition) if limits else {})}


def _pinned(definition: Definition, packages: Sequence[LockedPackage]) -> list[str]:
    # A package from an address has no version that an index would know.
    addressed = {
        name_of(line): line for line in definition.pip.requirements if Requirement(line).url
    }
    lines = []
    for one in sorted(packages, key=lambda one: one.name):
        line = addressed.get(one.name, f"{one.name}=={one.version}")
        if not one.direct and one.required_by:
            line += f"  # for {', '.join(one.required_by)}"
        lines.append(line)
    return lines
