"""What does it cost to press Build again?"""

from __future__ import annotations

from bench import five
from bench.measure import Table, rounds


def run(count: int) -> list[Table]:
    """Ask for a build of what is built."""
    made = five.workspace()
    made.build("five")

    def again() -> None:
        assert made.build("five").reused

    seconds = sorted(one.seconds for one in rounds({"again": again}, count * 40)["again"])
    middle, worst = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.99) - 1]
    row = ("Workspace.build of a ready version", f"{middle * 1e3:.2f} ms", f"{worst * 1e3:.2f} ms")
    return [Table("Building what is built", ("", "median", "p99"), (row,), "Goal: under 10 ms.")]
