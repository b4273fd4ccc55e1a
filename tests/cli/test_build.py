"""Building for real: followed, detached, failed, interrupted, cancelled."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlenv_jupyter.workspace import Workspace
from tests.cli.conftest import COMMAND, Ended

pytestmark = pytest.mark.network

SLOW_SETUP = """\
import time
import setuptools
with open({began!r}, "w") as file:
    file.write("now")
time.sleep(120)
setuptools.setup(name="tortoise", version="1.0")
"""


@pytest.fixture
def tortoise(tmp_path: Path, mlenv: Callable[..., Ended], workspace: Workspace) -> Iterator[Path]:
    """An environment `slow` whose build takes two minutes; a file appears once it is under way."""
    began, source = tmp_path / "began", tmp_path / "tortoise-1.0"
    source.mkdir()
    (source / "setup.py").write_text(SLOW_SETUP.format(began=str(began)))
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: tortoise\nVersion: 1.0\n")
    place = tmp_path / "sources"
    place.mkdir()
    subprocess.run(
        ["tar", "-C", tmp_path, "-czf", place / "tortoise-1.0.tar.gz", source.name], check=True
    )
    mlenv("new", "slow", "-p", "tortoise", "--find-links", str(place))
    yield began
    for build in workspace.builds():
        workspace.cancel(build.id)
        assert workspace.wait(build.id, 10).ended


def wait_for(process: subprocess.Popen[str], path: Path) -> None:
    """Until a file is there; fails if the process ends before."""
    while not path.exists():
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)


def test_lines_and_the_result(mlenv: Callable[..., Ended], wheelhouse: Callable[..., Path]) -> None:
    mlenv("new", "small", "-p", "mlenv-pebble", "--find-links", str(wheelhouse("mlenv-pebble")))
    first = mlenv("build", "small")
    assert first.code == 0
    assert "Resolving:" in first.out
    assert "+ mlenv-pebble==1.0" in first.out
    assert "\x1b" not in first.out
    assert "● Ready: small:1 (1 package, built in" in first.out
    assert "mlenv use small:1" in first.err
    again = mlenv("build", "small")
    assert again.out == "● Ready: small:1 (1 package, built already)\n"
    assert "+ mlenv-pebble==1.0" in mlenv("log", "small").out
    rows = mlenv("builds").out.splitlines()
    assert "● succeeded" in rows[1]


def test_json_is_the_build_the_log_and_the_build(
    mlenv: Callable[..., Ended], wheelhouse: Callable[..., Path]
) -> None:
    mlenv("new", "small", "-p", "mlenv-pebble", "--find-links", str(wheelhouse("mlenv-pebble")))
    followed = mlenv("build", "small", "--json")
    assert followed.code == 0
    first, *log, last = followed.records
    assert not first["build"]["finished_at"]
    assert last["build"]["state"] == "succeeded"
    assert {record["k"] for record in log} >= {"line", "stage", "result"}
    assert [record["t"] for record in log] == sorted(record["t"] for record in log)
    stored = mlenv("log", "small", "--json")
    assert stored.records == log
    reused = mlenv("build", "small", "--json").records
    assert [one["build"]["reused"] for one in reused] == [True]


def test_detached_build_is_found_again(
    mlenv: Callable[..., Ended], wheelhouse: Callable[..., Path]
) -> None:
    mlenv("new", "small", "-p", "mlenv-pebble", "--find-links", str(wheelhouse("mlenv-pebble")))
    started = mlenv("build", "small", "--detach", "--json")
    followed = mlenv("log", started.json["id"], "--follow", "--json")
    assert followed.code == 0
    assert followed.records[-1]["d"]["state"] == "succeeded"


def test_unknown_package(mlenv: Callable[..., Ended]) -> None:
    mlenv("new", "broken", "-p", "no-such-package-of-mlenv-tests", "-p", "six")
    failed = mlenv("build", "broken")
    assert failed.code == 1
    assert "no-such-package-of-mlenv-tests" in failed.err
    assert "Remedy:" in failed.err
    in_json = mlenv("build", "broken", "--json")
    assert in_json.code == 1
    assert in_json.records[-1]["build"]["error"] == in_json.error
    shown = mlenv("show", "broken", "--json")
    assert shown.json["state"] == "failed"


def test_impossible_pins(mlenv: Callable[..., Ended], wheelhouse: Callable[..., Path]) -> None:
    wheelhouse("mlenv-pebble", "2.0")
    place = wheelhouse("mlenv-boulder", requires=("mlenv-pebble<2",))
    mlenv(
        "new", "torn", "-p", "mlenv-pebble==2.0", "-p", "mlenv-boulder", "--find-links", str(place)
    )
    failed = mlenv("build", "torn", "--json")
    assert failed.code == 1
    assert {one["requirement"] for one in failed.error["culprits"]} >= {"mlenv-pebble==2.0"}


def test_unreachable_index(mlenv: Callable[..., Ended]) -> None:
    mlenv("new", "cut-off", "-p", "six", "--index-url", "http://127.0.0.1:9/simple")
    failed = mlenv("build", "cut-off", "--json")
    assert failed.code == 1
    assert "127.0.0.1:9" in failed.error["message"] + failed.error["detail"]
    assert failed.error["remedy"]


@pytest.mark.slow
def test_interrupt_leaves_the_build_running(tortoise: Path, mlenv: Callable[..., Ended]) -> None:
    following = subprocess.Popen(
        [*COMMAND, "build", "slow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(following, tortoise)
    following.send_signal(signal.SIGINT)
    _, err = following.communicate(timeout=20)
    assert following.returncode == 130
    assert "The build of slow:1 goes on" in err
    assert "mlenv cancel slow:1" in err
    assert "Traceback" not in err
    assert mlenv("show", "slow", "--json").json["state"] == "building"
    cancelled = mlenv("cancel", "slow", "--json")
    assert cancelled.json["state"] == "cancelled"
    assert mlenv("cancel", "slow").code == 4
    assert mlenv("log", "slow", "--follow").code == 0


@pytest.mark.slow
def test_second_interrupt_on_a_terminal_cancels(
    tortoise: Path, mlenv: Callable[..., Ended]
) -> None:
    ours, theirs = pty.openpty()
    following = subprocess.Popen(
        [*COMMAND, "build", "slow"], stdin=theirs, stdout=theirs, stderr=theirs, text=True
    )
    os.close(theirs)
    wait_for(following, tortoise)
    following.send_signal(signal.SIGINT)
    read_until(ours, "Ctrl-C again now stops it")
    following.send_signal(signal.SIGINT)
    shown = read_until(ours, "was cancelled")
    assert "Traceback" not in shown
    assert following.wait(20) == 130
    os.close(ours)
    assert mlenv("show", "slow", "--json").json["state"] == "cancelled"


def test_terminal_shows_a_bar(
    mlenv: Callable[..., Ended], wheelhouse: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mlenv("new", "small", "-p", "mlenv-pebble", "--find-links", str(wheelhouse("mlenv-pebble")))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    ours, theirs = pty.openpty()
    following = subprocess.Popen(
        [*COMMAND, "build", "small"], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = read_until(ours, "Ready:")
    assert "━" in shown
    assert "Resolving" in shown
    assert "mlenv-pebble" in shown
    assert following.wait(30) == 0
    os.close(ours)


def read_until(terminal: int, text: str) -> str:
    """What a terminal shows until a text comes."""
    shown = b""
    while text.encode() not in shown:
        shown += os.read(terminal, 65536)
    return shown.decode(errors="replace")


def test_the_form_that_is_asked_for(mlenv: Callable[..., Ended], workspace: Workspace) -> None:
    mlenv("new", "plain", "-p", "six")
    refused = mlenv("build", "plain", "--as", "image")
    assert refused.code != 0
    assert "c.Workspace.base_image" in refused.err
    shown = mlenv("show", "plain").out
    assert "a prefix, by uv: only pip packages are asked for" in shown
    assert "no image: This environment names no base image" in shown
    assert mlenv("build", "plain", "--as", "boat").code == 2
    assert workspace.builds() == ()


def test_failed_build_is_mended(
    mlenv: Callable[..., Ended], wheelhouse: Callable[..., Path], workspace: Workspace
) -> None:
    wheelhouse("mlenv-pebble")
    wheelhouse("mlenv-pebble", "2.0")
    place = str(wheelhouse("mlenv-boulder", requires=("mlenv-pebble<2",)))
    pins = ["-p", "mlenv-boulder", "-p", "mlenv-pebble==2.0"]
    mlenv("new", "pins", *pins, "--find-links", place)
    failed = mlenv("build", "pins")
    assert failed.code == 1
    assert "`mlenv mend pins:1` builds the next version with the first fix." in failed.err
    assert mlenv("mend", "pins", "--fix", "9").code == 2
    mended = mlenv("mend", "pins")
    assert "● Ready: pins:2" in mended.out, mended.err
    again = mlenv("mend", "pins:2")
    assert again.code == 2
    assert "proposes no fix" in again.err
    assert workspace.version("pins", "1").state == "failed"
