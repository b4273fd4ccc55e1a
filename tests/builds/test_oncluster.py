"""Builds that a Ray cluster does, which shares home and store with this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlenv_jupyter import Environment, Experiment, ScriptRunConfig
from mlenv_jupyter.builds import oncluster
from mlenv_jupyter.builds.durable import moment, new_id
from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.builds.spec import BuildFiles, BuildSpec
from mlenv_jupyter.cluster import connect
from mlenv_jupyter.core.build import Build
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidRequest, Unavailable
from mlenv_jupyter.workspace import Workspace
from tests.builds.conftest import Slow
from tests.ray_cluster import RAY, Cluster, until

Built = Callable[..., Any]
ray = pytest.mark.ray


@pytest.fixture
def there(workspace: Workspace, cluster: Cluster) -> Workspace:
    workspace.build_executor = cluster.address
    return workspace


def texts(workspace: Workspace, build: Build) -> str:
    return "\n".join(one.x or "" for one in read_records(workspace.log_path(build.id)))


def jobs(cluster: Cluster, build: Build) -> list[str]:
    found = connect(cluster.address).list_jobs()
    return [it.submission_id for it in found if build.id in (it.submission_id or "")]


@ray
@pytest.mark.slow
def test_the_cluster_builds_and_its_log_comes_as_it_is_written(
    there: Workspace, cluster: Cluster, built: Built, wheelhouse: Callable[..., Path]
) -> None:
    wheels = wheelhouse("small").as_uri()
    version, build = built("small", "small", find_links=[wheels], index_url=wheels)
    assert build.state == "succeeded", texts(there, build)
    log = texts(there, build)
    assert f"job mlenv-build-{build.id}-1" in log
    assert f"On {os.uname().nodename}" in log
    assert "+ small==1.0" in log
    assert [one.state for one in build.stages] == ["done"] * len(build.stages)
    prefix = there.places.prefix(version.lock_digest)
    said = subprocess.check_output(
        [prefix / "bin" / "python", "-c", "import small; print(small.__version__)"], text=True
    )
    assert said == "1.0\n"
    # What is known is linked here: there is nothing to send.
    there.store.remove(prefix)
    again = there.wait(there.build("small").id, 60)
    assert again.state == "succeeded"
    assert jobs(cluster, again) == []


@ray
@pytest.mark.slow
def test_a_job_is_followed_on_and_cancelled(there: Workspace, cluster: Cluster, slow: Slow) -> None:
    there.register("slowly", Definition.create(requirements=[slow.requirement]))
    build = there.build("slowly")
    files = BuildFiles(there.places, build.id)
    until(slow.started.exists)
    first = files.read_pid()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: there.registry.builds.get(build.id).attempt == 2)
    until(lambda: files.read_pid() not in (None, first))
    assert jobs(cluster, build) == [f"mlenv-build-{build.id}-1"]
    there.cancel(build.id)
    ended = there.wait(build.id, 30)
    assert ended.state == "cancelled"
    client = connect(cluster.address)
    until(lambda: client.get_job_status(jobs(cluster, build)[0]).is_terminal())
    assert not any(path.exists() for path in files.read_making())


@ray
@pytest.mark.slow
def test_a_job_that_dies_is_queued_once_more(
    there: Workspace, cluster: Cluster, slow: Slow
) -> None:
    there.register("slowly", Definition.create(requirements=[slow.requirement]))
    build = there.build("slowly")
    until(slow.started.exists)
    slow.go.touch()
    for one in psutil.process_iter(["cmdline"]):
        if "mlenv_jupyter.builds.there" in (one.info["cmdline"] or ()):
            one.kill()
    ended = there.wait(build.id, 90)
    assert ended.state == "succeeded", texts(there, build)
    assert ended.attempt == 2
    assert "queued once more" in texts(there, build)
    assert len(jobs(cluster, build)) == 2


@ray
@pytest.mark.slow
def test_a_cluster_that_does_not_see_the_files_is_told(
    there: Workspace, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.register("small", Definition.create())
    row = there.registry.find("small", None)
    spec = BuildSpec(
        id=new_id(), name="small", version="1", digest=row.digest, definition=row.definition,
        version_id=row.id, lock_id=None, home=str(there.places.home),
        store=str(there.places.store), database=None, cluster=cluster.address,
    )  # fmt: skip
    files = BuildFiles(there.places, spec.id)
    files.make(spec)
    lock = files.try_lock()
    assert lock is not None
    there.registry.builds.add(
        Build(id=spec.id, name="small", version="1", digest=row.digest, state="queued",
              created_at=moment())
    )  # fmt: skip
    elsewhere = oncluster.BEGIN.replace("open(mark)", "open('/elsewhere' + mark)")
    monkeypatch.setattr(oncluster, "BEGIN", elsewhere)
    assert oncluster.Follower(files, spec).run() == 1
    os.close(lock)
    build = there.registry.builds.get(spec.id)
    assert build.state == "failed"
    assert build.error is not None
    assert build.error.code == "not_shared"
    assert str(there.places.home) in build.error.remedy


@ray
@pytest.mark.slow
@pytest.mark.postgres
def test_what_it_builds_is_remembered_in_postgresql(
    there: Workspace, cluster: Cluster, postgres: str, wheelhouse: Callable[..., Path]
) -> None:
    # The job writes the row itself, into the database that this machine reads.
    shared = Workspace(database=postgres, build_executor=cluster.address)
    wheels = wheelhouse("small").as_uri()
    definition = Definition.create(requirements=["small"], find_links=[wheels], index_url=wheels)
    shared.register("small", definition)
    build = shared.wait(shared.build("small").id, 90)
    assert build.state == "succeeded", texts(shared, build)
    assert len(jobs(cluster, build)) == 1
    with closing(Workspace(database=postgres)) as other:
        assert other.registry.builds.get(build.id).lock_digest == build.lock_digest
        assert other.version("small").lock_digest == build.lock_digest
    assert there.builds() == ()  # nothing of it is in the file that is there too
    shared.close()


@ray
@pytest.mark.slow
def test_a_cluster_that_is_lost(
    there: Workspace,
    cluster: Cluster,
    slow: Slow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The last test of all that need it: it is not there any more.
    monkeypatch.setenv("RAY_MLENV_SILENCE", "6")
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text(
        "import time, sys\nprint('began', flush=True)\ntime.sleep(600 if 'wait' in sys.argv else 0)"
    )
    there.build_executor = "local"
    environment = Environment("small")
    config = ScriptRunConfig(
        source, "train.py", ["wait"], environment=environment, compute_target=cluster.address
    )
    run = Experiment(there, "trial").submit(config)
    log = there.runs.log_path(run.id)
    until(lambda: log.exists() and "began" in log.read_text())
    there.build_executor = cluster.address
    there.register("slowly", Definition.create(requirements=[slow.requirement]))
    build = there.build("slowly")
    until(slow.started.exists)
    cluster.kill()
    record = there.runs.wait(run.id, 60)
    assert (record.state, record.error and record.error.code) == ("failed", "ray_lost")
    assert "began" in log.read_text()
    ended = there.wait(build.id, 90)
    assert (ended.state, ended.error and ended.error.code) == ("failed", "no_cluster")
    assert "does not answer" in texts(there, build)
    # Nobody waits for it any more, and both work where there is something to work on.
    assert there.runs.cancel(run.id).state == "failed"
    there.build_executor = "local"
    slow.go.touch()
    again = there.wait(there.build("slowly").id, 60)
    assert again.state == "succeeded", texts(there, again)
    here = Experiment(there, "trial").submit(
        ScriptRunConfig(source, "train.py", environment=environment)
    )
    assert here.wait_for_completion()["status"] == "Completed"


def test_what_a_node_needs_is_looked_for_before_it_builds(tmp_path: Path) -> None:
    def begin(token: str, python: str) -> int:
        (tmp_path / "shared").write_text("x")
        words = [sys.executable, "-S", "-c", oncluster.BEGIN, token, python, tmp_path / "shared"]
        return subprocess.run(words, cwd="/", env={}, capture_output=True).returncode

    assert begin("y", sys.executable) == oncluster.NOT_SHARED
    assert begin("x", "/nothing") == oncluster.NO_MLENV


def test_where_it_cannot_be_built_is_told(workspace: Workspace) -> None:
    workspace.register("small", Definition.create())
    workspace.build_executor = "moon"
    with pytest.raises(InvalidRequest, match="no build executor"):
        workspace.build("small")
    workspace.build_executor = "http://127.0.0.1:1"
    if not RAY.exists():
        with pytest.raises(Unavailable, match="not installed"):
            workspace.build("small")
        return
    build = workspace.wait(workspace.build("small").id, 60)
    assert build.error is not None
    assert build.error.code == "no_cluster"
    workspace.database = "postgresql://me:word@127.0.0.1/x"
    with pytest.raises(InvalidRequest, match="password"):
        workspace.build("small")
