"""Builds with real uv and real packages: what they make, share and keep."""

from __future__ import annotations

import importlib.util
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, NotFound, Unavailable
from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.registry.catalogue import Catalogue
from mlenv_jupyter.verify import verify
from mlenv_jupyter.workspace import Workspace

pytestmark = pytest.mark.network

Built = Callable[..., Any]


def test_a_prefix_holds_what_was_asked_for_and_nothing_else(
    workspace: Workspace, built: Built
) -> None:
    version, build = built("small", "six==1.17.0")
    assert (build.state, build.error) == ("succeeded", None)
    assert version.state == "ready"
    assert [(one.name, one.version, one.direct) for one in version.packages] == [
        ("six", "1.17.0", True)
    ]
    prefix = workspace.places.prefix(version.lock_digest)
    site_packages = next(prefix.glob("lib/python3*/site-packages"))
    names = {one.name for one in site_packages.iterdir() if not one.name.startswith("_virtualenv")}
    assert names == {"six.py", "six-1.17.0.dist-info", "__pycache__"}
    record = workspace.store.record(prefix)
    layer = workspace.places.layer(record.layer)
    assert (layer / "ipykernel").is_dir()
    assert (layer / "pip").is_dir()


def test_everything_in_a_prefix_is_read_only(workspace: Workspace, built: Built) -> None:
    version, _ = built("small", "six==1.17.0")
    for place, directories, files in os.walk(workspace.places.prefix(version.lock_digest)):
        for name in [*directories, *files, "."]:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                assert not stat.S_IMODE(os.stat(path).st_mode) & 0o222, path


def test_bytecode_is_not_checked_by_time_and_is_shared(workspace: Workspace, built: Built) -> None:
    one, _ = built("one", "six==1.17.0")
    two, _ = built("two", "six==1.17.0", "toolz==1.0.0")
    found = []
    for version in (one, two):
        prefix = workspace.places.prefix(version.lock_digest)
        (pyc,) = prefix.glob("lib/python3*/site-packages/__pycache__/six.*.pyc")
        found.append(pyc)
        assert int.from_bytes(pyc.read_bytes()[4:8], "little") == 0b01  # unchecked hash
    assert found[0].stat().st_ino == found[1].stat().st_ino
    # The files of the wheel itself are the cache's.
    assert found[0].parent.with_name("six.py").stat().st_nlink >= 3


def test_the_same_lock_is_not_built_twice(workspace: Workspace, built: Built) -> None:
    version, build = built("small", "six==1.17.0")
    again = workspace.build("small")
    assert (again.id, again.state, again.reused) == (build.id, "succeeded", True)
    assert len(workspace.builds()) == 1
    # Another name, and another variable: the same lock, so it is ready without a build.
    other, _ = workspace.register(
        "other", Definition.create(requirements=["six==1.17.0"], variables={"A": "1"})
    )
    assert (other.state, other.lock_digest) == ("ready", version.lock_digest)
    assert workspace.build("other").reused
    assert workspace.kernels() == ()


def test_an_unpinned_package_stays_as_first_locked(
    workspace: Workspace, built: Built, wheelhouse: Callable[..., Path]
) -> None:
    place = wheelhouse("mlenv-test-thing", "1.0")
    first, _ = built("first", "mlenv-test-thing", find_links=[str(place)])
    wheelhouse("mlenv-test-thing", "2.0")
    second, _ = built("second", "mlenv-test-thing", find_links=[str(place)])
    assert second.lock_digest == first.lock_digest
    assert [one.version for one in second.packages] == ["1.0"]


def test_two_definitions_that_resolve_alike_share_a_prefix(
    workspace: Workspace, built: Built
) -> None:
    one, _ = built("one", "six==1.17.0")
    two, build = built("two", "six>=1.17,<1.17.1")
    assert one.digest != two.digest
    assert one.lock_digest == two.lock_digest
    assert build.state == "succeeded"
    assert len(list(workspace.places.prefixes.glob("*.json"))) == 1


def test_packages_say_who_requires_them(built: Built) -> None:
    version, _ = built("dates", "python-dateutil==2.9.0.post0")
    required = {one.name: (one.direct, one.required_by) for one in version.packages}
    assert required["python-dateutil"] == (True, ())
    assert required["six"] == (False, ("python-dateutil",))


def test_no_packages_at_all(workspace: Workspace, built: Built) -> None:
    version, build = built("empty")
    assert (build.state, version.packages) == ("succeeded", ())


