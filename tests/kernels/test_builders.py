"""Kernels of a conda prefix, of an interpreter of the user's, and of an old Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.workspace import Workspace
from tests.builds.conda.conftest import channels  # noqa: F401 - a fixture

pytestmark = [pytest.mark.network, pytest.mark.slow]


def build(workspace: Workspace, name: str, **fields) -> Path:
    workspace.register(name, Definition.create(**fields))
    ended = workspace.wait(workspace.build(name).id, 240)
    assert ended.error is None
    return workspace.places.prefix(ended.lock_digest)


def test_a_conda_prefix(workspace, channels, start, checksum, tmp_path, monkeypatch):  # noqa: F811
    main = [f"{channels.address}/main"]
    prefix = build(workspace, "conda", conda_packages=["probe", "numpy"], conda_channels=main)
    kernel = workspace.install_kernel("conda")
    before = checksum(prefix)
    monkeypatch.setenv("PROBE_PATH", "/before")
    with start(kernel.kernel_name, tmp_path / "n.ipynb") as running:
        running.run("import os, sys, numpy")
        assert running.value("os.environ['PROBE_PATH']") == repr(f"{prefix}/probe:/before")
        assert running.value("os.environ['CONDA_PREFIX']") == repr(str(prefix))
        assert running.value("sys.base_prefix") == repr(str(prefix))
        shown = running.run("%pip install -q six")
        assert "six" in shown.text
        assert running.value("import six; 'overlays' in six.__file__") == "True"
        assert running.value("numpy.zeros(2).sum()").startswith(("0.0", "np.float64(0.0)"))
    assert checksum(prefix) == before


def test_an_interpreter_of_the_users(workspace, start, tmp_path):
    own = tmp_path / "own"
    uv = Path(sys.executable).with_name("uv")
    subprocess.check_call([uv, "venv", "-q", own, "--python", sys.executable])
    python = own / "bin/python"
    subprocess.check_call([uv, "pip", "install", "-q", "--python", python, "six==1.16.0"])
    build(workspace, "mine", user_managed_dependencies=True, interpreter_path=str(own))
    kernel = workspace.install_kernel("mine")
    packages = next(own.glob("lib/python*/site-packages"))
    there = {*os.listdir(packages), "__pycache__"}  # Python itself writes that
    with start(kernel.kernel_name, tmp_path / "n.ipynb") as running:
        assert running.value("import six; six.__version__") == "'1.16.0'"
        assert running.value(f"six.__file__.startswith({str(own)!r})") == "True"
        running.run("%pip install -q -U six==1.17.0 toolz")
        running.restart()
        assert running.value("import six, toolz; six.__version__") == "'1.17.0'"
    assert {*os.listdir(packages), "__pycache__"} == there
    assert "1.16.0" in (packages / "six.py").read_text()


@pytest.mark.parametrize("version", ["3.7", "3.8"])
def test_an_old_python(workspace, start, tmp_path, version):
    if pythons.present(version, workspace.places.pythons) is None:
        pytest.skip(f"no Python {version} on this machine")
    build(workspace, "old", python=version, requirements=["six==1.16.0"])
    kernel = workspace.install_kernel("old")
    with start(kernel.kernel_name, tmp_path / "n.ipynb") as running:
        assert running.value("import sys, six; '%d.%d' % sys.version_info[:2]") == repr(version)
        assert running.run("%mlenv").status == "ok"
        running.run("%pip install -q toolz")
        assert running.value("import toolz; 'overlays' in toolz.__file__") == "True"
