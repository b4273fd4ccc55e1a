"""Wrong input: what, where and the remedy on standard error, the right exit code, no traceback."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Ended

CASES = [
    (["new", "../x", "-p", "six"], 2, "name", "letters, digits"),
    (["new", "mlenv-mine"], 2, "name", "Choose another name"),
    (["new", "x", "-v", "1=2"], 2, "variables.1", "letters, digits and underscores"),
    (["new", "x", "-v", "NOVALUE"], 2, "variables.NOVALUE", "KEY=VALUE"),
    (["new", "x", "-p", "bad req!!"], 2, "pip.requirements[0]", "NAME==1.2"),
    (["new", "x", "--python", "4"], 2, "python", "3.11"),
    (["new", "x", "--index-url", "https://me:secret@example.org/"], 2, "pip.index_url", "${NAME}"),
    (["show", "nothere"], 3, "name", "mlenv list"),
    (["build", "nothere:3"], 3, "name", "mlenv list"),
    (["build", "mlenv-minimal:9"], 3, "version", "newest is 1"),
    (["use", "mlenv-minimal"], 4, "mlenv-minimal:1", "mlenv build mlenv-minimal:1"),
    (["exec", "mlenv-minimal", "--", "true"], 4, "mlenv-minimal:1", "mlenv build"),
    (["log", "nothere"], 3, "name", "mlenv list"),
    (["log", "20200101-000000-abcdef"], 3, "id", "mlenv builds"),
    (["log", "mlenv-minimal"], 3, "", "mlenv build mlenv-minimal"),
    (["cancel", "nothere"], 3, "name", "mlenv list"),
    (["kernel", "remove", "nothere"], 3, "", "mlenv kernel list"),
    (["import", "nothere.txt", "-n", "x"], 3, "file", ""),
    (["environment", "register", "-d", "nothere"], 3, "directory", ""),
    (["set", "mlenv-minimal", "A=1"], 2, "name", "Choose another name"),
    (["exec", "mlenv-minimal"], 2, "", "mlenv exec NAME --"),
    (["uninstall"], 2, "--yes", "-y"),
    (["frobnicate"], 2, "", "--help"),
    (["show"], 2, "", "mlenv show --help"),
    (["builds", "--limit", "many"], 2, "", "mlenv builds --help"),
]


@pytest.mark.parametrize(
    ("words", "code", "where", "remedy"), CASES, ids=[" ".join(case[0]) for case in CASES]
)
def test_problem_in_json(
    mlenv: Callable[..., Ended], words: list[str], code: int, where: str, remedy: str
) -> None:
    ended = mlenv(words[0], "--json", *words[1:])
    if words[:1] == ["kernel"] or words[:1] == ["environment"]:
        ended = mlenv("--json", *words)
    assert (ended.code, ended.out) == (code, "")
    assert ended.error["message"]
    assert ended.error["where"] == where
    assert remedy in ended.error["remedy"]


def test_problem_for_people(mlenv: Callable[..., Ended]) -> None:
    ended = mlenv("new", "x", "-p", "bad req!!", "-p", "six", "-v", "1=2")
    assert ended.code == 2
    assert ended.out == ""
    assert "Error: 'bad req!!' is not a requirement." in ended.err
    assert "at pip.requirements[0]" in ended.err
    assert "Error: '1' cannot be the name of a variable." in ended.err
    assert "x" not in mlenv("list", "-q").out.split()


def test_name_that_exists(mlenv: Callable[..., Ended]) -> None:
    assert mlenv("new", "x", "-p", "six").code == 0
    assert mlenv("new", "x", "-p", "six", "-p", "attrs").code == 4
    second = mlenv("new", "x", "-p", "six", "-p", "attrs", "--next", "--json")
    assert (second.code, second.json["version"]) == (0, "2")
    same = mlenv("new", "x", "-p", "six", "--next", "--json")
    assert same.json["version"] == "1"


def test_unexpected_error_is_one_line(mlenv: Callable[..., Ended], homes: Path) -> None:
    homes.write_text("a file where the home should be")
    ended = mlenv("list")
    assert ended.code != 0
    assert len(ended.err.splitlines()) <= 3


def test_a_closed_pipe_ends_it_quietly(mlenv: Callable[..., Ended]) -> None:
    listing = subprocess.Popen(
        [*COMMAND, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert listing.stdout is not None and listing.stderr is not None
    listing.stdout.close()
    assert listing.stderr.read() == ""
    assert listing.wait(30) == 1
    listing.stderr.close()
