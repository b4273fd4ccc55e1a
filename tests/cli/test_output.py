"""Sizes, ages and columns."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mlenv_jupyter.cli.output import age, duration, size, table


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, ""),
        (999, "999 B"),
        (1500, "1.5 kB"),
        (16_900_000, "17 MB"),
        (999_900_000, "1.0 GB"),
        (12_000_000_000, "12 GB"),
    ],
)
def test_size(amount: int | None, shown: str) -> None:
    assert size(amount) == shown


@pytest.mark.parametrize(
    ("back", "shown"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(days=2), "2 d ago"),
    ],
)
def test_age(back: timedelta, shown: str) -> None:
    then = datetime.now(timezone.utc) - back
    assert age(then.isoformat().replace("+00:00", "Z")) == shown


def test_age_of_what_is_no_time() -> None:
    assert age("soon") == "soon"
    assert age(None) == ""


def test_duration() -> None:
    assert duration(7.26) == "7.3 s"
    assert duration(125) == "2 min 5 s"


def test_columns_are_not_cut_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    table(("A", "B"), [("one", "x" * 500), ("three", "y")])
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "A      B"
    assert second == "one    " + "x" * 500
    assert third == "three  y"
