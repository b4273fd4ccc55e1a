"""``python -m tests.faults N``: N blows at random, each with another thing, place and fault.

Prints a table for docs/explanation/reliability.md, and what was told of the first that failed.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from mlenv_jupyter.failpoints import CALLS, STEPS
from mlenv_jupyter.store.trees import remove_tree

from .index import cut, flipped, short, whole
from .rig import OPS, Rig

CACHE = Path(__file__).parent.parent.parent / ".cache" / "tests"
ERRORS = ("ENOSPC", "EIO", "EACCES")


def main(count: int, seed: int) -> int:
    """The exit code."""
    chance = random.Random(seed)
    place = Path(tempfile.mkdtemp(prefix="mlenv-faults-"))
    rig = Rig(place, CACHE)
    os.environ.update(rig.environment)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.monotonic()
    rig.begin()
    passed = {op: rig.counted(op) for op in OPS}
    struck: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    for _ in range(count):
        op, kind, fault = _one(chance, passed)
        struck[op, kind] += 1
        try:
            _strike(rig, op, kind, fault, chance)
        except Exception:  # noqa: BLE001 - said, counted, and the next one follows
            failed[op, kind] += 1
            print(f"{op}: {kind} {fault}\n{traceback.format_exc()}", flush=True)
    rig.close()
    remove_tree(place)
    kinds = ("kill", *ERRORS, "download")
    print("| | " + " | ".join(kinds) + " | what did not hold |\n|" + "---|" * (len(kinds) + 2))
    for op in OPS:
        cells = [str(struck[op, kind] or "") for kind in kinds]
        wrong = sum(failed[op, kind] for kind in kinds)
        print(f"| {op} | " + " | ".join(cells) + f" | {wrong} |")
    print(f"\n{count} blows (seed {seed}) in {time.monotonic() - began:.0f} s.\n")
    print("| point | passed, all things together |\n|---|---|")
    for point in (*STEPS, *CALLS):
        print(f"| `{point}` | {sum(one[point] for one in passed.values())} |")
    return 1 if failed else 0


def _one(chance: random.Random, passed: dict[str, Counter[str]]) -> tuple[str, str, str]:
    """What is done, the kind of the fault, and which passage of which point it is at."""
    op = chance.choice(OPS)
    if op == "build" and chance.random() < 0.2:
        return op, "download", ""
    kind = chance.choice(("kill", "kill", *ERRORS))
    points = [one for one in passed[op] if one in CALLS or kind == "kill"]
    if not points:
        return op, "kill", next(iter(passed[op])) + "#1"
    point = chance.choice(points)
    return op, kind, f"{point}#{chance.randint(1, passed[op][point])}"


def _strike(rig: Rig, op: str, kind: str, fault: str, chance: random.Random) -> None:
    case: dict[str, Any] = rig.prepare(op)
    if kind == "download":
        rig.index.spoil = chance.choice((cut, short, flipped))(chance.random())
    try:
        found = rig.strike(case, f"{fault}={kind}" if fault else "")
    finally:
        rig.index.spoil = whole
    if kind == "download":
        assert found["said"][0] == "failed", found
    rig.check(case, found)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1))
