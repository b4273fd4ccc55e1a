"""Builds that are linking alone: no process of their own, and as safe as those that have one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.builds.shelf import Shelf
from mlenv_jupyter.builds.spec import BuildFiles
from mlenv_jupyter.core.version import Version
from mlenv_jupyter.workspace import Workspace

pytestmark = pytest.mark.network
Built = Callable[..., Any]

HANGING = """
import sys, time
from pathlib import Path
from mlenv_jupyter.builds.shelf import Shelf
from mlenv_jupyter.workspace import Workspace

def give(self, entries, owner):
    (owner.site_packages / "half.py").write_text("x = 1")
    print("linking", flush=True)
    time.sleep(600)

Shelf.give = give
Workspace.from_config().build("small")
"""


@pytest.fixture
def known(workspace: Workspace, built: Built) -> Version:
    """A version whose lock and wheels are known and whose prefix is gone."""
    version, build = built("small", "six==1.17.0")
    assert build.state == "succeeded", build.error
    workspace.store.remove(workspace.places.prefix(version.lock_digest))
    assert workspace.version("small").state != "ready"
    assert isinstance(version, Version)
    return version


def test_it_needs_no_process_and_says_all_the_same(workspace: Workspace, known: Version) -> None:
    build = workspace.wait(workspace.build("small").id, 60)
    assert build.state == "succeeded", build.error
    assert BuildFiles(workspace.places, build.id).read_pid() is None
    records = list(read_records(workspace.log_path(build.id)))
    stages = [one.s for one in records if one.k == "stage"]
    assert stages == ["resolving", "installing", "verifying"]
    assert records[-1].d == {"state": "succeeded", "error": None}
    assert [one.state for one in build.stages] == ["done"] * len(build.stages)
    assert workspace.version("small").state == "ready"
    # The workspace goes on as before: its registry is open, its slots are free.
    assert workspace.build("small").reused
    assert workspace.builds()[0].id == build.id


def test_it_is_cancelled_like_any_other(
    workspace: Workspace, known: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    linking, go = threading.Event(), threading.Event()
    give = Shelf.give

    def slowly(self: Shelf, *arguments: Any) -> Any:
        linking.set()
        assert go.wait(30)
        return give(self, *arguments)

    monkeypatch.setattr(Shelf, "give", slowly)
    build = workspace.build("small")
    assert linking.wait(30)
    assert workspace.build("small").id == build.id  # a second request joins it
    assert workspace.cancel(build.id).cancelling
    go.set()
    assert workspace.wait(build.id, 10).state == "cancelled"
    assert not workspace.places.prefix(known.lock_digest or "").exists()
    assert not BuildFiles(workspace.places, build.id).cancel.with_name("pid").exists()
    monkeypatch.undo()
    assert workspace.wait(workspace.build("small").id, 60).state == "succeeded"


def test_a_worker_takes_over_where_the_shelf_fails(
    workspace: Workspace, known: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(self: Shelf, *arguments: Any) -> Any:
        raise FileNotFoundError(2, "gone")

    monkeypatch.setattr(Shelf, "give", gone)  # in this process alone
    build = workspace.wait(workspace.build("small").id, 60)
    assert build.state == "succeeded", build.error
    assert BuildFiles(workspace.places, build.id).read_pid() is not None
    assert workspace.version("small").state == "ready"


def test_it_waits_in_a_process_while_all_slots_are_taken(
    workspace: Workspace, known: Version
) -> None:
    from filelock import FileLock

    slots = [FileLock(workspace.places.builds / f"slot-{number}.lock") for number in range(2)]
    for one in slots:
        one.acquire()
    build = workspace.build("small")
    assert BuildFiles(workspace.places, build.id).read_pid() is not None
    assert not workspace.wait(build.id, 0.2).ended
    slots[0].release()
    assert workspace.wait(build.id, 60).state == "succeeded"


def test_killed_in_the_middle_it_is_queued_once_more(workspace: Workspace, known: Version) -> None:
    child = subprocess.Popen([sys.executable, "-c", HANGING], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "linking\n"
    (running,) = workspace.registry.builds.running()
    workspace.reconcile()
    assert workspace.build_of(running.id).attempt == 1  # it lives: its lock is held
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    began = time.monotonic()
    build = workspace.wait(running.id, 60)
    assert (build.state, build.attempt) == ("succeeded", 2)
    assert time.monotonic() - began < 60
    prefix = workspace.places.prefix(known.lock_digest or "")
    assert list(prefix.rglob("half.py")) == []
