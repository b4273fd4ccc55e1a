"""``mlenv run`` and ``mlenv runs``, as a shell sees them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlenv_jupyter import Workspace
from mlenv_jupyter.core.definition import Definition


def mlenv(*words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mlenv_jupyter.cli", *words], capture_output=True, text=True
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_a_command_runs_with_its_output_and_its_exit_code(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.register("small", Definition.create(variables={"STAGE": "test"}))
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text(
        "import os, sys\nprint(os.environ['STAGE'], sys.argv[1:])\nsys.exit(int(sys.argv[1]))"
    )
    words = ("run", "--source", str(source), "small", "--", "python", "train.py")
    assert "test ['0', '--rate', '1']" in mlenv(*words, "0", "--rate", "1")
    mlenv(*words, "3", code=3)
    # Options may stand behind the name too, as long as `--` says where the command begins.
    behind = ("run", "small", "--source", str(source), "--detach", "--", "python", "train.py", "9")
    assert mlenv("runs", "cancel", mlenv(*behind).split()[0])
    command = ("python", "-c", "import sys; print(sys.argv[1:])", "--source", "--", "x")
    assert "['--source', '--', 'x']" in mlenv("run", "small", *command)
    mlenv("run", "small", "--tarket", "x", "--", "python", code=2)
    found = json.loads(mlenv("runs", "list", "--json"))["items"]
    found = [
        one for one in found if one["command"][1:2] == ["train.py"] and one["command"][2] != "9"
    ]
    assert [(one["state"], one["exit_code"]) for one in found] == [("failed", 3), ("succeeded", 0)]
    assert "test ['3']" in mlenv("runs", "log", found[0]["id"])
    assert "small:1" in mlenv("runs", "list", "small")
    made = mlenv("run", "--source", str(source), "--detach", "small", "--", "sleep", "60").split()[
        0
    ]
    assert "cancelled" in mlenv("runs", "cancel", made)
    mlenv("runs", "log", "absent", code=3)
    mlenv("run", "small", code=2)
