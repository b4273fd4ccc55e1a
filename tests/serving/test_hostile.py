"""Entry scripts that misbehave, and requests that nobody should send: the service answers on."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from mlenv_jupyter import (
    Environment,
    InferenceConfig,
    LocalWebservice,
    Model,
    Webservice,
    Workspace,
)
from mlenv_jupyter.core.errors import BuildFailed, InvalidRequest, NotFound
from mlenv_jupyter.serving.spec import VARIABLE, ServiceFiles

from .test_services import ask, deploy, model, served, until

__all__ = ["deploy", "served"]
pytestmark = pytest.mark.network

WAIT = (None, 503, 504)
SCRIPT = """
import json, os, signal, sys, time
def init(): pass
def run(data):
    asked = json.loads(data)
    if asked == "exit":
        sys.exit(5)
    if asked == "interrupt":
        raise KeyboardInterrupt
    if asked == "lines":
        os.write(1, b"\\x1ekeep\\n" * 3 + bytes(range(256)) * 100 + b"\\n")
    if asked == "group":
        os.killpg(0, signal.SIGKILL)
    if asked == "fork":
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
    if asked == "hang":
        time.sleep(600)
    return os.getpid()
"""


def test_a_script_that_misbehaves_is_answered_for_and_started_again(
    deploy: Callable[..., Webservice], served: Workspace
) -> None:
    service = deploy(SCRIPT, scoring_timeout_ms=1000, max_request_bytes=1000)
    files = ServiceFiles(served.places, service.name)

    def say(word: str) -> tuple[int, object]:
        status, body = ask(service, json.dumps(word).encode())
        return status, body

    supervisor = files.read_pid()
    pid = say("hello")[1]
    for word in ("exit", "interrupt", "lines", "exit"):
        status, said = say(word)
        expected = (200, pid) if word == "lines" else (500, "run_failed")
        assert (status, said if status == 200 else said["error"]["code"]) == expected  # type: ignore[index]
    # What it wrote itself broke nothing; the answer comes before the log.
    until(lambda: service.get_logs().count("SystemExit: 5") == 2)
    # Announced as too large, it is refused before it is sent.
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as one:
        one.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        assert b" 413 " in one.recv(200)

    # No call comes to an end: a thread cannot be ended, so that the process is.
    assert say("hang")[0] == 504
    told: list[object] = []
    until(lambda: told.append(answered(say)) or told[-1] not in (pid, *WAIT), 60)
    assert 503 in told, "who waits is told"
    pid = told[-1]
    assert "No call of run() comes to an end" in service.get_logs()

    with pytest.raises(OSError, match=r"."):
        say("group")
    until(lambda: answered(say) not in (pid, *WAIT), 60)
    assert files.read_pid() == supervisor, "the supervisor is in another group"

    assert say("fork")[0] == 200
    assert len(of(files)) == 2
    port = service.port
    service.delete()
    until(lambda: of(files) == [])
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", port))


def answered(say: Callable[[str], tuple[int, object]]) -> object:
    """The process that answers, or the status if none does, or None if nothing does."""
    try:
        status, said = say("hello")
    except OSError:
        return None
    return said if status == 200 else status


def of(files: ServiceFiles) -> list[int]:
    """The processes that carry a service's directory."""
    found = []
    for one in psutil.process_iter():
        try:
            if one.environ().get(VARIABLE) == str(files.place):
                found.append(one.pid)
        except (psutil.Error, OSError):
            continue
    return found


def test_an_init_that_ends_its_group_has_failed(
    deploy: Callable[..., Webservice], served: Workspace
) -> None:
    with pytest.raises(BuildFailed) as caught:
        deploy("import os\ndef init(): os.killpg(0, 9)\ndef run(data): return data\n")
    assert caught.value.code == "init_failed"
    assert ServiceFiles(served.places, "answers").is_held()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"port": "x"}, "no port"),
        ({"max_concurrent_requests": "a"}, "max_concurrent_requests is 'a'"),
        ({"max_waiting_requests": -3}, "max_waiting_requests is -3"),
        ({"scoring_timeout_ms": 0}, "scoring_timeout_ms is 0"),
    ],
)
def test_a_limit_is_a_number(more: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        LocalWebservice.deploy_configuration(**more)  # type: ignore[arg-type]


@pytest.mark.parametrize("entry", ["a\0b", "x" * 5000])
def test_a_name_that_no_file_has_is_no_entry_script(
    served: Workspace, tmp_path: Path, entry: str
) -> None:
    inference = InferenceConfig(entry, environment=Environment("small"), source_directory=tmp_path)
    with pytest.raises(NotFound):
        Model.deploy(served, "x", [model(served, tmp_path, 2)], inference)


def test_what_is_no_model_is_told(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "model"
    place.mkdir()
    os.mkfifo(place / "pipe")
    with pytest.raises(InvalidRequest, match="cannot be kept") as caught:
        Model.register(workspace, place, "mine")
    assert "pipe" in caught.value.detail
    (place / "pipe").unlink()
    (place / "weights").write_text("w")
    monkeypatch.chdir(place)
    assert Model.register(workspace, ".", "mine").version == 1
    assert workspace.models.get("mine").file == "model"
