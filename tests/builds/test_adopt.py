"""Finding environments, and making one reproducible."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlenv_jupyter.builds.adoptable import find_existing
from mlenv_jupyter.builds.python import find_uv
from mlenv_jupyter.process import run
from mlenv_jupyter.workspace import Workspace


def make_venv(place: Path) -> Path:
    assert run([find_uv(), "venv", "--quiet", "--python", sys.executable, place])[0] == 0
    return place


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a venv of each kind in it, and a conda environment."""
    home = tmp_path / "home"
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_ROOT", "CONDA_EXE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("WORKON_HOME", raising=False)
    make_venv(home / "work" / "project" / ".venv")
    make_venv(home / ".virtualenvs" / "wrapped")
    make_venv(home / ".pyenv" / "versions" / "3.11.7" / "envs" / "inner")
    make_venv(home / "elsewhere")
    for place in (home / "lab", home / "miniforge3" / "envs" / "forged"):
        (place / "conda-meta").mkdir(parents=True)
        record = {"name": "python", "version": "3.12.3", "depends": []}
        (place / "conda-meta" / "python-3.12.3-0.json").write_text(json.dumps(record))
    (home / ".conda").mkdir()
    (home / ".conda" / "environments.txt").write_text(f"{home}/lab\n/nowhere/at/all\n\n")
    spec = tmp_path / "data" / "kernels" / "mine"
    spec.mkdir(parents=True)
    argv = [str(home / "elsewhere" / "bin" / "python"), "-m", "ipykernel_launcher"]
    kernel = {"argv": argv, "display_name": "Mine", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(kernel))
    for name, text in (("broken", "{"), ("none", '{"argv": []}'), ("r", '{"argv": ["R"]}')):
        (spec.parent / name).mkdir()
        (spec.parent / name / "kernel.json").write_text(text)
    return home


def test_everything_is_found_once(home: Path) -> None:
    found = {one.prefix: one for one in find_existing(home / "work" / "project")}
    shown = {
        str(Path(p).relative_to(home)): (o.kind, o.name, o.python)
        for p, o in found.items()
        if p.startswith(str(home))
    }
    here = ".".join(map(str, sys.version_info[:3]))
    assert shown == {
        "work/project/.venv": ("venv", "project", here),
        ".virtualenvs/wrapped": ("venv", "wrapped", here),
        ".pyenv/versions/3.11.7/envs/inner": ("venv", "inner", here),
        "lab": ("conda", "lab", "3.12.3"),
        "miniforge3/envs/forged": ("conda", "forged", "3.12.3"),
        "elsewhere": ("venv", "Mine", here),
    }
    assert found[str(home / "elsewhere")].kernels == ("Mine",)
    assert next(iter(found.values())).kind == "server"
    assert len({one.id for one in found.values()}) == len(found)
    # From the directory above it is found, too; and what is mlenv's own is not.
    above = find_existing(home / "work", without=[home / ".virtualenvs"])
    prefixes = [one.prefix for one in above]
    assert str(home / "work/project/.venv") in prefixes
    assert str(home / ".virtualenvs/wrapped") not in prefixes


@pytest.mark.network
def test_what_is_adopted_is_locked_to_what_is_there(
    workspace: Workspace, tmp_path: Path, wheelhouse: Callable[..., Path]
) -> None:
    # Not the newest of anything; `six` is there because `python-dateutil` needs it.
    venv, uv = make_venv(tmp_path / "old"), find_uv()
    links = wheelhouse("acme-private", requires=("six",))
    wanted = ["python-dateutil==2.8.2", "six==1.16.0", "acme-private"]
    argv = [uv, "pip", "install", "--quiet", "--python", venv / "bin/python", "-f", links]
    assert run([*argv, *wanted])[0] == 0
    before = sorted(str(one) for one in venv.rglob("*"))
    made = workspace.adoption.adopt(venv, "old")
    assert sorted(str(one) for one in venv.rglob("*")) == before
    assert made.read.definition.pip.requirements == ("python-dateutil==2.8.2",)
    assert [(one.where, one.code) for one in made.read.problems] == [
        ("acme-private", "not_on_index")
    ]
    lock_id = workspace.registry.find("old").lock_id
    lock = workspace.registry.locks.get(lock_id).lock  # type: ignore[union-attr,arg-type]
    assert {one.name: one.version for one in lock.packages} == {
        "python-dateutil": "2.8.2",
        "six": "1.16.0",
    }
    built = workspace.wait(workspace.build("old").id, 120)
    assert built.state == "succeeded", built.error
    packages = workspace.version("old").packages or ()
    assert {one.name: one.version for one in packages}["six"] == "1.16.0"


@pytest.mark.network
def test_a_version_that_was_taken_back_is_replaced_and_said(
    workspace: Workspace, tmp_path: Path, wheelhouse: Callable[..., Path]
) -> None:
    venv, uv = make_venv(tmp_path / "odd"), find_uv()
    links = wheelhouse("six", "1.16.0.post99")
    argv = [uv, "pip", "install", "--quiet", "--python", venv / "bin/python", "--no-index"]
    assert run([*argv, "-f", links, "six"])[0] == 0
    made = workspace.adoption.adopt(venv, "odd")
    assert made.read.definition.pip.requirements == ("six",)
    assert made.locked == 1
    assert (
        "six: version 1.16.0.post99 is on no index; another one is taken." in made.read.report.kept
    )
