"""Runs on a real Ray cluster of two nodes, each with an address of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlenv_jupyter import Environment, Experiment, Run, ScriptRunConfig, Workspace
from mlenv_jupyter.cluster import TRIES, connect
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidRequest, RunFailed, TooLarge, Unavailable
from mlenv_jupyter.runs.carried import carried
from mlenv_jupyter.runs.ray import runtime_environment
from mlenv_jupyter.runs.spec import RunFiles
from mlenv_jupyter.store.store import BuiltImage, Record
from tests.ray_cluster import RAY, Cluster, until

ray = pytest.mark.ray


@pytest.fixture
def submit(workspace: Workspace, tmp_path: Path, cluster: Cluster) -> Iterator[Callable[..., Run]]:
    source = tmp_path / "source"
    source.mkdir()

    def make(script: str, environment: Environment | None = None, **more: Any) -> Run:
        (source / "train.py").write_text(script)
        config = ScriptRunConfig(
            source, "train.py", environment=environment or Environment("small"),
            compute_target=cluster.address, **more,
        )  # fmt: skip
        return Experiment(workspace, "trial").submit(config)

    yield make
    for run in workspace.runs.newest():
        workspace.runs.cancel(run.id)
        workspace.runs.wait(run.id, 20)


@ray
@pytest.mark.slow
def test_a_locked_environment_goes_to_the_cluster_and_what_is_made_comes_back(
    submit: Callable[..., Run], wheelhouse: Callable[..., Path]
) -> None:
    environment = Environment("small")
    environment.python.conda_dependencies.add_pip_package("small")
    environment.python.conda_dependencies.set_pip_option(f"--find-links {wheelhouse('small')}")
    environment.python.conda_dependencies.set_pip_option(
        f"--index-url {wheelhouse('small').as_uri()}"
    )
    environment.environment_variables["MESSAGE"] = "costs ${NOTHING} 5$"
    run = submit(
        """
import os, sys, small, ray
from mlenv_jupyter import Run
run = Run.get_context()
for loss in (3, 2, 1):
    run.log("loss", loss)
with open("outputs/model.bin", "wb") as file:
    file.write(bytes(range(256)) * 200)
ray.init()
nodes = {one["NodeManagerAddress"] for one in ray.nodes() if one["Alive"]}
print("nodes", *sorted(nodes))
@ray.remote(resources={"second": 0.5})
def where():
    import small
    return ray.util.get_node_ip_address() + " has " + small.__version__
