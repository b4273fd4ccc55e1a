"""Lines for pip as a person types them: which package, whether they can be taken."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.checks import wheel_package
from mlenv_jupyter.core.errors import InvalidDefinition, Problem
from mlenv_jupyter.core.sections import Wheel
from mlenv_jupyter.sdk.checked import invalid

WHEEL = re.compile(r"mlenv://wheels/([0-9a-f]{64})/([^/\s]+\.whl)")
"""A private wheel of the workspace, as ``Environment.add_private_pip_wheel`` names it."""

_NAME = re.compile(r"[^\[\]=<>~!;@\s,]+")
_OWN_CODES = frozenset(("secret", "invalid_option", "invalid_requirement", "invalid_address"))


def wheel_line(wheel: Wheel) -> str:
    """How a private wheel stands among pip packages."""
    return f"mlenv://wheels/{wheel.sha256}/{wheel.name}"


def wheel_of(line: str) -> Wheel | None:
    """The private wheel that a line names; None where it names something else."""
    found = WHEEL.fullmatch(line.strip())
    return Wheel(name=found[2], sha256=found[1]) if found else None


def package_of(line: str) -> str:
    """The canonical name of the package in a line for pip, as far as it says one."""
    from mlenv_jupyter.formats.addresses import is_address, named

    text = line.strip()
    if is_address(text) or text.endswith(".whl"):
        better = named(text) if is_address(text) else None
        name = wheel_package(text.rpartition("/")[2].partition("#")[0])
        text = name or better or text
    try:
        return canonicalize_name(Requirement(text).name)
    except InvalidRequirement:
        found = _NAME.match(text)
        return canonicalize_name(found[0]) if found else text


def check_package(line: object) -> None:
    """Raise InvalidDefinition for what pip cannot be asked for, or mlenv would leave out."""
    if not isinstance(line, str) or not line.strip() or "\n" in line.strip():
        raise invalid("pip_package", f"{line!r} is not a requirement.", "One package a call.")
    if line.startswith("-"):
        raise invalid("pip_package", f"{line!r} is an option.", "Use set_pip_option().")
    if wheel_of(line) is None:
        _raise(_problems(line, everything=True), "pip_package")


def check_option(line: object) -> None:
    """Raise InvalidDefinition for what is no option of pip, or has a secret in it."""
    if not isinstance(line, str) or not line.startswith("-") or "\n" in line:
        message = f"{line!r} is not an option of pip."
        raise invalid("pip_option", message, "Write it as on pip's command line: --NAME VALUE.")
    _raise(_problems(line, everything=False), "pip_option")


def without_secret(line: str) -> str | None:
    """A line with the user and password of its addresses left out; None if a secret is left."""
    from mlenv_jupyter.formats.addresses import has_secret, without_user

    if not has_secret(line):
        return line
    words = [
        (without_user(word) or word) if "://" in word and has_secret(word) else word
        for word in line.split(" ")
    ]
    bare = " ".join(words)
    return None if has_secret(bare) else bare


def merged(lines: Iterable[str]) -> list[str]:
    """Requirements with those of one package put together, in the order of their first one."""
    found: dict[str, list[str]] = {}
    for line in lines:
        name = re.split(r"[=<>~!]", line, maxsplit=1)[0]
        found.setdefault(name.strip(), []).append(line[len(name) :].strip())
    return [name + ",".join(one for one in limits if one) for name, limits in found.items()]


def _problems(line: str, *, everything: bool) -> list[Problem]:
    from mlenv_jupyter.formats.report import Notes
    from mlenv_jupyter.formats.requirements import Wanted, read_line

    notes, wanted = Notes(), Wanted()
    read_line(1, line, "", wanted, notes, None)
    if everything and wanted.options and not (wanted.requirements or notes.errors):
        # A file may have such a line for another tool; who adds one here wants it installed.
        message = "It would not be installed."
        notes.fault(1, message, detail=notes.kept[0].partition(": ")[2])
    left_out = [one for one in notes.problems if everything or one.code in _OWN_CODES]
    return notes.errors + left_out


def _raise(problems: list[Problem], where: str) -> None:
    if problems:
        import msgspec

        raise InvalidDefinition(
            tuple(msgspec.structs.replace(one, where=where) for one in problems)
        )
