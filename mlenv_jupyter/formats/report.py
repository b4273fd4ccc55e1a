"""What was read from a file, and what was made of each part of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidDefinition, Problem, TooLarge
from mlenv_jupyter.core.redact import redact

MAX_TEXT = 5 * 1024 * 1024
"""Bytes of a file that are read, about; what people have is a thousand times smaller."""

MAX_LINES = 20_000
"""Logical lines, or entries, of a file and those that it names."""

MAX_FAULTS = 50

ReadFile = Callable[[str], "str | None"]
"""Reads a file that another one names, by its path from there; None where it cannot be had."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One line a part: honoured, kept without effect, left out. The latter two say where it is."""

    taken: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """A file as a Definition. ``problems`` has what is refused once more, each with its place."""

    format: str
    definition: Definition
    name: str | None = None
    version: str | None = None
    report: Report = Report()
    problems: tuple[Problem, ...] = ()


@dataclass
class Notes:
    """Collects the report while a file is read; ``source`` is put before places in nested files."""

    source: str = ""
    taken: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)

    def place(self, line: int | str) -> str:
        """«line 4», or «base.txt line 4» in a file that another one names; a key is its own."""
        return line if isinstance(line, str) else f"{self.source} line {line}".strip()

    def take(self, text: str) -> None:
        """Something is honoured."""
        self.taken.append(redact(text))

    def keep(self, line: int | str, text: str) -> None:
        """Something has no effect, or another one than elsewhere."""
        self.kept.append(redact(f"{self.place(line)}: {text}")[:1000])

    def refuse(
        self, line: int | str, message: str, remedy: str = "", code: str = "refused"
    ) -> None:
        """Something is left out."""
        place, message, remedy = self.place(line), redact(message), redact(remedy)
        self.refused.append(f"{place}: {message} {remedy}".rstrip())
        self.problems.append(Problem(code=code, message=message, remedy=remedy, where=place))

    def fault(
        self,
        line: int | str,
        message: str,
        *,
        detail: str = "",
        remedy: str = "",
        code: str = "invalid_requirement",
    ) -> None:
        """The file is wrong there: nothing of it can be taken. Raises after too many of them."""
        self.errors.append(
            Problem(
                code=code,
                message=redact(message),
                detail=redact(detail),
                remedy=redact(remedy),
                where=self.place(line),
            )
        )
        if len(self.errors) >= MAX_FAULTS:
            self.raise_faults()

    def adopt(self, problems: list[Problem], line: int | str) -> bool:
        """Say at its place in the file what core has found wrong; whether there was anything."""
        for one in problems:
            self.fault(line, one.message, detail=one.detail, remedy=one.remedy, code=one.code)
        return bool(problems)

    def inside(self, source: str) -> Notes:
        """The same report, for a file that this one names."""
        return Notes(source, self.taken, self.kept, self.refused, self.problems, self.errors)

    def raise_faults(self) -> None:
        """Raise InvalidDefinition with everything that is wrong, if anything is."""
        if self.errors:
            raise InvalidDefinition(tuple(self.errors))

    def report(self) -> Report:
        """The report so far."""
        return Report(taken=tuple(self.taken), kept=tuple(self.kept), refused=tuple(self.refused))


def check_size(text: str, filename: str) -> str:
    """The text without a byte order mark; raises TooLarge."""
    if len(text) > MAX_TEXT:
        raise TooLarge(
            f"{filename[:200]} has more than {MAX_TEXT // 1024**2} MB.",
            where=filename[:200],
            remedy="Import the file that describes the environment, not what was made from it.",
        )
    return text.removeprefix("\ufeff")


def invalid(
    line: int | str,
    message: str,
    *,
    detail: str = "",
    remedy: str = "",
    code: str = "invalid_file",
) -> InvalidDefinition:
    """The error for a file of which nothing can be taken; ``line`` 0 is the whole file."""
    return InvalidDefinition(
        (
            Problem(
                code=code,
                message=redact(message),
                detail=redact(detail),
                remedy=remedy,
                where=f"line {line}" if isinstance(line, int) and line else str(line or ""),
            ),
        )
    )


def too_large(line: int | str, what: str) -> TooLarge:
    """The error for a file beyond a limit."""
    return TooLarge(
        f"The file has {what}.",
        where=f"line {line}" if isinstance(line, int) else line,
        remedy="Import the file that describes the environment, not what was made from it.",
    )


def counted(number: int, one: str, many: str | None = None) -> str:
    """«1 requirement», «2 requirements»."""
    return f"{number} {one if number == 1 else many or one + 's'}"
