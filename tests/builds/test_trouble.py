"""Builds that are cancelled, killed or cannot be: what is left, and what is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.builds.spec import BuildFiles
from mlenv_jupyter.core.build import Build
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.workspace import Workspace

pytestmark = pytest.mark.network
Built = Callable[..., Any]


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a state."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def processes_of(build: Build) -> list[int]:
    """Every process that works on a build."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("MLENV_BUILD") == build.id:
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


def in_the_middle(workspace: Workspace, slow: Any, name: str = "slow") -> Build:
    """A build that waits inside a package's own build."""
    workspace.register(name, Definition.create(requirements=[slow.requirement]))
    build = workspace.build(name)
    until(slow.started.exists)
    return build


def prefixes(workspace: Workspace) -> list[str]:
    place = workspace.places.prefixes
    return [one.name for one in place.iterdir()] if place.exists() else []


def test_cancelling_ends_every_process_and_leaves_nothing(workspace: Workspace, slow: Any) -> None:
    build = in_the_middle(workspace, slow)
    assert len(processes_of(build)) >= 3  # the worker, uv, and the package's own build
    began = time.monotonic()
    assert workspace.cancel(build.id).cancelling
    ended = workspace.wait(build.id, 10)
    until(lambda: not processes_of(build), 5)
    assert time.monotonic() - began < 5
    assert (ended.state, ended.error, ended.cancelling) == ("cancelled", None, False)
    assert prefixes(workspace) == []
    assert list(read_records(workspace.log_path(build.id)))[-1].d["state"] == "cancelled"
    version = workspace.version("slow")
    assert (version.state, version.lock_digest) == ("cancelled", None)
    # And the next one works.
    slow.go.touch()
    assert workspace.wait(workspace.build("slow").id, 60).state == "succeeded"


def test_a_worker_that_does_not_listen_is_ended(workspace: Workspace, slow: Any) -> None:
    build = in_the_middle(workspace, slow)
    pid = BuildFiles(workspace.places, build.id).read_pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    workspace.cancel(build.id)
    assert workspace.wait(build.id, 10).state == "cancelled"
    until(lambda: not processes_of(build), 5)


def test_a_second_request_joins_the_build_that_runs(workspace: Workspace, slow: Any) -> None:
    build = in_the_middle(workspace, slow)
    assert workspace.build("slow").id == build.id
    assert Workspace.from_config().build("slow").id == build.id
    assert len(workspace.builds()) == 1


def test_a_killed_worker_is_noticed_and_tried_once_more(workspace: Workspace, slow: Any) -> None:
    build = in_the_middle(workspace, slow)
    pid = BuildFiles(workspace.places, build.id).read_pid()
    assert pid is not None
    slow.started.unlink()
    os.kill(pid, signal.SIGKILL)
    until(slow.started.exists)  # another worker has come as far
    found = workspace.build_of(build.id)
    assert (found.attempt, found.ended) == (2, False)
    slow.go.touch()
    assert workspace.wait(build.id, 60).state == "succeeded"
    texts = [one.x for one in read_records(workspace.log_path(build.id))]
    assert "The build was interrupted; it is queued once more." in texts


def test_a_worker_that_dies_twice_is_interrupted(workspace: Workspace, slow: Any) -> None:
    build = in_the_middle(workspace, slow)
    files = BuildFiles(workspace.places, build.id)
    for _ in range(2):
        until(slow.started.exists)
        slow.started.unlink()
        pid = files.read_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(lambda before=pid: files.read_pid() != before or workspace.build_of(build.id).ended)  # type: ignore[misc]
    ended = workspace.wait(build.id, 10)
    assert ended.state == "interrupted"
    assert ended.error is not None
    assert ended.error.remedy
    until(lambda: not processes_of(build), 5)
    assert workspace.version("slow").state == "failed"


def test_the_platform_ends_everything_and_whoever_looks_tries_again(
    workspace: Workspace, slow: Any
) -> None:
    build = in_the_middle(workspace, slow)
    pid = BuildFiles(workspace.places, build.id).read_pid()
    assert pid is not None
    slow.started.unlink()
    os.killpg(pid, signal.SIGTERM)
    until(slow.started.exists)
    slow.go.touch()
    assert workspace.wait(build.id, 60).state == "succeeded"


def test_a_failed_rebuild_leaves_the_working_one(
    workspace: Workspace, built: Built, wheelhouse: Callable[..., Path]
) -> None:
    place = wheelhouse("mlenv-test-thing", "1.0")
    version, _ = built("thing", "mlenv-test-thing", find_links=[str(place)])
    prefix = workspace.places.prefix(version.lock_digest)
    before = workspace.store.checksum(prefix)
    for wheel in place.iterdir():
        wheel.unlink()
    failed = workspace.wait(workspace.build("thing", force=True, cache=False).id, 60)
    assert failed.state == "failed"
    assert workspace.version("thing").state == "ready"
    assert workspace.store.checksum(prefix) == before


@pytest.mark.parametrize(
    ("requirements", "fields", "names"),
    [
        (["mlenv-no-such-package-here"], {}, ["mlenv-no-such-package-here"]),
        (["six==1.16.0", "six>=1.17"], {}, ["six"]),
        (["python-dateutil==2.9.0.post0", "six<1.5"], {}, ["python-dateutil", "six"]),
        (["tornado==4.5"], {}, ["tornado"]),
        (["six"], {"index_url": "http://127.0.0.1:9/simple"}, ["127.0.0.1:9"]),
        (["six==99"], {}, ["six"]),
    ],
)
def test_what_cannot_be_built_is_explained(
    built: Built, workspace: Workspace, requirements: list[str], fields: Any, names: list[str]
) -> None:
    version, build = built("bad", *requirements, **fields)
    assert (build.state, version.state) == ("failed", "failed")
    problem = build.error
    assert problem.remedy
    assert "Traceback" not in problem.detail
    said = f"{problem.message} {problem.detail} {problem.culprits}"
    for name in names:
        assert name in said
    assert prefixes(workspace) == []
    assert version.lock_digest is None or version.packages is not None


