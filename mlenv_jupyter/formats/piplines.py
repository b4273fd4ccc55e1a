"""The lines of a requirements file as pip reads them: continuations, comments, options."""

from __future__ import annotations

import optparse
import re
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

MAX_LINE = 32 * 1024
_HASH = re.compile(r"(?:sha256|sha384|sha512):.+")
VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")


class PipLine(NamedTuple):
    """One logical line: where it begins, the requirement in it or "", and its options."""

    number: int
    text: str
    requirement: str
    options: dict[str, Any]
    rest: tuple[str, ...]


class BadLineError(ValueError):
    """A line that pip would refuse."""


class _Parser(optparse.OptionParser):
    # optparse and not argparse: it is what pip uses, abbreviations and all.
    def error(self, msg: str) -> NoReturn:
        raise BadLineError(msg)


def _parser() -> _Parser:
    parser = _Parser(add_help_option=False)
    for names, kind in (
        (("-i", "--index-url", "--pypi-url"), "store"),
        (("--extra-index-url",), "append"),
        (("--no-index",), "store_true"),
        (("-c", "--constraint"), "append"),
        (("-r", "--requirement"), "append"),
        (("-e", "--editable"), "append"),
        (("-f", "--find-links"), "append"),
        (("--no-binary",), "append"),
        (("--only-binary",), "append"),
        (("--prefer-binary",), "store_true"),
        (("--require-hashes",), "store_true"),
        (("--pre",), "store_true"),
        (("--all-releases",), "append"),
        (("--only-final",), "append"),
        (("--trusted-host",), "append"),
        (("--use-feature",), "append"),
        (("--global-option",), "append"),
        (("--hash",), "append"),
        (("-C", "--config-settings", "--config-setting"), "append"),
    ):
        long = next(one for one in names if one.startswith("--"))
        parser.add_option(*names, action=kind, dest=long.removeprefix("--").replace("-", "_"))
    return parser


_PARSER = _parser()


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines that are not empty: continued ones joined, comments taken off."""
    for number, line in _joined(text):
        line = without_comment(line)
        if line:
            yield number, line


def parse(number: int, line: str) -> PipLine:
    """The requirement and the options in a logical line. Raises BadLineError."""
    if len(line) > MAX_LINE:
        raise BadLineError(f"the line has more than {MAX_LINE // 1024} kB")
    tokens = line.split(" ")
    at = next((n for n, token in enumerate(tokens) if token.startswith("-")), len(tokens))
    try:
        words = shlex.split(" ".join(tokens[at:]))
    except ValueError as error:
        raise BadLineError(f"a quotation mark is not closed ({error})") from error
    found, rest = _PARSER.parse_args(words, optparse.Values())
    options = {name: value for name, value in vars(found).items() if value}
    for one in options.get("hash", ()):
        if not _HASH.fullmatch(one):
            raise BadLineError(f"--hash={one[:100]} is no sha256:, sha384: or sha512: with a value")
    return PipLine(number, line, " ".join(tokens[:at]).strip(), options, tuple(rest))


def _joined(text: str) -> Iterator[tuple[int, str]]:
    first = 0
    parts: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            first = first if parts else number
            parts.append(line.strip("\\"))
            continue
        # A comment ends what was continued, and must stay recognisable as one.
        line = " " + line if comment else line
        if parts:
            yield first, "".join((*parts, line))
            parts = []
        else:
            yield number, line
    if parts:
        yield first, "".join(parts)


def without_comment(line: str) -> str:
    """A line without its comment, which begins at a # after white space."""
    at = line.find("#")
    while at > 0 and not line[at - 1].isspace():
        at = line.find("#", at + 1)
    return (line if at < 0 else line[:at]).strip()