print(ray.get(where.remote()))
print("says", os.environ["MESSAGE"], sys.argv[1:], small.__version__, run.id)
sys.exit(3)
""",
        environment,
        arguments=["--rate", 0.1],
    )
    with pytest.raises(RunFailed):
        run.wait_for_completion(show_output=True)
    details = run.get_details()
    log = "\n".join(run._workspace.runs.log_path(run.id).read_text().splitlines())
    assert run.record.exit_code == 3, log
    assert "nodes 127.0.0.2 127.0.0.3" in log
    assert "127.0.0.2 has 1.0" in log
    assert f"says costs ${{NOTHING}} 5$ ['--rate', '0.1'] 1.0 {run.id}" in log
    assert run.get_metrics("loss") == {"loss": [3, 2, 1]}
    kept = run._workspace.runs.file(run.id, "outputs/model.bin")
    assert kept.read_bytes() == bytes(range(256)) * 200
    assert details["status"] == "Failed"
    assert run.get_environment().version == "1"


@ray
@pytest.mark.slow
def test_it_is_followed_on_and_cancelled(submit: Callable[..., Run], workspace: Workspace) -> None:
    run = submit(
        "import time\nfor n in range(2000):\n    print('step', n, flush=True)\n    time.sleep(0.05)"
    )
    files = RunFiles(workspace.places, run.id)
    until(lambda: files.log.exists() and "step 9" in files.log.read_text())
    worker = files.read_pid()
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    workspace.runs.reconcile()
    before = files.log.read_text().count("step ")
    until(lambda: files.log.read_text().count("step ") > before + 20)
    lines = [line.split('"x":"')[1].split('"')[0] for line in files.log.read_text().splitlines()
             if "step " in line]  # fmt: skip
    assert lines == [f"step {n}" for n in range(len(lines))], "a line was lost or came twice"
    assert run.record.attempt == 2
    run.cancel()
    assert workspace.runs.wait(run.id, 30).state == "cancelled"
    client = connect(run.record.target)
    until(lambda: client.get_job_status(run.id).is_terminal())


@ray
@pytest.mark.slow
def test_it_is_reached_through_the_door_of_ray_clients(
    workspace: Workspace, tmp_path: Path, cluster: Cluster
) -> None:
    (tmp_path / "train.py").write_text("print('through the door')")
    config = ScriptRunConfig(
        tmp_path, "train.py", environment=Environment("small"), compute_target=cluster.door
    )
    run = Experiment(workspace, "trial").submit(config)
    details = run.wait_for_completion(raise_on_error=False)
    assert details["status"] == "Completed", details["error"]
    assert "through the door" in run.get_log()


@ray
def test_a_server_of_ray_clients_that_is_stillborn_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As it happens by itself, now and then, on a head that forks it amid gRPC's threads.
    submission = pytest.importorskip("ray.job_submission")
    asked: list[str] = []

    def client(address: str) -> str:
        asked.append(address)
        if len(asked) < born:
            raise ConnectionAbortedError("Initialization failure from server:\nTraceback …")
        return "a client"

    monkeypatch.setattr(submission, "JobSubmissionClient", client)
    born = 3
    assert connect("ray://127.0.0.1:1") == "a client"
    assert len(asked) == born
    asked.clear()
    born = 100
    with pytest.raises(Unavailable, match="No Ray cluster answers"):
        connect("ray://127.0.0.1:1")
    assert len(asked) == TRIES


@ray
def test_ray_takes_what_is_made_of_conda_environments_and_images() -> None:
    # Its own check of what it is given; test_ray_image.py has podman run one.
    checked = pytest.importorskip("ray.runtime_env").RuntimeEnv
    more = {"env_vars": {"MESSAGE": "5$"}}
    record = Record(lock_digest="0" * 64, python="3.11.7", site_packages="", packages=())
    conda = Definition.create(
        conda_packages=["numpy=1.26"],
        conda_channels=["conda-forge"],
        requirements=["small==1.0"],
        python="3.11",
    )
    sources = {"working_dir": "https://127.0.0.1/sources.zip"}
    made = checked(**runtime_environment(conda, None, record), **more, **sources)
    assert made["conda"]["channels"] == ["conda-forge"]
    assert "numpy=1.26" in made["conda"]["dependencies"]
    assert {"pip": ["small==1.0"]} in made["conda"]["dependencies"]
    image = BuiltImage(
        id="sha256:0", tag="mlenv/x", base="", platform="linux/amd64", interpreter="/bin/python3",
        environment="/opt", size=1, pushed="127.0.0.1:5000/mlenv/x@sha256:0",
    )  # fmt: skip
    record = msgspec.structs.replace(record, image=image)
    made = checked(**runtime_environment(conda, None, record), **more)
    assert made["image_uri"] == image.pushed
    with pytest.raises(InvalidRequest, match="on this machine only"):
        unpushed = msgspec.structs.replace(image, pushed=None)
        runtime_environment(conda, None, msgspec.structs.replace(record, image=unpushed))


@ray
@pytest.mark.slow
def test_sources_go_to_an_image_in_a_variable(tmp_path: Path, cluster: Cluster) -> None:
    # As it is submitted for an image, without one.
    (tmp_path / ".mlenv").mkdir()
    (tmp_path / ".mlenv" / "enter.py").write_text("import os, data.more\nprint(sorted(os.environ))")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "more.py").write_text(
        "import pathlib\nprint('unpacked', pathlib.Path().cwd())"
    )
    (tmp_path / "noise").write_bytes(os.urandom(55_000))
    command, variables = carried(tmp_path, "python")
    client = connect(cluster.address)
    job = client.submit_job(entrypoint=command, runtime_env={"env_vars": variables})
    until(lambda: client.get_job_status(job).is_terminal())
    log = client.get_job_logs(job)
    assert "unpacked /tmp/mlenv-sources-" in log
    assert "MLENV_SOURCES" not in log.splitlines()[-1]
    (tmp_path / "noise").write_bytes(os.urandom(70_000))
    with pytest.raises(TooLarge, match="along with an image"):
        carried(tmp_path, "python")


@ray
@pytest.mark.slow
def test_a_node_that_fails_does_not_lose_the_record(
    submit: Callable[..., Run], workspace: Workspace, cluster: Cluster
) -> None:
    # The last test: the node stays away.
    run = submit(
        "import time\nfrom mlenv_jupyter import Run\nRun.get_context().log('loss', 5)\n"
        "print('on my node', flush=True)\ntime.sleep(600)",
        resources={"second": 1},
    )
    log = workspace.runs.log_path(run.id)
    until(lambda: log.exists() and "on my node" in log.read_text())
    until(lambda: run.get_metrics() == {"loss": 5})
    cluster.kill_second()
    record = workspace.runs.wait(run.id, 120)
    assert record.state == "failed"
    assert record.error is not None
    assert record.error.code in ("ray_failed", "ray_lost")
    assert "on my node" in log.read_text()
    assert run.get_metrics() == {"loss": 5}


def test_what_cannot_go_to_a_cluster_is_told(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")

    def submit(target: str, **variables: str) -> None:
        environment = Environment("small")
        environment.environment_variables.update(variables)
        config = ScriptRunConfig(
            tmp_path, "train.py", environment=environment, compute_target=target
        )
        Experiment(workspace, "trial").submit(config)

    with pytest.raises((InvalidRequest, Unavailable), match=r"password|not installed"):
        submit("http://me:word@127.0.0.1:1")
    if RAY.exists():
        with pytest.raises(InvalidRequest, match="cannot be sent"):
            submit("http://127.0.0.1:1", TOKEN="${secret:token}")
