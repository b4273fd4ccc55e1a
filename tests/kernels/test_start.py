"""From a launch record to the environment of a kernel, without starting one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import msgspec
import pytest

from mlenv_jupyter.kernels.record import read_record, record_path, write_record

PARENT = """
import os, subprocess, sys
names = {"JPY_SESSION_NAME": sys.argv[1]} if sys.argv[1] else {}
child = [sys.executable, "-c", sys.argv[2]]
subprocess.run(child, env={**os.environ, **names}, check=True)
"""
CHILD = (
    "import sys; sys.path.insert(0, {!r}); import os, start; print(start.own_notebook(os.environ))"
)


def asked(tmp_path, assets, *, inherited: str, own: str) -> str:
    """What a kernel takes for its notebook when its client was started with one and sets one."""
    environment = {**os.environ}
    if inherited:
        environment["JPY_SESSION_NAME"] = inherited
    done = subprocess.run(
        [sys.executable, "-c", PARENT, own, CHILD.format(os.fspath(assets))],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_notebook_is_what_the_direct_parent_set(tmp_path, asset):
    assets = os.path.dirname(asset("start").__file__)
    a, b = "/work/a.ipynb", "/work/b.ipynb"
    assert asked(tmp_path, assets, inherited="", own="") == "None"
    assert asked(tmp_path, assets, inherited="", own=a) == a
    assert asked(tmp_path, assets, inherited=a, own="") == "None"
    # A server that was itself started from a notebook sets its own.
    assert asked(tmp_path, assets, inherited=a, own=b) == b


def test_deny_list(asset):
    start = asset("start")
    denied = [
        "JUPYTERHUB_API_TOKEN",
        "JUPYTERHUB_CRYPT_KEY",
        "JPY_API_TOKEN",
        "JUPYTER_TOKEN",
        "CONFIGPROXY_AUTH_TOKEN",
        "MLENV_DATABASE",
        "_MLENV_TOOL",
        "PYTHONHOME",
        "PYTHONPATH",
        "__PYVENV_LAUNCHER__",
    ]
    kept = [
        "HF_TOKEN",
        "GITHUB_TOKEN",
        "JUPYTERHUB_USER",
        "MLENV_WIDGETS",
        "JUPYTERHUB_SERVICE_PREFIX",
        "JPY_PARENT_PID",
        "MLENV_HOME",
        "MLENV_STORE",
        "PATH",
    ]
    assert set(start.inherited(dict.fromkeys([*denied, *kept], "x"))) == set(kept)


def test_variables_of_the_definition_win(asset, bare):
    start = asset("start")
    values = {"PYTHONPATH": "/mine", "PATH": "/only", "LITERAL": "$HOME ${X} $$"}
    record = msgspec.to_builtins(bare.record(variables=values))
    made = start.kernel_environment({"PATH": "/usr/bin"}, record, "/overlay")
    assert values.items() <= made.items()


def test_jupyter_finds_what_the_prefix_brings(asset, bare):
    start = asset("start")
    bare.prefix.chmod(0o755)
    (bare.prefix / "share" / "jupyter").mkdir(parents=True)
    record = msgspec.to_builtins(bare.record())
    made = start.kernel_environment({"JUPYTER_PATH": "/mine"}, record, "/overlay")
    assert made["JUPYTER_PATH"] == f"{bare.prefix}/share/jupyter:/mine"
    assert "JUPYTER_CONFIG_PATH" not in made


@pytest.mark.parametrize("text", ["", "{", '{"a": 1} x', "[]", "nonsense", '{"a": '])
def test_wrong_json_is_an_error_and_no_crash(asset, text):
    with pytest.raises(ValueError):
        asset("start").parse(text)


def test_json_is_read_as_json_reads_it(asset):
    value = {"a": [1, 2.5, None, True], "b": {"ü": 'quote " and \\ \u2028'}, "n": -3}
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False) + "\n"):
        assert asset("start").parse(text) == value


def test_launch_record_is_private_and_comes_back(bare):
    record = bare.record()
    path = write_record(bare.kernels, record)
    assert path == record_path(bare.kernels, record.kernel_name)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_record(path) == record
    path.chmod(0o644)
    assert write_record(bare.kernels, record).stat().st_mode & 0o777 == 0o600
    assert read_record(bare.kernels / "other.json") is None
