"""A private PostgreSQL on a loopback port, for as long as the tests that need it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REQUIRED


def programs() -> Path | None:
    """The directory of initdb and pg_ctl: Debian does not put them on the path."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[4].zfill(3)
    )
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of the server, without a database."""
    where = programs()
    if where is None:
        if "postgres" in REQUIRED:
            pytest.fail("MLENV_REQUIRE has postgres, and there is no initdb")
        pytest.skip("PostgreSQL is not installed")
    place = Path(tempfile.mkdtemp(prefix="mlenv-postgres-"))
    # PostgreSQL does not run as root.
    as_user: list[str] = []
    if os.getuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(place, user.pw_uid, user.pw_gid)
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(place)}

    def run(*argv: str) -> None:
        done = subprocess.run(
            [*as_user, *argv],
            env=environment,
            cwd=place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    data, log = str(place / "data"), str(place / "log")
    run(str(where / "initdb"), "-D", data, "-U", "mlenv", "-A", "trust", "-N", "-E", "UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={place}"
    options += " -c fsync=off"
    started = subprocess.run(
        [*as_user, str(where / "pg_ctl"), "-D", data, "-l", log, "-o", options, "-w", "start"],
        env=environment,
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert started.returncode == 0, Path(log).read_text()
    try:
        yield f"postgresql://mlenv@127.0.0.1:{port}"
    finally:
        run(str(where / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(place)


@pytest.fixture
def postgres(postgres_server: str, request: pytest.FixtureRequest) -> str:
    """The address of an empty database of this test's own."""
    import psycopg

    name = f"mlenv_{os.urandom(4).hex()}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{postgres_server}/{name}"
