"""What a ``pip install`` line of a notebook asks for: a command line, not a requirements file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator

from mlenv_jupyter.formats.report import Notes, ReadFile
from mlenv_jupyter.formats.requirement import read_requirement
from mlenv_jupyter.formats.requirements import read_line
from mlenv_jupyter.formats.wanted import Wanted

# They say how pip works, not what is installed.
_IGNORED = re.compile(
    r"-[qUvI]+|--(?:quiet|upgrade|user|verbose|force-reinstall|ignore-installed|no-cache-dir|no-cache"
    r"|no-input|no-warn-conflicts|no-warn-script-location|disable-pip-version-check|no-color"
    r"|break-system-packages|system|yes)"
)
_IGNORED_WITH_VALUE = re.compile(
    r"-t|--(?:upgrade-strategy|progress-bar|root-user-action|timeout|default-timeout|retries"
    r"|exists-action|cache-dir|cert|proxy|log|target|prefix|root|python)"
)
# What a requirements file has, too, with a value or without.
_WITH_VALUE = re.compile(
    r"-[rceif]|--(?:requirement|constraint|editable|index-url|extra-index-url|find-links|no-binary"
    r"|only-binary|trusted-host|use-feature)"
)
_PLAIN = re.compile(r"--(?:pre|no-index|prefer-binary|require-hashes)")


def joined(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The lines of a cell with those that a backslash continues put together."""
    first = 0
    parts: list[str] = []
    for number, line in enumerate(lines, 1):
        first = first if parts else number
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            yield first, "".join(parts)
            parts = []
    if parts:
        yield first, "".join(parts)


def read_install(
    line: int, rest: str, filename: str, wanted: Wanted, notes: Notes, read_file: ReadFile | None
) -> None:
    """Add what follows ``pip install`` in a line."""
    if any(one in rest for one in ("$", "{", "&&", ";", "|")):
        notes.refuse(line, f"{rest} is more than names of packages.", "Write them by hand.")
        return
    try:
        words = shlex.split(rest, comments=True)
    except ValueError as error:
        notes.refuse(line, f"{rest} cannot be read ({error}).", "Write them by hand.")
        return
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        flag, equals, value = word.partition("=")
        if not word.startswith("-"):
            read_requirement(line, word, wanted, notes)
        elif _IGNORED.fullmatch(word):
            continue
        elif _PLAIN.fullmatch(word):
            read_line(line, word, filename, wanted, notes, read_file)
        elif _WITH_VALUE.fullmatch(flag) or _IGNORED_WITH_VALUE.fullmatch(flag):
            if not equals:
                value, at = (words[at] if at < len(words) else ""), at + 1
            if _WITH_VALUE.fullmatch(flag):
                text = f"{flag} {shlex.quote(value)}"
                read_line(line, text, filename, wanted, notes, read_file)
        else:
            notes.keep(line, f"{word} of `pip install` is not honoured.")
