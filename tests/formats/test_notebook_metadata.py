"""What other tools write into a notebook's metadata."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlenv_jupyter.core.errors import InvalidDefinition
from mlenv_jupyter.formats import read_text


def notebook(**metadata: Any) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": []})


def test_nteract_with_uv() -> None:
    uv = {"dependencies": ["pandas>=2.0", "numpy"], "requires-python": "==3.11.*"}
    for metadata in ({"runt": {"schema_version": "1", "uv": uv}}, {"uv": uv}):
        made = read_text("a.ipynb", notebook(**metadata)).definition
        assert made.pip.requirements == ("numpy", "pandas>=2.0")
        assert made.python == "3.11"


def test_nteract_with_conda() -> None:
    conda = {"dependencies": ["python=3.11", "gdal", "numpy>=2"], "channels": ["conda-forge", "x"]}
    made = read_text("a.ipynb", notebook(runt={"conda": conda})).definition
    assert made.python == "3.11"
    assert made.conda.channels == ("conda-forge", "x")
    assert set(made.conda.packages) == {"gdal", "numpy>=2"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(
            {
                "packages": {"flask": "*", "pandas": {"version": ">=2", "extras": ["excel"]}},
                "requires": {"python_version": "3.11"},
                "sources": [{"name": "own", "url": "https://index.example.org/simple"}],
            }
        ),
        '[packages]\nflask = "*"\npandas = {version = ">=2", extras = ["excel"]}\n'
        '[requires]\npython_version = "3.11"\n'
        '[[source]]\nname = "own"\nurl = "https://index.example.org/simple"\n',
    ],
    ids=["json", "toml"],
)
def test_jupyterlab_requirements(text: str) -> None:
    made = read_text("a.ipynb", notebook(requirements=text)).definition
    assert made.pip.requirements == ("flask", "pandas[excel]>=2")
    # Without PyPI among its sources, packages come from its own alone.
    assert (made.pip.index_url, made.pip.extra_index_urls) == (
        "https://index.example.org/simple",
        (),
    )
    assert made.python == "3.11"


@pytest.mark.parametrize(
    "metadata",
    [
        {"requirements": "{"},
        {"requirements": '{"packages": 3}'},
        {"runt": {"uv": {"dependencies": [3]}}},
        {"runt": {"uv": {"dependencies": "x"}}},
        {"runt": {"conda": {"dependencies": ["x y z ="]}}},
        {"runt": 3},
    ],
)
def test_nonsense_is_refused_or_nothing(metadata: dict[str, Any]) -> None:
    try:
        made = read_text("a.ipynb", notebook(**metadata)).definition
    except InvalidDefinition:
        return
    assert made.wanted == ()
