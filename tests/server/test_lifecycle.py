"""Labels, history, roll back, archive and refresh over the API."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest


async def two(api: Any) -> None:
    """Two versions of ``churn``."""
    for number in (1, 2):
        definition = {"variables": {"N": str(number)}}
        where = "/environments" if number == 1 else "/environments/churn/versions"
        body = {"definition": definition, **({"name": "churn"} if number == 1 else {})}
        assert (await api("POST", where, body)).status == 201


async def test_what_was_made_says_its_labels(api: Any) -> None:
    body = {"name": "churn", "definition": {}, "description": "Who leaves", "tags": {"a": "b"}}
    made = (await api("POST", "/environments", body)).json
    assert (made["labels"], made["description"], made["tags"]) == (
        ["latest"],
        "Who leaves",
        {"a": "b"},
    )


async def test_a_label_is_put_moved_and_taken_away(api: Any) -> None:
    await two(api)
    put = await api("PUT", "/environments/churn/labels/prod", {"version": "1", "message": "ok"})
    assert put.json["labels"] == {"latest": "2", "prod": "1"}
    assert (await api("GET", "/environments/churn/versions/prod")).json["version"] == "1"
    moved = await api("PUT", "/environments/churn/labels/prod", {"version": "2", "expected": "2"})
    assert (moved.status, moved.json["error"]["code"]) == (409, "label_moved")
    await api("PUT", "/environments/churn/labels/prod")
    labels = (await api("GET", "/environments/churn/labels")).json["items"]
    assert [(one["label"], one["version"]) for one in labels] == [("latest", "2"), ("prod", "2")]
    assert (await api("DELETE", "/environments/churn/labels/prod")).status == 204
    assert (await api("DELETE", "/environments/churn/labels/prod")).status == 404
    assert (await api("PUT", "/environments/churn/labels/latest", {})).status == 400
    assert (await api("PUT", "/environments/churn/labels/a%2Fb", {})).status == 400
    history = (await api("GET", "/environments/churn/history", query={"limit": 2})).json
    assert [one["action"] for one in history["items"]] == ["unlabelled", "labelled"]
    assert history["total"] == 5
    more = {"limit": 2, "cursor": history["next"]}
    history = (await api("GET", "/environments/churn/history", query=more)).json
    assert [one["action"] for one in history["items"]] == ["labelled", "registered"]
    assert (await api("GET", "/environments/churn/history", query={"cursor": "x"})).status == 400


async def test_rolled_back_archived_restored_deleted(api: Any) -> None:
    await two(api)
    back = await api("POST", "/environments/churn/rollback", {"version": "1"})
    assert (back.json["version"], back.json["labels"]) == ("1", ["latest"])
    assert (await api("GET", "/environments/churn/versions/latest")).json["version"] == "1"
    gone = await api("POST", "/environments/churn/versions/2/archive", {"message": "slow"})
    assert gone.json["version_count"] == 1
    assert [
        one["version"] for one in (await api("GET", "/environments/churn")).json["versions"]
    ] == ["1"]
    shown = {"archived": "true"}
    versions = (await api("GET", "/environments/churn/versions", query=shown)).json
    assert [bool(one["archived_at"]) for one in versions["items"]] == [True, False]
    assert (await api("POST", "/environments/churn/versions/1/archive")).status == 409
    assert (await api("POST", "/environments/churn/versions/2/restore")).json["version_count"] == 2
    assert (await api("DELETE", "/environments/churn/versions/2")).status == 204
    assert (await api("DELETE", "/environments/churn/versions/1")).status == 409

    assert (await api("POST", "/environments/churn/archive")).json["archived_at"]
    assert (await api("GET", "/environments")).json["items"] == []
    listed = (await api("GET", "/environments", query=shown)).json["items"]
    assert [one["name"] for one in listed] == ["churn"]
    refused = await api("POST", "/environments/churn/versions", {"definition": {}})
    assert (refused.status, refused.json["error"]["code"]) == (409, "archived")
    assert (await api("POST", "/environments/churn/restore")).json["archived_at"] is None
    assert (await api("POST", "/environments/mlenv-minimal/archive")).status == 409


async def test_versions_come_in_pages(api: Any) -> None:
    await two(api)
    page = (await api("GET", "/environments/churn/versions", query={"limit": 1})).json
    assert ([one["version"] for one in page["items"]], page["total"]) == (["2"], 2)
    more = {"limit": 1, "cursor": page["next"]}
    page = (await api("GET", "/environments/churn/versions", query=more)).json
    assert ([one["version"] for one in page["items"]], page["next"]) == (["1"], None)


async def test_description_and_tags_change_in_place(api: Any) -> None:
    await two(api)
    put = await api("PUT", "/environments/churn", {"description": "Who leaves"})
    assert put.json["description"] == "Who leaves"
    put = await api("PUT", "/environments/churn", {"tags": {"team": "a"}})
    assert (put.json["description"], put.json["tags"]) == ("Who leaves", {"team": "a"})
    assert put.json["version_count"] == 2
    assert (await api("PUT", "/environments/churn", {"tags": {"": "a"}})).status == 400
    assert (await api("PUT", "/environments/nobody", {})).status == 404


async def test_what_has_no_lock_is_not_refreshed(api: Any) -> None:
    await two(api)
    answer = await api("POST", "/environments/churn/versions/latest/refresh")
    assert (answer.status, answer.json["error"]["code"]) == (409, "not_built")


@pytest.mark.parametrize("version", ["Autosave_2021-03-20T17:38:44Z_adda0f97", "null", "v3", "a+b"])
async def test_a_version_is_called_as_it_was(api: Any, version: str) -> None:
    text = json.dumps({"version": version, "python": {"condaDependencies": {"dependencies": []}}})
    body = {"filename": "azureml_environment.json", "text": text}
    read = (await api("POST", "/import", body)).json
    assert read["version"] == version
    body = {"name": "x", "definition": read["definition"], "version": version}
    assert (await api("POST", "/environments", body)).json["version"] == version
    place = f"/environments/x/versions/{quote(version, safe='')}"
    assert (await api("GET", place)).json["version"] == version
    await api("POST", "/environments/x/versions", {"definition": {"python": "3.12"}})
    differ = await api("GET", "/diff", query={"from": f"x:{version}", "to": "x"})
    assert "3.12" in json.dumps(differ.json)
    assert (await api("POST", f"{place}/archive", {})).json["version_count"] == 1
