"""The log's writer: one line at once, many together, in order, and never a credential."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from mlenv_jupyter.builds import log as logs
from mlenv_jupyter.builds.log import LogWriter, read_records
from mlenv_jupyter.process import Line, run

SECRET = "c4n4ry-of-the-log"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a log is written."""
    return tmp_path / "log.jsonl"


def texts(path: Path) -> list[str]:
    return [one.x for one in read_records(path)]


def test_a_line_that_comes_alone_is_there_at_once(path: Path) -> None:
    log = LogWriter(path, time.time())
    log.line("one")
    assert texts(path) == ["one"]
    log.close()


def test_a_flood_is_whole_and_in_order_around_what_is_no_line(path: Path) -> None:
    log = LogWriter(path, time.time(), hidden=lambda: (SECRET,))
    for number in range(5000):
        if number == 2500:
            log.stage("installing", "install")
        log.line(f"line {number}" if number % 100 else f"{number} {SECRET} https://me:pw@host/")
    log.result({"state": "succeeded"}, "Ready", "note")
    # What ends is written at once, and everything before it.
    records = list(read_records(path))
    assert len(records) == 5002
    assert [one.k for one in records if one.k != "line"] == ["stage", "result"]
    assert records[2500].k == "stage"
    lines = [one for one in records if one.k == "line"]
    for number, one in enumerate(lines):
        wanted = f"line {number}" if number % 100 else f"{number} **** https://****@host/"
        assert one.x == wanted
        assert one.s == ("queued" if number < 2500 else "installing")
    assert [one.t for one in records] == sorted(one.t for one in records)
    log.close()


def test_what_is_held_comes_by_itself(path: Path) -> None:
    log = LogWriter(path, time.time())
    for number in range(10):
        log.line(str(number))
    until = time.monotonic() + 20
    while len(texts(path)) < 10:
        assert time.monotonic() < until
    assert texts(path) == [str(number) for number in range(10)]
    log.close()


def test_several_threads_mix_lines_and_no_line(path: Path) -> None:
    log = LogWriter(path, time.time())

    def write(name: str) -> None:
        for number in range(1000):
            log.line(f"{name} {number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    log.close()
    found = texts(path)
    assert len(found) == 4000
    for name in "abcd":
        own = [one for one in found if one[0] == name]
        assert own == [f"{name} {number}" for number in range(1000)]


def test_a_disk_that_is_full_is_said_by_the_next_call(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogWriter(path, time.time())
    log.line("written")

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    class Os:
        """The system, with a full disk."""

        write = staticmethod(full)

        def __getattr__(self, name: str) -> object:
            return getattr(os, name)

    monkeypatch.setattr(logs, "os", Os())
    monkeypatch.setattr(logs, "HOLD", 0.001)
    log.line("held")
    until = time.monotonic() + 20
    with pytest.raises(OSError, match="No space left"):
        while time.monotonic() < until:
            log.line("more")
    monkeypatch.undo()
    log.stage("installing", "goes on")
    log.close()
    assert texts(path)[0] == "written"
    assert texts(path)[-1] == "goes on"


def test_a_programs_flood_comes_through_one_by_one() -> None:
    seen: list[Line] = []
    code = "import sys\nfor i in range(20000): sys.stdout.write('%d\\r\\n' % i)\n"
    code += "sys.stdout.write('x' * 200000 + '\\nend')"
    ended, kept = run(["python3", "-c", code], on_line=seen.append)
    assert ended == 0
    assert [one.text for one in seen[:20000]] == [str(number) for number in range(20000)]
    assert seen[20000].text.startswith("x" * 65536)
    assert seen[20000].text.endswith("characters more)")
    assert seen[20001].text == "end"
    assert kept == seen[-2000:]
