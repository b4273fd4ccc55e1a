"""What becomes of versions, from the shell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended


def test_label_roll_back_archive_delete(mlenv: Callable[..., Ended]) -> None:
    mlenv("new", "churn", "-v", "N=1", "-m", "first")
    mlenv("set", "churn", "N=2")
    assert mlenv("label", "churn:1", "prod", "-m", "it works").out == "churn:prod means v1.\n"
    assert mlenv("show", "churn:prod", "--json").json["version"] == "1"
    labels = mlenv("label", "churn", "--json").json["items"]
    assert [(one["label"], one["version"]) for one in labels] == [("latest", "2"), ("prod", "1")]
    refused = mlenv("label", "churn", "prod", "--expected", "2", "--json")
    assert (refused.code, refused.error["code"]) == (4, "label_moved")
    assert mlenv("label", "churn:1", "latest").code == 2

    assert mlenv("rollback", "churn", "--json").json["version"] == "1"
    assert mlenv("show", "churn", "--json").json["version"] == "1"
    assert mlenv("archive", "churn:2").code == 0
    assert mlenv("archive", "churn:1").code == 4
    told = mlenv("history", "churn").out.splitlines()
    assert "archived v2" in told[1]
    assert "rolled back v2 → v1" in told[2]
    assert "labelled prod v1" in told[3] and told[3].endswith("it works")
    page = mlenv("history", "churn", "-n", "1", "--json").json
    assert (page["total"], len(page["items"])) == (5, 1)

    assert mlenv("label", "churn", "prod", "--remove").code == 0
    assert mlenv("delete", "churn:2", "--json").error["where"] == "--yes"
    assert mlenv("delete", "churn:2", "-y").code == 0
    assert mlenv("delete", "churn:9", "-y").code == 3
    assert mlenv("archive", "churn").code == 0
    assert "churn" not in mlenv("list", "-q").out.split()
    assert "churn" in mlenv("list", "-q", "--archived").out.split()
    assert mlenv("new", "churn").code == 4
    assert mlenv("restore", "churn").code == 0
    assert mlenv("delete", "churn", "-y").code == 0
    assert mlenv("show", "churn").code == 3


def test_described_and_tagged_in_place(mlenv: Callable[..., Ended]) -> None:
    mlenv("new", "churn")
    assert mlenv("describe", "churn", "Who leaves", "--json").json["description"] == "Who leaves"
    assert mlenv("tag", "churn", "team=growth", "gpu").out.splitlines() == ["gpu", "team=growth"]
    assert mlenv("tag", "churn", "-u", "gpu", "--json").json["tags"] == {"team": "growth"}
    shown = mlenv("show", "churn", "--json").json
    assert (shown["version"], shown["description"]) == ("1", "Who leaves")
    assert mlenv("list", "-q", "growth").out.split() == ["churn"]
    assert mlenv("tag", "mlenv-minimal", "a=b").code == 4


def test_the_same_definition_with_newer_packages_is_the_next_version(
    mlenv: Callable[..., Ended], wheelhouse: Callable[..., Path]
) -> None:
    place = wheelhouse("thing", "1.0")
    mlenv("new", "churn", "-p", "thing", "--find-links", str(place), "--index-url", place.as_uri())
    assert mlenv("refresh", "churn", "--json").error["code"] == "not_built"
    built = mlenv("build", "churn")
    assert built.code == 0, built.err
    assert "Nothing is new" in mlenv("refresh", "churn").out
    wheelhouse("thing", "1.1")
    dry = mlenv("refresh", "churn", "--dry-run", "--json").json
    assert not dry["created"]
    (change,) = dry["changes"]
    assert (change["before"], change["after"], change["change"]) == ("1.0", "1.1", "upgraded")
    made = mlenv("refresh", "churn", "-m", "weekly", "--json").json
    assert (made["created"], made["version"]["version"]) == (True, "2")
    assert [one["version"] for one in made["version"]["packages"]] == ["1.1"]
    old = mlenv("show", "churn:1", "--json").json
    assert [one["version"] for one in old["packages"]] == ["1.0"]
    assert old["definition_id"] == made["version"]["definition_id"]
    assert (old["state"], made["version"]["state"]) == ("ready", "not-built")
    again = mlenv("refresh", "churn:1", "--json").json
    assert (again["created"], again["version"]["version"]) == (False, "2")
    diff = mlenv("diff", "churn:1", "churn:2", "--json").json
    assert [one["change"] for one in diff["packages"]] == ["upgraded"]
    assert mlenv("build", "churn").code == 0
    shown = mlenv("exec", "churn", "--", "python", "-c", "import thing; print(thing.__version__)")
    assert shown.out == "1.1\n"
    shown = mlenv("exec", "churn:1", "--", "python", "-c", "import thing; print(thing.__version__)")
    assert shown.out == "1.0\n"


def test_a_version_is_called_as_it_was(mlenv: Callable[..., Ended], tmp_path: Path) -> None:
    file = tmp_path / "azureml_environment.json"
    called = ("v3", "null", "Autosave_2021-03-20T17:38:44Z_adda0f97")
    for number, version in enumerate(called):
        variables = {"N": str(number)}
        python = {"condaDependencies": {"dependencies": []}}
        data = {"version": version, "environmentVariables": variables, "python": python}
        file.write_text(json.dumps(data))
        assert mlenv("import", str(file), "-n", "x", "--json").json["version"] == version
    # The numbers go on where names do not: `v4` is 4, and `v3` the one that is called so.
    assert mlenv("set", "x", "N=9", "--json").json["version"] == "4"
    for version, number in (*zip(called, "012", strict=True), ("v4", "9"), ("4", "9")):
        shown = mlenv("show", f"x:{version}", "--json").json
        assert shown["definition"]["variables"] == {"N": number}
    assert mlenv("show", "x:3", "--json").code == 3
    assert mlenv("diff", "x:null", f"x:{called[2]}", "--json").code == 0
    assert mlenv("label", "x:v3", "prod", "--json").code == 0
    assert mlenv("export", f"x:{called[2]}", "--format", "json").code == 0
    assert mlenv("delete", "x:null", "-y").code == 0
    assert mlenv("show", "mlenv-minimal:v1", "--json").json["version"] == "1"

    file.write_text(json.dumps({**data, "version": "no version!"}))
    said = mlenv("import", str(file), "-n", "y", "--json").json
    assert said["version"] == "1"
