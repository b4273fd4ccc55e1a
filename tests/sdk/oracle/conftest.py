"""The oracle: azureml-core in a Python 3.10 of its own, kept between runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.builds.python import find_uv

CACHE = Path(__file__).parents[3] / ".cache"
VERSION = "azureml-core==1.61.*"
REQUIRED = "oracle" in os.environ.get("MLENV_REQUIRE", "").split(",")
# It reads pip's settings, and would write the index of this machine into every file.
_DROPPED = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PYTHONPATH")

Ask = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="session")
def oracle() -> Ask:
    """Asks the oracle; skips with the reason where it cannot be had."""
    python = _python()

    def ask(asked: dict[str, Any]) -> dict[str, Any]:
        env = {key: one for key, one in os.environ.items() if key not in _DROPPED}
        env |= {"PIP_CONFIG_FILE": os.devnull, "HOME": str(CACHE / "oracle")}
        filled = {"dependencies": [], "environments": [], "merged": [], "loaded": [], **asked}
        done = subprocess.run(
            [python, "-I", Path(__file__).with_name("agent.py")],
            input=json.dumps(filled),
            capture_output=True,
            text=True,
            env=env,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return ask


def _python() -> Path:
    place = CACHE / "oracle" / "venv"
    python = place / "bin" / "python"
    if (place / "complete").exists():
        return python
    base = _base()
    if base is None:
        _give_up("there is no Python 3.10 on this machine")
    uv = find_uv()
    env = dict(os.environ)
    if "PIP_INDEX_URL" in env:
        env.setdefault("UV_DEFAULT_INDEX", env["PIP_INDEX_URL"])
    if "PIP_CERT" in env:
        env.setdefault("SSL_CERT_FILE", env["PIP_CERT"])
    shutil.rmtree(place, ignore_errors=True)
    for argv in (
        [uv, "venv", "--quiet", "--python", str(base), str(place)],
        # It imports pkg_resources, which later setuptools do not have.
        [uv, "pip", "install", "--quiet", "--python", str(python), VERSION, "setuptools<81"],
    ):
        done = subprocess.run(argv, capture_output=True, text=True, env=env, timeout=240)
        if done.returncode != 0:
            _give_up(f"azureml-core cannot be installed: {done.stderr.strip()[-300:]}")
    (place / "complete").touch()
    return python


def _base() -> Path | None:
    """A Python 3.10 that really starts; a shim of pyenv may not."""
    found = [Path(one) for one in [shutil.which("python3.10") or ""] if one]
    found += sorted(Path.home().glob(".pyenv/versions/3.10*/bin/python3.10"))
    found += sorted(Path("/root/.pyenv/versions").glob("3.10*/bin/python3.10"))
    for one in found:
        code = "import sys; sys.exit(sys.version_info[:2] != (3, 10))"
        if subprocess.run([one, "-c", code], capture_output=True).returncode == 0:
            return one
    return None


def _give_up(reason: str) -> None:
    if REQUIRED:
        pytest.fail(f"The oracle is required: {reason}")
    pytest.skip(f"No oracle: {reason}")
