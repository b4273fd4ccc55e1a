"""One requirement of pip, or one address of an index, as it stands in a file."""

from __future__ import annotations

import re

from packaging.requirements import InvalidRequirement, Requirement

from mlenv_jupyter.core.checks import check_address, check_options
from mlenv_jupyter.core.requirements import REMEDY, parsed
from mlenv_jupyter.formats.addresses import (
    guessed,
    has_secret,
    is_address,
    is_place,
    named,
    without_egg,
    without_user,
)
from mlenv_jupyter.formats.piplines import VARIABLE
from mlenv_jupyter.formats.report import Notes
from mlenv_jupyter.formats.wanted import Wanted

REFERENCE = "Write ${NAME} in its place, and set NAME where builds run."
_CONDA_PIN = re.compile(r"([A-Za-z0-9._-]+)=([0-9][\w.*]*)(?:=\w+)?")
_LISTED = re.compile(r"Package\s+Version.*|[A-Za-z0-9._-]+\s{2,}\d\S*")
_COMMAND = re.compile(r"[!%$]?\s*(?:python3? -m |uv )?(?:pip3?|conda|mamba) install\b")


def read_requirement(
    number: int | str, text: str, wanted: Wanted, notes: Notes, constraint: bool = False
) -> Requirement | None:
    """Add one requirement, without options; None where it is not taken."""
    if "{{" in text or "{%" in text:
        notes.fault(
            number,
            f"{text[:200]!r} is part of a template.",
            remedy="Fill in the template first, then import the result.",
        )
        return None
    if is_address(text):
        better = named(text)
        if better is None and (better := guessed(text)):
            notes.keep(
                number,
                f"{text} does not say which package it is: {better.partition(' @ ')[0]} is taken.",
            )
        if better is None:
            why = f"it does not say which package it is. Write NAME @ {text}"
            keep_line(number, text, why, wanted, notes)
            return None
        text = better
    elif is_place(text):
        why = (
            "it is a file or directory of one machine. Give its package a place on an index, "
            "or a wheel under --find-links"
        )
        keep_line(number, text, why, wanted, notes)
        return None
    try:
        made = parsed(text)
    except InvalidRequirement as error:
        notes.fault(
            number,
            f"{text[:200]!r} is not a requirement.",
            detail=str(error).partition("\n")[0],
            remedy=_remedy(text),
        )
        return None
    if made.url:
        made.url = without_egg(made.url)
    if made.url and has_secret(made.url):
        notes.refuse(number, f"The address of {made.name} has a secret in it.", REFERENCE)
        return None
    if made.url and made.url.startswith(("file:", "git+file:", "hg+file:")):
        notes.keep(number, f"{made.name} comes from a file of one machine.")
    if found := VARIABLE.findall(made.url or ""):
        notes.keep(number, f"{' and '.join(found)}: read where builds run.")
    (wanted.constraints if constraint else wanted.requirements).append((made, notes.place(number)))
    return made


def read_address(number: int | str, flag: str, address: str, notes: Notes) -> str | None:
    """The address without a secret; None where it cannot be used at all."""
    if has_secret(address):
        bare = without_user(address)
        if bare is None or has_secret(bare):
            notes.refuse(number, f"There is a secret in {flag} {address}", REFERENCE, "secret")
            return None
        notes.refuse(number, f"The user and password of {flag} are left out.", REFERENCE, "secret")
        return bare
    if notes.adopt(check_address(address, ""), number):
        return None
    if found := VARIABLE.findall(address):
        notes.keep(number, f"{' and '.join(found)} in {flag}: read where builds run.")
    return address


def keep_line(number: int | str, line: str, why: str, wanted: Wanted, notes: Notes) -> None:
    """Keep a line as it is, without effect; unless there is a secret in it."""
    if has_secret(line):
        notes.refuse(number, f"There is a secret in {line}", REFERENCE, "secret")
        return
    if notes.adopt(check_options([line]), number):
        return
    wanted.options.append(line)
    notes.keep(number, f"{line}: kept, not honoured, as {why}.")


def _remedy(text: str) -> str:
    pin = _CONDA_PIN.fullmatch(text)
    if pin is not None:
        return f"Write {pin[1]}=={pin[2]}, with two equals signs."
    if _LISTED.fullmatch(text):
        return "That is what `pip list` prints: take what `pip freeze` does."
    if command := _COMMAND.match(text):
        return f"Leave out {command[0].strip()!r}, and write one package a line."
    if VARIABLE.search(text):
        return "Write the value: ${…} is filled in in addresses only."
    return REMEDY
