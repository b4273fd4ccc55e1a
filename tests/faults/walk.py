"""One call of the system after the other is refused, of all that doing something makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from .refuse import KINDS
from .rig import Rig

ERRORS = ("ENOSPC", "EIO", "EACCES")


class Refused(NamedTuple):
    """Which call of ``op``, and with which error; with ``stays`` all that follow, too."""

    op: str
    nth: int
    error: str
    stays: bool


def met(rig: Rig, op: str) -> Counter[str]:
    """How often each kind of call is made when nothing is refused."""
    assert rig.refusals is not None
    case = rig.prepare(op)
    rig.refusals.count()
    found = rig.strike(case)
    calls, _ = rig.refusals.end()
    assert "said" in found, found
    rig.check(case, found)
    return calls


def spread(op: str, calls: int, many: int) -> Iterator[Refused]:
    """So many of them, from the first to the last, with every error, once and from there on."""
    step = max(1.0, calls / many)
    for number in range(min(many, calls)):
        nth = 1 + int(number * step)
        yield Refused(op, nth, ERRORS[number % 3], stays=number // 3 % 2 == 1)


def strike(rig: Rig, blow: Refused) -> tuple[str, Counter[str]]:
    """Do it, and look whether all holds; what came of it, and how often each call was refused.

    ``done``: in spite of it, as with a cache that cannot be written. ``refused``: with an error of
    ours. ``not met``: it was over before, since threads and programs do not always make as many.
    """
    assert rig.refusals is not None
    case = rig.prepare(blow.op)
    rig.refusals.refuse(blow.nth, blow.error, stays=blow.stays)
    try:
        found = rig.strike(case)
    finally:
        _, refused = rig.refusals.end()
    # An error that is none of ours, and a process that died, say neither.
    assert found["signal"] == 0, (blow, found)
    assert "error" in found or "said" in found, (blow, found)
    said = found.get("said")
    failed = "error" in found or (isinstance(said, list) and said[0] != "succeeded")
    if "error" in found:
        assert found["error"] in ("disk_full", "io_error", "permission_denied", "unavailable"), (
            blow,
            found,
        )
    assert refused.total() or not failed, (blow, found)
    rig.check(case, found)
    return ("refused" if failed else "done" if refused.total() else "not met"), refused


class Table:
    """What came of all that was tried, for docs/explanation/reliability.md."""

    def __init__(self) -> None:
        self._met: dict[str, int] = {}
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self.of_kind: Counter[str] = Counter()

    def begin(self, op: str, calls: Counter[str]) -> None:
        """So many calls are made."""
        self._met[op] = calls.total()

    def add(self, op: str, outcome: str, refused: Counter[str]) -> None:
        """One blow, and what came of it."""
        self._outcomes[op, outcome] += 1
        self.of_kind += refused

    @property
    def outcomes(self) -> set[str]:
        """What came of any of them."""
        return {outcome for _, outcome in self._outcomes}

    def text(self) -> str:
        """As Markdown."""
        names = ("refused", "done", "not met", "did not hold")
        lines = [
            "| | calls | an error of ours | done all the same | not met | what did not hold |",
            "|" + "---|" * 6,
        ]
        for op, calls in self._met.items():
            cells = [str(self._outcomes[op, one]) for one in names]
            lines.append(f"| {op} | {calls} | " + " | ".join(cells) + " |")
        lines += ["", "| call | refused |", "|---|---|"]
        lines += [f"| {kind} | {self.of_kind[kind]} |" for kind in KINDS]
        return "\n".join(lines)
