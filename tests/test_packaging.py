"""A built wheel installs and works on a machine that has no Node."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mlenv_jupyter.builds.python import find_uv

pytestmark = [pytest.mark.network, pytest.mark.slow]
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout; the panel must have been built (`make setup`)."""
    assert (ROOT / "mlenv_jupyter" / "labextension" / "package.json").exists(), "run `make setup`"
    place = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", place, ROOT]
    subprocess.run([str(one) for one in build], check=True, capture_output=True)
    (made,) = place.glob("*.whl")
    return made


def test_the_wheel_has_what_is_not_python(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shared = f"{wheel.name.split('-py3')[0]}.data/data"
    for wanted in (
        "mlenv_jupyter/py.typed",
        "mlenv_jupyter/server/openapi.yml",
        "mlenv_jupyter/registry/migrations/versions/0001_first.py",
        "mlenv_jupyter/registry/migrations/script.py.mako",
        "mlenv_jupyter/registry/catalogue/mlenv-minimal.lock.json",
        "mlenv_jupyter/kernels/assets/start.py",
        "mlenv_jupyter/kernels/logos/logo-svg.svg",
        "mlenv_jupyter/magics/kernel_magic.py",
        f"{shared}/share/jupyter/labextensions/mlenv-jupyter/package.json",
        f"{shared}/share/jupyter/labextensions/mlenv-jupyter/install.json",
        f"{shared}/etc/jupyter/jupyter_server_config.d/mlenv_jupyter.json",
    ):
        assert wanted in names, wanted
    assert not [name for name in names if name.startswith(("tests/", "bench/", "src/"))]


def test_it_installs_and_works_without_node(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    uv = find_uv()
    quiet = {"capture_output": True, "text": True, "check": True}
    subprocess.run([uv, "venv", str(venv), "--python", sys.executable], **quiet)  # type: ignore[call-overload]
    install = [uv, "pip", "install", "--python", str(venv / "bin" / "python")]
    locked = ["--constraint", str(ROOT / "requirements" / "dev.txt"), "jupyterlab", str(wheel)]
    subprocess.run([*install, *locked], **quiet)  # type: ignore[call-overload]
    env = {
        "PATH": f"{venv / 'bin'}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "MLENV_HOME": str(tmp_path / "home"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
    }

    def ask(*argv: str) -> str:
        done = subprocess.run(argv, env=env, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    panel = [
        line for line in ask("jupyter", "labextension", "list").splitlines() if "mlenv" in line
    ]
    assert panel
    assert "enabled" in panel[0]
    assert "OK" in panel[0]
    assert "mlenv_jupyter 0.1.0 OK" in " ".join(
        ask("jupyter", "server", "extension", "list")
        .replace("\x1b[32m", "")
        .replace("\x1b[0m", "")
        .split()
    )
    assert ask("mlenv", "--version").strip().endswith("0.1.0")
    assert "mlenv-minimal" in ask("mlenv", "list")
    assert os.path.exists(tmp_path / "home" / "registry.sqlite")
