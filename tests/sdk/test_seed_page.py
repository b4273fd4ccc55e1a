"""The snippets are those of the seed's page: import lines and the Azure target class apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SEEDS = sorted(Path("../shared/seeds").glob("*.txt"))
SNIPPETS = sorted(Path(__file__).with_name("snippets").glob("*.py"))
FENCE = re.compile(r"^``` ?python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# What the page has of Azure alone, and what stands for it.
TARGET = {"AciWebservice": "LocalWebservice"}


@pytest.fixture(scope="module")
def page() -> list[str]:
    if not SEEDS:
        pytest.skip("there is no ../shared/seeds")
    return [_body(one) for path in SEEDS for one in FENCE.findall(path.read_text())]


@pytest.mark.parametrize("path", SNIPPETS, ids=lambda path: path.stem)
def test_a_snippet_is_the_pages_own(path: Path, page: list[str]) -> None:
    assert _body(path.read_text()) in page


def test_every_snippet_of_the_page_is_here(page: list[str]) -> None:
    ours = {_body(path.read_text()) for path in SNIPPETS}
    assert [one for one in page if one not in ours] == []


def _body(text: str) -> str:
    """A snippet without its import lines and the space around its lines."""
    for theirs, ours in TARGET.items():
        text = text.replace(theirs, ours)
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return "\n".join(line for line in lines if not line.startswith(("from ", "import ")))
