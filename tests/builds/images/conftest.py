"""A real OCI registry that asks for a user and password, on a loopback port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.builds.conda.conftest import channels  # noqa: F401

USER, PASSWORD = "me", "c4n@ry-of-the-registry"
HASH = "$2b$04$ehkdD/T0DVY33wM//lqcS.krkUwEK25p9zMvx0jXqC8P/THgfG9Tq"


class Registry(NamedTuple):
    """Where it is, and where it keeps what was pushed."""

    address: str
    place: Path


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    program = shutil.which("docker-registry")
    if program is None:
        if "docker" in os.environ.get("MLENV_REQUIRE", "").split(","):
            pytest.fail("MLENV_REQUIRE has docker, and there is no docker-registry")
        pytest.skip("no docker-registry here")
    place = tmp_path / "registry"
    place.mkdir()
    (place / "users").write_text(f"{USER}:{HASH}\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (place / "config.yml").write_text(
        f"version: 0.1\nlog: {{level: error}}\n"
        f"storage: {{filesystem: {{rootdirectory: {place}/data}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
        f"auth: {{htpasswd: {{realm: tests, path: {place}/users}}}}\n"
    )
    process = subprocess.Popen(
        [program, "serve", str(place / "config.yml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"127.0.0.1:{port}"
    _until(lambda: _answers(address))
    yield Registry(address, place)
    process.terminate()
    process.wait(10)


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"http://{address}/v2/", timeout=5)
    except urllib.error.HTTPError as error:
        return error.code == 401
    except OSError:
        return False
    return True


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "the registry does not answer"
        time.sleep(0.05)
