"""The launcher: made once, whole or not at all, without a network once uv has the wheels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.kernels import launcher as module
from mlenv_jupyter.kernels.launcher import DONE, Launcher, ensure_launcher, launchers


@pytest.fixture
def ensure(tmp_path, uv, uv_cache):
    return lambda **changed: ensure_launcher(
        **{"home": tmp_path / "home", "uv": uv, "cache": uv_cache, **changed}
    )


@pytest.mark.network
def test_made_once_and_offline(ensure, monkeypatch, tmp_path):
    first = ensure()
    assert first.is_whole()
    described = json.loads((first.place / DONE).read_text())
    assert described["python"] == getattr(sys, "_base_executable", sys.executable)
    made = first.place.stat().st_mtime_ns
    assert ensure() == first
    assert first.place.stat().st_mtime_ns == made
    assert launchers(tmp_path / "home") == [first]
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    other = ensure(home=tmp_path / "other")
    code = "import ipykernel, sys; print(sys.prefix)"
    shown = subprocess.run([other.python, "-I", "-c", code], capture_output=True, text=True)
    assert shown.stdout.strip() == os.fspath(other.place)


@pytest.mark.network
def test_half_made_one_is_made_again(ensure):
    first = ensure()
    (first.place / DONE).unlink()
    (first.place / "launch.py").write_text("half")
    assert ensure() == first
    assert "half" not in first.script.read_text()
    # The interpreter that it was made from was removed with its package.
    first.python.unlink()
    first.python.symlink_to("/nowhere/python")
    assert not first.is_whole()
    assert ensure().is_whole()


@pytest.mark.network
def test_made_once_by_many_at_once(ensure):
    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(lambda _: ensure(), range(4)))
    assert len(made) == 1
    assert made.pop().is_whole()


def test_nothing_is_left_where_it_cannot_be_made(ensure, tmp_path, monkeypatch):
    with pytest.raises(Unavailable, match="uv is not where"):
        ensure(uv=tmp_path / "no-uv")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="launcher") as caught:
        ensure(cache=tmp_path / "empty-cache")
    assert caught.value.detail
    assert launchers(tmp_path / "home") == []


def test_without_a_network_it_uses_the_ipykernel_that_mlenv_came_with(
    ensure, tmp_path, monkeypatch
):
    monkeypatch.setenv("UV_OFFLINE", "1")
    made = ensure(cache=tmp_path / "empty-cache")
    assert made.is_whole()
    subprocess.run([made.python, "-I", "-c", "import ipykernel.kernelapp"], check=True)


def test_changed_code_makes_another_launcher(monkeypatch, tmp_path):
    base = tmp_path / "python"
    assets = module.assets()
    assert {"launch.py", "start.py", "tool.py", "magics/kernel_magic.py"} <= assets.keys()
    first = module._fingerprint(assets, base)
    assert module._fingerprint(dict(reversed(assets.items())), base) == first
    assert module._fingerprint({**assets, "tool.py": b""}, base) != first
    assert module._fingerprint(assets, tmp_path / "other") != first
    monkeypatch.setattr(module, "REQUIREMENTS", ("ipykernel==1",))
    assert module._fingerprint(assets, base) != first


def test_every_asset_is_shipped():
    shipped = {path.name for path in module.resources.files("mlenv_jupyter.kernels").joinpath("assets").iterdir()}  # fmt: skip  # noqa: E501
    python = {name for name in shipped if name.endswith(".py")} - {"__init__.py"}
    assert python == set(module.ASSETS)


def test_argv_is_isolated(tmp_path):
    argv = Launcher(tmp_path).argv(tmp_path / "record.json")
    assert argv[1] == "-IS"
    assert argv[-2:] == ["-f", "{connection_file}"]
