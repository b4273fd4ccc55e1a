"""`mlenv exec`: the quick way does what the Workspace says, and imports next to nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from mlenv_jupyter.cli.execute import plan
from mlenv_jupyter.workspace import Workspace
from tests.cli.conftest import run

pytestmark = pytest.mark.network
HEAVY = ("click", "rich", "sqlalchemy", "msgspec", "traitlets", "mlenv_jupyter.workspace")
SHOW = "import json, os, sys; json.dump([sys.prefix, dict(os.environ)], sys.stdout)"


@pytest.mark.parametrize("version", [None, "1", "2", "latest"])
def test_quick_plan_is_the_workspace_s(ready: dict[str, str], version: str | None) -> None:
    workspace = Workspace.from_config()
    argv, environment = workspace.exec_plan("ready", version, ["tool"])
    workspace.close()
    assert argv == ["tool"]
    assert plan("ready" if version is None else f"ready:{version}") == environment


@pytest.mark.parametrize("reference", ["nothere", "ready:9", "mlenv-minimal", "../x", ""])
def test_quick_plan_leaves_the_rest_to_it(ready: dict[str, str], reference: str) -> None:
    assert plan(reference) is None


def test_command_sees_the_environment(ready: dict[str, str]) -> None:
    ended = run("exec", "ready:1", "--", "python", "-c", SHOW)
    prefix, environment = ended.json
    assert prefix.startswith(ready["MLENV_STORE"])
    assert environment["COLOUR"] == "blue"
    assert environment["PRICE"] == "5$ ${HOME}"
    assert environment["PATH"].startswith(prefix)
    assert run("exec", "ready", "python", "-c", "import six").code == 0


def test_exit_code_and_streams_are_the_command_s(ready: dict[str, str]) -> None:
    code = "import sys; print(sys.stdin.read()); sys.stderr.write('err'); sys.exit(7)"
    ended = run("exec", "ready", "--", "python", "-c", code, text="typed")
    assert (ended.code, ended.out, ended.err) == (7, "typed\n", "err")


def test_options_of_the_command_stay_its_own(ready: dict[str, str]) -> None:
    ended = run("exec", "ready", "--", "python", "-c", "import sys; print(sys.argv[1:])", "--json")
    assert ended.out == "['--json']\n"


def test_command_that_is_not_there(ready: dict[str, str]) -> None:
    assert run("exec", "ready", "--", "no-such-command").code == 127
    assert run("exec", "nothere", "--", "true").code == 3
    assert run("exec", "mlenv-minimal", "--", "true").code == 4


def test_nothing_heavy_is_imported(ready: dict[str, str]) -> None:
    code = (
        "import sys, json, os\n"
        "os.execvpe = lambda *_: (print(json.dumps(sorted(sys.modules))), sys.exit())\n"
        "from mlenv_jupyter.cli import main\n"
        "main(['exec', 'ready', '--', 'true'])\n"
    )
    shown = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert not set(HEAVY) & set(json.loads(shown.stdout))


def test_home_without_a_variable(
    ready: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """Both ways agree on where the home is if MLENV_HOME does not say so."""
    from mlenv_jupyter.cli import execute
    from mlenv_jupyter.store.places import Places

    for name in ("MLENV_HOME", "MLENV_STORE"):
        monkeypatch.delenv(name)
    for setting in ({}, {"XDG_DATA_HOME": f"{tmp_path}/xdg"}, {"JUPYTER_PLATFORM_DIRS": "1"}):
        monkeypatch.delenv("JUPYTER_DATA_DIR", raising=False)
        for name, value in setting.items():
            monkeypatch.setenv(name, value)
        found = execute._home()
        assert found in (None, str(Places.default().home))
        for name in setting:
            monkeypatch.delenv(name)
