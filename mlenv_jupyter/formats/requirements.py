"""pip requirements: ``requirements.txt`` and its like."""

from __future__ import annotations

import posixpath
import re

from packaging.requirements import InvalidRequirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.checks import check_address
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.core.requirements import REMEDY, parsed
from mlenv_jupyter.formats.addresses import (
    guessed,
    has_secret,
    is_address,
    is_place,
    named,
    without_user,
)
from mlenv_jupyter.formats.piplines import (
    VARIABLE,
    BadLineError,
    PipLine,
    lines,
    parse,
    without_comment,
)
from mlenv_jupyter.formats.report import (
    MAX_LINES,
    MAX_TEXT,
    Imported,
    Notes,
    ReadFile,
    check_size,
    counted,
    too_large,
)
from mlenv_jupyter.formats.wanted import Wanted

__all__ = [
    "Wanted",
    "describe",
    "read",
    "read_address",
    "read_line",
    "read_requirement",
    "without_comment",
]

MAX_FILES = 50
REFERENCE = "Write ${NAME} in its place, and set NAME where builds run."
_CONDA_PIN = re.compile(r"([A-Za-z0-9._-]+)=([0-9][\w.*]*)(?:=\w+)?")
_COMMAND = re.compile(r"[!%$]?\s*(?:python3? -m |uv )?(?:pip3?|conda|mamba) install\b")
_WITHOUT_EFFECT = {
    "no_index": "not honoured; set UV_NO_INDEX=1 where builds run",
    "trusted_host": "certificates are always checked; set SSL_CERT_FILE for one of your own",
    "prefer_binary": "the resolver prefers wheels anyway",
    "require_hashes": "the lock always has hashes",
    "use_feature": "it is about pip itself",
}


def read(text: str, read_file: ReadFile | None = None, filename: str = "") -> Imported:
    """A requirements file. Raises InvalidDefinition where pip would refuse it, too; TooLarge."""
    notes = Notes()
    wanted = Wanted(files={posixpath.normpath(filename)})
    for number, line in lines(text):
        read_line(number, line, filename, wanted, notes, read_file)
    notes.raise_faults()
    definition = Definition.create(**wanted.arguments(notes))
    describe(definition, notes)
    return Imported(
        format="requirements",
        definition=definition,
        report=notes.report(),
        problems=tuple(notes.problems),
    )


def read_line(
    number: int,
    line: str,
    filename: str,
    wanted: Wanted,
    notes: Notes,
    read_file: ReadFile | None,
    *,
    constraint: bool = False,
) -> None:
    """Add one logical line."""
    wanted.lines += 1
    wanted.characters += len(line)
    if wanted.lines > MAX_LINES or wanted.characters > MAX_TEXT:
        raise too_large(notes.place(number), f"more than {MAX_LINES} lines, or 5 MB")
    try:
        parsed = parse(number, line)
    except BadLineError as error:
        notes.fault(
            number,
            f"{line[:200]!r} cannot be read.",
            detail=f"{error}.",
            remedy="Remove that option, or write one package a line.",
            code="invalid_option",
        )
        return
    if parsed.requirement:
        read_requirement(number, parsed.requirement, wanted, notes, constraint)
        for name in parsed.options:
            if name == "hash":
                wanted.hashed.append(notes.place(number))
            else:
                flag = "--" + name.replace("_", "-")
                notes.keep(number, f"{flag} after a requirement has no effect.")
        return
    if parsed.rest:
        notes.keep(
            number,
            f"{' '.join(parsed.rest)!r} after an option is passed over, by pip too: "
            "put it on a line of its own.",
        )
    _options(parsed, filename, wanted, notes, read_file, constraint)


def _options(
    parsed: PipLine,
    filename: str,
    wanted: Wanted,
    notes: Notes,
    read_file: ReadFile | None,
    constraint: bool,
) -> None:
    number, options = parsed.number, parsed.options
    for target in options.get("requirement", ()):
        _nested(number, target, filename, wanted, notes, read_file, constraint)
    for target in options.get("constraint", ()):
        _nested(number, target, filename, wanted, notes, read_file, True)
    for target in options.get("editable", ()):
        _editable(parsed, target, wanted, notes, constraint)
    if "index_url" in options:
        if wanted.index_url is not None:
            notes.keep(number, "--index-url replaces the one before it.")
        wanted.index_url = read_address(number, "--index-url", options["index_url"], notes)
    for one in options.get("extra_index_url", ()):
        if address := read_address(number, "--extra-index-url", one, notes):
            wanted.extra_index_urls.append(address)
    for one in options.get("find_links", ()):
        if is_address(one) or one.startswith("/") or VARIABLE.match(one):
            if address := read_address(number, "--find-links", one, notes):
                wanted.find_links.append(address)
        else:
            notes.refuse(
                number,
                f"--find-links {one} is beside the file.",
                "Write its whole path or address.",
            )
    for name in ("no_binary", "only_binary"):
        for value in options.get(name, ()):
            _add_names(getattr(wanted, name), value, number, notes)
    wanted.pre = wanted.pre or bool(options.get("pre"))
    for name, why in _WITHOUT_EFFECT.items():
        if name in options:
            flag = f"--{name.replace('_', '-')}"
            values = options[name] if isinstance(options[name], list) else [None]
            wanted.options += [f"{flag} {one}" if one else flag for one in values]
            notes.keep(number, f"{flag}: {why}.")


