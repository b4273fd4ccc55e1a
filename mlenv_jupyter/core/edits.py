"""A Definition with other packages, from one that there is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from packaging.requirements import InvalidRequirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Fix, InvalidRequest
from mlenv_jupyter.core.matchspec import parse
from mlenv_jupyter.core.requirements import name_of, replaced


def with_packages(
    definition: Definition, put: Sequence[str], without: Sequence[str] = ()
) -> Definition:
    """The same, with requirements in place of those of the same name and without some names.

    A conda package of such a name goes as well: pip's takes its place. Raises InvalidRequest, also
    for a name that nobody asked for: what needs it would bring it back.
    """
    if definition.user_managed_dependencies:
        raise InvalidRequest(
            "The packages of this environment are managed outside of mlenv.",
            remedy="Install them there, or make it reproducible with `mlenv adopt`.",
        )
    unknown = {canonicalize_name(name) for name in without} - set(definition.wanted)
    if unknown:
        raise InvalidRequest(
            f"{', '.join(sorted(unknown))}: the version does not ask for it, another package does.",
            remedy="Take out what needs it, or add it again.",
        )
    try:
        lines = replaced(definition.pip.requirements, put, without)
        names = {name_of(line) for line in put} | {canonicalize_name(name) for name in without}
    except InvalidRequirement as error:
        raise InvalidRequest(
            f"Not a requirement: {error}", remedy="Write NAME, NAME==1.2 or NAME>=1,<2."
        ) from None
    kept = [
        spec
        for spec in definition.conda.packages
        if (found := parse(spec)) is None or canonicalize_name(found.name) not in names
    ]
    change = msgspec.structs.replace
    return change(
        definition,
        pip=change(definition.pip, requirements=lines),
        conda=change(definition.conda, packages=tuple(kept)),
    ).checked()


def with_fix(definition: Definition, fix: Fix) -> Definition:
    """The same with a fix applied; a line stays where it is asked for, with pip or with conda.

    Raises InvalidRequest.
    """
    change = msgspec.structs.replace
    if set(fix.remove) & set(definition.conda.packages):
        kept = [one for one in definition.conda.packages if one not in fix.remove]
        packages = tuple(sorted({*kept, *fix.add}))
        return change(definition, conda=change(definition.conda, packages=packages)).checked()
    gone = set(fix.remove)
    lines = definition.pip.requirements
    try:
        put = {name_of(line) for line in fix.add}
        # What takes a line's place keeps its extras and its marker, so that one is not removed.
        kept = [line for line in lines if line not in gone or name_of(line) in put]
        requirements = replaced(kept, fix.add, ())
    except InvalidRequirement as error:
        raise InvalidRequest(f"The fix is no requirement: {error}") from None
    return change(definition, pip=change(definition.pip, requirements=requirements)).checked()
