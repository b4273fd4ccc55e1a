"""The built wheel: it brings everything, and installs and works where no Node is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from mlenv_jupyter import __version__

ROOT = Path(__file__).parents[2]
SHARED = f"mlenv_jupyter-{__version__}.data/data"
EXTENSION = f"{SHARED}/share/jupyter/labextensions/mlenv-jupyter"

pytestmark = [pytest.mark.slow, pytest.mark.network]


def run(*command: object, **env: str) -> str:
    """What a command prints, both streams; the test fails with it where the command does."""
    done = subprocess.run(
        [str(one) for one in command],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel and an sdist of this checkout, built without the network and without Node."""
    if not (ROOT / "mlenv_jupyter/labextension/static/style.js").exists():
        pytest.skip("The panel is not built: run `make setup`.")
    place = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", place, ROOT, PATH=no_node())
    return place


def no_node() -> str:
    """A PATH with only what an installation may need, Node not among it."""
    kept = [one for one in os.defpath.split(os.pathsep) if not (Path(one) / "node").exists()]
    path = os.pathsep.join(kept) or "/nonexistent"
    assert shutil.which("node", path=path) is None
    return path


def test_versions_agree() -> None:
    """The npm package and the Python one are of one version."""
    assert json.loads((ROOT / "package.json").read_text())["version"] == __version__


def test_wheel_brings_everything_that_git_holds(dist: Path) -> None:
    """No file of the package is left out, and the front end is in it."""
    (wheel,) = dist.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    listed = run("git", "-C", ROOT, "ls-files", "mlenv_jupyter").split()
    assert [one for one in listed if (ROOT / one).exists() and one not in held] == []
    assert {f"{EXTENSION}/install.json", f"{EXTENSION}/package.json"} <= held
    assert f"{SHARED}/etc/jupyter/jupyter_server_config.d/mlenv_jupyter.json" in held
    assert any(one.startswith(f"{EXTENSION}/static/remoteEntry.") for one in held)
    assert any(one.startswith(f"{EXTENSION}/schemas/") for one in held)
    assert not [one for one in held if "__pycache__" in one]


def test_sdist_holds_the_sources_of_the_front_end(dist: Path) -> None:
    """A wheel can be made from it."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as held:
        names = {one.partition("/")[2] for one in held.getnames()}
    assert {"src/index.ts", "package-lock.json", "labextension/install.json"} <= names
    assert not [one for one in names if one.startswith(("node_modules/", ".cache/", "lib/"))]


def test_installs_and_works_without_node(
    dist: Path, tmp_path: Path, shared_cache: Path, homes: Path
) -> None:
    """In a new virtual environment: extensions enabled, `mlenv` builds and runs something."""
    (wheel,) = dist.glob("*.whl")
    venv = tmp_path / "venv"
    uv = Path(sys.executable).with_name("uv")
    cache = {"UV_CACHE_DIR": str(shared_cache / "uv")}
    run(uv, "venv", "--quiet", "--python", sys.executable, venv)
    run(
        *(uv, "pip", "install", "--quiet", "--python", venv / "bin/python"),
        *("--constraint", plain_lock(tmp_path), wheel, "jupyterlab"),
        **cache,
    )
    path = {"PATH": os.pathsep.join([str(venv / "bin"), no_node()])}
    listed = run(venv / "bin/jupyter", "labextension", "list", **path)
    assert f"mlenv-jupyter v{__version__}" in listed
    assert "enabled OK" in plain(next(one for one in listed.splitlines() if "mlenv-j" in one))
    listed = run(venv / "bin/jupyter", "server", "extension", "list", **path)
    assert "mlenv_jupyter enabled" in plain(listed)
    assert f"mlenv_jupyter {__version__} OK" in plain(listed)

    mlenv = venv / "bin/mlenv"
    run(mlenv, "new", "small", "--package", "iniconfig", **path)
    run(mlenv, "build", "small", **path)
    printed = run(mlenv, "exec", "small", "--", "python", "-c", "import iniconfig", **path)
    assert printed == ""
    run(mlenv, "uninstall", "--purge", "--yes", **path)


def plain_lock(place: Path) -> Path:
    """The versions of the committed lock, so that this test changes only when it does."""
    lines = (ROOT / "requirements/dev.txt").read_text().splitlines()
    pins = [one.rstrip(" \\") for one in lines if one[:1].isalnum()]
    made = place / "constraints.txt"
    made.write_text("\n".join(pins) + "\n")
    return made


def plain(text: str) -> str:
    """Without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
