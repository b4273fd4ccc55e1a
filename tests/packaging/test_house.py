"""Rules of the house that no linter of imports knows."""

from __future__ import annotations

import re
from pathlib import Path

import mlenv_jupyter

TOP = Path(mlenv_jupyter.__file__).parent
# What runs in an environment's own Python, where mlenv is not.
ELSEWHERE = ("magics", "assets")


def test_other_programs_are_started_through_one_door() -> None:
    doors = {
        path.relative_to(TOP).as_posix()
        for path in TOP.rglob("*.py")
        if not set(path.parts) & set(ELSEWHERE)
        and re.search(
            r"^\s*(import|from) (subprocess|pty)\b|\bos\.(system|popen|spawn|posix_spawn)",
            path.read_text(),
            re.MULTILINE,
        )
    }
    assert doors == {"process.py"}


def test_nothing_is_given_to_a_shell() -> None:
    for path in TOP.rglob("*.py"):
        assert "shell=True" not in path.read_text(), path
