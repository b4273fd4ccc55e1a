"""CondaDependencies: every change is checked, the file keeps its order and comments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlenv_jupyter import CondaDependencies
from mlenv_jupyter.core.errors import InvalidDefinition, InvalidRequest, MlenvError, NotFound

FILE = """\
# ours
name: mine
channels:
- conda-forge  # first
dependencies:
- python=3.10
# numbers
- numpy>=1.2
- pip:
  - --extra-index-url https://a.example/simple
  - six==1.16
"""


@pytest.fixture
def made(tmp_path: Path) -> CondaDependencies:
    path = tmp_path / "environment.yml"
    path.write_text(FILE)
    return CondaDependencies(path)


def test_a_file_is_written_as_it_was_read(made: CondaDependencies) -> None:
    assert made.serialize_to_string() == FILE
    assert list(made.conda_channels) == ["conda-forge"]
    assert list(made.conda_packages) == ["python=3.10", "numpy>=1.2"]
    assert list(made.pip_packages) == ["six==1.16"]
    assert list(made.pip_options) == ["--extra-index-url https://a.example/simple"]
    assert made.get_python_version() == "3.10"


def test_comments_stay_where_they_are(made: CondaDependencies) -> None:
    made.set_python_version("3.11")
    made.add_conda_package("scipy")
    made.remove_channel("conda-forge")
    text = made.serialize_to_string()
    assert text.startswith("# ours\nname: mine\n")
    assert "- python=3.11\n# numbers\n- numpy>=1.2\n" in text


def test_new_ones_have_a_python_and_nothing_else() -> None:
    made = CondaDependencies()
    assert [one.partition("=")[0] for one in made.conda_packages] == ["python"]
    assert not list(made.pip_packages) and not list(made.conda_channels)


def test_create() -> None:
    made = CondaDependencies.create(
        pip_indexurl="https://i.example/simple",
        pip_packages=["numpy", "six==1"],
        conda_packages=["scipy=1.2"],
        python_version="3.9",
    )
    assert list(made.pip_options) == ["--index-url https://i.example/simple"]
    assert list(made.pip_packages) == ["numpy", "six==1"]
    assert list(made.conda_packages) == ["python=3.9", "scipy=1.2"]


def test_a_package_is_there_once(made: CondaDependencies) -> None:
    made.add_pip_package("SIX>=1.17")
    made.add_conda_package("numpy=2")
    assert list(made.pip_packages) == ["SIX>=1.17"]
    assert list(made.conda_packages) == ["python=3.10", "numpy=2"]


def test_removing(made: CondaDependencies) -> None:
    made.remove_pip_package("six")
    made.remove_conda_package("numpy")
    made.remove_conda_package("absent")
    made.remove_pip_package("absent")
    made.remove_pip_option("--extra-index-url")
    assert not list(made.pip_packages) and not list(made.pip_options)
    assert list(made.conda_packages) == ["python=3.10"]
    with pytest.raises(InvalidRequest, match="Python"):
        made.remove_conda_package("python")


def test_options() -> None:
    made = CondaDependencies()
    made.set_pip_index_url("https://a.example/simple")
    made.set_pip_index_url("--index-url https://b.example/simple")
    made.set_pip_option("--extra-index-url https://c.example/simple")
    made.set_pip_option("--extra-index-url https://d.example/simple")
    made.set_pip_option("--pre")
    made.set_pip_option("--pre")
    assert list(made.pip_options) == [
        "--index-url https://b.example/simple",
        "--extra-index-url https://c.example/simple",
        "--extra-index-url https://d.example/simple",
        "--pre",
    ]


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        ("python=3.9", "3.9"),
        ("python==3.9.1", "3.9.1"),
        ("python 3.9", "3.9"),
        ("python=3.9=h1234", "3.9"),
        ("python=3.9.*", "3.9"),
        ("python>=3.9,<3.11", None),
        ("python", None),
    ],
)
def test_which_python(spec: str, version: str | None) -> None:
    made = CondaDependencies()
    made.add_conda_package(spec)
    assert made.get_python_version() == version
    assert len(list(made.conda_packages)) == 1


@pytest.mark.parametrize(
    ("lines", "result"),
    [
        (["numpy>=1", "numpy<2"], ["numpy>=1,<2"]),
        (["six", "six==1", "attrs"], ["six==1", "attrs"]),
        (["a~=1.2"], ["a~=1.2"]),
        ([], []),
    ],
)
def test_merge_requirements(lines: list[str], result: list[str]) -> None:
    assert CondaDependencies.merge_requirements(lines) == result


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.add_pip_package("not a requirement"),
        lambda one: one.add_pip_package("--pre"),
        lambda one: one.add_pip_package("./here.whl"),
        lambda one: one.add_pip_package("six\nattrs"),
        lambda one: one.add_pip_package(3),
        lambda one: one.add_pip_package("x @ https://u:hunter2@h.example/x.whl"),
        lambda one: one.set_pip_option("six"),
        lambda one: one.set_pip_option("--index-url https://u:hunter2@h.example/simple"),
        lambda one: one.set_pip_option("--nonsense"),
        lambda one: one.add_conda_package("=1"),
        lambda one: one.add_conda_package(None),
        lambda one: one.add_channel("--override"),
        lambda one: one.add_channel("https://u:hunter2@h.example/c"),
        lambda one: one.set_python_version("three"),
        lambda one: one.set_pip_requirements("six"),
    ],
)
def test_what_is_refused_changes_nothing(
    made: CondaDependencies, change: Callable[[CondaDependencies], None]
) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        change(made)
    assert "hunter2" not in repr(caught.value.problems)
    assert made.serialize_to_string() == FILE


def test_a_password_in_a_file_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "environment.yml"
    path.write_text(
        "dependencies:\n- pip:\n  - --index-url https://u:hunter2@h.example/simple\n  - six\n"
    )
    with pytest.warns(UserWarning, match="password") as warned:
        made = CondaDependencies(path)
    assert warned[0].filename == __file__
    assert list(made.pip_options) == ["--index-url https://h.example/simple"]
    assert "hunter2" not in made.serialize_to_string()


@pytest.mark.parametrize(
    "text", ["- a\n", "a: [\n", "&a [*a]\n", "a: " + "[" * 200, "a: 1\na: 2\n", ""]
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "environment.yml"
    path.write_text(text)
    with pytest.raises(MlenvError):
        CondaDependencies(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        CondaDependencies(tmp_path / "absent.yml")


def test_saving(made: CondaDependencies, tmp_path: Path) -> None:
    path = tmp_path / "out.yml"
    assert made.save(str(path)) == str(path)
    assert CondaDependencies(path) == made
    for wrong in (tmp_path, tmp_path / "absent" / "out.yml"):
        with pytest.raises(InvalidRequest):
            made.save(wrong)


def test_copies_are_on_their_own(made: CondaDependencies) -> None:
    other = made.copy()
    other.add_pip_package("attrs")
    made.as_dict()["dependencies"].clear()
    assert made.serialize_to_string() == FILE
    assert other != made
