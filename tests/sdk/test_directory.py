"""Environments as directories: what is saved is what is loaded, and no password is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlenv_jupyter import CondaDependencies, Environment
from mlenv_jupyter.core.errors import Conflict, NotFound
from tests.sdk.test_environment import full

DATA = Path(__file__).parents[1] / "data" / "environment_directory"


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    made = full()
    made.save_to_directory(tmp_path / "out")
    again = Environment.load_from_directory(tmp_path / "out")
    assert again.definition == made.definition
    assert repr(again) == repr(made)
    assert again.python.conda_dependencies == made.python.conda_dependencies


def test_comments_of_the_conda_file_stay(tmp_path: Path) -> None:
    conda = tmp_path / "environment.yml"
    conda.write_text("# why\ndependencies:\n- python=3.11\n- zlib  # first\n- bzip2\n")
    made = Environment.from_conda_specification("x", conda)
    made.save_to_directory(tmp_path / "out")
    assert (tmp_path / "out" / "conda_dependencies.yml").read_text() == conda.read_text()


def test_a_directory_that_is_there_is_not_overwritten_unasked(tmp_path: Path) -> None:
    made = Environment("x")
    made.docker.base_dockerfile = "FROM debian:12"
    made.save_to_directory(tmp_path / "out")
    with pytest.raises(Conflict, match="overwrite"):
        made.save_to_directory(tmp_path / "out")
    made.docker.base_dockerfile = None
    made.save_to_directory(tmp_path / "out", overwrite=True)
    assert not (tmp_path / "out" / "BaseDockerfile").exists()
    assert Environment.load_from_directory(tmp_path / "out").docker.base_dockerfile is None


def test_a_dockerfile_has_a_file_of_its_own(tmp_path: Path) -> None:
    made = Environment("x")
    made.docker.base_dockerfile = "FROM debian:12\nRUN true\n"
    made.save_to_directory(tmp_path / "out")
    assert (tmp_path / "out" / "BaseDockerfile").read_text() == made.docker.base_dockerfile


@pytest.mark.parametrize("case", sorted(one.name for one in DATA.iterdir()))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_the_seed_has_written_is_loaded(case: str, tmp_path: Path) -> None:
    made = Environment.load_from_directory(DATA / case)
    made.save_to_directory(tmp_path / "out")
    assert Environment.load_from_directory(tmp_path / "out").definition == made.definition
    written = "".join(one.read_text() for one in (tmp_path / "out").iterdir())
    assert "user:pw@" not in written and '"secret"' not in written


def test_a_version_of_the_seed_is_kept(tmp_path: Path) -> None:
    made = Environment("x", version="Autosave_2021-03-20T17:38:44Z_adda0f97")
    made.save_to_directory(tmp_path / "out")
    assert Environment.load_from_directory(tmp_path / "out").version == made.version


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"azureml_environment\.json"):
        Environment.load_from_directory(tmp_path)


def test_without_dependencies_there_is_no_conda_file(tmp_path: Path) -> None:
    made = Environment("x")
    made.python.conda_dependencies = None
    made.python.user_managed_dependencies = True
    made.save_to_directory(tmp_path / "out")
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["azureml_environment.json"]
    assert isinstance(Environment("y").python.conda_dependencies, CondaDependencies)
