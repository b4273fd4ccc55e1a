"""Files in, files out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended


def test_requirements_with_a_file_beside_it(mlenv: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("six\n")
    file = tmp_path / "requirements.txt"
    file.write_text("-r base.txt\nattrs>=23  # a comment\n")
    dry = mlenv("import", str(file), "-n", "mine", "--dry-run", "--json").json
    assert dry["definition"]["pip"]["requirements"] == ["attrs>=23", "six"]
    assert mlenv("show", "mine").code == 3
    made = mlenv("import", str(file), "-n", "mine", "--json").json
    assert (made["version"], made["wanted"]) == ("1", ["attrs", "six"])
    lines = mlenv("export", "mine").out.splitlines()
    assert [one for one in lines if not one.startswith("#")] == ["attrs>=23", "six"]


def test_standard_input_and_the_name_in_the_file(mlenv: Callable[..., Ended]) -> None:
    text = "name: from-conda\ndependencies:\n  - python=3.11\n  - pip:\n      - six\n"
    made = mlenv("import", "-", "--json", text=text).json
    assert (made["name"], made["python"], made["wanted"]) == ("from-conda", "3.11", ["six"])
    assert mlenv("import", "-", text="six\n").code == 2


def test_bad_line_is_named(mlenv: Callable[..., Ended]) -> None:
    ended = mlenv("import", "-", "-n", "x", "--json", text="six\nbad req!!\n")
    assert ended.code == 2
    assert ended.error["where"] == "line 2"
    assert mlenv("show", "x").code == 3


def test_what_only_stands_beside_a_file_keeps_nobody_from_it(
    mlenv: Callable[..., Ended], tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text("six\n")
    (tmp_path / "runtime.txt").mkdir()
    (tmp_path / ".python-version").write_bytes(b"\xff\xfe\x00")
    words = ("import", str(tmp_path / "requirements.txt"), "-n", "x", "--dry-run", "--json")
    made = mlenv(*words).json["definition"]
    assert (made["pip"]["requirements"], made.get("python")) == (["six"], None)


def test_what_says_nothing_that_can_be_taken_makes_no_environment(
    mlenv: Callable[..., Ended],
) -> None:
    ended = mlenv("import", "-", "-n", "x", "--json", text="name: [\n")
    assert ended.code == 2
    assert "name: [" in ended.error["detail"]
    assert mlenv("show", "x").code == 3
    assert mlenv("import", "-", "-n", "x", text="# nothing yet\n").code == 0


def test_directory_there_and_back(mlenv: Callable[..., Ended], tmp_path: Path) -> None:
    place = tmp_path / "place"
    words = ("environment", "scaffold", "-n", "dir-env", "-d", str(place), "--python", "3.11")
    assert mlenv(*words).code == 0
    assert mlenv(*words).code == 4
    assert (place / "azureml_environment.json").exists()
    conda = place / "conda_dependencies.yml"
    text = conda.read_text()
    assert "python=3.11" in text
    conda.write_text(text.rstrip() + "\n- pip:\n  - six==1.17.0\n")
    made = mlenv("environment", "register", "-d", str(place), "--json").json
    assert (made["name"], made["python"], made["wanted"]) == ("dir-env", "3.11", ["six"])
    back = tmp_path / "back"
    assert mlenv("environment", "download", "-n", "dir-env", "-d", str(back)).code == 0
    again = mlenv("environment", "register", "-d", str(back), "--json").json
    assert (again["version"], again["definition_id"]) == ("1", made["definition_id"])
    assert "dir-env" in mlenv("environment", "list").out
    assert mlenv("environment", "show", "dir-env").code == 0


def test_variables_and_difference(mlenv: Callable[..., Ended]) -> None:
    mlenv("new", "x", "-p", "six", "-v", "A=1", "-v", "B=2")
    made = mlenv("set", "x", "A=3", "C=d=e", "--unset", "B", "--json").json
    assert made["definition"]["variables"] == {"A": "3", "C": "d=e"}
    found = mlenv("diff", "x:1", "x:2", "--json").json
    assert [one["name"] for one in found["variables"]] == ["A", "B", "C"]
    assert found["requirements"] == []
    shown = mlenv("diff", "x:1", "x:2").out
    assert "~ A  1 → 3" in shown
    assert "− B  2" in shown


def test_a_directory_and_the_bytes_of_a_file(mlenv: Callable[..., Ended], tmp_path: Path) -> None:
    binder = tmp_path / "repo" / "binder"
    binder.mkdir(parents=True)
    (binder / "requirements.txt").write_bytes("six\n".encode("utf-16"))
    (binder / "runtime.txt").write_text("python-3.11\n")
    made = mlenv("import", str(tmp_path / "repo"), "-n", "repo", "--dry-run", "--json").json
    assert (made["format"], made["definition"]["python"]) == ("repo2docker", "3.11")
    assert made["definition"]["pip"]["requirements"] == ["six"]
    assert mlenv("import", str(binder), "-n", "x", "--format", "word").code == 2


def test_a_project_with_a_group(mlenv: Callable[..., Ended], tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(
        "[project]\nname = 'churn'\ndependencies = ['six']\n[dependency-groups]\ntest = ['attrs']\n"
    )
    assert mlenv("import", str(file), "--json").json["wanted"] == ["six"]
    asked = ("import", str(file), "--group", "test", "--json")
    assert mlenv(*asked).json["wanted"] == ["attrs", "six"]
    assert mlenv("import", str(file), "--group", "none", "--json").code == 2


def test_a_build_context_is_kept_by_its_content(
    mlenv: Callable[..., Ended], tmp_path: Path
) -> None:
    place = tmp_path / "image"
    place.mkdir()
    (place / "Dockerfile").write_text("FROM python:3.11\nCOPY a.txt .\n")
    (place / "a.txt").write_text("1")
    first = mlenv("import", str(place), "-n", "image", "--json").json
    assert len(first["definition"]["docker"]["build_context"]["sha256"]) == 64
    (place / "a.txt").write_text("2")
    second = mlenv("import", str(place), "-n", "image", "--json").json
    assert (second["version"], first["digest"] != second["digest"]) == ("2", True)


def test_every_format_is_written(mlenv: Callable[..., Ended], tmp_path: Path) -> None:
    from mlenv_jupyter.cli.exchange import FORMS
    from mlenv_jupyter.formats import EXPORTS

    assert tuple(EXPORTS) == tuple(one for one in EXPORTS if one in FORMS)
    assert set(EXPORTS) == set(FORMS)
    mlenv("new", "x", "-p", "six", "-v", "A=1")
    for form in ("requirements-unpinned", "conda", "pixi", "script", "dockerfile", "json"):
        assert "six" in mlenv("export", "x", "--format", form).out
    assert mlenv("export", "x", "--format", "azureml").code == 2
    assert mlenv("export", "x", "--format", "azureml", "-o", str(tmp_path)).code == 0
    assert (tmp_path / "azureml_environment.json").exists()
    assert mlenv("export", "x", "--format", "devcontainer", "-o", str(tmp_path)).code == 0
    assert (tmp_path / ".devcontainer" / "devcontainer.json").exists()
    for form in ("requirements-hashed", "pylock", "sbom"):
        ended = mlenv("export", "x", "--format", form, "--json")
        assert (ended.code, ended.error["code"]) == (4, "not_locked")
    assert mlenv("export", "x", "--format", "word").code == 2


def test_what_is_built_is_written_with_hashes(
    mlenv: Callable[..., Ended], ready: dict[str, str], tmp_path: Path
) -> None:
    hashed = mlenv("export", "ready", "--format", "requirements-hashed").out
    assert "six==" in hashed
    assert "--hash=sha256:" in hashed
    bill = json.loads(mlenv("export", "ready", "--format", "sbom").out)
    assert [one["name"] for one in bill["components"]] == ["six"]
    lock = tmp_path / "pylock.toml"
    assert mlenv("export", "ready", "--format", "pylock", "-o", str(lock)).code == 0
    again = mlenv("import", str(lock), "-n", "again", "--json").json
    assert again["definition"]["pip"]["requirements"][0].startswith("six==")


def test_a_lock_is_printed_once_it_is_known(mlenv: Callable[..., Ended]) -> None:
    mlenv("new", "locked", "-p", "six==1.16.0")
    unknown = mlenv("lock", "locked", "--json")
    assert (unknown.code, unknown.error["code"]) == (4, "not_built")
    assert mlenv("build", "locked").code == 0
    assert mlenv("lock", "locked").out.startswith("six==1.16.0 --hash=sha256:")
    assert mlenv("lock", "locked", "--json").json["items"][0]["name"] == "six"


def test_wheels_beside_a_file_are_taken_along(
    mlenv: Callable[..., Ended], wheelhouse: Callable[..., Path], tmp_path: Path
) -> None:
    place = wheelhouse("mlenv-test-beside")
    file = tmp_path / "requirements.txt"
    wheel = next(place.iterdir())
    lines = ["idna", f"./wheels/{wheel.name}", "./gone-1-py3-none-any.whl", "-f wheels", "-f away"]
    file.write_text("\n".join(lines))
    for words in (["--dry-run"], []):
        made = mlenv("import", str(file), "-n", "x", "--json", *words).json
        definition = made["definition"]
        assert [one["name"] for one in definition["wheels"]] == [wheel.name]
        assert definition["pip"]["find_links"] == [str(place)]
        kept = ["./gone-1-py3-none-any.whl", "--find-links away"]
        assert definition["pip"]["options"] == kept
    assert "No effect   ./gone-1" in mlenv("show", "x").out
    said = mlenv("import", str(file), "-n", "y").out
    assert f"private wheel {wheel.name}" in said
    assert said.count("kept, not honoured, as") == 2
