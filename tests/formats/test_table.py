"""Which format a file has, what is written, and that garbage gives errors of ours only."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidDefinition, InvalidRequest, MlenvError, TooLarge
from mlenv_jupyter.core.lock import LockedPackage
from mlenv_jupyter.core.sections import Wheel
from mlenv_jupyter.formats import MAX_TEXT, read_text, write_definition

MADE = Definition.create(
    "3.11", ["pandas", "here @ https://example.org/here-1-py3-none-any.whl"], pre=True
)
PACKAGES = tuple(
    LockedPackage(
        name=name, version=version, sha256="0" * 64, filename=f"{name}.whl", direct=direct,
        required_by=by,
    )
    for name, version, direct, by in (
        ("pandas", "2.3.3", True, ()),
        ("numpy", "2.3.4", False, ("pandas",)),
        ("here", "1", True, ()),
    )
)  # fmt: skip


NOTEBOOK = (
    '{"nbformat": 4, "metadata": {}, "cells": '
    '[{"cell_type": "code", "source": ["%pip install six"]}]}'
)


@pytest.mark.parametrize(
    ("filename", "text", "wanted"),
    [
        ("requirements.txt", "numpy", "requirements"),
        ("dir/requirements-dev.in", "numpy", "requirements"),
        ("anything", "numpy", "requirements"),
        ("", "", "requirements"),
        ("environment.yml", "dependencies: [numpy]", "conda"),
        ("C:\\x\\conda.YAML", "dependencies:\n- numpy", "conda"),
        ("pasted.txt", "name: x\ndependencies:\n  - numpy\n", "conda"),
        ("python_env.yaml", "python: 3.8\nbuild_dependencies: []\ndependencies: []", "mlflow"),
        ("x.json", "{}", "json"),
        ("pasted.txt", '{"python": "3.11"}', "json"),
        ("azureml_environment.json", '{"name": "x"}', "azureml"),
        ("pyproject.toml", "[project]\nname='x'", "pyproject"),
        ("x__pyproject.toml", "[dependency-groups]\na=[]", "pyproject"),
        ("pylock.toml", "lock-version='1.0'\npackages=[]", "pylock"),
        ("pylock.gpu.toml", "lock-version='1.0'\npackages=[]", "pylock"),
        ("uv.lock", "version = 1\n[[package]]\nname='a'\nversion='1'\n", "uv-lock"),
        ("poetry.lock", "package=[]\n[metadata]\n", "poetry-lock"),
        ("Pipfile", "[packages]\n", "pipfile"),
        ("Pipfile.lock", '{"_meta": {}, "default": {}}', "pipfile-lock"),
        ("pixi.toml", "[workspace]\nchannels=['c']\n", "pixi"),
        ("pixi.lock", "version: 6\nenvironments:\n  default: {}\npackages: []\n", "pixi-lock"),
        ("conda-lock.yml", "metadata: {}\npackage:\n- {name: a, version: 1}\n", "conda-lock"),
        ("MLproject", "docker_env:\n  image: x\n", "mlproject"),
        ("a.py", "# /// script\n# dependencies = ['a']\n# ///\n", "script"),
        ("a.ipynb", NOTEBOOK, "notebook"),
        ("Dockerfile", "FROM x", "dockerfile"),
        ("gpu.Dockerfile", "FROM x", "dockerfile"),
        ("Containerfile.gpu", "FROM x", "dockerfile"),
        ("build", "# hi\nARG A=1\nFROM x", "dockerfile"),
        (".env", "A=1", "dotenv"),
        ("prod.env", "A=1", "dotenv"),
        (".env.local", "A=1", "dotenv"),
        ("env.yml", "$schema: https://example.org/environment.schema.json\nimage: x", "azureml-v2"),
        ("spec.txt", "# $ conda create --name <env> --file <this file>\na=1=0\n", "conda-list"),
    ],
)
def test_the_format_is_found(filename: str, text: str, wanted: str) -> None:
    assert read_text(filename, text).format == wanted


def test_the_format_can_be_said() -> None:
    text = "dependencies: [numpy]\n"
    assert read_text("x", text, form="conda").definition.conda.packages == ("numpy",)
    with pytest.raises(InvalidRequest, match="'word' is not a format that mlenv reads"):
        read_text("x", text, form="word")
    with pytest.raises(InvalidRequest, match="has no groups to choose"):
        read_text("x", text, form="conda", groups=("dev",))


@pytest.mark.parametrize(
    ("filename", "text"),
    [
        ("setup.py", "import setuptools"),
        ("setup.cfg", ""),
    ],
)
def test_a_format_that_is_not_read_says_what_is(filename: str, text: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        read_text(filename, text)
    assert caught.value.problems[0].code == "unknown_format"
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("filename", "text", "where"),
    [
        ("x.json", '{"a": 1,\n"b": }', "line 2"),
        ("x.json", "[]", "line 1"),
        ("x.json", '{"definition": {"python": "2"}}', "python"),
        ("x.json", '{"definition": {"pip": {"requirements": ["a b"]}}}', "pip.requirements[0]"),
        ("x.json", '{"mlenv": 2, "definition": {}}', "mlenv"),
        ("x.json", '{"name": 3, "definition": {}}', "name"),
        ("r.txt", "a\n\0", "line 2"),
    ],
)
def test_a_wrong_file_names_the_place(filename: str, text: str, where: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        read_text(filename, text)
    assert caught.value.where == where


def test_a_byte_order_mark_and_windows_lines() -> None:
    assert read_text("r.txt", "\ufeffnumpy\r\npandas\r\n").definition.wanted == ("numpy", "pandas")
    assert read_text("x.json", '\ufeff{"python": "3.11"}').definition.python == "3.11"
    yml = "\ufeffname: x\r\ndependencies:\r\n- pip:\r\n  - numpy\r\n"
    assert read_text("e.yml", yml).definition.wanted == ("numpy",)


@pytest.mark.parametrize("filename", ["r.txt", "e.yml", "x.json"])
def test_five_megabytes_are_too_much(filename: str) -> None:
    with pytest.raises(TooLarge):
        read_text(filename, "a" * (MAX_TEXT + 1))


def test_a_definition_survives_as_json() -> None:
    made = Definition.create(
        None,
        ["numpy"],
        variables={"A": "1"},
        wheels=[Wheel(name="x-1-py3-none-any.whl", sha256="1" * 64)],
    )
    read = read_text("x.json", write_definition("json", made, name="n", packages=PACKAGES))
    assert (read.name, read.definition) == ("n", made)
    bare = read_text("x.json", json.dumps({"python": "3.11"}))
    assert (bare.name, bare.definition) == (None, Definition(python="3.11"))


def test_requirements_as_asked_for_and_pinned() -> None:
    asked = write_definition("requirements", MADE, name="churn")
    assert asked.splitlines() == [
        "# churn",
        "# Python 3.11",
        "--pre",
        "here @ https://example.org/here-1-py3-none-any.whl",
        "pandas",
    ]
    again = read_text("requirements.txt", asked).definition
    assert again.pip == MADE.pip
    pinned = write_definition("requirements", MADE, packages=PACKAGES)
    assert pinned.splitlines()[2:] == [
        "here @ https://example.org/here-1-py3-none-any.whl",
        "numpy==2.3.4  # for pandas",
        "pandas==2.3.3",
    ]
    assert read_text("requirements.txt", pinned).definition.wanted == ("here", "numpy", "pandas")


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="toml"):
        write_definition("toml", MADE)


FILENAMES = st.sampled_from(
    ["requirements.txt", "environment.yml", "x.json", "azureml_environment.json", "python_env.yaml"]
)
WORDS = r"""
dependencies: pip: python = == 3.1 >= < | * [ ] { } " ' \ # &a *a !! -r -c -e --hash= --index-url
https:// u:p@ git+ #egg= @ a B_c ${A} é name: variables: channels: , : "python": "docker":
"definition": null 1e999 :: .whl file: // ?sig= ; {{ %
""".split()  # noqa: SIM905
SPACES = [
    "\n",
    "\n- ",
    "\n  - ",
    "\n  A: ",
    "\\\n",
    "\t",
    "\r",
    "\x0b",
    "\x85",
    "\u2028",
    " ",
    " ; ",
]
PIECES = st.lists(st.sampled_from(WORDS + SPACES) | st.text(max_size=5), max_size=40).map("".join)


@given(FILENAMES, PIECES | st.text() | st.text(alphabet=st.characters(categories=["Cs"])))
def test_garbage_gives_only_errors_of_ours(filename: str, text: str) -> None:
    with contextlib.suppress(MlenvError):
        made = read_text(filename, text, lambda _: text)
        assert made.definition.checked() == made.definition
