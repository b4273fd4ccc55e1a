"""Builds with real rattler, from a real channel: what they make, set and keep."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from mlenv_jupyter.builds.conda.target import platform
from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.cli.execute import plan
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.registry import tables
from mlenv_jupyter.registry.locks import _pack
from mlenv_jupyter.store.beside import beside
from mlenv_jupyter.workspace import Workspace
from tests.conda_channel import PASSWORD, TOKEN, USER, Server

pytestmark = [pytest.mark.network, pytest.mark.slow]

Conda = Callable[..., Any]


def run_in(workspace: Workspace, name: str, *command: str) -> str:
    argv, environment = workspace.exec_plan(name, None, command)
    return subprocess.check_output(argv, env=environment, text=True)


def minor(prefix: Path) -> str:
    return os.readlink(prefix / "bin/python").removeprefix("python")


def test_a_prefix_of_conda_packages(workspace: Workspace, conda: Conda) -> None:
    version, build = conda("small", "probe", "pure", "numpy")
    assert (build.state, build.error) == ("succeeded", None)
    assert (version.kind, version.state) == ("conda", "ready")
    found = {one.name: one for one in version.packages}
    assert {"python", "probe", "pure", "numpy"} <= set(found)
    assert found["probe"].direct and found["probe"].installer == "conda"
    assert "numpy" in found["python"].required_by
    assert len(found["probe"].sha256) == 64
    prefix = workspace.places.prefix(version.lock_digest)
    # Where the package had its placeholder the prefix is, in text and in binary files.
    # A long path does not fit behind "#!": then the shell finds Python.
    first = (prefix / "bin/probe").read_text().splitlines()[:3]
    assert any(f"{prefix}/bin/python" in line for line in first)
    binary = (prefix / "share/probe.bin").read_bytes()
    assert binary.startswith(b"\0head\0" + os.fsencode(prefix) + b"/lib\0\0")
    assert len(binary) > 250 and binary.endswith(b"tail\0")
    assert run_in(workspace, "small", "probe").split() == [str(prefix), str(prefix)]
    # The other Python, not the server's.
    assert minor(prefix) != f"{sys.version_info[0]}.{sys.version_info[1]}"
    for place, directories, files in os.walk(prefix):
        for name in [*directories, *files, "."]:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                assert not stat.S_IMODE(os.stat(path).st_mode) & 0o222, path
    # Files are the cache's own; a noarch package has bytecode all the same, unchecked by time.
    library = prefix / "lib" / f"python{minor(prefix)}"
    assert (library / "os.py").stat().st_nlink >= 2
    (pyc,) = library.glob("site-packages/pure/__pycache__/*.pyc")
    assert int.from_bytes(pyc.read_bytes()[4:8], "little") == 0b01


def test_a_rebuild_of_conda_packages_names_its_own_place(
    workspace: Workspace, conda: Conda
) -> None:
    version, build = conda("small", "probe", "pure")
    assert (build.state, build.error) == ("succeeded", None)
    prefix = workspace.places.prefix(version.lock_digest)
    inode, record = prefix.stat().st_ino, workspace.store.record(prefix)
    build = workspace.wait(workspace.build("small", force=True).id, 60)
    assert (build.state, build.error) == ("succeeded", None)
    assert prefix.stat().st_ino != inode
    again = workspace.store.record(prefix)
    assert again is not None and record is not None
    assert again.activation == record.activation
    assert run_in(workspace, "small", "probe").split() == [str(prefix), str(prefix)]
    made = os.fsencode(beside(prefix).name)
    for place, _, files in os.walk(prefix):
        for name in files:
            path = Path(place, name)
            assert path.is_symlink() or made not in path.read_bytes(), path


def test_activation_without_shell_scripts(
    workspace: Workspace, conda: Conda, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, build = conda("active", "probe", variables={"MINE": "1"})
    assert build.error is None
    prefix = str(workspace.places.prefix(version.lock_digest))
    monkeypatch.delenv("PROBE_PATH", raising=False)
    monkeypatch.setenv("VIRTUAL_ENV", "/elsewhere")
    _, made = workspace.exec_plan("active", None, ["x"])
    assert made["PROBE_HOME"] == f"{prefix}/share"
    assert made["PROBE_PATH"] == f"{prefix}/probe"
    assert made["PROBE_TEXT"] == "it costs $5"
    assert made["PROBE_JSON"] == "from json"
    assert (made["CONDA_PREFIX"], made["MINE"]) == (prefix, "1")
    assert made["PATH"].split(":")[0] == f"{prefix}/bin"
    assert "VIRTUAL_ENV" not in made
    assert plan("active") == made  # the quick way of `mlenv exec`
    monkeypatch.setenv("PROBE_PATH", "/before")
    _, made = workspace.exec_plan("active", None, ["x"])
    assert made["PROBE_PATH"] == f"{prefix}/probe:/before"
    assert plan("active") == made


def test_pip_adds_to_what_conda_installed(
    workspace: Workspace, conda: Conda, wheelhouse: Callable[..., Path]
) -> None:
    place = wheelhouse("on-top", requires=("numpy>=1.20", "six"))
    version, build = conda("both", "numpy", pip=("on-top",), find_links=[str(place)])
    assert (build.state, build.error) == ("succeeded", None)
    installers = {one.name: one.installer for one in version.packages}
    assert (installers["numpy"], installers["on-top"], installers["six"]) == (
        "conda",
        "pip",
        "pip",
    )
    prefix = workspace.places.prefix(version.lock_digest)
    packages = prefix / "lib" / f"python{minor(prefix)}" / "site-packages"
    (installer,) = packages.glob("numpy-*.dist-info/INSTALLER")
    assert installer.read_text() == "conda\n"  # not installed over
    said = run_in(workspace, "both", "python", "-c", "import numpy, on_top, six; print('all')")
    assert said == "all\n"
    only, _ = conda("only", "numpy")
    assert only.lock_digest != version.lock_digest


def test_pip_may_not_replace_what_conda_brings(workspace: Workspace, conda: Conda) -> None:
    version, build = conda("clash", "numpy", pip=("numpy<2",))
    assert build.state == "failed"
    assert build.error.code == "conflict"
    assert "numpy<2 (pip) does not go with numpy" in build.error.message
    assert [one.requirement for one in build.error.culprits] == ["numpy<2", "numpy"]
    assert build.error.fixes[0].remove == ("numpy<2",)
    assert version.state == "failed"
    # What was laid out to resolve against is gone.
    assert not list(workspace.places.prefixes.glob("sketch-*"))


def test_what_was_locked_stays(workspace: Workspace, conda: Conda, channels: Server) -> None:
    version, _ = conda("locked", "padding")
    channels.asked.clear()
    again = workspace.wait(workspace.build("locked", force=True).id, 60)
    assert again.error is None
    assert workspace.version("locked").lock_digest == version.lock_digest
    assert not [path for path, _ in channels.asked if "repodata" in path]


def test_another_platform_is_solved_by_itself(workspace: Workspace, conda: Conda) -> None:
    conda("elsewhere", "padding")
    row = workspace.registry.find("elsewhere", None)
    lock = workspace.registry.locks.get(row.lock_id).lock
    assert list(lock.conda) == [platform()]
    assert lock.conda[platform()].text.startswith("version: ")
    foreign = msgspec.structs.replace(lock, conda={"osx-arm64": lock.conda[platform()]})
    with workspace.registry.database.write() as connection:
        connection.execute(update(tables.locks).values(packages=_pack(foreign)))
        connection.execute(tables.platform_locks.delete())
    again = workspace.wait(workspace.build("elsewhere", force=True).id, 60)
    assert again.error is None
    records = read_records(workspace.log_path(again.id))
    assert any("Locked before for osx-arm64" in one.x for one in records)
    both = workspace.registry.locks.get(workspace.registry.find("elsewhere", None).lock_id).lock
    assert set(both.conda) == {"osx-arm64", platform()}


@pytest.mark.parametrize("how", ["token", "password"])
def test_a_private_channel_leaves_no_trace_of_what_it_asks_for(
    workspace: Workspace,
    conda: Conda,
    channels: Server,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    host = channels.address.removeprefix("http://")
    if how == "token":
        monkeypatch.setenv("CHANNEL_TOKEN", TOKEN)
        address = f"http://{host}/t/${{CHANNEL_TOKEN}}/private"
    else:
        workspace.secrets.set("channel", PASSWORD, hosts=[host])
        address = f"http://{USER}:${{secret:channel}}@{host}/private"
    version, build = conda(
        "private", "secret-sauce", conda_channels=[address, f"{channels.address}/main"]
    )
    assert build.error is None
    assert (workspace.places.prefix(version.lock_digest) / "share/s.txt").exists()
    workspace.install_kernel("private")
    workspace.registry.database.close()
    traces = traces_of(
        {"token": TOKEN, "password": PASSWORD},
        workspace.places.home,
        workspace.places.store / "prefixes",
        workspace.places.store / "layers",
        workspace.places.store / "rattler",
    )
    assert traces == []


def traces_of(words: Mapping[str, str], *places: Path) -> list[str]:
    return [
        f"{word} in {path}"
        for place in places
        for top, _, files in os.walk(place, followlinks=True)
        for path in (os.path.join(top, name) for name in files)
        if os.path.isfile(path) and not path.endswith("secrets.json")
        for word, value in words.items()
        if value.encode() in Path(path).read_bytes()
    ]


def test_a_channel_that_does_not_let_us_in(
    workspace: Workspace, conda: Conda, channels: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANNEL_TOKEN", "wrong-token-canary")
    _, build = conda(
        "denied",
        "secret-sauce",
        conda_channels=[f"{channels.address}/t/${{CHANNEL_TOKEN}}/private"],
    )
    assert build.error.code == "channel_missing"
    assert build.error.where == "conda.channels"
    log = workspace.log_path(build.id).read_text() + json.dumps(msgspec.to_builtins(build))
    assert "wrong-token-canary" not in log


def test_two_builds_share_an_empty_cache(
    workspace: Workspace, channels: Server, conda: Conda
) -> None:
    (workspace.places.rattler / "packages").unlink()  # the one of all tests
    main = [f"{channels.address}/main"]
    for name, package in (("one", "padding=1.0"), ("two", "padding=2.0")):
        definition = Definition.create(conda_packages=["probe", package], conda_channels=main)
        workspace.register(name, definition)
    builds = [workspace.build("one"), workspace.build("two")]
    ended = [workspace.wait(one.id, 120) for one in builds]
    assert [(one.state, one.error) for one in ended] == [("succeeded", None)] * 2
    prefixes = [workspace.places.prefix(one.lock_digest) for one in ended]
    assert [(one / "share/padding/version.txt").read_text() for one in prefixes] == [
        "h1_1\n",
        "h1_0\n",
    ]
    inodes = {(one / "share/oldapp").exists() or _library(one).stat().st_ino for one in prefixes}
    assert len(inodes) == 1


def _library(prefix: Path) -> Path:
    return prefix / "lib" / f"python{minor(prefix)}" / "os.py"


def test_cancelling_leaves_nothing(workspace: Workspace, channels: Server) -> None:
    (workspace.places.rattler / "packages").unlink()
    channels.reached.clear()
    channels.go.clear()
    channels.held = "padding-2.0"
    try:
        definition = Definition.create(
            conda_packages=["padding", "probe"], conda_channels=[f"{channels.address}/main"]
        )
        workspace.register("stopped", definition)
        build = workspace.build("stopped")
        assert channels.reached.wait(60)
        workspace.cancel(build.id)
        ended = workspace.wait(build.id, 20)
    finally:
        channels.held = ""
        channels.go.set()
    assert ended.state == "cancelled"
    left = [one.name for one in workspace.places.prefixes.iterdir() if one.suffix != ".lock"]
    assert left == []


def test_without_cache_everything_is_fetched_again(
    workspace: Workspace, conda: Conda, channels: Server
) -> None:
    conda("fresh", "padding", "probe")
    channels.asked.clear()
    build = workspace.wait(workspace.build("fresh", force=True, cache=False).id, 120)
    assert build.error is None
    assert any("padding-2.0" in path for path, _ in channels.asked)
    assert not list(workspace.places.store.glob(".rattler-*"))


def test_without_rattler_it_is_said_what_to_install(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rattler", None)
    workspace.register("conda", Definition.create(conda_packages=["padding"]))
    with pytest.raises(Unavailable, match="pip install 'mlenv-jupyter\\[conda\\]'"):
        workspace.build("conda")
    with pytest.raises(Unavailable, match="pip install"):
        workspace.resolve(Definition.create(conda_packages=["padding"]))
