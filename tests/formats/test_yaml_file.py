"""YAML is read as text with line numbers, and nothing in it can do harm."""

from __future__ import annotations

import contextlib
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlenv_jupyter.core.errors import InvalidDefinition, MlenvError, TooLarge
from mlenv_jupyter.formats.yaml_file import Items, Keys, Node, Text, load


def plain(node: Node) -> object:
    if isinstance(node, Text):
        return node.text
    if isinstance(node, Items):
        return [plain(one) for one in node.items]
    return {key: plain(value) for key, value in node.items.items()}


def test_nothing_is_guessed() -> None:
    text = "a: 3.10\nb: yes\nc: 0x1F\nd: 2024-01-02\ne: null\nf: ''\ng: 'null'\nh:\n"
    assert plain(load(text)) == {
        "a": "3.10",
        "b": "yes",
        "c": "0x1F",
        "d": "2024-01-02",
        "e": None,
        "f": "",
        "g": "null",
        "h": None,
    }


def test_lines_are_counted_from_one() -> None:
    root = load("a: 1\nb:\n  - x\n  - y\n")
    assert isinstance(root, Keys)
    assert root.lines == {"a": 1, "b": 2}
    items = root.get("b")
    assert isinstance(items, Items)
    assert [one.line for one in items.items] == [3, 4]


def test_an_alias_is_what_it_stands_for() -> None:
    assert plain(load("a: &x [1, 2]\nb: *x\n")) == {"a": ["1", "2"], "b": ["1", "2"]}


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


@pytest.mark.parametrize(
    "text",
    [BOMB, "- " * 25_000 + "x", "[" * 50_000, "{a: " * 50_000, "a: [" + "x," * 60_000 + "]"],
    ids=["bomb", "deep lines", "deep brackets", "deep braces", "wide"],
)
def test_a_bomb_is_refused_at_once(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises((TooLarge, InvalidDefinition)):
        load(text)
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: !!python/object/apply:os.system [id]\n", "line 1"),
        ("a: 1\nb: !env X\n", "line 2"),
        ("a: 1\na: 2\n", "line 2"),
        ("a: &x [*x]\n", "line 1"),
        ("a: 1\nb: *x\n", "line 2"),
        ("a: 1\n\tb: 2\n", "line 2"),
        ("a: 'x\n", "line 2"),
        ("a: 1\n---\nb: 2\n", "line 2"),
        ("? [a]\n: b\n", "line 1"),
    ],
)
def test_what_is_wrong_names_the_line(text: str, where: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        load(text)
    assert caught.value.where == where


@given(st.text())
def test_garbage_gives_an_error_of_ours(text: str) -> None:
    with contextlib.suppress(MlenvError):
        load(text)


@given(
    st.recursive(
        st.none() | st.text(alphabet=st.characters(exclude_categories=["C"])),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", min_size=1), inner),
        max_leaves=20,
    )
)
def test_what_pyyaml_writes_is_read(data: object) -> None:
    assert plain(load(yaml.safe_dump(data, allow_unicode=True))) == data
