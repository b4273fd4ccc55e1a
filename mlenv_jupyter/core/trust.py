"""What a reader may trust of a Stamp that somebody else has written, and what wants a tick."""

from __future__ import annotations

import re
from typing import Literal

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.core import identity
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidDefinition
from mlenv_jupyter.core.stamp import Stamp

RISKY = re.compile(
    r"LD_\w+|DYLD_\w+|PATH|PYTHON\w*|BASH_ENV|ENV|IFS|SHELLOPTS|(?:\w+_)?INDEX_URL|(?:PIP|UV|CONDA)_\w+"
    r"|JUPYTER\w*|MLENV\w*|GIT_\w+|SSL_CERT_\w+|HOME|NODE_OPTIONS|PERL5\w+",
    re.IGNORECASE,
)
"""Variables that decide which code runs: those of somebody else want a tick of their own."""


KNOWN_CHANNELS = frozenset(["conda-forge", "defaults"])
"""Channels that are nobody's choice in particular."""

SOURCES = "source:*"
"""The tick for packages that have no wheel: to build one runs code of whoever published it."""


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """Something foreign in a definition that its reader must want: what it is, and its text."""

    id: str
    kind: Literal["index", "links", "vcs", "url", "source", "image", "interpreter", "variable"]
    text: str


def definition_of(stamp: Stamp, ticked: frozenset[str] = frozenset()) -> Definition:
    """The definition of a stamp, without what is foreign and not ticked; raises InvalidDefinition.

    A secret of the author's is not the reader's of that name: references start unbound, as
    variables that are left out.
    """
    definition = Definition.parse(stamp.definition)
    wanted = {one.id for one in foreign(definition)} - ticked
    dropped = {one.removeprefix("variable:") for one in wanted if one.startswith("variable:")}
    pip = definition.pip
    change = msgspec.structs.replace
    kept = [one for i, one in enumerate(pip.extra_index_urls) if f"index:{one}" not in wanted]
    pip = change(
        pip,
        no_binary=tuple(one for one in pip.no_binary if f"source:{one}" not in wanted),
        index_url=None if f"index:{pip.index_url}" in wanted else pip.index_url,
        extra_index_urls=tuple(kept),
        find_links=tuple(one for one in pip.find_links if f"links:{one}" not in wanted),
    )
    conda = definition.conda
    channels = tuple(one for one in conda.channels if f"index:{one}" not in wanted)
    conda = change(conda, channels=channels)
    variables = {
        key: value
        for key, value in definition.variables.items()
        if key not in dropped and "${secret:" not in value
    }
    return change(definition, pip=pip, conda=conda, variables=variables).checked()


def of_wheels_alone(definition: Definition, ticked: frozenset[str]) -> Definition:
    """The definition as it is built: no code of a package runs while it is, unless it is ticked.

    A repository or a file that is ticked is such code. Nobody registers what comes of this: it
    says how to build, not what.
    """
    code = {
        one.id
        for one in foreign(definition)
        if one.kind in ("vcs", "source") or (one.kind == "url" and ".whl" not in one.text)
    }
    if SOURCES in ticked or code & ticked:
        return definition
    pip = msgspec.structs.replace(definition.pip, only_binary=(":all:",), no_binary=())
    return msgspec.structs.replace(definition, pip=pip)


def sources_of(definition: Definition) -> tuple[Tick, ...]:
    """The tick for packages without wheels, where pip installs any."""
    if definition.user_managed_dependencies or not definition.pip.requirements:
        return ()
    return (Tick(id=SOURCES, kind="source", text="what has no wheel"),)


def refused(definition: Definition, ticked: frozenset[str]) -> tuple[Tick, ...]:
    """What cannot be left out and is not ticked: nothing can be built before it is."""
    needed = ("vcs", "url", "image", "interpreter")
    return tuple(one for one in foreign(definition) if one.kind in needed and one.id not in ticked)


def foreign(definition: Definition) -> tuple[Tick, ...]:
    """What of somebody else's definition would run or ask something of the author's choice."""
    found = [
        Tick(id=f"index:{one}", kind="index", text=one)
        for one in (definition.pip.index_url, *definition.pip.extra_index_urls)
        if one
    ]
    found += [Tick(id=f"links:{one}", kind="links", text=one) for one in definition.pip.find_links]
    for line in (*definition.pip.requirements, *definition.pip.constraints):
        _, at, address = line.partition(" @ ")
        if at:
            vcs = address.startswith(("git+", "hg+", "svn+", "bzr+"))
            found.append(Tick(id=f"url:{line}", kind="vcs" if vcs else "url", text=line))
    found += [Tick(id=f"source:{one}", kind="source", text=one) for one in definition.pip.no_binary]
    found += [
        Tick(id=f"index:{one}", kind="index", text=one)
        for one in definition.conda.channels
        if one not in KNOWN_CHANNELS
    ]
    if definition.docker is not None and definition.docker.base:
        text = str(
            definition.docker.base_image or definition.docker.dockerfile or "a build context"
        )
        found.append(Tick(id="image", kind="image", text=text))
    if definition.interpreter_path:
        text = definition.interpreter_path
        found.append(Tick(id="interpreter", kind="interpreter", text=text))
    found += [
        Tick(id=f"variable:{name}", kind="variable", text=f"{name}={value}")
        for name, value in definition.variables.items()
        if RISKY.fullmatch(name)
    ]
    return tuple(found)


def unbound(definition: Definition) -> tuple[str, ...]:
    """The variables that hold secrets, which are the author's."""
    return tuple(key for key, value in definition.variables.items() if "${secret:" in value)


def contradiction(stamp: Stamp) -> str | None:
    """Why the lock cannot be that of the definition; None where it can."""
    if stamp.lock is None:
        return None
    try:
        definition = Definition.parse(stamp.definition)
    except InvalidDefinition as error:
        return f"the definition is wrong: {error.message}"
    if not stamp.left_out and identity.definition_id(definition) != stamp.definition_id:
        return "the definition is not the one of its id"
    pinned: dict[str, list[Requirement]] = {}
    for line in stamp.lock.packages:
        try:
            one = Requirement(line)
        except InvalidRequirement:
            return f"{line[:80]!r} is no package of a lock"
        pinned.setdefault(canonicalize_name(one.name), []).append(one)
    for line in definition.pip.requirements:
        wanted = Requirement(line)
        there = pinned.get(canonicalize_name(wanted.name))
        if there is None and wanted.marker is None:
            return f"{wanted.name} is wanted and not locked"
        for one in there or ():
            versions = [spec.version for spec in one.specifier]
            if versions and not wanted.specifier.contains(versions[0], prereleases=True):
                return f"{one.name} is locked at {versions[0]}, and {line} is wanted"
    return None
