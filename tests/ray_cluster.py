"""A real Ray cluster of two nodes, each with an address of its own, for all tests of a session."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

RAY = Path(sys.executable).with_name("ray")
LOCKS = Path(__file__).parents[1] / "requirements"


class Cluster(NamedTuple):
    """Where its job server and its door for ``ray://`` are, and the directory of its processes."""

    address: str
    door: str
    place: Path

    def kill_second(self) -> None:
        """The second node is gone, as if somebody had pulled its plug."""
        for one in psutil.process_iter(["cmdline"]):
            words = " ".join(one.info["cmdline"] or ())
            if str(self.place) in words and "127.0.0.2" in words and "raylet" in words:
                one.kill()

    def kill(self) -> None:
        """All of it is gone, as if its power had failed."""
        for one in psutil.process_iter(["cmdline"]):
            if any(str(self.place) in word for word in one.info["cmdline"] or ()):
                with contextlib.suppress(psutil.Error):
                    one.kill()


def uv(words: list[Any]) -> None:
    """Run uv; it says nothing unless it fails."""
    subprocess.run([RAY.with_name("uv"), "--quiet", *map(str, words)], check=True, timeout=240)


def free() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    if not RAY.exists():
        if "ray" in os.environ.get("MLENV_REQUIRE", "").split(","):
            pytest.fail("MLENV_REQUIRE has ray, and it is not installed")
        pytest.skip("Ray is not installed: uv pip install -r requirements/ray.txt")
    # Its sockets' paths must be short.
    place = Path("/tmp") / f"mlenv-ray-{os.getpid()}"
    head, dashboard, door = free(), free(), free()
    # As on a real cluster: a Python without mlenv, which Ray copies for each environment.
    python = place / "python"
    uv(["venv", "--python", sys.executable, python])
    locks = ["-r", LOCKS / "bootstrap.txt", "-r", LOCKS / "ray.txt"]  # Ray has uv install packages
    uv(["pip", "install", "--require-hashes", *locks, "--python", python / "bin" / "python"])
    program = python / "bin" / "ray"
    # The head forks a server for each ray:// client amid gRPC's threads: ray-project/ray#63202.
    forking = {"GRPC_ENABLE_FORK_SUPPORT": "0"}
    # Of a busy machine: Ray waits half a minute for a node to be known.
    patient = {"RAY_raylet_start_wait_time_s": "150"}
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DISABLE_IMPORT_WARNING": "1"}
    env = {**os.environ, **quiet, **forking, **patient}

    def start(*words: str) -> None:
        common = ["--num-cpus", "1", "--object-store-memory", "80000000", "--disable-usage-stats"]
        done = subprocess.run(
            [program, "start", *common, "--dashboard-agent-listen-port", free(), *words],
            env=env, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        start(
            *("--head", "--node-ip-address", "127.0.0.3", "--port", head),
            *("--temp-dir", str(place / "1")),
            *("--dashboard-host", "127.0.0.3", "--dashboard-port", dashboard),
            *("--ray-client-server-port", door),
        )
        # In one directory the two nodes would make, and remove, each other's environments; their
        # logs are in one, since on one machine Ray's agents do not tell their nodes apart.
        session = (place / "1" / "session_latest").resolve()
        (place / "2" / session.name).mkdir(parents=True)
        (place / "2" / session.name / "logs").symlink_to(session / "logs")
        second = ["--node-ip-address", "127.0.0.2", "--resources", '{"second": 1}']
        start("--address", f"127.0.0.3:{head}", *second, "--temp-dir", str(place / "2"))
        yield Cluster(f"http://127.0.0.3:{dashboard}", f"ray://127.0.0.3:{door}", place)
    finally:
        Cluster("", "", place).kill()
        shutil.rmtree(place, ignore_errors=True)


def until(condition: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)
