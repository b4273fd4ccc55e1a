"""What fails at every step: processes are killed, calls of the system refused, downloads spoilt.

After each, what was acknowledged is there, what was not is gone, and the same works.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable

import pytest

from mlenv_jupyter import failpoints
from mlenv_jupyter.failpoints import CALLS, STEPS, Armed

from .index import Spoil, cut, flipped, short, whole
from .rig import OPS, Rig

pytestmark = [pytest.mark.network, pytest.mark.slow]
Passed = dict[str, Counter[str]]
ERRORS = ("ENOSPC", "EIO", "EACCES")


OWN = [one for one in STEPS if not one.startswith(("conda.", "image."))]
"""Those of all builds; the others are in ``test_others.py``."""


def test_every_point_is_passed(passed: Passed) -> None:
    everything = sum(passed.values(), Counter())
    assert set(everything) == {*OWN, *CALLS}


@pytest.mark.parametrize("point", [*OWN, *CALLS])
def test_a_process_dies(rig: Rig, passed: Passed, point: str) -> None:
    op = next(op for op in OPS if passed[op][point])
    case = rig.prepare(op)
    found = rig.strike(case, f"{point}=kill")
    # A worker that dies is none of the caller's death: it says so, after the second time.
    assert found["signal"] == signal.SIGKILL or found["said"] == ["interrupted", "interrupted"]
    rig.check(case, found)


def test_what_dies_with_its_caller_is_built_by_whoever_looks(rig: Rig) -> None:
    case = rig.prepare("build")
    driven = rig.strike(case, "queue.row=kill")
    assert driven["signal"] == signal.SIGKILL
    (build,) = rig.workspace.registry.builds.running()
    assert rig.workspace.wait(build.id, 60).state == "succeeded"
    rig.check(case, driven)


@pytest.mark.parametrize("point", ["store.begun", "store.whole", "store.placed"])
def test_a_rebuild_that_dies_and_is_given_up_leaves_what_was_there(rig: Rig, point: str) -> None:
    lock_digest = rig.workspace.version("base").lock_digest
    assert lock_digest is not None
    prefix = rig.workspace.places.prefix(lock_digest)
    before = rig.workspace.store.checksum(prefix)
    case = rig.prepare("rebuild")
    assert rig.strike(case, f"{point}=kill")["signal"] == signal.SIGKILL
    (build,) = rig.workspace.registry.builds.running()
    rig.workspace.cancel(build.id)  # so that nobody makes it anew
    assert rig.workspace.wait(build.id, 20).state == "cancelled"
    assert rig.workspace.version("base").state == "ready"
    assert rig.workspace.store.checksum(prefix) == before


def test_nothing_is_armed_but_by_the_environment() -> None:
    look = "from mlenv_jupyter import failpoints as f; print(f._armed is None, f.inherited())"
    env = {key: one for key, one in os.environ.items() if key != failpoints.VARIABLE}
    for told, said in (({}, "True {}"), ({failpoints.VARIABLE: ""}, "True {}")):
        done = subprocess.run(
            [sys.executable, "-c", look], env={**env, **told}, capture_output=True, text=True
        )
        assert done.stdout.strip() == said, done.stderr
    for text in ("no.such.point=kill", "file.write=ENOTHING"):
        with pytest.raises((ValueError, AttributeError)):
            Armed(text)


@pytest.mark.parametrize("point", CALLS)
def test_a_call_fails(rig: Rig, passed: Passed, point: str) -> None:
    """One error at one passage; `make faults` has every error at every passage."""
    op = next(op for op in OPS if passed[op][point])
    first = list(CALLS).index(point) % 3
    for nth, error in enumerate(ERRORS if op in ("install", "remove") else ERRORS[first:][:1], 1):
        case = rig.prepare(op)
        found = rig.strike(case, f"{point}#{min(nth, passed[op][point])}={error}")
        assert found["signal"] == 0
        assert found.get("error") or found["said"], found
        rig.check(case, found)


@pytest.mark.parametrize("point", ["file.write", "log.write"])
def test_a_disk_that_stays_full(rig: Rig, point: str) -> None:
    case = rig.prepare("rebuild")
    found = rig.strike(case, f"{point}=ENOSPC")
    assert found.get("error") == "disk_full" or found["said"][0] != "succeeded", found
    rig.check(case, found)


@pytest.mark.parametrize("op", ["register", "rebuild"])
@pytest.mark.parametrize("largest", [1, 40_000])
def test_no_file_grows_beyond_a_limit(rig: Rig, op: str, largest: int) -> None:
    """The kernel's own refusal to write, in the middle of a file and of the registry."""
    case = rig.prepare(op)
    found = rig.strike(case, largest=largest)
    assert found["signal"] == 0
    if largest == 1:
        # SQLite does not tell a limit from a fault, and a build has files before it has a row.
        assert found["error"] == ("io_error" if op == "register" else "disk_full"), found
    rig.check(case, found)


@pytest.mark.parametrize("how", [cut, short, flipped])
@pytest.mark.parametrize("seed", [5, 6])
def test_a_spoilt_download_is_never_installed(
    rig: Rig, how: Callable[[float], Spoil], seed: int
) -> None:
    """`make faults` has them at more offsets, that of rattler is in ``test_others.py``."""
    at = random.Random(seed).random()
    case = rig.prepare("build")
    rig.index.spoil = how(at)
    try:
        found = rig.strike(case)
    finally:
        rig.index.spoil = whole
    assert found["said"][0] == "failed", (at, found)
    rig.check(case, found)
