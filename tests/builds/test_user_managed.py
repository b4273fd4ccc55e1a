"""An interpreter of the user's own becomes a version; nothing is installed, changed or removed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.builds.user_managed import changes_since, told
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.doctor import examine
from mlenv_jupyter.workspace import Workspace

pytestmark = pytest.mark.network

Built = Callable[..., Any]
UV = Path(sys.executable).with_name("uv")


@pytest.fixture
def own(tmp_path: Path, shared_cache: Path) -> Path:
    """A virtual environment that is there already, with one package in it."""
    place = tmp_path / "their own"
    subprocess.check_call([UV, "venv", "-q", place, "--python", sys.executable])
    install(place, "six==1.16.0")
    return place


def install(place: Path, *packages: str) -> None:
    python = place / "bin" / "python"
    subprocess.check_call([UV, "pip", "install", "-q", "--python", python, *packages])


def state_of(place: Path) -> dict[str, tuple[int, int, int]]:
    return {
        path: (found.st_mode, found.st_mtime_ns, found.st_size)
        for top, _, files in os.walk(place)
        for path in (top, *(os.path.join(top, name) for name in files))
        for found in (os.lstat(path),)
    }


@pytest.mark.parametrize("how", ["prefix", "interpreter"])
def test_recorded_and_left_alone(workspace: Workspace, built: Built, own: Path, how: str) -> None:
    before = state_of(own)
    path = own if how == "prefix" else own / "bin" / "python"
    version, build = built("mine", user_managed_dependencies=True, interpreter_path=str(path))
    assert (build.state, build.error) == ("succeeded", None)
    assert [(one.name, one.version) for one in version.packages] == [("six", "1.16.0")]
    assert state_of(own) == before
    record = workspace.store.record(workspace.places.prefix(version.lock_digest))
    assert record.foreign == str(own)
    assert (workspace.places.layer(record.layer) / "ipykernel").is_dir()
    assert not list(workspace.places.prefix(version.lock_digest).iterdir())
    said = workspace.log_path(build.id).read_text()
    assert "ipykernel is not in it" in said
    argv, environment = workspace.exec_plan(
        "mine", None, ["python", "-Bc", "import six, sys; print(sys.prefix)"]
    )
    assert subprocess.check_output(argv, env=environment, text=True).strip() == str(own)
    workspace.delete("mine")
    assert state_of(own) == before


def test_what_changes_there_is_noticed(workspace: Workspace, built: Built, own: Path) -> None:
    version, _ = built("mine", user_managed_dependencies=True, interpreter_path=str(own))
    record = workspace.store.record(workspace.places.prefix(version.lock_digest))
    assert changes_since(record) == ()
    install(own, "six==1.17.0", "toolz==1.0.0")
    assert [told(one) for one in changes_since(record)] == ["six 1.16.0 → 1.17.0", "+toolz 1.0.0"]
    (check,) = [one for one in examine(workspace) if one.name == "interpreters"]
    assert not check.ok
    assert "six 1.16.0 → 1.17.0" in check.message
    again = workspace.wait(workspace.build("mine", force=True).id, 60)
    assert again.error is None
    assert "six 1.16.0 → 1.17.0, +toolz 1.0.0" in workspace.log_path(again.id).read_text()
    # A version never changes.
    assert workspace.version("mine").lock_digest == version.lock_digest


def test_two_interpreters_are_two_versions(
    workspace: Workspace, built: Built, own: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    subprocess.check_call([UV, "venv", "-q", other, "--python", sys.executable])
    one, _ = built("one", user_managed_dependencies=True, interpreter_path=str(own))
    two, _ = built("two", user_managed_dependencies=True, interpreter_path=str(other))
    assert one.lock_digest != two.lock_digest
    assert two.packages == ()


@pytest.mark.parametrize(
    "path", ["/nowhere/bin/python", "/etc/hostname", "no-such-command", "/etc"]
)
def test_an_interpreter_that_is_not_there(workspace: Workspace, built: Built, path: str) -> None:
    _, build = built("none", user_managed_dependencies=True, interpreter_path=path)
    assert build.error.code == "interpreter_missing"
    assert build.error.where == "interpreter_path"
    assert path in build.error.message


def test_previewed(workspace: Workspace, own: Path) -> None:
    asked = Definition.create(user_managed_dependencies=True, interpreter_path=str(own))
    assert [one.name for one in workspace.resolve(asked).packages] == ["six"]
