"""Scripts run in real environments, in processes of their own."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlenv_jupyter import Environment, Experiment, Run, ScriptRunConfig, Workspace
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, NotFound, RunFailed, TooLarge
from mlenv_jupyter.runs import snapshot
from mlenv_jupyter.runs.spec import RunFiles
from mlenv_jupyter.sdk.experiment import DockerConfiguration, RunConfiguration


@pytest.fixture
def source(tmp_path: Path) -> Path:
    place = tmp_path / "source"
    place.mkdir()
    return place


@pytest.fixture
def ended(workspace: Workspace) -> Iterator[Workspace]:
    yield workspace
    for run in workspace.runs.newest():
        workspace.runs.cancel(run.id)
        workspace.runs.wait(run.id, 10)


@pytest.fixture
def submit(ended: Workspace, source: Path) -> Callable[..., Run]:
    def make(script: str, name: str = "small", **more: object) -> Run:
        (source / "train.py").write_text(script)
        environment = more.pop("environment", None) or Environment(name)
        config = ScriptRunConfig(source, "train.py", environment=environment, **more)  # type: ignore[arg-type]
        return Experiment(ended, "trial").submit(config)

    return make


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def test_a_script_runs_in_its_environment(
    submit: Callable[..., Run], capsys: pytest.CaptureFixture[str], wheelhouse: Callable[..., Path]
) -> None:
    environment = Environment("small")
    environment.python.conda_dependencies.add_pip_package("small")
    environment.python.conda_dependencies.set_pip_option(f"--find-links {wheelhouse('small')}")
    environment.environment_variables["MESSAGE"] = "hello"
    run = submit(
        """
import os, sys, small
from mlenv_jupyter import Run
run = Run.get_context()
run.log("accuracy", 0.5)
run.log("accuracy", 0.75)
run.log("seed", 3)
run.log_row("table", x=1, y=2)
run.log_row("table", x=3, y=4)
open("outputs/model.txt", "w").write("the model")
run.upload_file("extra/source.py", "train.py")
print("says", os.environ["MESSAGE"], sys.argv[1:], small.__version__)
print("warns", file=sys.stderr)
""",
        environment=environment,
        arguments=["--rate", 0.1],
    )
    details = run.wait_for_completion(show_output=True)
    said = capsys.readouterr().out
    assert "says hello ['--rate', '0.1'] 1.0" in said
    assert "warns" in said
    assert (details["status"], details["exitCode"]) == ("Completed", 0)
    metrics = run.get_metrics()
    assert metrics == {"accuracy": [0.5, 0.75], "seed": 3, "table": {"x": [1, 3], "y": [2, 4]}}
    assert run.get_file_names() == ["extra/source.py", "outputs/model.txt"]
    # An edited environment was registered by submitting.
    assert run.get_environment().version == "1"
    assert run.get_environment().environment_variables == {"MESSAGE": "hello"}
    assert not RunFiles(run._workspace.places, run.id).work.exists()


def test_what_fails_keeps_its_log_and_its_exit_code(submit: Callable[..., Run]) -> None:
    run = submit("print('before'); raise SystemExit(3)")
    with pytest.raises(RunFailed, match="exit code 3"):
        run.wait_for_completion()
    assert run.get_status() == "Failed"
    assert run.get_details()["exitCode"] == 3
    assert "before" in run.get_log()


def test_the_end_is_seen_when_it_is_written_and_stays(
    submit: Callable[..., Run], ended: Workspace
) -> None:
    submit("pass").wait_for_completion()  # the version is built now
    run = submit("print('short')")
    files = RunFiles(ended.places, run.id)
    assert files.read_spec().lock_digest is not None
    run.wait_for_completion()
    written = files.read_result()
    assert written is not None
    # The worker opens the registry last, and what it writes there is the same.
    until(lambda: not files.is_held())
    kept = ended.runs.get(run.id)
    assert (kept.state, kept.started_at) == ("succeeded", written.started_at)
    assert kept.started_at is not None


def test_a_run_is_cancelled_with_all_that_it_started(
    submit: Callable[..., Run], tmp_path: Path
) -> None:
    child = tmp_path / "child"
    run = submit(
        f"""
