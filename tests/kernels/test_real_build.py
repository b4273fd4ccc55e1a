"""A kernel of a really built version: the store stays as it was committed, the cache included."""

from __future__ import annotations

import os

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.workspace import Workspace

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.fixture
def built(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setenv("MLENV_HOME", os.fspath(home))
    monkeypatch.setenv("MLENV_STORE", os.fspath(home / "store"))
    workspace = Workspace.from_config()
    definition = Definition.create(
        requirements=["six==1.16.0", "idna==3.6"], variables={"GREETING": "hello"}
    )
    workspace.register("real", definition)
    build = workspace.wait(workspace.build("real").id, 240)
    assert build.state == "succeeded", build.error
    yield workspace
    workspace.close()


def test_store_stays_as_committed(built, start, checksum, tmp_path):
    kernel = built.install_kernel("real")
    version = built.version("real")
    prefix = built.places.prefix(version.lock_digest)
    places = [prefix, built.places.layers, built.places.shelf]
    before = [checksum(place) for place in places]
    with start(kernel.kernel_name, tmp_path / "n.ipynb") as running:
        assert running.value("import os, six, idna; os.environ['GREETING']") == "'hello'"
    cached = {
        path: path.read_bytes()
        for path in built.places.uv_cache.rglob("*.py")
        if "six" in path.name or "idna" in path.parts
    }
    assert cached
    with start(kernel.kernel_name, tmp_path / "n.ipynb") as running:
        shown = running.run("%pip install -q 'six>=1.16,<1.18' -U attrs")
        assert "six 1.17.0 (was 1.16.0)" in shown.text
        assert running.value("import attrs, os; os.path.exists(attrs.__file__)") == "True"
        shown = running.run("!uv pip install 'idna==3.7' iniconfig")
        assert "idna 3.7 (was 3.6)" in shown.text
        assert running.value("import iniconfig; 'overlays' in iniconfig.__file__") == "True"
        assert "idna 3.7" in running.run("!uv pip uninstall idna").text
        assert "six 1.17.0" in running.run("!pip uninstall six").text
        assert running.run("%mlenv").status == "ok"
        running.restart()
        assert running.run("import six").status == "error"
        assert running.run("import idna").status == "error"
        assert running.value("import attrs; 'overlays' in attrs.__file__") == "True"
    assert [checksum(place) for place in places] == before
    assert {path: path.read_bytes() for path in cached} == cached
