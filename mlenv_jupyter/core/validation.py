"""Whether a name and a definition can be registered, with every problem at once."""

from __future__ import annotations

from mlenv_jupyter.core import identity
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidDefinition, InvalidName, Problem
from mlenv_jupyter.core.names import check_name
from mlenv_jupyter.core.version import Validation


def validate(name: str | None, definition: object) -> Validation:
    """Check a name, where one is given, and a definition in its decoded JSON form."""
    problems: list[Problem] = []
    made = None
    try:
        if name is not None:
            check_name(name)
    except InvalidName as error:
        problems.append(error.problem())
    try:
        made = Definition.parse(definition)
    except InvalidDefinition as error:
        problems += error.problems
    if made is None or problems:
        return Validation(ok=False, problems=tuple(problems), definition=made)
    return Validation(
        ok=True,
        definition=made,
        definition_id=identity.definition_id(made),
        digest=identity.digest(made),
    )
