"""Which Python a list of packages is for, where a file beside it says so."""

from __future__ import annotations

import pytest

from mlenv_jupyter.formats import Imported, read_text

PROJECT = '[project]\nname = "a"\nrequires-python = "{}"\ndependencies = ["six"]\n'


def read(text: str, name: str = "requirements.txt", **beside: str) -> Imported:
    files = {one.replace("_", "."): said for one, said in beside.items()}
    files = {one.replace(".python.version", ".python-version"): t for one, t in files.items()}
    return read_text(name, text, files.get)


@pytest.mark.parametrize(
    ("said", "python"),
    [
        ("python-3.11\n", "3.11"),
        ("3.12.4\n3.11\n", "3.12.4"),
        ("# ours\ncpython-3.13  # and no other\n", "3.13"),
    ],
)
def test_it_is_honoured(said: str, python: str) -> None:
    made = read("six\n", runtime_txt=said)
    assert made.definition.python == python
    assert f"Python {python} (runtime.txt)" in made.report.taken


def test_the_first_that_is_there_counts_and_the_file_itself_wins() -> None:
    both = {"runtime_txt": "python-3.11", "_python_version": "3.12"}
    assert read("six\n", **both).definition.python == "3.11"
    assert read("six\n", _python_version="3.12").definition.python == "3.12"
    own = read(PROJECT.format("==3.10.*"), "pyproject.toml", **both)
    assert own.definition.python == "3.10"
    made = read(PROJECT.format(">=3.10"), "pyproject.toml", _python_version="3.12")
    assert made.definition.python == "3.12"
    assert not [one for one in made.report.kept if "Python" in one]
    assert read_text("requirements.txt", "six\n").definition.python is None


@pytest.mark.parametrize("said", ["r-4.1-2020", "pypy3.10", "../../etc", "3.11; rm", "2.7"])
def test_what_is_no_python_of_ours_is_said_and_loses_nothing(said: str) -> None:
    made = read("six\n", runtime_txt=said)
    assert (made.definition.python, made.definition.pip.requirements) == (None, ("six",))
    assert any(said in one and "no Python" in one for one in made.report.kept)
