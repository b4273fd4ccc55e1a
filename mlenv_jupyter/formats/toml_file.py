"""TOML as plain values, and in which line each is."""

from __future__ import annotations

import re
import sys
from functools import cached_property
from typing import Any

from mlenv_jupyter.formats.report import Notes, invalid, too_large

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_DEPTH = 40
MAX_LINE = 4000
"""Longer ones are not looked through for places."""

_PLACE = re.compile(r"\(at line (\d+), column \d+\)")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'")
_KEY = re.compile(
    r"(?:^\s*|[{,]\s*)[\"']?([A-Za-z0-9_.-]+)[\"']?\s*=|^\s*\[+\s*([^\[\]#]+?)\s*\]"
    r"|^\s*\[+(?:[^\[\]#]*\.)?\s*([A-Za-z0-9_-]+)[\"']?\s*\]"
)
_DOTTED = re.compile(
    r"(?<![A-Za-z0-9_-])(?:[A-Za-z0-9_-]{1,99}[ \t]{0,9}\.[ \t]{0,9})" f"{{{MAX_DEPTH * 2}}}"
)


class Toml:
    """A TOML document: its tables by path, and the lines that texts and keys are in."""

    def __init__(self, text: str, data: dict[str, Any], offset: int = 0) -> None:
        self.data = data
        self._offset = offset
        self._text = text

    @cached_property
    def _texts(self) -> dict[str, int]:
        return self._first(_QUOTED)

    @cached_property
    def _keys(self) -> dict[str, int]:
        return self._first(_KEY)

    def _first(self, pattern: re.Pattern[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for number, line in enumerate(self._text.splitlines(), 1):
            for parts in pattern.findall(line) if len(line) <= MAX_LINE else ():
                for one in parts:
                    if one:
                        found.setdefault(one, number + self._offset)
        return found

    def line(self, value: object, key: str = "") -> int | str:
        """The first line with a text in quotation marks, or with a key; else the key itself."""
        if isinstance(value, str) and value in self._texts:
            return self._texts[value]
        return (
            self._keys.get(key) or self._keys.get(key.rpartition(".")[2]) or key or str(value)[:80]
        )

    def table(self, path: str, notes: Notes) -> dict[str, Any]:
        """A table by its dotted path; an empty one where there is none. Says where it is none."""
        at: Any = self.data
        for key in path.split("."):
            at = at.get(key, {})
            if not isinstance(at, dict):
                notes.fault(self.line("", path), f"{path} is not a table.", code="invalid_file")
                return {}
        found: dict[str, Any] = at
        return found

    def texts(self, found: object, path: str, notes: Notes) -> list[str]:
        """A list of texts; says where it is none."""
        if found is None:
            return []
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            notes.fault(self.line("", path), f"{path} is not a list of texts.", code="invalid_file")
            return []
        return found


def load(text: str, *, offset: int = 0, what: str = "The file") -> Toml:
    """A TOML document; ``offset`` lines are before it. Raises InvalidDefinition with its line."""
    if _DOTTED.search(text):
        # Python's parser takes the square of a key's length.
        raise too_large("", f"a key of more than {MAX_DEPTH * 2} parts")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        found = _PLACE.search(said)
        raise invalid(
            int(found[1]) + offset if found else offset + len(text.splitlines()),
            f"{what} is not valid TOML.",
            detail=f"{_PLACE.sub('', said).strip()}.",
            remedy="Check the quotation marks and brackets.",
        ) from error
    except RecursionError:
        raise too_large(offset, f"more than {MAX_DEPTH} levels") from None
    _check_depth(data)
    return Toml(text, data, offset)


def _check_depth(value: object) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise too_large("", f"more than {MAX_DEPTH} levels")
