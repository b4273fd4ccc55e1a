"""The command as people run it: a process of its own, over a home of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "mlenv_jupyter.cli"]


@dataclass
class Ended:
    """How one run of the command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.err.splitlines()[-1])["error"]
        return found


def run(*words: str, text: str = "") -> Ended:
    """Run the command with the environment of the test."""
    ended = subprocess.run(
        [*COMMAND, *words], input=text, capture_output=True, text=True, timeout=120
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def mlenv(homes: Path) -> Callable[..., Ended]:
    """The command over an empty home."""
    return run


@pytest.fixture(scope="session")
def ready_home(tmp_path_factory: pytest.TempPathFactory, shared_cache: Path) -> dict[str, str]:
    """The variables of a home where `ready` (versions 1 and 2) is built from a small wheel."""
    top = tmp_path_factory.mktemp("ready")
    store = top / "store"
    store.mkdir()
    for name in ("uv", "shelf"):
        (store / name).symlink_to(shared_cache / name)
    variables = {
        "MLENV_HOME": str(top / "mlenv"),
        "MLENV_STORE": str(store),
        "JUPYTER_DATA_DIR": str(top / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(top / "jupyter_config"),
        "JUPYTER_RUNTIME_DIR": str(top / "jupyter_runtime"),
    }
    environment = {**os.environ, **variables}
    for words in (
        ["new", "ready", "-p", "six", "-v", "COLOUR=blue", "-v", "PRICE=5$ ${HOME}"],
        ["build", "ready"],
        ["set", "ready", "COLOUR=green"],
    ):
        subprocess.run([*COMMAND, *words], env=environment, check=True, capture_output=True)
    return variables


@pytest.fixture
def ready(ready_home: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The home with the built environment `ready`."""
    for name, value in ready_home.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    return ready_home
