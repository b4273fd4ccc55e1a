"""What a launcher tells of a kernel that takes long to start, and who hears it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mlenv_jupyter.kernels import starting
from mlenv_jupyter.kernels.starting import Listener, Teller

NAME = "mlenv-churn-00000000"


def test_a_word_is_heard_once_and_the_end_too(tmp_path: Path) -> None:
    listener = Listener(tmp_path)
    assert listener.news() == []
    teller = Teller(tmp_path, NAME, "churn", "1")
    teller.tell("pulling the image", at_once=True)
    ((word, starts),) = listener.news()
    assert (word.kernel_name, word.name, word.version, word.text, starts) == (
        *(NAME, "churn", "1", "pulling the image"),
        True,
    )
    assert listener.news() == []
    teller.tell("1 of 2 MB")  # too soon after the last one
    assert listener.news() == []
    teller.end()
    ((word, starts),) = listener.news()
    assert (word.kernel_name, starts) == (NAME, False)
    teller.end()


def test_what_a_killed_launcher_has_left_is_not_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teller = Teller(tmp_path, NAME, "churn", "1")
    teller.tell("pulling the image", at_once=True)
    (path,) = starting.place_of(tmp_path).iterdir()
    long_ago = time.time() - starting.STALE - 1
    os.utime(path, (long_ago, long_ago))
    (starting.place_of(tmp_path) / "mlenv-broken-00000000.json").write_text("{")
    assert Listener(tmp_path).news() == []
