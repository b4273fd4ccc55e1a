"""A Definition with other packages, from one that there is."""

from __future__ import annotations

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.edits import with_fix, with_packages
from mlenv_jupyter.core.errors import Fix, InvalidRequest

BASE = Definition.create(
    "3.12",
    ["numpy>=1", "Dask[array]>=2; python_version > '3'", "six"],
    find_links=["/wheels"],
    variables={"A": "b"},
)


def test_added_changed_and_taken_out() -> None:
    made = with_packages(BASE, ["polars==1.2", "dask==3.0"], ["SIX"])
    assert made.pip.requirements == (
        'dask[array]==3.0; python_version > "3"',
        "numpy>=1",
        "polars==1.2",
    )
    assert (made.python, made.pip.find_links, made.variables) == ("3.12", ("/wheels",), {"A": "b"})


def test_pip_takes_the_place_of_conda() -> None:
    base = Definition.create(conda_channels=["conda-forge"], conda_packages=["numpy=2", "gdal"])
    made = with_packages(base, ["numpy==2.1"], ["gdal"])
    assert made.conda.packages == ()
    assert made.pip.requirements == ("numpy==2.1",)


@pytest.mark.parametrize(
    ("base", "put", "without", "said"),
    [
        (BASE, [], ["pandas"], "does not ask for it"),
        (BASE, ["no requirement!"], [], "Not a requirement"),
        (
            Definition.create(user_managed_dependencies=True, interpreter_path="/opt/python"),
            ["six"],
            [],
            "outside of mlenv",
        ),
    ],
)
def test_refused(base: Definition, put: list[str], without: list[str], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        with_packages(base, put, without)


@pytest.mark.parametrize(
    ("fix", "pip", "conda"),
    [
        (Fix("", ("numpy>=1",), ("numpy>=2",)), ("numpy>=2", "six"), ("padding=1.0", "probe")),
        (Fix("", ("six",)), ("numpy>=1",), ("padding=1.0", "probe")),
        (Fix("", (), ("attrs",)), ("attrs", "numpy>=1", "six"), ("padding=1.0", "probe")),
        (Fix("", ("padding=1.0",), ("padding>=2",)), ("numpy>=1", "six"), ("padding>=2", "probe")),
    ],
)
def test_fix_stays_where_the_line_is(
    fix: Fix, pip: tuple[str, ...], conda: tuple[str, ...]
) -> None:
    base = Definition.create("3.12", ["numpy>=1", "six"], conda_packages=["padding=1.0", "probe"])
    made = with_fix(base, fix)
    assert (made.pip.requirements, made.conda.packages) == (pip, conda)


def test_fix_keeps_extras_and_markers() -> None:
    line = BASE.pip.requirements[0]
    made = with_fix(BASE, Fix("", (line,), ("dask>=3",)))
    assert 'dask[array]>=3; python_version > "3"' in made.pip.requirements
    assert line not in made.pip.requirements