def test_a_full_disk_is_said(
    workspace: Workspace, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlenv_jupyter.store.store.MARGIN", 1 << 60)
    from mlenv_jupyter.core.errors import Unavailable

    with pytest.raises(Unavailable) as caught:
        workspace.store.require_space(0)
    assert caught.value.code == "disk_full"


def test_an_unknown_python_says_which_are_there(built: Built) -> None:
    _, build = built("new", "six", python="3.99")
    assert build.state == "failed"
    assert build.error.code == "python_missing"
    assert "Choose one that is here (3." in build.error.remedy


def test_credentials_are_not_in_the_log(
    workspace: Workspace, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEX_PASSWORD", "hunter2hunter2")
    _, build = built("private", "six", index_url="http://me:${INDEX_PASSWORD}@127.0.0.1:9/simple")
    assert build.state == "failed"
    for place in (workspace.places.home, workspace.places.build(build.id)):
        for path in place.rglob("*"):
            if path.is_file() and "/uv/" not in str(path):
                assert b"hunter2hunter2" not in path.read_bytes(), path


ASK = """
import sys, threading
from mlenv_jupyter.workspace import Workspace
workspace = Workspace.from_config()
workspace.registry.find("same")
print("ready", flush=True)
sys.stdin.readline()
made = []
asking = [threading.Thread(target=lambda: made.append(workspace.build("same").id))
          for _ in range(50)]
for one in asking:
    one.start()
for one in asking:
    one.join()
print(*made)
"""


def test_two_hundred_who_ask_for_the_same_get_one_build(workspace: Workspace, slow: Any) -> None:
    workspace.register("same", Definition.create(requirements=[slow.requirement]))
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", ASK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for one in asking:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    made = [one.communicate("go\n", timeout=120)[0].split() for one in asking]
    assert [len(one) for one in made] == [50] * 4
    (build,) = {one for many in made for one in many}
    assert [one.id for one in workspace.builds()] == [build]
    # Those who joined have left nothing.
    assert [one.name for one in workspace.places.builds.glob("*-*-*")] == [build]
    slow.go.touch()
    assert workspace.wait(build, 60).state == "succeeded"


def test_builds_wait_in_the_order_in_which_they_were_asked_for(
    workspace: Workspace, slow: Any
) -> None:
    workspace.max_concurrent_builds = 1
    first = in_the_middle(workspace, slow)
    waiting = []
    for number in range(3):
        mode = {"NUMBER": str(number)}
        definition = Definition.create(
            requirements=[slow.requirement, f"six==1.{15 + number}.0"], variables=mode
        )
        workspace.register(f"next-{number}", definition)
        waiting.append(workspace.build(f"next-{number}").id)
    assert [workspace.build_of(one).ahead for one in waiting] == [0, 1, 2]
    assert workspace.build_of(first.id).ahead is None
    assert [one.ahead for one in workspace.builds()] == [2, 1, 0, None]
    assert workspace.version("next-2").build.ahead == 2  # type: ignore[union-attr]
    until(lambda: "before it" in workspace.log_path(waiting[2]).read_text(), 30)
    assert '"Waiting: 2 before it"' in workspace.log_path(waiting[2]).read_text()
    # One that is taken away brings the others forward.
    workspace.cancel(waiting[0])
    assert workspace.wait(waiting[0], 10).state == "cancelled"
    assert workspace.build_of(waiting[2]).ahead == 1
    slow.go.touch()
    ended = [workspace.wait(one, 90) for one in (first.id, *waiting[1:])]
    assert [one.state for one in ended] == ["succeeded"] * 3
    begun = [one.started_at or "" for one in ended]
    assert begun == sorted(begun)
    assert ended[1].finished_at <= ended[2].started_at  # type: ignore[operator]


def test_a_rebuild_leaves_what_runs_alone_and_tells_of_itself(
    workspace: Workspace, built: Built, wheelhouse: Callable[..., Path]
) -> None:
    place = wheelhouse("mlenv-test-thing", "1.0")
    wheelhouse("mlenv-test-other", "1.0")
    both = ("mlenv-test-thing", "mlenv-test-other")
    version, first = built("thing", *both, find_links=[str(place)])
    prefix = workspace.places.prefix(version.lock_digest)
    before = workspace.store.checksum(prefix)
    talk = (
        "import sys, mlenv_test_thing\nprint('running', flush=True)\nsys.stdin.readline()\n"
        "import mlenv_test_other\nprint(mlenv_test_other.__version__)"
    )
    argv, env = workspace.exec_plan("thing", None, ["python", "-c", talk])
    running = subprocess.Popen(
        argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "running\n"
    seen = workspace.last_change()
    again = workspace.wait(workspace.build("thing", force=True).id, 60)
    assert (again.state, again.id != first.id) == ("succeeded", True)
    assert workspace.store.checksum(prefix) == before
    # What it has not imported yet is there as before.
    assert running.communicate("\n", timeout=30) == ("1.0\n", None)
    assert running.returncode == 0
    told = [(one.kind, one.name, one.version, one.id, one.state) for one in workspace.changes(seen)]
    assert ("build", "thing", "1", again.id, "succeeded") in told
    assert workspace.version("thing").build.id == again.id  # type: ignore[union-attr]