import subprocess, sys, time
one = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(child)!r}, "w").write(str(one.pid))
time.sleep(600)
"""
    )
    until(lambda: child.exists() and child.read_text() != "")
    run.cancel()
    run.wait_for_completion()
    assert run.get_status() == "Canceled"
    until(lambda: not _runs(int(child.read_text())))


def test_a_run_whose_worker_is_killed_is_interrupted_and_not_run_again(
    submit: Callable[..., Run], ended: Workspace
) -> None:
    run = submit("import os, time; open('outputs/kept', 'w').close(); print('up'); time.sleep(600)")
    until(lambda: "up" in run.get_log())
    files = RunFiles(ended.places, run.id)
    pid = files.read_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(RunFailed, match="before the run did"):
        run.wait_for_completion()
    assert run.record.state == "interrupted"
    assert run.get_file_names() == ["outputs/kept"]


def test_a_run_survives_the_process_that_submitted_it(
    workspace: Workspace, source: Path, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    (source / "train.py").write_text(
        f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.02)\nprint('done')"
    )
    code = f"""
from mlenv_jupyter import Environment, Experiment, ScriptRunConfig, Workspace
config = ScriptRunConfig({str(source)!r}, "train.py", environment=Environment("small"))
print(Experiment(Workspace.get(), "trial").submit(config).id)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    run = Run.get(workspace, done.stdout.strip())
    go.touch()
    assert run.wait_for_completion()["status"] == "Completed"
    assert "done" in run.get_log()


def test_without_an_environment_the_default_one_is_made(ended: Workspace, source: Path) -> None:
    (source / "train.py").write_text("print('plain')")
    run = Experiment(ended, "trial").submit(ScriptRunConfig(source, "train.py"))
    run.wait_for_completion()
    assert run.get_environment().name == "Experiment-trial-Environment"


def test_a_secret_reaches_the_script_and_no_log(
    submit: Callable[..., Run], ended: Workspace
) -> None:
    ended.secrets.set("small/key", "hunter2-hunter2", keyring=False)
    environment = Environment("small")
    environment.environment_variables["KEY"] = "${secret:small/key}"
    run = submit("import os; k = os.environ['KEY']; print(k, len(k))", environment=environment)
    run.wait_for_completion()
    assert "hunter2" not in run.get_log()
    assert " 15" in run.get_log()


