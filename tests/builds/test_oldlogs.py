"""Old logs are compressed, and read as if they were not."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from mlenv_jupyter.builds.durable import moment, new_id
from mlenv_jupyter.builds.log import LogWriter, read_records
from mlenv_jupyter.builds.oldlogs import DAY, pack_old, packed
from mlenv_jupyter.builds.spec import BuildFiles
from mlenv_jupyter.core.build import Build
from mlenv_jupyter.core.errors import StoreDamaged
from mlenv_jupyter.workspace import Workspace


def a_build(workspace: Workspace, lines: int = 2000, *, days: float = 40) -> tuple[str, Path]:
    """A build that ended so many days ago; its id and its log."""
    at = moment()
    build = Build(
        id=new_id(), name="old", version="1", digest="0" * 64, state="succeeded", created_at=at
    )
    workspace.registry.builds.add(build)
    files = BuildFiles(workspace.places, build.id)
    files.place.mkdir(parents=True)
    log = LogWriter(files.log, 0.0)
    for number in range(lines):
        log.line(f"line {number} é")
    log.result({"state": "succeeded", "error": None}, "Ready", "note")
    log.close()
    files.result.write_bytes(b"{}")
    then = files.log.stat().st_mtime - days * DAY
    os.utime(files.log, (then, then))
    return build.id, files.log


def test_an_old_log_takes_less_and_is_read_as_it_was(workspace: Workspace) -> None:
    build, log = a_build(workspace)
    whole = log.read_bytes()
    freed = pack_old(workspace.places, 30)
    assert freed > 0.8 * len(whole)
    assert not log.exists()
    assert packed(log).stat().st_mode & 0o077 == 0
    assert workspace.log_path(build).read_bytes() == whole
    assert len(list(read_records(log))) == 2001
    # It was read today: it stays.
    assert pack_old(workspace.places, 30) == 0
    assert log.exists()
    os.utime(log, (1, 1))
    assert pack_old(workspace.places, 30) > 0
    assert workspace.log_path(build).read_bytes() == whole


def test_what_is_new_small_or_at_work_is_left(workspace: Workspace) -> None:
    _, young = a_build(workspace, days=3)
    _, small = a_build(workspace, lines=3)
    held, log = a_build(workspace)
    lock = BuildFiles(workspace.places, held).try_lock()
    assert lock is not None
    _, running = a_build(workspace)
    running.with_name("result.json").unlink()
    assert pack_old(workspace.places, 30) == 0
    assert all(one.exists() for one in (young, small, log, running))
    os.close(lock)
    assert pack_old(workspace.places, 30) > 0


def test_a_server_compresses_when_it_starts_unless_told_not_to(workspace: Workspace) -> None:
    _, log = a_build(workspace)
    never = Workspace.from_config(log_days=0)
    never.reconcile()
    never.close()
    assert log.exists()
    workspace.reconcile()
    assert not log.exists()


def test_many_who_read_at_once_have_the_whole(workspace: Workspace) -> None:
    build, log = a_build(workspace)
    whole = log.read_bytes()
    pack_old(workspace.places, 30)
    came: list[bytes] = []
    readers = [
        threading.Thread(target=lambda: came.append(workspace.log_path(build).read_bytes()))
        for _ in range(8)
    ]
    for one in readers:
        one.start()
    for one in readers:
        one.join()
    assert came == [whole] * 8
    assert sorted(one.name for one in log.parent.iterdir()) == sorted(
        ["log.jsonl", "log.jsonl.gz", "result.json", "lock"]
    )


def test_a_compressed_log_that_is_damaged_is_said(workspace: Workspace) -> None:
    build, log = a_build(workspace)
    pack_old(workspace.places, 30)
    data = packed(log).read_bytes()
    for spoilt in (data[: len(data) // 2], b"nothing of it", data[:200] + bytes(200) + data[400:]):
        packed(log).write_bytes(spoilt)
        with pytest.raises(StoreDamaged):
            workspace.log_path(build)
        assert not log.exists()
