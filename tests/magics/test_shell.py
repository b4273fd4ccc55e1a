"""`%mlenv` in a shell without a kernel: what it runs, what it shows, how it fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from mlenv_jupyter.magics.command import printed_problem
from mlenv_jupyter.magics.kernel_magic import register
from tests.magics.conftest import Script

KERNEL = {"kernel_name": "mlenv-x-0011aabb", "display_name": "x (v2)", "name": "x", "version": "2"}
RECORD = {
    "overlay": "/overlay",
    "prefix": "/prefix",
    "layer": None,
    "variables": {"LD_PRELOAD": "/evil.so"},
    "home": "/home",
    "store": "/store",
}
BUILD = {"id": "b", "name": "x", "version": "2", "state": "installing", "error": None}
DONE = {**BUILD, "state": "succeeded", "packages": 3, "reused": False, "stages": []}


def run(shell: InteractiveShell, code: str) -> tuple[Any, str]:
    """Run a cell: its error, and what it showed as text."""
    with capture_output() as shown:
        result = shell.run_cell(code)
    texts = [str(one.data.get("text/plain")) for one in shown.outputs]
    return result.error_in_exec, "\n".join([shown.stdout, *texts])


@pytest.fixture
def with_magic(shell: InteractiveShell, script: Script) -> InteractiveShell:
    register(shell, cli=script.argv, record={})
    return shell


def test_extension(shell: InteractiveShell) -> None:
    shell.run_line_magic("load_ext", "mlenv_jupyter")
    error, shown = run(shell, "%mlenv")
    assert error is None
    assert "not an environment of mlenv" in shown
    assert "%%mlenv NAME" in (shell.find_line_magic("mlenv").__doc__ or "")


def test_extension_keeps_the_kernel_s_own(shell: InteractiveShell, script: Script) -> None:
    register(shell, cli=script.argv, record={})
    own = shell.find_line_magic("mlenv")
    shell.run_line_magic("load_ext", "mlenv_jupyter")
    assert shell.find_line_magic("mlenv") is own


def test_loaded_by_file_without_mlenv(
    shell: InteractiveShell, script: Script, by_file: Callable[[], Any]
) -> None:
    try:
        by_file().register(shell, cli=script.argv, record={})
        script.answer("list", {"items": []})
        error, shown = run(shell, "%mlenv list")
        assert error is None
        assert "There is no environment." in shown
        loaded = sys.modules["_mlenv_magics.verbs"]
        assert not str(loaded.__file__).endswith("mlenv_jupyter/magics/verbs.py")
    finally:
        for name in [one for one in sys.modules if one.startswith("_mlenv_magics")]:
            del sys.modules[name]


def test_problem_is_a_card_and_fails_the_cell(with_magic: InteractiveShell, script: Script) -> None:
    problem = {"message": "There is no environment 'x'.", "remedy": "`mlenv list` shows them."}
    script.answer("show", code=3, error=problem)
    error, shown = run(with_magic, "%mlenv show x")
    assert type(error).__name__ == "MlenvError"
    assert str(error) == "There is no environment 'x'."
    assert error._render_traceback_() == ["MlenvError: There is no environment 'x'."]
    assert "✗ There is no environment 'x'.\n  %mlenv list shows them." in shown
    assert script.calls == [["show", "--json", "x"]]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%mlenv serve", "is for a terminal"),
        ("%mlenv add polars", "not an environment of mlenv"),
        ("%mlenv drift", "not an environment of mlenv"),
        ("%mlenv save -m x", "not an environment of mlenv"),
        ("%mlenv frobnicate", "There is no `%mlenv frobnicate`."),
        ("%mlenv show 'x", "No closing quotation"),
        ("%%mlenv\nsix", "has no name"),
    ],
)
def test_wrong_lines(with_magic: InteractiveShell, code: str, said: str) -> None:
    error, _ = run(with_magic, code)
    assert said in str(error)


def test_here_is_meant_where_no_name_is_given(shell: InteractiveShell, script: Script) -> None:
    register(shell, cli=script.argv, record={**RECORD, "name": "here", "version": "2"})
    for verb in ("export", "diff", "lock", "save", "build", "list"):
        script.answer(verb, code=2, error={"message": "no"})
    lines = {
        "export --format conda": ["export", "--json", "here:2", "--format", "conda"],
        "diff other": ["diff", "--json", "here:2", "other"],
        "diff one other": ["diff", "--json", "one", "other"],
        "lock": ["lock", "here:2"],
        "save other:1 -p six": ["save", "--json", "other:1", "-p", "six"],
        "list red blue --archived": ["list", "--json", "--archived", "red blue"],
        "build --as image": ["build", "--json", "here:2", "--as", "image"],
    }
    for line in lines:
        run(shell, "%mlenv " + line)
    assert script.calls == list(lines.values())


def test_what_was_printed_is_read_as_a_problem(
    with_magic: InteractiveShell, script: Script
) -> None:
    script.answer("lock", code=2)
    error, _ = run(with_magic, "%mlenv lock")
    assert str(error) == "mlenv ended with exit code 2."
    said = printed_problem("Error: no\n  because\n  Remedy: `mlenv lock --help` shows how.\n", 2)
    remedy = "`mlenv lock --help` shows how."
    assert said == {"message": "no", "remedy": remedy, "detail": "because"}


def test_cell_says_what_was_not_honoured(with_magic: InteractiveShell, script: Script) -> None:
    parts: dict[str, Any] = {"requirements": [], "packages": []}
    script.answer(
        "import",
        {
            "name": "odd",
            "version": "1",
            "state": "not-built",
            "python": None,
            "packages": None,
            "size": None,
            "digest": "0",
            "kernel": None,
            "description": "",
            "definition": {"pip": parts, "conda": parts, "variables": {}},
            "report": {"taken": [], "kept": ["line 1: name: ["], "refused": ["line 2: -e ."]},
        },
    )
    error, shown = run(with_magic, "%%mlenv odd\nname: [\n-e .\n")
    assert error is None
    assert "~ kept, not honoured: line 1: name: [\n✗ left out: line 2: -e ." in shown


def test_command_that_cannot_be_run(shell: InteractiveShell) -> None:
    register(shell, cli=["/no/such/mlenv"], record={})
    error, shown = run(shell, "%mlenv list")
    assert "cannot be run from this kernel" in str(error)
    assert "Install mlenv-jupyter again" in shown


def test_build_is_followed_line_by_line(with_magic: InteractiveShell, script: Script) -> None:
    import json

    log = [
        {"build": BUILD},
        {"t": 0.1, "k": "stage", "s": "resolving"},
        {"t": 0.2, "k": "line", "x": "\x1b[32m+ six\x1b[0m"},
        {"build": DONE},
    ]
    script.answer("build", "\n".join(json.dumps(one) for one in log) + "\n")
    error, shown = run(with_magic, "%mlenv build x")
    assert error is None
    assert "    0.2  + six" in shown
    assert "✓ Ready: x v2" in shown


def test_failed_build_fails_the_cell_once(with_magic: InteractiveShell, script: Script) -> None:
    import json

    problem = {"message": "No version of nope was found.", "remedy": "Check its name."}
    failed = {**BUILD, "state": "failed", "error": problem}
    log = [{"build": BUILD}, {"build": failed}]
    script.answer("build", "\n".join(map(json.dumps, log)) + "\n", code=1, error=problem)
    error, shown = run(with_magic, "%mlenv build x")
    assert str(error) == "No version of nope was found."
    assert shown.count("✗ No version of nope was found.") == 1


def test_use_without_a_front_end(with_magic: InteractiveShell, script: Script) -> None:
    script.answer("use", KERNEL)
    _, shown = run(with_magic, "%mlenv use x")
    assert "jupyter console --kernel mlenv-x-0011aabb" in shown


def test_cell_is_registered(with_magic: InteractiveShell, script: Script) -> None:
    script.answer("import", code=2, error={"message": "no"})
    run(with_magic, "%%mlenv mine\nsix\n")
    assert script.calls == [["import", "--json", "-", "-n", "mine"]]


def test_completion(with_magic: InteractiveShell, script: Script) -> None:
    script.answer("list", "alpha\nbeta\n")
    _, verbs = with_magic.complete("bu", "%mlenv bu", 9)
    assert [one for one in verbs if not one.startswith("%")] == ["build", "builds"]
    _, names = with_magic.complete("al", "%mlenv build al", 15)
    assert "alpha" in names


def test_completion_of_versions(with_magic: InteractiveShell, script: Script) -> None:
    one = {"name": "alpha", "latest": {"version": "3"}, "labels": {"prod": "2", "latest": "3"}}
    script.answer("list alpha", {"items": [one, {**one, "name": "alphabet"}]})
    _, found = with_magic.complete("", "%mlenv use alpha:", 17)
    assert found[:5] == ["3", "2", "1", "latest", "prod"]
    _, labels = with_magic.complete("pr", "%mlenv use alpha:pr", 19)
    assert "prod" in labels


def test_environment_of_the_command(
    shell: InteractiveShell, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlenv_jupyter.magics.command import environment

    monkeypatch.setenv("PATH", "/overlay/bin:/prefix/bin:/usr/bin")
    monkeypatch.setenv("LD_PRELOAD", "/evil.so")
    monkeypatch.setenv("PYTHONPATH", "/mine")
    made = environment(RECORD)
    assert made["PATH"] == "/usr/bin"
    assert (made["MLENV_HOME"], made["MLENV_STORE"]) == ("/home", "/store")
    assert not {"LD_PRELOAD", "PYTHONPATH"} & made.keys()