def _editable(parsed: PipLine, target: str, wanted: Wanted, notes: Notes, constraint: bool) -> None:
    number = parsed.number
    if is_address(target) and not target.lower().startswith("file:"):
        before = len(wanted.requirements)
        read_requirement(number, target, wanted, notes, constraint)
        if len(wanted.requirements) > before:
            notes.keep(number, f"-e {target}: installed as it is when it is locked, not editable.")
        return
    wanted.options.append(f"-e {target}")
    notes.keep(
        number,
        f"-e {target} is not installed, as it changes without a new version. Run "
        f"`%pip install -e {target}` in the kernel, or build a wheel of it.",
    )


def _nested(
    number: int,
    target: str,
    filename: str,
    wanted: Wanted,
    notes: Notes,
    read_file: ReadFile | None,
    constraint: bool,
) -> None:
    flag = "-c" if constraint else "-r"
    remedy = "Put its lines here, or import with `mlenv import` beside it."
    if target.startswith("file:") and not target.startswith("file:/"):
        target = target.removeprefix("file:")
    if is_address(target) or read_file is None:
        notes.refuse(number, f"{flag} {target} cannot be read from here.", remedy)
        return
    path = posixpath.normpath(posixpath.join(posixpath.dirname(filename), target))
    if path in wanted.files:
        notes.keep(number, f"{flag} {target} was read before.")
        return
    wanted.files.add(path)
    if len(wanted.files) > MAX_FILES:
        notes.fault(number, f"More than {MAX_FILES} files are named.", code="too_large")
        return
    try:
        text = read_file(path)
    except MlenvError as error:
        notes.refuse(number, f"{flag} {target}: {error.message}", remedy)
        return
    if text is None:
        notes.refuse(number, f"{flag} {target} is not there.", remedy)
        return
    inner = notes.inside(path)
    for at, line in lines(check_size(text, path)):
        read_line(at, line, path, wanted, inner, read_file, constraint=constraint)


def read_requirement(
    number: int | str, text: str, wanted: Wanted, notes: Notes, constraint: bool = False
) -> None:
    """Add one requirement, without options."""
    if "{{" in text or "{%" in text:
        notes.fault(
            number,
            f"{text[:200]!r} is part of a template.",
            remedy="Fill in the template first, then import the result.",
        )
        return
    if is_address(text):
        better = named(text)
        if better is None and (better := guessed(text)):
            notes.keep(
                number,
                f"{text} does not say which package it is: {better.partition(' @ ')[0]} is taken.",
            )
        if better is None:
            notes.refuse(
                number, f"{text} does not say which package it is.", f"Write NAME @ {text}."
            )
            return
        text = better
    elif is_place(text):
        notes.refuse(
            number,
            f"{text} is a file or directory of one machine.",
            "Give its package a place on an index, or a wheel under --find-links.",
        )
        return
    try:
        made = parsed(text)
    except InvalidRequirement as error:
        notes.fault(
            number,
            f"{text[:200]!r} is not a requirement.",
            detail=str(error).partition("\n")[0],
            remedy=_remedy(text),
        )
        return
    if made.url and has_secret(made.url):
        notes.refuse(number, f"The address of {made.name} has a secret in it.", REFERENCE)
        return
    if made.url and made.url.startswith(("file:", "git+file:", "hg+file:")):
        notes.keep(number, f"{made.name} comes from a file of one machine.")
    if found := VARIABLE.findall(made.url or ""):
        notes.keep(number, f"{' and '.join(found)}: read where builds run.")
    (wanted.constraints if constraint else wanted.requirements).append((made, notes.place(number)))


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


def _remedy(text: str) -> str:
    pin = _CONDA_PIN.fullmatch(text)
    if pin is not None:
        return f"Write {pin[1]}=={pin[2]}, with two equals signs."
    if command := _COMMAND.match(text):
        return f"Leave out {command[0].strip()!r}, and write one package a line."
    if VARIABLE.search(text):
        return "Write the value: ${…} is filled in in addresses only."
    return REMEDY


def _add_names(names: list[str], value: str, number: int, notes: Notes) -> None:
    for one in value.split(","):
        one = one.strip()
        if one == ":none:":
            names.clear()
        elif one == ":all:":
            names.append(one)
        else:
            try:
                names.append(canonicalize_name(parsed(one).name))
            except InvalidRequirement:
                notes.fault(number, f"{one[:200]!r} is not the name of a package.")


def describe(definition: Definition, notes: Notes) -> None:
    """Say what is taken of the pip part."""
    pip = definition.pip
    if pip.requirements:
        notes.take(counted(len(pip.requirements), "pip requirement"))
    if pip.index_url:
        notes.take(f"index {pip.index_url}")
    for one in pip.extra_index_urls:
        notes.take(f"extra index {one}")
    for one in pip.find_links:
        notes.take(f"wheels from {one}")
    if pip.pre:
        notes.take("pre-releases are allowed")
    for name, values in (("no wheels for", pip.no_binary), ("only wheels for", pip.only_binary)):
        if values:
            notes.take(f"{name} {', '.join(values)}")
