"""The door of a container kernel: the command of the host, for who knows the word, as allowed."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlenv_jupyter.kernels.assets import away
from mlenv_jupyter.kernels.containers.door import SOCKET, Door

# Stands for the command: says what it was given, and ends with a code of its own.
COMMAND = """
import os, sys, time
if sys.argv[1] == "wait":
    open(sys.argv[2], "w").write(str(os.getpid()))
    time.sleep(60)
print(sys.argv[1:], repr(sys.stdin.read()), "é" * 100_000)
print(os.environ["MLENV_HOME"], os.getcwd(), file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(
        [sys.executable, "-c", COMMAND],
        ["show", "wait"],
        {**os.environ, "MLENV_HOME": "/the/home", "PYTHONUTF8": "1"},
        os.fspath(tmp_path),
    )
    made.open()
    yield made
    made.close()
    assert made.place is not None
    assert not made.place.exists()


@pytest.fixture
def inside(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process as the one in the container."""
    assert door.place is not None
    monkeypatch.setattr(away, "DOOR", str(door.place / SOCKET))
    monkeypatch.setattr(away, "_word", lambda: door.word)
    read, write = os.pipe()
    os.write(write, b"a cell")
    os.close(write)
    monkeypatch.setattr(sys, "stdin", os.fdopen(read, encoding="utf-8"))


def test_the_command_of_the_host_answers(
    inside: None, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert away.main(["show", "--json", "churn"]) == 7
    out, err = capfd.readouterr()
    assert out == f"['show', '--json', 'churn'] 'a cell' {'é' * 100_000}\n"
    assert err == f"/the/home {tmp_path}\n"


def test_a_verb_that_is_not_allowed_is_refused(
    inside: None, capfd: pytest.CaptureFixture[str]
) -> None:
    assert away.main(["exec", "--json", "churn", "--", "sh"]) == 3
    problem = json.loads(capfd.readouterr().err)["error"]
    assert problem["message"] == "`mlenv exec` is not run for a kernel in a container."
    assert "container_verbs" in problem["remedy"]


def test_without_the_word_nothing_is_answered(
    inside: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(away, "_word", lambda: "guessed")
    assert away.main(["show", "churn"]) == 3
    assert away.TEXT in capfd.readouterr().err


def test_the_end_of_the_one_side_is_that_of_the_other(door: Door, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    assert door.place is not None
    client.connect(str(door.place / SOCKET))
    request = {"word": door.word, "argv": ["wait", str(told)], "text": ""}
    client.sendall(json.dumps(request).encode() + b"\n")
    until = time.monotonic() + 20
    while not (told.exists() and told.read_text()):
        assert time.monotonic() < until
        time.sleep(0.02)
    client.close()
    while _runs(int(told.read_text())):
        assert time.monotonic() < until
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
