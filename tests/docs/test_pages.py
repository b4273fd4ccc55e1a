"""The pages of documentation say what is there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mlenv_jupyter.cli.app import mlenv

ROOT = Path(__file__).parents[2]
LISTED = subprocess.run(
    ["git", "-C", ROOT, "ls-files", "*.md"], capture_output=True, text=True, check=True
).stdout
PAGES = [ROOT / one for one in LISTED.split() if (ROOT / one).exists()]
EVERYWHERE = {"--help", "--json", "--debug"}


def commands(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Every command with the words that call it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [one for one in targets if not (page.parent / one).exists()] == []


@pytest.mark.parametrize(("words", "command"), [*commands(mlenv, ("mlenv",))])
def test_every_command_is_in_the_reference(words: str, command: click.Command) -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    assert f"`{words}" in page
    if words.startswith("mlenv environment"):
        return  # the page names these verbs only
    line = next(one for one in page.splitlines() if f"`{words}" in one)
    options = {long for one in command.params for long in one.opts if long.startswith("--")}
    common = {"--description", "--message", "--name"}
    assert [one for one in options - EVERYWHERE - common if one not in line] == []
