"""``python -m tests.faults N``: N blows at random, each with another thing, place and fault.

``python -m tests.faults calls [MOST]``: each call of the system that writes is refused once, or
``MOST`` of what something makes, from the first to the last.
``python -m tests.faults kills``: a process dies at each passage of each point, or at ten.

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
from tests import conda_channel
from tests.conda_channel import Server

from .index import cut, flipped, short, whole
from .refuse import compiler
from .rig import OPS, Rig
from .walk import ERRORS, Refused, Table, met, spread, strike

EVERY = 1_000_000
MANY = 10
"""Passages of a point at which a process dies, about: some are passed for every file."""
ENGINE = ("DOCKER_HOST", "DOCKER_CONFIG")
CACHE = Path(__file__).parent.parent.parent / ".cache" / "tests"


def main(what: str, number: int) -> int:
    """The exit code; the number is the seed, or the most calls."""
    place = Path(tempfile.mkdtemp(prefix="mlenv-faults-"))
    rig = Rig(place / "rig", CACHE)
    os.environ.update(rig.environment)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rig.begin()
    try:
        if what == "calls":
            return refuse_all(rig, number)
        if what == "kills":
            return kill_all(rig)
        return strike_at_random(rig, int(what), number)
    finally:
        rig.close()
        remove_tree(place)


def refuse_all(rig: Rig, most: int) -> int:
    """Every call once, or so many, with one error after the other; the exit code."""
    began, table, many = time.monotonic(), Table(), 0
    for op in OPS:
        calls = met(rig, op)
        table.begin(op, calls)
        for blow in spread(op, calls.total(), min(most, calls.total())):
            many += 1
            _refuse(rig, blow, table)
        print(f"{op}: {calls.total()}", flush=True)
    print(f"{table.text()}\n\n{many} calls refused in {time.monotonic() - began:.0f} s.")
    return 1 if "did not hold" in table.outcomes else 0


def _refuse(rig: Rig, blow: Refused, table: Table) -> None:
    try:
        table.add(blow.op, *strike(rig, blow))
    except Exception:  # noqa: BLE001 - said, counted, and the next one follows
        table.add(blow.op, "did not hold", Counter())
        print(f"{blow}\n{traceback.format_exc()}", flush=True)


def kill_all(rig: Rig) -> int:
    """At each passage of each point, or ten, with whatever builders there are; the exit code."""
    began = time.monotonic()
    server = Server(0, conda_channel.ensure()).start()
    rig.channel = f"{server.address}/main"
    rig.engine = {one: os.environ[one] for one in ENGINE if one in os.environ}
    ops = [*OPS, "conda", *(["image"] if rig.engine else [])]
    passed = {op: rig.counted(op) for op in ops}
    killed = failed = 0
    for op in ops:
        for point, times in passed[op].items():
            for nth in range(1, times + 1, max(1, times // MANY)):
                killed += 1
                case = rig.prepare(op)
                try:
                    rig.check(case, rig.strike(case, f"{point}#{nth}=kill"))
                except Exception:  # noqa: BLE001 - said, counted, and the next one follows
                    failed += 1
                    print(f"{op} {point}#{nth}\n{traceback.format_exc()}", flush=True)
    print("| point | packages | conda | image |\n|" + "---|" * 4)
    for point in (*STEPS, *CALLS):
        of = [sum(passed[op][point] for op in OPS), *(passed[op][point] for op in ops[len(OPS) :])]
        print(f"| `{point}` | " + " | ".join(str(one or "") for one in of) + " |")
    print(f"\n{killed} killed in {time.monotonic() - began:.0f} s; {failed} did not hold.")
    server.shutdown()
    server.server_close()
    return 1 if failed else 0


def strike_at_random(rig: Rig, count: int, seed: int) -> int:
    """So many blows, each at one passage of one point; the exit code."""
    chance = random.Random(seed)
    began = time.monotonic()
    passed = {op: rig.counted(op) for op in OPS}
    struck: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    calls: dict[str, int] = {}
    table = Table()
    for op in OPS if compiler() else ():
        found = met(rig, op)
        table.begin(op, found)
        calls[op] = found.total()
    for number in range(count):
        op, kind, fault = _one(chance, passed)
        if calls and number % 3 == 2:
            nth, error = chance.randint(1, calls[op]), chance.choice(ERRORS)
            _refuse(rig, Refused(op, nth, error, chance.random() < 0.5), table)
            continue
        struck[op, kind] += 1
        try:
            _strike(rig, op, kind, fault, chance)
        except Exception:  # noqa: BLE001 - said, counted, and the next one follows
            failed[op, kind] += 1
            print(f"{op}: {kind} {fault}\n{traceback.format_exc()}", flush=True)
    kinds = ("kill", *ERRORS, "download")
    print("| | " + " | ".join(kinds) + " | what did not hold |\n|" + "---|" * (len(kinds) + 2))
    for op in OPS:
        cells = [str(struck[op, kind] or "") for kind in kinds]
        wrong = sum(failed[op, kind] for kind in kinds)
        print(f"| {op} | " + " | ".join(cells) + f" | {wrong} |")
    if calls:
        print(f"\n{table.text()}")
    print(f"\n{count} blows (seed {seed}) in {time.monotonic() - began:.0f} s.\n")
    print("| point | passed, all things together |\n|---|---|")
    for point in (*STEPS, *CALLS):
        print(f"| `{point}` | {sum(one[point] for one in passed.values())} |")
    return 1 if failed or "did not hold" in table.outcomes else 0


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
    what, *more = sys.argv[1:]
    sys.exit(main(what, int(more[0]) if more else EVERY if what == "calls" else 1))
