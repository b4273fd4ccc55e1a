"""What the command line accepts; nothing is run here."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from mlenv_jupyter.cli.app import mlenv
from mlenv_jupyter.cli.session import REFERENCE, Session
from mlenv_jupyter.core.errors import InvalidName

VERBS = {
    "new",
    "list",
    "show",
    "set",
    "diff",
    "build",
    "builds",
    "log",
    "cancel",
    "use",
    "exec",
    "kernel",
    "import",
    "export",
    "environment",
    "status",
    "doctor",
    "uninstall",
    "label",
    "history",
    "rollback",
    "refresh",
    "archive",
    "restore",
    "describe",
    "tag",
    "delete",
}


def every(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The words of each verb, groups opened."""
    if isinstance(command, click.Group):
        return [w for name, one in command.commands.items() for w in every(one, (*path, name))]
    return [path]


def test_every_verb_is_there() -> None:
    assert set(mlenv.commands) >= VERBS
    group = mlenv.commands["environment"]
    assert isinstance(group, click.Group)
    assert set(group.commands) == {"scaffold", "register", "list", "show", "download"}


@pytest.mark.parametrize("words", every(mlenv), ids=" ".join)
def test_every_verb_has_help_and_json(words: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(mlenv, [*words, "--help"])
    assert answer.exit_code == 0
    assert "--json" in answer.output
    assert "--debug" in answer.output


def test_help_lists_the_exit_codes() -> None:
    answer = CliRunner().invoke(mlenv, ["--help"])
    for code in ("0", "1", "2", "3", "4", "5", "130"):
        assert f"\n    {code} " in answer.output


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("churn", ("churn", None)),
        ("churn:3", ("churn", "3")),
        ("churn:v3", ("churn", "v3")),
        ("AzureML-Minimal", ("mlenv-minimal", None)),
    ],
)
def test_reference(text: str, pair: tuple[str, str | None]) -> None:
    assert REFERENCE.convert(text, None, None) == pair


@pytest.mark.parametrize("text", ["../x", "", "a b", ":3"])
def test_bad_reference(text: str) -> None:
    with pytest.raises(InvalidName):
        REFERENCE.convert(text, None, None)


def test_options_after_the_command_are_not_ours() -> None:
    assert not Session.of(["exec", "x", "--", "tool", "--json"]).json
    assert Session.of(["exec", "x", "--json"]).json
