"""A Definition is valid or refused, with the place of each error."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidDefinition


def places(**fields: object) -> list[str]:
    """Where the problems are."""
    with pytest.raises(InvalidDefinition) as caught:
        Definition.create(**fields)  # type: ignore[arg-type]
    assert all(one.message and one.code for one in caught.value.problems)
    return [one.where for one in caught.value.problems]


def test_every_wrong_place_is_named_at_once() -> None:
    assert places(
        python="three",
        requirements=["numpy", "not a requirement", "six=="],
        variables={"1=2": "x", "OK": "y", "N": "\0"},
        index_url="https://user:hunter2@index.example/simple",
        torch_backend="gpu",
    ) == [
        "pip.requirements[1]",
        "pip.requirements[2]",
        "python",
        "variables.1=2",
        "variables.N",
        "pip.index_url",
        "torch_backend",
    ]


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(InvalidDefinition) as caught:
        Definition.create(index_url="https://user:hunter2@index.example/simple")
    assert "hunter2" not in str(caught.value)
    assert Definition.create(index_url="https://user:${TOKEN}@index.example/simple")


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"pip": {"requirements": "numpy"}}, "pip.requirements"),
        ({"pip": {"requirements": [1]}}, "pip.requirements[0]"),
        ({"variables": {"A": 1}}, "variables[...]"),
        ({"unknown": 1}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_a_wrong_shape_names_its_place(data: object, where: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        Definition.parse(data)
    assert caught.value.problems[0].where == where


def test_a_definition_cannot_be_changed() -> None:
    made = Definition.create(requirements=["numpy"], variables={"A": "1"})
    with pytest.raises(TypeError):
        made.variables["A"] = "2"
    with pytest.raises(AttributeError):
        made.python = "3.12"  # type: ignore[misc]


@given(st.text(max_size=40))
def test_any_line_is_a_requirement_or_a_problem(line: str) -> None:
    with contextlib.suppress(InvalidDefinition):
        made = Definition.create(requirements=[line])
        assert len(made.pip.requirements) <= 1


@given(
    st.lists(
        st.sampled_from(["numpy>=2", "six", "a[b,c]; python_version>'3'", "x @ https://h/x.whl"])
    )
)
def test_json_and_back_is_the_same(lines: list[str]) -> None:
    made = Definition.create("3.11", lines, variables={"B": "2", "A": "1"})
    assert Definition.parse(msgspec.json.decode(msgspec.json.encode(made))) == made


@pytest.mark.parametrize(
    ("line", "normal"),
    [
        ("NumPy >= 2 , <3", "numpy<3,>=2"),
        ("a[Z,b]", "a[b,z]"),
        ("x@https://h.example/x-1.whl", "x @ https://h.example/x-1.whl"),
        (
            "x @ git+https://h.example/x@main ; python_version<'3.12'",
            'x @ git+https://h.example/x@main ; python_version < "3.12"',
        ),
        ("six;python_version<'3'", 'six; python_version < "3"'),
    ],
)
def test_one_spelling(line: str, normal: str) -> None:
    assert Definition.create(requirements=[line]).pip.requirements == (normal,)
