"""TOML as plain values, and in which line each is."""

from __future__ import annotations

import re
import sys
from typing import Any

from mlenv_jupyter.formats.report import Notes, invalid, too_large

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_DEPTH = 40
_PLACE = re.compile(r"\(at line (\d+), column \d+\)")
_HEAD = re.compile(r"\s*\[+\s*([^\[\]#]+?)\s*\]+")


class Toml:
    """A TOML document: its tables by path, and the lines that texts and keys are in."""

    def __init__(self, text: str, data: dict[str, Any], offset: int = 0) -> None:
        self.data = data
        self._offset = offset
        self._lines = text.splitlines()

    def line(self, value: object, key: str = "") -> int | str:
        """The first line with a text in quotation marks, or with a key; else the key itself."""
        quoted = (f'"{value}"', f"'{value}'")
        last = key.rpartition(".")[2]
        begins = re.compile(
            rf"""\s*["']?{re.escape(last)}["']?\s*[=.\]]|\s*\[.*\b{re.escape(last)}\W"""
        )
        found = 0
        for number, line in enumerate(self._lines, 1):
            if isinstance(value, str) and value and any(one in line for one in quoted):
                return number + self._offset
            if not found and last and begins.match(line):
                found = number
        return found + self._offset if found else key or str(value)[:80]

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
