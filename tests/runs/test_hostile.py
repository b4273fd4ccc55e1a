"""Scripts that misbehave, and directories that are no sources: nothing hangs, nothing is lost."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from mlenv_jupyter import Environment, Experiment, Run, ScriptRunConfig, Workspace, process
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, NotFound
from mlenv_jupyter.core.run import RunRequest
from mlenv_jupyter.runs.request import check_target
from mlenv_jupyter.runs.snapshot import add_snapshot
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import remove_tree

AWAY = """
import os, signal, sys, time
print("begin", flush=True)
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("away", os.getpid(), flush=True)
    time.sleep(600)
"""


@pytest.fixture
def here(workspace: Workspace, tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "source").mkdir()
    yield workspace
    for run in workspace.runs.newest():
        workspace.runs.cancel(run.id)
        workspace.runs.wait(run.id, 20)


@pytest.fixture
def submit(here: Workspace, tmp_path: Path) -> Callable[..., Run]:
    def make(script: str, **more: object) -> Run:
        source = tmp_path / "source"
        (source / "train.py").write_text(script)
        config = ScriptRunConfig(source, "train.py", environment=Environment("small"), **more)  # type: ignore[arg-type]
        return Experiment(here, "trial").submit(config)

    return make


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def away(run: Run) -> psutil.Process:
    """The process that the script has sent away, when it has said its number."""
    log = run._workspace.runs.log_path(run.id)
    until(lambda: log.exists() and "away " in log.read_text())
    return psutil.Process(int(run.get_log().split("away ")[1].split()[0]))


def gone(one: psutil.Process) -> bool:
    return not one.is_running() or one.status() == psutil.STATUS_ZOMBIE


def test_what_a_script_leaves_running_does_not_keep_the_run(submit: Callable[..., Run]) -> None:
    run = submit(AWAY + "sys.exit(3)\n")
    left = away(run)
    record = run._workspace.runs.wait(run.id, 30)
    assert (record.state, record.exit_code) == ("failed", 3)
    until(lambda: gone(left))
    log = run._workspace.runs.log_path(run.id).read_text()
    assert "left running is ended" in log


def test_cancelling_ends_what_has_a_session_of_its_own(submit: Callable[..., Run]) -> None:
    run = submit(AWAY + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)\n")
    left = away(run)
    run.cancel()
    assert run._workspace.runs.wait(run.id, 20).state == "cancelled"
    until(lambda: gone(left), 5)


def test_a_script_that_ends_its_whole_group_ends_no_more_than_that(
    submit: Callable[..., Run],
) -> None:
    run = submit("import os, signal\nprint('said', flush=True)\nos.killpg(0, signal.SIGKILL)\n")
    record = run._workspace.runs.wait(run.id, 30)
    assert (record.state, record.exit_code) == ("failed", -9)
    assert run.get_log().endswith("said\n")


def test_a_script_spoils_its_own_directory_and_loses_nothing(submit: Callable[..., Run]) -> None:
    run = submit(
        "import os\nplace = os.environ['MLENV_RUN_DIRECTORY']\n"
        "os.unlink('outputs')\nos.makedirs('outputs/deep')\n"
        "open('outputs/deep/model', 'w').write('kept')\nos.mkfifo('outputs/pipe')\n"
        "os.symlink('/etc/passwd', 'outputs/away')\n"
        "os.mkdir(place + '/metrics.jsonl')\nopen(place + '/spec.json', 'w').write('junk')\n"
        "os.write(1, bytes(range(256)) * 100 + b'\\n')\n"
    )
    assert run.wait_for_completion()["status"] == "Completed"
    assert run.get_file_names() == ["outputs/deep/model"]
    assert run._workspace.runs.file(run.id, "outputs/deep/model").read_text() == "kept"
    for name in ("outputs/away", "outputs/\0", "outputs/" + "x" * 5000, "../spec.json"):
        with pytest.raises(NotFound):
            run._workspace.runs.file(run.id, name)
    assert run.get_metrics() == {}
    with pytest.raises(Conflict, match="not kept any more"):
        run._workspace.runs.again(run.id)


def test_variables_and_sources_do_not_come_before_the_environment(
    submit: Callable[..., Run], tmp_path: Path
) -> None:
    source = tmp_path / "source"
    (source / "outputs").write_text("a file where the directory is to be")
    os.symlink("loop", source / "loop")
    os.mkfifo(source / "pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(source / "socket"))
    run = submit("import sys\nprint('in', sys.prefix)", environment_variables={"PATH": "/nope"})
    assert run.wait_for_completion()["status"] == "Completed", run.get_log()
    assert str(run._workspace.places.store) in run.get_log()


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"arguments": ["a\0b"]}, InvalidRequest, "cannot be passed"),
        ({"arguments": ["x" * 131072]}, InvalidRequest, "cannot be passed"),
        ({"arguments": ["\udcff"]}, InvalidRequest, "no text"),
        ({"script": "a\0b.py"}, InvalidRequest, "cannot be passed"),
        ({"script": "x" * 5000}, NotFound, "There is no"),
        ({"script": "kept.py"}, InvalidRequest, "left out"),
        ({"source_directory": "\0"}, NotFound, "There is no"),
        ({"source_directory": "x" * 5000}, NotFound, "There is no"),
    ],
)
def test_what_no_process_takes_is_refused(
    here: Workspace, tmp_path: Path, more: dict[str, object], error: type[Exception], message: str
) -> None:
    source = tmp_path / "source"
    for name in ("train.py", "kept.py"):
        (source / name).write_text("")
    (source / ".amlignore").write_text("kept.py\n")
    given = {"source_directory": source, "script": "train.py", **more}
    config = ScriptRunConfig(**given, environment=Environment("small"))  # type: ignore[arg-type]
    with pytest.raises(error, match=message):
        Experiment(here, "trial").submit(config)
    assert here.runs.newest() == ()


def test_tags_are_text(submit: Callable[..., Run], here: Workspace, tmp_path: Path) -> None:
    (tmp_path / "source" / "train.py").write_text("")
    config = ScriptRunConfig(tmp_path / "source", "train.py", environment=Environment("small"))
    with pytest.raises(InvalidRequest, match="not text"):
        Experiment(here, "trial").submit(config, tags={"epochs": 3})  # type: ignore[dict-item]


def test_an_ignore_file_with_a_line_that_is_no_pattern_is_told(
    submit: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / "source" / ".gitignore").write_text("data/\n\\\n")
    with pytest.raises(InvalidRequest, match="no pattern") as caught:
        submit("")
    assert caught.value.where == ".gitignore"


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_what_cannot_be_read_is_named(kind: str) -> None:
    # Where somebody else than root may work, too, since root reads everything.
    top = Path(tempfile.mkdtemp(prefix="mlenv-unreadable-", dir="/tmp"))
    places, source = Places(top / "home", top / "store"), top / "source"
    secret = source / "secret"
    source.mkdir()
    if kind == "directory":
        secret.mkdir()
    else:
        secret.write_text("x")
    add_snapshot(places, source)  # and all that it imports is imported
    secret.chmod(0)
    for place in (top, *top.rglob("*")):
        os.chown(place, 65534 if os.getuid() == 0 else -1, -1)
    try:
        if os.getuid() == 0:
            os.seteuid(65534)
        with pytest.raises(InvalidRequest, match="secret cannot be read") as caught:
            add_snapshot(places, source)
        assert ".amlignore" in caught.value.remedy
    finally:
        os.seteuid(os.getuid())
        secret.chmod(0o700)
        remove_tree(top)


def test_output_that_ends_with_the_program_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "LEFT", 600.0)
    ended: list[int] = []
    code, lines = process.run(
        [sys.executable, "-c", "print('x' * 10)"], on_left=lambda: ended.append(1)
    )
    assert (code, [one.text for one in lines], ended) == (0, ["x" * 10], [])


@pytest.mark.ray
def test_a_container_on_a_cluster_is_there_and_not_here() -> None:
    pytest.importorskip("ray")
    request = RunRequest(
        experiment="x", name="x", source_directory=".", target="http://127.0.0.1:1", form="image"
    )
    assert check_target(request, Definition.create()) == ("http://127.0.0.1:1", "image")


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    lines = process.Lines()
    found = [one for _ in range(1000) for one in lines.feed(b"x" * 65536)]
    assert found == []
    assert len(lines._pending) == process.MAX_LINE
    (cut,) = lines.feed("é\r\nnext".encode())
    assert cut.endswith(f" … ({1000 * 65536 - process.MAX_LINE + 1} characters more)")
    assert (lines.feed(b"\xff\n"), lines.rest()) == (["next\ufffd"], [])
