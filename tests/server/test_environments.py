"""Environments, versions and definitions over the API."""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from jupyter_server.auth import Authorizer

from .conftest import HERE

DEFINITION = {
    "python": "3.11",
    "pip": {"requirements": ["NumPy>=2", "pandas"]},
    "variables": {"MODE": "test"},
}


async def test_from_the_first_version_to_the_last(api: Any) -> None:
    made = await api(
        "POST",
        "/environments",
        {
            "name": "churn",
            "definition": DEFINITION,
            "description": "Who leaves",
            "tags": {"team": "a"},
            "message": "first",
        },
    )
    assert made.status == 201
    assert made.response.headers["Location"] == f"{HERE}/environments/churn/versions/1"
    assert made.json["definition"]["pip"]["requirements"] == ["numpy>=2", "pandas"]
    assert (made.json["version"], made.json["message"]) == ("1", "first")

    again = await api("POST", "/environments", {"name": "churn", "definition": DEFINITION})
    assert (again.status, again.json["error"]["code"]) == (409, "conflict")

    same = await api("POST", "/environments/churn/versions", {"definition": DEFINITION})
    assert (same.status, same.json["version"]) == (200, "1")

    changed = {**DEFINITION, "variables": {"MODE": "live"}}
    second = await api("POST", "/environments/churn/versions", {"definition": changed, "base": "1"})
    assert (second.status, second.json["version"]) == (201, "2")
    assert (
        await api("POST", "/environments/churn/versions", {"definition": changed, "base": "9"})
    ).status == 404

    detail = (await api("GET", "/environments/churn")).json
    assert [one["version"] for one in detail["versions"]] == ["2", "1"]
    assert detail["environment"]["version_count"] == 2
    assert detail["environment"]["latest"]["version"] == "2"
    listed = (await api("GET", "/environments/churn/versions")).json
    assert listed["items"] == detail["versions"]

    for version, mode in (("1", "test"), ("2", "live"), ("latest", "live")):
        one = await api("GET", f"/environments/churn/versions/{version}")
        assert one.json["definition"]["variables"] == {"MODE": mode}

    diff = await api("GET", "/diff", query={"from": "churn:1", "to": "churn:2"})
    assert [one["name"] for one in diff.json["variables"]] == ["MODE"]
    assert diff.json["requirements"] == []

    assert (await api("DELETE", "/environments/churn")).status == 204
    assert (await api("GET", "/environments/churn")).status == 404
    assert (await api("GET", "/environments")).json == {"items": [], "next": None, "total": 0}


