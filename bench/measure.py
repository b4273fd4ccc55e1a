"""Time contestants in shuffled order, and say medians, spreads and ratios."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


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


class Sample(NamedTuple):
    """Seconds on the wall, and seconds of processor of this process and those that it started.

    The second is what is left to compare by where others run on the machine.
    """

    seconds: float
    cpu: float


class Clock:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._began = (time.perf_counter(), _cpu())

    def read(self) -> Sample:
        """What has passed; processes that were not waited for are not in it."""
        return Sample(time.perf_counter() - self._began[0], _cpu() - self._began[1])


def rounds(
    contestants: Mapping[str, Callable[[], float | Sample | None]], count: int, seed: int = 0
) -> dict[str, list[Sample]]:
    """What each contestant took, ``count`` times, in an order that differs every time.

    A contestant returns its own seconds, or None to have its whole call timed.
    """
    order = random.Random(seed)
    found: dict[str, list[Sample]] = {name: [] for name in contestants}
    for _ in range(count):
        names = list(contestants)
        order.shuffle(names)
        for name in names:
            clock = Clock()
            own = contestants[name]()
            whole = clock.read()
            if isinstance(own, Sample):
                whole = own
            elif own is not None:
                whole = Sample(own, whole.cpu)
            found[name].append(whole)
    return found


def median(samples: Sequence[Sample]) -> Sample:
    """The median of each."""
    return Sample(
        statistics.median(one.seconds for one in samples),
        statistics.median(one.cpu for one in samples),
    )


def compare(question: str, found: Mapping[str, list[Sample]], base: str, note: str = "") -> Table:
    """Medians beside those of ``base``: how many times the base's each one takes."""
    middle = median(found[base])
    rows = []
    for name, samples in sorted(found.items(), key=lambda one: median(one[1])):
        here, seconds = median(samples), [one.seconds for one in samples]
        rows.append(
            (
                name,
                f"{here.seconds:.3g} s",
                f"{min(seconds):.3g} … {max(seconds):.3g}",
                f"{here.seconds / middle.seconds:.3g} ×",
                f"{here.cpu:.3g} s",
                # Too little to be counted, or of a process that goes on: nothing to compare by.
                f"{here.cpu / middle.cpu:.3g} ×" if middle.cpu else "",
            )
        )
    head = ("", "median", "spread", f"beside {base}", "processor", f"beside {base}")
    return Table(question, head, tuple(rows), note)


def _cpu() -> float:
    return sum(os.times()[:4])