def test_the_curated_minimal_is_built_from_its_committed_lock(
    workspace: Workspace, built: Built
) -> None:
    foreseen = workspace.version("mlenv-minimal").packages
    version, build = built("mlenv-minimal", version="1")
    assert build.state == "succeeded"
    # What it comes to is told before it is built, by its lock alone.
    assert foreseen is not None
    assert [(one.name, one.version, one.sha256, one.direct) for one in foreseen] == [
        (one.name, one.version, one.sha256, one.direct) for one in version.packages
    ]
    committed = Catalogue().versions("mlenv-minimal")[-1].lock()
    assert committed is not None
    hashes = {file.sha256 for one in committed.packages for file in one.files}
    assert {one.sha256 for one in version.packages} <= hashes
    with pytest.raises(Conflict):
        workspace.delete("mlenv-minimal")


def test_the_log_tells_the_whole_story(workspace: Workspace, built: Built) -> None:
    _, build = built("small", "six==1.17.0")
    records = list(read_records(workspace.log_path(build.id)))
    stages = [one.s for one in records if one.k == "stage"]
    assert stages == ["resolving", "installing", "verifying"]
    assert records[-1].k == "result"
    assert records[-1].d == {"state": "succeeded", "error": None}
    assert [one.t for one in records] == sorted(one.t for one in records)
    progress = [one.d for one in records if one.k == "progress"]
    assert [one["done"] for one in progress] == sorted(one["done"] for one in progress)
    assert progress[-1]["done"] == progress[-1]["total"] == 1


def test_variables_and_packages_reach_a_command(workspace: Workspace, built: Built) -> None:
    built("small", "six==1.17.0", variables={"GREETING": "a $b 'c'"})
    argv, env = workspace.exec_plan(
        "small",
        None,
        ["python", "-c", "import os, six; print(os.environ['GREETING'], six.__version__)"],
    )
    said = subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout
    assert said == "a $b 'c' 1.17.0\n"
    with pytest.raises(NotFound):
        workspace.exec_plan("nope", None, ["python"])
    workspace.register("later", Definition.create(requirements=["toolz"]))
    with pytest.raises(Conflict, match="mlenv build later:1"):
        workspace.exec_plan("later", None, ["python"])


def test_what_cannot_be_built_here_is_kept_and_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("docker")
    both = Definition.create(
        conda_packages=["cmake"], docker=DockerSection(base_image="debian:bookworm")
    )
    workspace.register("both", both)
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "rattler" else there(name)
    )
    with pytest.raises(Unavailable, match="has conda packages, and what builds those"):
        workspace.build("both")
    assert workspace.builds() == ()


def test_uninstalling_leaves_nothing(workspace: Workspace, built: Built, homes: Path) -> None:
    built("small", "six==1.17.0")
    kernel = workspace.install_kernel("small")
    assert workspace.version("small").kernel == kernel.kernel_name
    stranger = homes / "notes.txt"
    stranger.write_text("not mlenv's")
    workspace.uninstall(purge=True)
    assert [one.name for one in homes.iterdir()] == ["notes.txt"]
    assert not workspace.places.store.exists()
    data = Path(os.environ["JUPYTER_DATA_DIR"])
    assert not list(data.glob("kernels/*"))


@pytest.mark.parametrize("cache", [True, False])
def test_a_rebuild_takes_nothing_away_from_what_runs(
    workspace: Workspace, built: Built, wheelhouse: Callable[..., Path], cache: bool
) -> None:
    """At no moment is the prefix not there, and the new one is the same to the last byte."""
    version, build = built(
        "busy", "alpha", "pip==25.0.1", find_links=[wheelhouse("alpha").as_uri()]
    )
    assert build.state == "succeeded", build.error
    prefix = workspace.places.prefix(version.lock_digest)
    before, inode = workspace.store.checksum(prefix), prefix.stat().st_ino
    python, module = prefix / "bin" / "python", next(prefix.rglob("alpha/__init__.py"))
    build = workspace.build("busy", force=True, cache=cache)
    looks = missed = 0
    while not workspace.build_of(build.id).ended:
        for _ in range(50):
            looks += 1
            missed += not (python.exists() and module.exists())
    assert workspace.build_of(build.id).state == "succeeded"
    assert (looks > 0, missed) == (True, 0)
    assert prefix.stat().st_ino != inode
    if cache:  # else uv says when it has seen a wheel
        assert workspace.store.checksum(prefix) == before
    assert verify(workspace) == []
    assert {one.name for one in prefix.parent.iterdir() if one.is_dir()} == {prefix.name}
    argv, environment = workspace.exec_plan("busy", None, ["pip", "--version"])
    assert str(prefix) in subprocess.check_output(argv, env=environment, text=True)
