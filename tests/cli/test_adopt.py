"""``mlenv adopt``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from mlenv_jupyter.builds.python import find_uv
from mlenv_jupyter.process import run as process
from tests.cli.conftest import Ended


def test_list_and_report(mlenv: Callable[..., Ended], tmp_path: Path) -> None:
    listed = mlenv("adopt", "--json").json["items"]
    assert listed[0]["prefix"] == sys.prefix
    assert mlenv("adopt", "nothere", "-n", "x").code == 3
    assert mlenv("adopt", str(tmp_path), "-n", "x").code == 2
    place = tmp_path / "empty"
    assert process([find_uv(), "venv", "-q", "--python", sys.executable, place])[0] == 0
    read = mlenv("adopt", str(place), "--dry-run", "--json").json
    assert read["name"] == "empty"
    assert mlenv("list", "empty", "-q").out == ""
    made = mlenv("adopt", str(place), "--json")
    assert made.json["version"]["name"] == "empty"
    assert made.json["locked"] == 0
    assert mlenv("adopt", str(place), "-n", "mlenv-x").code == 2
