"""Reading environments that are really there."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlenv_jupyter.builds.existing import contents_of, count_of, python_of, read_prefix
from mlenv_jupyter.builds.python import find_uv
from mlenv_jupyter.core.errors import InvalidRequest, NotFound
from mlenv_jupyter.process import run


@pytest.fixture
def venv(tmp_path: Path, wheelhouse: Callable[..., Path]) -> Path:
    """A venv with ``tree`` (which needs ``leaf``), made by uv from wheels of the test's own."""
    wheelhouse("leaf")
    links = wheelhouse("tree", requires=("leaf",))
    place, uv = tmp_path / ".venv", find_uv()
    assert run([uv, "venv", "--quiet", "--python", sys.executable, place])[0] == 0
    argv = [uv, "pip", "install", "--python", place / "bin/python", "--no-index", "--quiet"]
    assert run([*argv, "--find-links", links, "tree"])[0] == 0
    return place


def test_a_venv(venv: Path) -> None:
    read = read_prefix(venv, name="mine")
    assert read.name == "mine"
    assert read.definition.pip.requirements == ("tree==1.0",)
    assert read.definition.python == ".".join(map(str, sys.version_info[:2]))
    assert count_of(venv) == 2


def test_a_venv_whose_python_is_gone_and_whose_code_would_break(venv: Path) -> None:
    (venv / "bin" / "python").unlink()
    site = next(venv.glob("lib/python3.*/site-packages"))
    (site / "trap.pth").write_text("import os; os._exit(3)\n")
    # Half of a package, as an interrupted removal leaves it.
    (site / "half-1.0.dist-info").mkdir()
    assert read_prefix(venv).definition.pip.requirements == ("tree==1.0",)


def test_the_running_python() -> None:
    read = read_prefix(Path(sys.prefix))
    assert python_of(Path(sys.prefix)) == ".".join(map(str, sys.version_info[:3]))
    pinned = {line.partition("==")[0] for line in read.definition.pip.requirements}
    assert "mypy" in pinned
    # This checkout is editable: it cannot be had elsewhere, and what it needs is named instead.
    assert "mlenv-jupyter" in {one.where for one in read.problems}
    assert "mlenv-jupyter" not in pinned
    assert "alembic" in pinned


def test_what_a_venv_inherits(venv: Path, tmp_path: Path) -> None:
    child = tmp_path / "child"
    (child / venv.glob("lib/python3.*").__next__().relative_to(venv) / "site-packages").mkdir(
        parents=True
    )
    (child / "pyvenv.cfg").write_text(
        (venv / "pyvenv.cfg")
        .read_text()
        .replace("include-system-site-packages = false", "include-system-site-packages = true")
        .replace("home = ", f"home = {venv}/bin\nwas = ")
    )
    assert read_prefix(child).definition.pip.requirements == ("tree==1.0",)


def test_an_egg_link(venv: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "mine.egg-info").mkdir(parents=True)
    (source / "mine.egg-info" / "PKG-INFO").write_text(
        "Metadata-Version: 2.1\nName: mine\nVersion: 0.1\n"
    )
    site = next(venv.glob("lib/python3.*/site-packages"))
    (site / "mine.egg-link").write_text(f"{source}\n.\n")
    (problem,) = read_prefix(venv).problems
    assert (problem.code, problem.where) == ("editable_install", "mine")
    assert str(source) in problem.message


def test_a_conda_environment(tmp_path: Path) -> None:
    meta = tmp_path / "envs" / "lab" / "conda-meta"
    meta.mkdir(parents=True)
    channel = "https://example.org/forge/linux-64"
    for name, version, depends in (
        ("numpy", "1.26.4", ["python >=3.11,<3.12"]),
        ("python", "3.11.9", []),
        ("scipy", "1.13.0", ["numpy >=1.22"]),
    ):
        record = {"name": name, "version": version, "depends": depends, "channel": channel}
        (meta / f"{name}-{version}-0.json").write_text(json.dumps(record))
    (meta / "history").write_text(
        "==> 2024-05-01 <==\n# cmd: conda create\n# update specs: ['python=3.11', 'numpy=1.26']\n"
    )
    read = read_prefix(meta.parent)
    assert read.definition.python == "3.11"
    assert read.definition.conda.packages == ("numpy=1.26.4",)
    assert read.definition.conda.channels == ("https://example.org/forge",)
    # Without a history: whatever nothing else needs.
    (meta / "history").unlink()
    assert read_prefix(meta.parent).definition.conda.packages == ("scipy=1.13.0",)


def test_what_is_no_environment(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        contents_of(tmp_path / "nowhere")
    with pytest.raises(InvalidRequest, match="no Python environment"):
        contents_of(tmp_path)


def test_a_broken_environment_is_no_traceback(venv: Path) -> None:
    site = next(venv.glob("lib/python3.*/site-packages"))
    info = next(site.glob("leaf-*.dist-info"))
    (info / "METADATA").write_bytes(b"\xff\xfe\x00")
    (info / "direct_url.json").write_text("{")
    read_prefix(venv)
    shutil.rmtree(info)
    assert read_prefix(venv).definition.pip.requirements == ("tree==1.0",)
