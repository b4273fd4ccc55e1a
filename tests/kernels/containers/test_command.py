"""Commands in a container of an image."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.workspace import Workspace

pytestmark = [pytest.mark.docker, pytest.mark.network]


def test_a_command_runs_in_the_image_where_one_is(
    workspace: Workspace,
    built: Callable[..., Any],
    engine: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    docker = DockerSection(base_image="mlenv/test-base:1", arguments=("-m 256m",))
    _, build = built("image", docker=docker, variables={"WORD": "a $b"})
    assert build.state == "succeeded", build.error
    work = tmp_path / "work"
    work.mkdir()
    (work / "here.txt").write_text("here")
    monkeypatch.chdir(work)
    code = "import os, sys; print(open('here.txt').read(), os.environ['WORD'], sys.prefix)"
    argv, environment = workspace.exec_plan("image", None, ["python", "-c", code])
    assert "a $b" not in argv
    assert "--memory=256m" in argv
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "here a $b /opt/mlenv/env\n"
    argv, environment = workspace.exec_plan("image", None, ["sh", "-c", "exit 7"])
    assert subprocess.run(argv, env=environment, check=False).returncode == 7
    assert environment["PATH"] == os.environ["PATH"]
