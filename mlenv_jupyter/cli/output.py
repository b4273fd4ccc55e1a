"""What the commands print: JSON for programs, columns and sentences for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import IO, Any

import click
import msgspec

STATES = {
    "ready": ("● ready", "green"),
    "not-built": ("○ not built", ""),
    "queued": ("◷ queued", ""),
    "building": ("◔ building", "blue"),
    "resolving": ("◔ resolving", "blue"),
    "installing": ("◔ installing", "blue"),
    "verifying": ("◔ verifying", "blue"),
    "succeeded": ("● succeeded", "green"),
    "failed": ("✗ failed", "red"),
    "cancelled": ("⊘ cancelled", ""),
    "interrupted": ("⊘ interrupted", "yellow"),
}


def colour(stream: IO[Any]) -> bool:
    """Whether a stream shows colours (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def emit(value: object) -> None:
    """A value as one JSON document; indented where a person reads it."""
    data = msgspec.json.encode(value)
    if sys.stdout.isatty():
        data = msgspec.json.format(data, indent=2)
    click.echo(data.decode())


def say(text: str = "") -> None:
    """A line for a person."""
    click.echo(text, color=colour(sys.stdout))


def note(text: str) -> None:
    """A line beside the result, on standard error so that a pipe does not get it."""
    click.echo(text, err=True, color=colour(sys.stderr))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns, as wide as they must be; on a terminal the last one is cut at its edge."""
    lines = [[click.style(cell, dim=True) for cell in head], *rows]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(head))]
    limit = _terminal_width()
    for line in lines:
        cells = [
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        ]
        text = "  ".join([*cells[:-1], line[-1]])
        spare = limit - (_width(text) - _width(line[-1])) if limit else 0
        if limit and _width(text) > limit and spare > 8:
            text = "  ".join([*cells[:-1], click.unstyle(line[-1])[: spare - 1] + "…"])
        say(text.rstrip())


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Names and values in two columns; those without a value are left out."""
    shown = [(name, value) for name, value in pairs if value]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        first, *more = value.splitlines()
        say(click.style(f"{name:<{width}}", dim=True) + f"  {first}")
        for line in more:
            say(" " * width + f"  {line}")


def state(word: str) -> str:
    """A state with its shape and colour, never colour alone."""
    text, colour_name = STATES.get(word, (word, ""))
    return click.style(text, fg=colour_name) if colour_name else text


def size(amount: int | None) -> str:
    """Bytes as kB, MB or GB."""
    if amount is None:
        return ""
    if amount < 1000:
        return f"{amount} B"
    for unit, scale in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        value = amount / scale
        if value < 999.5 or unit == "GB":
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def age(moment: str | None) -> str:
    """An ISO 8601 time as ``2 d ago``; as it is where it cannot be read."""
    if not moment:
        return ""
    try:
        then = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    except ValueError:
        return moment
    if then.tzinfo is None:
        then = then.replace(tzinfo=timezone.utc)
    seconds = (datetime.now(timezone.utc) - then).total_seconds()
    if seconds < 60:
        return "just now"
    for unit, length in (("min", 60), ("h", 3600), ("d", 86400)):
        if seconds < length * {"min": 60, "h": 24, "d": 30}[unit]:
            return f"{seconds / length:.0f} {unit} ago"
    return then.date().isoformat()


def seconds_between(start: str | None, end: str | None) -> str:
    """How long something took, from two ISO 8601 times."""
    if not start or not end:
        return ""
    first, last = (datetime.fromisoformat(one.replace("Z", "+00:00")) for one in (start, end))
    return duration((last - first).total_seconds())


def duration(seconds: float) -> str:
    """Seconds, or minutes and seconds."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 package``, ``2 packages``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def _terminal_width() -> int:
    if not sys.stdout.isatty():
        return 0
    return os.get_terminal_size(sys.stdout.fileno()).columns


def _width(text: str) -> int:
    return len(click.unstyle(text))