async def test_a_list_comes_in_pages(api: Any) -> None:
    names = {f"env-{number}" for number in range(5)}
    for name in sorted(names):
        await api("POST", "/environments", {"name": name, "definition": {"python": "3.11"}})
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await api("GET", "/environments", query=query)).json
        assert page["total"] == 5
        assert len(page["items"]) <= 2
        seen += [one["name"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert (len(seen), set(seen)) == (5, names)
    found = (await api("GET", "/environments", query={"q": "env-3"})).json
    assert [one["name"] for one in found["items"]] == ["env-3"]


async def test_a_definition_is_validated_before_it_is_registered(api: Any) -> None:
    good = (await api("POST", "/validate", {"definition": DEFINITION})).json
    assert good["ok"]
    assert len(good["digest"]) == 64
    assert good["definition"]["pip"]["requirements"] == ["numpy>=2", "pandas"]
    bad = await api(
        "POST", "/validate", {"name": "../x", "definition": {"pip": {"requirements": ["a", "!"]}}}
    )
    assert bad.status == 200
    assert not bad.json["ok"]
    assert {"name", "pip.requirements[1]"} == {one["where"] for one in bad.json["problems"]}
    both = await api("POST", "/validate", {"definition": {}, "text": "numpy"})
    assert both.status == 400


async def test_a_text_is_validated_by_its_lines(api: Any) -> None:
    good = await api(
        "POST", "/validate", {"text": "# wanted\nNumPy>=2\n\npandas\n", "format": "requirements"}
    )
    assert good.json["ok"]
    assert good.json["definition"]["pip"]["requirements"] == ["numpy>=2", "pandas"]
    bad = (await api("POST", "/validate", {"text": "numpy\npandas ==== 1\n"})).json
    assert not bad["ok"]
    assert bad["problems"][0]["where"] == "line 2"
    refused = (await api("POST", "/validate", {"text": "numpy\n-r other.txt\n"})).json
    assert not refused["ok"]
    assert refused["problems"][0]["where"] == "line 2"


async def test_a_file_is_read_and_written(api: Any) -> None:
    text = "name: old\ndependencies:\n- python=3.11\n- pip:\n  - numpy>=2\n"
    read = await api("POST", "/import", {"text": text, "filename": "conda_dependencies.yml"})
    assert read.status == 200, read.json
    assert read.json["definition"]["pip"]["requirements"] == ["numpy>=2"]
    assert read.json["report"]["taken"]
    assert (read.json["name"], read.json["problems"]) == ("old", [])
    assert (await api("GET", "/environments")).json["total"] == 0

    await api("POST", "/environments", {"name": "churn", "definition": DEFINITION})
    where = "/environments/churn/versions/latest/export"
    written = await api("GET", where)
    assert written.response.body.decode().splitlines()[-2:] == ["numpy>=2", "pandas"]
    conda = await api("GET", where, query={"format": "conda"})
    assert "numpy>=2" in conda.response.body.decode()
    assert 'filename="churn' in conda.response.headers["Content-Disposition"]
    folder = await api("GET", where, query={"format": "azureml"})
    assert folder.response.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(folder.response.body)) as archive:
        assert "azureml_environment.json" in archive.namelist()
    assert (await api("GET", where, query={"format": "requirements-hashed"})).status == 409
    plain = await api("GET", where, query={"format": "json"})
    assert plain.json["definition"]["pip"]["requirements"] == ["numpy>=2", "pandas"]


async def test_more_than_one_text_is_read(api: Any) -> None:
    data = base64.b64encode("six\n".encode("utf-16")).decode()
    read = await api("POST", "/import", {"data": data, "filename": "requirements.txt"})
    assert (read.json["format"], read.json["definition"]["pip"]["requirements"]) == (
        "requirements",
        ["six"],
    )
    files = {"binder/environment.yml": "dependencies:\n- pip:\n  - six\n", "binder/apt.txt": "x"}
    folder = await api("POST", "/import", {"files": files})
    assert folder.json["format"] == "repo2docker"
    project = "[project]\nname='x'\n[dependency-groups]\ntest=['six']\n"
    asked = {"text": project, "filename": "pyproject.toml", "groups": ["test"]}
    grouped = await api("POST", "/import", asked)
    assert grouped.json["definition"]["pip"]["requirements"] == ["six"]
    beside = {"text": "-r a.txt\n", "filename": "requirements.txt", "files": {"a.txt": "six"}}
    nested = await api("POST", "/import", beside)
    assert nested.json["definition"]["pip"]["requirements"] == ["six"]
    for wrong in ({}, {"text": "", "data": ""}, {"text": "", "format": "word"}, {"data": "!"}):
        assert (await api("POST", "/import", {**wrong, "filename": "x"})).status == 400


async def test_a_file_beside_a_notebook(api: Any, jp_root_dir: Path) -> None:
    place = jp_root_dir / "work"
    place.mkdir()
    (place / ".python-version").write_text("3.11\n")
    body = {"text": "idna\n", "filename": "requirements.txt"}
    read = (await api("POST", "/import", body)).json
    assert (read["definition"]["python"], read["here"]) == (None, None)
    body["directory"] = "work"
    read = (await api("POST", "/import", body)).json
    assert (read["definition"]["python"], read["here"]) == ("3.11", None)
    made = {"name": "ours", "definition": read["definition"]}
    assert (await api("POST", "/environments", made)).status == 201
    read = (await api("POST", "/import", body)).json
    assert read["here"] == {"name": "ours", "version": "1"}
    # A directory that is not below the server's own is none.
    for outside in ("../..", "/../work/../..", "nowhere", "work/.python-version"):
        read = await api("POST", "/import", {**body, "directory": outside})
        assert (read.status, read.json["definition"]["python"]) == (200, None), outside


async def test_the_catalogue_is_read_only(api: Any) -> None:
    catalogue = (await api("GET", "/catalogue")).json
    names = [one["name"] for one in catalogue["items"]]
    assert "mlenv-minimal" in names
    assert catalogue["problems"] == []
    assert all(one["read_only"] for one in catalogue["items"])
    listed = (await api("GET", "/environments", query={"source": "catalogue"})).json
    assert [one["name"] for one in listed["items"]] == names
    assert (await api("GET", "/environments/mlenv-minimal")).status == 200
    assert (await api("GET", "/environments/mlenv-minimal/versions/latest")).json["definition"]
    assert (await api("DELETE", "/environments/mlenv-minimal")).status == 409
    own = await api("POST", "/environments", {"name": "MLENV-own", "definition": {}})
    assert own.status == 400


async def test_the_machine_is_described(api: Any) -> None:
    pythons = (await api("GET", "/python")).json
    assert pythons["items"]
    assert pythons["default"].startswith("3.")
    status = (await api("GET", "/status")).json
    assert status["builds_running"] == 0
    assert status["disk_free"] > 0
    assert (await api("GET", "/kernels")).json == {"items": []}
    assert (await api("GET", "/builds")).json == {"items": []}


class Reads(Authorizer):
    """Whoever asks may look, and change nothing."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Reading is allowed."""
        return action == "read"


async def test_nothing_can_be_changed_by_who_may_only_look(api: Any, jp_serverapp: Any) -> None:
    await api("POST", "/environments", {"name": "churn", "definition": DEFINITION})

    async def read_only() -> list[bool]:
        listed = (await api("GET", "/environments")).json["items"]
        detail = (await api("GET", "/environments/churn")).json["environment"]
        return [one["read_only"] for one in (*listed, detail)]

    assert await read_only() == [False, False]
    jp_serverapp.web_app.settings["authorizer"] = Reads(parent=jp_serverapp)
    assert await read_only() == [True, True]
    assert (await api("DELETE", "/environments/churn")).status == 403


async def test_what_the_notebooks_of_a_directory_remember(
    api: Any, jp_root_dir: Path, tmp_path: Path
) -> None:
    await api("POST", "/environments", {"name": "churn", "definition": DEFINITION})
    stamp = (await api("GET", "/environments/churn/versions/1/stamp")).json
    notebook = {"cells": [], "metadata": {"mlenv": stamp}, "nbformat": 4, "nbformat_minor": 5}
    outside = tmp_path / "outside"
    for place in (jp_root_dir / "a b", outside):
        place.mkdir()
        (place / "x.ipynb").write_text(json.dumps(notebook))

    async def nearby(directory: str) -> Any:
        return (await api("GET", "/notebooks/nearby", query={"directory": directory})).json["items"]

    assert await nearby("a b/") == [{"name": "churn", "version": "1", "notebooks": 1}]
    assert await nearby("") == await nearby("gone") == []
    assert await nearby(os.path.relpath(outside, jp_root_dir)) == []
