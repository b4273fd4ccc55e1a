"""Calls that write are refused in their turn: some of each, `make faults N=calls` has all."""

from __future__ import annotations

import pytest

from tests.conftest import REQUIRED

from .refuse import compiler
from .rig import Rig
from .walk import met, spread, strike

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.fixture(autouse=True)
def what_compiles() -> None:
    """The library that refuses is compiled here."""
    if compiler() is None:
        if "cc" in REQUIRED:
            pytest.fail("MLENV_REQUIRE has cc, and there is no C compiler")
        pytest.skip("There is no C compiler here.")


@pytest.mark.parametrize(
    ("op", "many"),
    [
        ("register", 12),
        ("install", 10),
        ("remove", 8),
        ("delete", 10),
        ("rebuild", 12),
        ("collect", 3),
        ("build", 6),
    ],
)
def test_a_call_is_refused(rig: Rig, op: str, many: int) -> None:
    calls = met(rig, op)
    assert calls["open"] + calls["mkdir"] > 0
    outcomes = [strike(rig, blow) for blow in spread(op, calls.total(), many)]
    assert sum(refused.total() for _, refused in outcomes) >= many // 2
    if op != "collect":
        assert any(outcome == "refused" for outcome, _ in outcomes)


def test_what_is_refused_is_what_was_asked_for(rig: Rig) -> None:
    """The library itself: the first call of a registration is refused, and no other."""
    assert rig.refusals is not None
    case = rig.prepare("register")
    rig.refusals.refuse(1, "ENOSPC", stays=True)
    found = rig.strike(case)
    calls, refused = rig.refusals.end()
    assert found.get("error") in ("disk_full", "io_error", "unavailable"), found
    assert refused == calls and refused.total() >= 1
    found = rig.strike(case)  # nothing is refused any more
    assert found["said"] == "1"
    rig.check(case, found)
