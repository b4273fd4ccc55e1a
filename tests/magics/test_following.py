"""Following a build: torn lines, an interrupt, a command that dies."""

from __future__ import annotations

import _thread
import subprocess
import sys
import threading
from typing import Any

import pytest

from mlenv_jupyter.magics.following import Interrupted, View, clean, follow, line_of

FIRST = '{"build": {"name": "x", "version": "2", "state": "queued", "error": null}}'


def start(code: str) -> Any:
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_lines_that_cannot_be_read_are_passed_over() -> None:
    view = View()
    for line in (b"", b"not json", b"[]", b'{"t": 1.0, "k": "line", "x": "kept"}'):
        view.feed(line)
    assert [text for _, text, _ in view.lines] == ["kept"]


def test_queued_once_more_begins_again() -> None:
    view = View()
    view.feed('{"t": 1.0, "k": "stage", "s": "installing"}')
    view.feed('{"t": 2.0, "k": "stage", "s": "resolving"}')
    assert view.stages()[2][1] == "waiting"


def test_interrupt_ends_the_command_and_not_the_build() -> None:
    child = start(f"print({FIRST!r}, flush=True); import time; time.sleep(60)")
    view, shown = View(), []

    def show() -> None:
        shown.append(view.state)
        if len(shown) == 1:
            threading.Thread(target=_thread.interrupt_main).start()

    with pytest.raises(Interrupted, match=r"the build of x:2 goes on.*%mlenv cancel x:2"):
        follow(child, view, show)
    assert child.wait() != 0
    assert view.interrupted


def test_command_that_dies_says_what_is_known() -> None:
    child = start("import sys; sys.exit('broken')")
    problem = follow(child, View(), lambda: None)
    assert problem is not None
    assert problem["message"] == "mlenv ended with exit code 1."
    assert "broken" in problem["detail"]


def test_lines_of_a_log() -> None:
    assert line_of('{"t": 0.25, "k": "line", "x": "\\u001b[1mbold\\u001b[0m"}') == "    0.2  bold"
    assert line_of('{"t": 1, "k": "stage", "s": "resolving", "x": ""}') == "    1.0  Resolving"
    assert line_of('{"t": 1, "k": "progress"}') is None
    assert line_of("torn") is None
    assert clean("a\x1b]8;;http://x\x07b\x1b[0m\x00") == "ab"
