"""A base image without the Python that is asked for is given one by uv."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.builds.images.probe import machine_of
from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.workspace import Workspace
from tests import conda_channel

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

BASE = "FROM mlenv/test-base:1\nRUN rm -rf /usr/bin/python3*\nENV LD_LIBRARY_PATH={}/lib\n"


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A list of downloads with one Python, a real one of this machine; its address and version."""
    place = tmp_path / "mirror"
    place.mkdir()
    package = conda_channel.python_package(conda_channel.pythons()[-1])
    archive = place / "python.tar"
    with tarfile.open(archive, "w") as tar:
        for name, file in package.files.items():
            if isinstance(file, Path):
                tar.add(file, f"python/{name}")
        for name, to in package.links.items():
            info = tarfile.TarInfo(f"python/{name}")
            info.type, info.linkname = tarfile.SYMTYPE, to
            tar.addfile(info)
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=os.fspath(place))
    )
    address = f"http://127.0.0.1:{server.server_address[1]}"
    major, minor, patch = map(int, package.version.split("."))
    one = {
        "name": "cpython",
        "arch": {"family": platform.machine(), "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": major,
        "minor": minor,
        "patch": patch,
        "prerelease": "",
        "url": f"{address}/python.tar",
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "variant": None,
        "build": "20260101",
    }
    key = f"cpython-{package.version}-linux-{platform.machine()}-gnu"
    (place / "downloads.json").write_text(json.dumps({key: one}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"{address}/downloads.json", package.version
    server.shutdown()
    server.server_close()


def test_a_python_is_fetched_into_the_image(
    workspace: Workspace,
    built: Callable[..., Any],
    engine: Any,
    mirror: tuple[str, str],
    wheelhouse: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, exact = mirror
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS_JSON_URL", address)
    where = f"/opt/mlenv/python/cpython-{exact}-linux-{platform.machine()}-gnu"
    version, build = built(
        "fetched",
        "alpha",
        find_links=[wheelhouse("alpha").as_uri()],
        docker=DockerSection(dockerfile=BASE.format(where)),
        python=exact.rpartition(".")[0],
    )
    said = [one.x for one in read_records(workspace.log_path(build.id)) if one.k != "progress"]
    assert (build.state, build.error) == ("succeeded", None), said
    code = "import alpha, platform, sys; print(platform.python_version(), sys.base_prefix)"
    out = engine.containers.run(
        f"mlenv/mlenv_{version.digest[:32]}", ["python", "-c", code], remove=True, user="1234"
    )
    found, prefix = out.decode().split()
    assert (found, prefix.startswith("/opt/mlenv/python/cpython-")) == (exact, True)


def test_what_an_image_runs_on_is_known_without_a_python(engine: Any) -> None:
    found = machine_of(engine, "mlenv/test-base:1", platform=None, build="test")
    assert found == (platform.machine(), "glibc 2.36", "")
