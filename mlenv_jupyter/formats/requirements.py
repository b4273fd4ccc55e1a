"""pip requirements: ``requirements.txt`` and its like."""

from __future__ import annotations

import posixpath
import re
import shlex

from packaging.requirements import InvalidRequirement
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.core.requirements import parsed
from mlenv_jupyter.formats.addresses import is_address
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
from mlenv_jupyter.formats.requirement import keep_line, read_address, read_requirement
from mlenv_jupyter.formats.wanted import Wanted

__all__ = ["Wanted", "describe", "read", "read_line", "without_comment"]

MAX_FILES = 50
_WITHOUT_EFFECT = {
    "no_index": "not honoured; set UV_NO_INDEX=1 where builds run",
    "trusted_host": "certificates are always checked; set SSL_CERT_FILE for one of your own",
    "prefer_binary": "the resolver prefers wheels anyway",
    "require_hashes": "the lock always has hashes",
    "all_releases": "pre-releases are allowed of all packages or of none, with --pre",
    "only_final": "pre-releases are allowed of all packages or of none, with --pre",
    "use_feature": "it is about pip itself",
}


def read(text: str, read_file: ReadFile | None = None, filename: str = "") -> Imported:
    """A requirements file. Raises InvalidDefinition where pip would refuse it, too; TooLarge."""
    notes = Notes()
    wanted = Wanted(files={posixpath.normpath(filename)})
    for number, line in lines(text):
        read_line(number, line, filename, wanted, notes, read_file)
    notes.raise_faults()
    definition = Definition.create(**wanted.arguments())
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
        made = read_requirement(number, parsed.requirement, wanted, notes, constraint)
        if made and (hashes := parsed.options.get("hash")):
            wanted.hashes.setdefault(canonicalize_name(made.name), []).extend(hashes)
        if set(parsed.options) - {"hash"}:
            keep_line(number, line, "such options are not given to uv", wanted, notes)
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
            # pip looks beside the file that says so; a version knows of no file.
            line = f"--find-links {_quoted(_beside(filename, one))}"
            keep_line(number, line, "it is beside the file", wanted, notes)
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
    if target.startswith(("git+git@", "git+ssh@")) or not target.strip():
        notes.fault(
            number,
            f"-e {target[:200]} is neither a directory nor an address.",
            remedy="Write git+ssh://git@HOST/OWNER/NAME.git for a repository.",
        )
        return
    why = (
        "it changes without a new version. Run "
        f"`%pip install -e {target}` in the kernel, or build a wheel of it"
    )
    keep_line(number, f"-e {_quoted(target)}", why, wanted, notes)


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
    if constraint and re.search(r"[=<>~!]", target) and _is_requirement(target):
        read_requirement(number, target, wanted, notes, constraint=True)
        return
    where = "put its lines here, or import with `mlenv import` beside it"
    if target.startswith("file:") and not target.startswith("file:/"):
        target = target.removeprefix("file:")
    if is_address(target):
        keep_line(number, f"{flag} {target}", f"no address is read; {where}", wanted, notes)
        return
    path = _beside(filename, target)
    if path == posixpath.normpath(filename):
        keep_line(number, f"{flag} {_quoted(path)}", "it names itself", wanted, notes)
        return
    if path in wanted.files:
        notes.keep(number, f"{flag} {target} was read before.")
        return
    wanted.files.add(path)
    if len(wanted.files) > MAX_FILES:
        notes.fault(number, f"More than {MAX_FILES} files are named.", code="too_large")
        return
    line = f"{flag} {_quoted(path)}"
    try:
        text = read_file(path) if read_file is not None else None
    except MlenvError as error:
        keep_line(number, line, f"{error.message.rstrip('.')}; {where}", wanted, notes)
        return
    if text is None:
        keep_line(number, line, f"what it asks for is not known here; {where}", wanted, notes)
        return
    inner = notes.inside(path)
    for at, line in lines(check_size(text, path)):
        read_line(at, line, path, wanted, inner, read_file, constraint=constraint)


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
    if pip.constraints:
        notes.take(counted(len(pip.constraints), "limit") + " of what is not asked for")
    if pip.hashes:
        notes.take(f"hashes of the files of {counted(len(pip.hashes), 'package')}")
    for name, values in (("no wheels for", pip.no_binary), ("only wheels for", pip.only_binary)):
        if values:
            notes.take(f"{name} {', '.join(values)}")


def _is_requirement(text: str) -> bool:
    try:
        return bool(parsed(text))
    except InvalidRequirement:
        return False


def _quoted(path: str) -> str:
    """A path as an option's value; pip splits these lines as a shell does."""
    return shlex.quote(path) if re.search(r"[\s\"'\\]", path) else path


def _beside(filename: str, path: str) -> str:
    """A path from the file that names it, from the first file."""
    if re.match(r"/|[A-Za-z]:|\$\{|~", path):
        return path
    return posixpath.normpath(posixpath.join(posixpath.dirname(filename), path))