def test_a_snapshot_leaves_out_what_is_ignored(
    workspace: Workspace, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("train.py", "data/big.bin", "data/keep.txt", ".git/config", "outputs/old"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(name)
    (source / ".gitignore").write_text("*.py\n")
    (source / ".amlignore").write_text("data/*\n!data/keep.txt\n")
    found = {one.as_posix() for one in snapshot.chosen_files(source)}
    assert found == {"train.py", "data/keep.txt", ".gitignore", ".amlignore"}
    first = snapshot.add_snapshot(workspace.places, source)
    (source / "data" / "big.bin").write_text("changed, and no part of it")
    assert snapshot.add_snapshot(workspace.places, source) == first
    monkeypatch.setattr(snapshot, "MAX_BYTES", 3)
    with pytest.raises(TooLarge):
        snapshot.add_snapshot(workspace.places, source)


def test_wrong_input_is_an_error_with_a_remedy(workspace: Workspace, source: Path) -> None:
    experiment = Experiment(workspace, "trial")
    with pytest.raises(NotFound):
        experiment.submit(ScriptRunConfig(source, "absent.py"))
    with pytest.raises(NotFound):
        experiment.submit(ScriptRunConfig(source / "absent", "train.py"))
    (source / "train.py").touch()
    with pytest.raises(InvalidRequest):
        experiment.submit(ScriptRunConfig(source, "train.py", compute_target="cluster"))
    with pytest.raises(NotFound):
        experiment.submit(ScriptRunConfig(source, "../source/../../etc/passwd"))
    with pytest.raises(NotFound):
        Run.get(workspace, "../x")


def test_the_context_outside_of_any_run_prints(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run.get_context()
    assert run.is_offline
    run.log("accuracy", 0.5)
    assert "accuracy = 0.5" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match="no run"):
        Run.get_context(allow_offline=False)


@pytest.mark.docker
def test_a_run_in_a_container(
    ended: Workspace, source: Path, engine: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended, "base_image", "mlenv/test-base:1")
    (source / "train.py").write_text(
        "import os\nfrom mlenv_jupyter import Run\nRun.get_context().log('inside', 1)\n"
        "open('outputs/there', 'w').write(os.environ['MESSAGE'])\n"
        "print('box', os.path.exists('/run/mlenv-run'))\n"
        "def limit(new, old):\n"
        "    for path in (new, old):\n"
        "        if os.path.exists('/sys/fs/cgroup/' + path):\n"
        "            return open('/sys/fs/cgroup/' + path).read().strip()\n"
        "shm = os.statvfs('/dev/shm')\n"
        "print('limits', limit('memory.max', 'memory/memory.limit_in_bytes'),\n"
        "      limit('pids.max', 'pids/pids.max'), shm.f_blocks * shm.f_frsize >> 20)"
    )
    environment = Environment("boxed")
    environment.environment_variables["MESSAGE"] = "from the box"
    environment.docker.arguments = ["--pids-limit", "77"]
    docker = DockerConfiguration(True, arguments=["--memory=300m", "--privileged"], shm_size="48m")
    config = ScriptRunConfig(
        source, "train.py", environment=environment, docker_runtime_config=docker
    )
    run = Experiment(ended, "trial").submit(config)
    run.wait_for_completion(show_output=True)
    assert "box True" in run.get_log()
    # What is allowed is honoured, wherever it was asked for; what is not is said.
    assert f"limits {300 << 20} 77 48" in run.get_log()
    assert "--privileged is not honoured" in run.get_log()
    assert run.get_metrics() == {"inside": 1}
    assert ended.runs.file(run.id, "outputs/there").read_text() == "from the box"
    assert run.get_environment().get_image_details(ended).image_exist
    # It is the version itself, in its other form: the log has what its build said.
    assert environment.register(ended).version == run.get_environment().version == "1"
    log = ended.runs.log_path(run.id).read_text()
    assert "Building boxed:1" in log
    assert "Built as an image, since that was asked for" in log
    config_place = Path(os.environ["JUPYTER_CONFIG_DIR"])
    config_place.mkdir(exist_ok=True)
    settings = {"Workspace": {"base_image": "mlenv/test-base:1"}}
    (config_place / "jupyter_mlenv_config.json").write_text(json.dumps(settings))
    command = [
        "boxed:1",
        "--",
        "python",
        "-c",
        "import os; print(os.path.exists('/run/mlenv-run'))",
    ]
    for target, boxed in (("docker", "True"), ("local", "False")):
        words = [sys.executable, "-m", "mlenv_jupyter.cli", "run", "-s", str(source)]
        done = subprocess.run([*words, "--target", target, *command], stdout=subprocess.PIPE)
        assert (done.returncode, done.stdout.decode().strip()) == (0, boxed)
    # What ran in a container runs in one again.
    again = ended.runs.wait(ended.runs.again(run.id).id, 60)
    assert (again.target, again.state) == ("docker", "succeeded")


@pytest.mark.docker
def test_where_a_version_that_is_an_image_runs(
    ended: Workspace, source: Path, engine: object
) -> None:
    (source / "train.py").write_text("import os\nprint('box', os.path.exists('/run/mlenv-run'))")
    environment = Environment("based")
    environment.docker.base_image = "mlenv/test-base:1"

    def run(target: str | None) -> Run:
        config = ScriptRunConfig(source, "train.py", environment=environment, compute_target=target)
        run = Experiment(ended, "trial").submit(config)
        run.wait_for_completion()
        return run

    asked = run("local")
    assert "box False" in asked.get_log()
    assert "what mlenv/test-base:1 has besides" in ended.runs.log_path(asked.id).read_text()
    assert "box True" in run(None).get_log()
    environment.docker.enabled = True  # as in the seed system, on this machine in a container
    assert "box True" in run("local").get_log()


def test_what_can_be_no_prefix_says_so(ended: Workspace, source: Path) -> None:
    environment = Environment("made")
    environment.docker.base_dockerfile = "FROM mlenv/test-base:1\n"
    config = ScriptRunConfig(source, "train.py", environment=environment, compute_target="local")
    with pytest.raises(Conflict, match="Dockerfile of its own") as caught:
        Experiment(ended, "trial").submit(config)
    assert "compute_target='docker'" in caught.value.remedy
    assert ended.runs.newest() == ()
    mine = Environment("mine")
    mine.python.user_managed_dependencies = True
    with pytest.raises(Conflict, match="nothing to put into"):
        Experiment(ended, "trial").submit(
            ScriptRunConfig(source, "train.py", environment=mine, compute_target="docker")
        )


def test_a_run_inherits_what_a_kernel_does() -> None:
    from mlenv_jupyter.kernels import launcher
    from mlenv_jupyter.runs import environment

    start = Path(launcher.__file__).with_name("assets") / "start.py"
    held = 0
    for one in ast.parse(start.read_text()).body:
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            name = one.targets[0].id
            if name in ("DENIED", "DENIED_PREFIXES", "ALLOWED"):
                wanted = eval(compile(ast.Expression(one.value), "start.py", "eval"))
                assert getattr(environment, name) == wanted
                held += 1
    assert held == 3


def _runs(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_where_the_registry_is_stays_with_mlenv(homes: Path, source: Path, tmp_path: Path) -> None:
    # The address may hold a password: it is in no file, and no script sees it.
    canary = "pw-canary-5512"
    workspace = Workspace(database=f"sqlite:///{tmp_path / canary}.sqlite")
    (source / "train.py").write_text("import os\nprint(dict(os.environ))")
    config = ScriptRunConfig(source, "train.py", environment=Environment("small"))
    try:
        run = Experiment(workspace, "trial").submit(config)
        assert run.wait_for_completion()["status"] == "Completed"
        assert not (homes / "registry.sqlite").exists()
        for path in (one for one in homes.rglob("*") if one.is_file()):
            assert canary.encode() not in path.read_bytes(), path
    finally:
        workspace.close()


def test_a_home_directory_as_source_has_not_mlenv_itself(
    workspace: Workspace, tmp_path: Path
) -> None:
    # mlenv's home is below it, and the snapshot is written there.
    (tmp_path / "train.py").write_text("")
    digest = snapshot.add_snapshot(workspace.places, tmp_path)
    kept = workspace.places.snapshot(digest)
    assert [one.name for one in kept.iterdir() if one.name in ("train.py", "mlenv", "store")] == [
        "train.py"
    ]


def test_a_run_configuration_is_used_where_nothing_else_is_said(source: Path) -> None:
    (source / "train.py").write_text("")
    given = RunConfiguration(
        environment=Environment("theirs"),
        target="docker",
        environment_variables={"A": "1", "B": "1"},
        docker=DockerConfiguration(True),
    )
    config = ScriptRunConfig(source, "train.py", run_config=given)
    assert config.environment is given.environment
    assert (config.compute_target, config.docker_runtime_config) == ("docker", given.docker)
    config = ScriptRunConfig(
        *(source, "train.py"),
        run_config=given,
        compute_target="local",
        environment=Environment("own"),
        environment_variables={"B": "2"},
    )
    assert (config.compute_target, config.environment_variables) == ("local", {"A": "1", "B": "2"})
    assert config.environment is not given.environment
    with pytest.raises(InvalidRequest, match="no RunConfiguration"):
        ScriptRunConfig(source, "train.py", run_config={"target": "local"})  # type: ignore[arg-type]


def test_a_worker_imports_what_a_script_waits_for_and_no_more() -> None:
    heavy = {"packaging", "sqlalchemy", "hashlib", "tempfile", "filelock", "docker", "asyncio"}
    program = f"import sys, mlenv_jupyter.runs.worker; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    assert done.stdout.split() == []
