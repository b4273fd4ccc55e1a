"""The command is told the same as the server: ``jupyter_mlenv_config``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended


def test_what_a_platform_team_configures_holds_for_the_command(
    mlenv: Callable[..., Ended], tmp_path: Path
) -> None:
    place, shelf = tmp_path / "jupyter_config", tmp_path / "shelf"
    place.mkdir()
    shelf.mkdir()
    (shelf / "acme.json").write_text('{"name": "acme", "version": "1", "definition": {}}')
    settings = {"Workspace": {"offline": True, "catalogue_directories": [str(shelf)]}}
    (place / "jupyter_mlenv_config.json").write_text(json.dumps(settings))
    checks = {one["name"]: one for one in mlenv("doctor", "--json").json["checks"]}
    assert "offline" in checks["network"]["message"]
    assert "acme" in mlenv("list", "-q").out.split()
    (place / "jupyter_mlenv_config.json").write_text("{")
    assert mlenv("list").code == 2
