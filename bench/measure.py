"""Time contestants in shuffled order, and say medians, spreads and ratios."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """The answer to one question; ``rows`` are cells of text under ``head``."""

    question: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def markdown(self) -> str:
        """The table as it stands in the documentation."""
        lines = [f"### {self.question}", "", "| " + " | ".join(self.head) + " |"]
        lines.append("|" + "|".join("---" for _ in self.head) + "|")
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join([*lines, "", *([self.note, ""] if self.note else [])])


def rounds(
    contestants: Mapping[str, Callable[[], float | None]], count: int, seed: int = 0
) -> dict[str, list[float]]:
    """Seconds of each contestant, ``count`` times, in an order that differs every time.

    A contestant returns its own seconds, or None to have its whole call timed.
    """
    order = random.Random(seed)
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(count):
        names = list(contestants)
        order.shuffle(names)
        for name in names:
            began = time.perf_counter()
            own = contestants[name]()
            found[name].append(time.perf_counter() - began if own is None else own)
    return found


def compare(question: str, found: Mapping[str, list[float]], base: str, note: str = "") -> Table:
    """Medians beside that of ``base``: how many times the base's each one takes."""
    middle = statistics.median(found[base])
    rows = []
    for name, seconds in sorted(found.items(), key=lambda one: statistics.median(one[1])):
        median = statistics.median(seconds)
        spread = f"{min(seconds):.3f} … {max(seconds):.3f}"
        rows.append((name, f"{median:.3f} s", spread, f"{median / middle:.2f} ×"))
    return Table(question, ("", "median", "spread", f"beside {base}"), tuple(rows), note)
