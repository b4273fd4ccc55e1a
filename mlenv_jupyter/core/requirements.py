"""Requirement lines in one spelling (PEP 503, PEP 508)."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.errors import Problem

MAX_LENGTH = 16 * 1024
REMEDY = "Write NAME, NAME==1.2 or NAME>=1,<2; one package a line."


def parsed(line: str) -> Requirement:
    """A requirement of reasonable length; raises packaging's InvalidRequirement."""
    if len(line) > MAX_LENGTH:
        raise InvalidRequirement(f"It has more than {MAX_LENGTH // 1024} kB.")
    try:
        return Requirement(line.strip())
    except RecursionError:
        raise InvalidRequirement("It is nested too deeply.") from None


def normalise(line: str) -> str:
    """The one spelling of a requirement: canonical name, sorted extras and specifiers.

    Raises packaging's InvalidRequirement.
    """
    made = parsed(line)
    extras = ",".join(sorted(canonicalize_name(extra) for extra in made.extras))
    text = canonicalize_name(made.name) + (f"[{extras}]" if extras else "")
    if made.url:
        text += f" @ {made.url}"
    else:
        text += ",".join(sorted(str(one) for one in made.specifier))
    if made.marker:
        # A URL runs to the next white space, so the marker needs one before it.
        text += f"{' ' if made.url else ''}; {made.marker}"
    return text


def name_of(line: str) -> str:
    """The canonical name in a normalised requirement."""
    return canonicalize_name(Requirement(line).name)


def replaced(lines: Iterable[str], put: Iterable[str], without: Iterable[str]) -> tuple[str, ...]:
    """Requirements with others in place of those of the same name, and without some names.

    A line that is replaced by a plain one keeps its extras and its marker. Raises packaging's
    InvalidRequirement.
    """
    wanted = {name_of(line): line for line in put}
    dropped = {canonicalize_name(name) for name in without} - wanted.keys()
    made, used = [], set()
    for line in lines:
        name = name_of(line)
        if name in dropped:
            continue
        if name not in wanted:
            made.append(line)
            continue
        used.add(name)
        old, new = Requirement(line), Requirement(wanted[name])
        new.extras |= old.extras
        new.marker = new.marker or old.marker
        made.append(normalise(str(new)))
    return (*made, *(line for name, line in wanted.items() if name not in used))


def normalise_all(lines: object, where: str) -> tuple[tuple[str, ...], list[Problem]]:
    """Sorted, without repeats, with a Problem for each line that is no requirement."""
    if isinstance(lines, str) or not hasattr(lines, "__iter__"):
        return (), [_problem(where, f"{lines!r} is not a list of requirements.")]
    made: set[str] = set()
    problems: list[Problem] = []
    for number, line in enumerate(lines):
        place = f"{where}[{number}]"
        if not isinstance(line, str):
            problems.append(_problem(place, f"{line!r} is not a requirement."))
            continue
        if not line.strip():
            continue
        try:
            made.add(normalise(line))
        except InvalidRequirement as error:
            problems.append(_problem(place, f"{line.strip()!r} is not a requirement.", str(error)))
    return tuple(sorted(made)), problems


def _problem(where: str, message: str, detail: str = "") -> Problem:
    first = detail.splitlines()[0] if detail else ""
    return Problem(
        code="invalid_requirement", message=message, detail=first, remedy=REMEDY, where=where
    )
