"""What a process left that died is removed; what may be somebody's is not."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from mlenv_jupyter.builds.leftovers import Leftovers
from mlenv_jupyter.builds.spec import BuildFiles
from mlenv_jupyter.workspace import Workspace

GONE = 2**22 + 1
"""The id of a process that cannot be: Linux gives none as high."""


def sweep(workspace: Workspace, age: float = 0) -> None:
    """What a server does when it starts."""
    Leftovers(workspace.places, workspace.registry, age=age).sweep()


def a_build(workspace: Workspace, number: int, *files: str) -> Path:
    """The directory of a build that has no row."""
    made = BuildFiles(workspace.places, f"20260101-000000-{number:06x}")
    made.place.mkdir(parents=True)
    for name in files:
        (made.place / name).write_text("{}")
    return made.place


def test_a_build_that_nobody_was_told_of_goes_and_one_of_another_registry_stays(
    workspace: Workspace,
) -> None:
    untold = a_build(workspace, 1, "spec.json", "lock", f".spec.json.{GONE}")
    elsewhere = a_build(workspace, 2, "spec.json", "lock", "log.jsonl", "result.json")
    held = a_build(workspace, 3, "spec.json")
    lock = BuildFiles(workspace.places, held.name).try_lock()
    assert lock is not None
    sweep(workspace, age=60)
    assert untold.exists()  # it may have been begun just now
    sweep(workspace)
    assert [one.exists() for one in (untold, elsewhere, held)] == [False, True, True]
    os.close(lock)
    sweep(workspace)
    assert not held.exists()


def test_a_file_beside_its_place_goes_with_its_process(workspace: Workspace) -> None:
    workspace.places.make()
    dead = workspace.places.home / f".registry.json.{GONE}"
    alive = workspace.places.home / f".registry.json.{os.getpid()}"
    other = workspace.places.home / ".notes.txt"
    for path in (dead, alive, other):
        path.write_text("half of it")
    sweep(workspace)
    assert [one.exists() for one in (dead, alive, other)] == [False, True, True]


def test_a_process_that_nobody_has_reaped_is_gone(workspace: Workspace) -> None:
    workspace.places.make()
    with subprocess.Popen(["true"]) as dead:
        os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)  # a zombie from here on
        left = workspace.places.home / f".registry.json.{dead.pid}"
        left.write_text("half of it")
        sweep(workspace)
        assert not left.exists()


def test_what_was_put_together_by_who_died_is_removed_after_a_day(workspace: Workspace) -> None:
    workspace.places.make()
    home, store = workspace.places.home, workspace.places.store
    workspace.places.wheels.mkdir(parents=True)
    named = (".bundle-x1_", ".adopt-abc", ".export-abc", ".refresh-abc", ".service-abc")
    work = [home / one for one in named] + [workspace.places.wheels / ".adding-abc"]
    for place in work:
        (place / "inside").mkdir(parents=True)
    downloaded = store / ".rattler-20260101-000000-abcdef"
    (downloaded / "packages").mkdir(parents=True)
    other = home / ".mine-abc"
    other.mkdir()
    sweep(workspace, age=60)
    assert all(one.exists() for one in (*work, downloaded))
    yesterday = time.time() - 2 * 86400
    for place in (*work, downloaded, other):
        os.utime(place, (yesterday, yesterday))
    sweep(workspace, age=60)
    assert [one for one in (*work, downloaded) if one.exists()] == []
    assert other.exists()
