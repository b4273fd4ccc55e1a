"""A server that stops in the middle of a build: the build goes on, and the next server finds it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

Start = Callable[[], "Server"]


class Server:
    """One ``jupyter server`` in a process of its own."""

    def __init__(self, runtime: Path, *more: str) -> None:
        options = {
            "ServerApp.jpserver_extensions": "{'mlenv_jupyter': True}",
            "ServerApp.open_browser": "False",
            "ServerApp.allow_root": "True",
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": "0",
            "IdentityProvider.token": "secret",
        }
        argv = [f"--{key}={value}" for key, value in options.items()]
        env = {
            **os.environ,
            "JUPYTER_RUNTIME_DIR": str(runtime),
            "JUPYTER_CONFIG_DIR": str(runtime),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *argv, *more],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        about = runtime / f"jpserver-{self.process.pid}.json"
        until = time.monotonic() + 60
        while not self._answers(about):
            assert self.process.poll() is None, "the server ended"
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.05)

    def _answers(self, about: Path) -> bool:
        # The file is there before the port is bound.
        try:
            self.address = json.loads(about.read_text())["url"] + "mlenv/api"
            return bool(self.ask("GET", "/kernels"))
        except (FileNotFoundError, json.JSONDecodeError, URLError):
            return False

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers: JSON, or the bytes of a log."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": "token secret"}
        request = Request(self.address + path, data, headers, method=method)
        with urlopen(request, timeout=300) as response:
            text = response.read()
        return json.loads(text) if response.headers.get_content_subtype() == "json" else text

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End it, and wait for it."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server on the same home."""
    servers: list[Server] = []

    def one() -> Server:
        servers.append(Server(tmp_path / f"runtime-{len(servers)}"))
        return servers[-1]

    yield one
    for server in servers:
        server.stop(signal.SIGKILL)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_the_next_server_finds_the_build_and_its_log(
    start: Start, running: Any, end: Any, how: int
) -> None:
    first = start()
    build, log = await running()
    log.write_bytes(b'{"t":0.1,"k":"line","x":"before"}\n')
    before = first.ask("GET", f"/builds/{build}/log")
    first.stop(how)
    with log.open("ab") as file:
        file.write(b'{"t":0.2,"k":"line","x":"between"}\n')
    second = start()
    found = second.ask("GET", "/builds")["items"]
    assert [(one["id"], one["state"]) for one in found] == [(build, "installing")]
    with log.open("ab") as file:
        file.write(b'{"t":0.3,"k":"result","d":{"state":"succeeded","error":null}}\n')
    rest = second.ask("GET", f"/builds/{build}/log?follow=1&from={len(before)}")
    assert before + rest == log.read_bytes()
    assert [json.loads(line).get("x") for line in rest.splitlines()] == ["between", None]


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_build_survives_its_server(start: Start, how: int) -> None:
    first = start()
    definition = {"pip": {"requirements": ["six"]}, "variables": {"MODE": "test"}}
    first.ask("POST", "/environments", {"name": "demo", "definition": definition})
    build = first.ask("POST", "/builds", {"name": "demo"})["id"]
    first.stop(how)
    second = start()
    log = second.ask("GET", f"/builds/{build}/log?follow=1")
    last = json.loads(log.splitlines()[-1])
    assert last["k"] == "result"
    assert last["d"]["state"] == "succeeded", log.decode()
    assert second.ask("GET", "/environments/demo")["environment"]["ready_version"] == "1"
    again = second.ask("POST", "/builds", {"name": "demo"})
    assert (again["reused"], again["state"]) == (True, "succeeded")
    kernel = second.ask("POST", "/kernels", {"name": "demo"})
    assert second.ask("GET", "/kernels")["items"] == [kernel]
