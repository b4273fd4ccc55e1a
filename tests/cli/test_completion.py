"""What shells complete; bash as it really is, the others by what click asks of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ended


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """A directory with ``mlenv`` in it, as PATH has it."""
    place = tmp_path / "bin"
    place.mkdir()
    script = place / "mlenv"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mlenv_jupyter.cli "$@"\n')
    script.chmod(0o755)
    return place


def completed(command: Path, shell: str, line: str) -> list[str]:
    """What is offered for a line that ends where the cursor is."""
    env = {**os.environ, "PATH": f"{command}{os.pathsep}{os.environ['PATH']}"}
    if shell == "bash":
        words = f"""eval "$(mlenv completion bash)"
COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}
_mlenv_completion mlenv
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        argv = ["bash", "--norc", "-c", words]
    else:
        words = line.split(" ")
        at = str(len(words) - 1) if shell == "zsh" else words[-1]
        env |= {"COMP_WORDS": line, "COMP_CWORD": at, "_MLENV_COMPLETE": f"{shell}_complete"}
        argv = [str(command / "mlenv")]
    said = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert said.stderr == ""
    lines = said.stdout.split("\n")
    if shell == "zsh":
        return [one for one in lines[1::3] if one]
    return [one.removeprefix("plain,").partition("\t")[0] for one in lines if one]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_verbs_names_and_versions_are_completed(
    mlenv: Callable[..., Ended], command: Path, shell: str
) -> None:
    if shell == "bash" and not shutil.which("bash"):
        pytest.skip("there is no bash")
    mlenv("new", "churn", "-v", "N=1")
    mlenv("set", "churn", "N=2")
    mlenv("new", "chosen")
    assert completed(command, shell, "mlenv bui") == ["build", "builds"]
    assert completed(command, shell, "mlenv show ch") == ["chosen", "churn"]
    versions = completed(command, shell, "mlenv show churn:")
    # To bash a colon ends a word: only what follows it is to be put in.
    assert versions == (["2", "1"] if shell == "bash" else ["churn:2", "churn:1"])
    assert completed(command, shell, "mlenv log churn:1") == versions[1:]
    assert completed(command, shell, "mlenv show --js") == ["--json"]
    assert completed(command, shell, "mlenv show nothing-of-the-kind") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_valid(mlenv: Callable[..., Ended], shell: str) -> None:
    text = mlenv("completion", shell).out
    assert "_MLENV_COMPLETE" in text
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=text, text=True, check=True)


def test_another_shell_is_refused(mlenv: Callable[..., Ended]) -> None:
    assert mlenv("completion", "dos").code == 2
