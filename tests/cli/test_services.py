"""``mlenv serve`` and ``mlenv services``, as a shell sees them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlenv_jupyter import Workspace
from mlenv_jupyter.core.definition import Definition

pytestmark = pytest.mark.network


def mlenv(*words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mlenv_jupyter.cli", *words],
        capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_a_model_is_served_asked_changed_and_deleted(workspace: Workspace, tmp_path: Path) -> None:
    workspace.register("small", Definition.create())
    source = tmp_path / "source"
    source.mkdir()
    (source / "score.py").write_text(
        "import json, os\n"
        "def init():\n"
        "    global factor\n"
        "    factor = int(open(os.environ['AZUREML_MODEL_DIR'] + '/factor.txt').read())\n"
        "def run(data):\n"
        "    return json.loads(data) * factor\n"
    )
    model = tmp_path / "factor.txt"
    model.write_text("3")
    words = ("serve", "small", "--entry", "score.py", "--source", str(source), "--as", "times")
    try:
        said = mlenv(*words, "--model", str(model), "--keys")
        assert said.splitlines()[-1].startswith("http://127.0.0.1:")
        assert mlenv("services", "ask", "times", "14") == "42\n"
        assert "times:1" in mlenv("services", "list")
        mlenv(*words, "--model", "times:1", code=4)
        model.write_text("4")
        mlenv(*words, "--model", str(model), "--update", "--keys")
        assert json.loads(mlenv("services", "ask", "times", "10", "--json"))["body"] == "40"
        before = mlenv("services", "keys", "times").split()
        after = mlenv("services", "keys", "times", "--renew", "secondary").split()
        assert (after[0] == before[0], after[1] == before[1]) == (True, False)
        assert "Revision 2 answers" in mlenv("services", "log", "times")
        mlenv("services", "delete", "times")
        mlenv("services", "ask", "times", "1", code=3)
    finally:
        for one in workspace.services.all():
            workspace.services.delete(one.name)
