"""Runs and services over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.workspace import Workspace


async def test_a_run_from_its_submission_to_its_end(
    api: Any, workspace: Workspace, tmp_path: Path
) -> None:
    workspace.register("small", Definition.create())
    source = tmp_path / "source"
    source.mkdir()
    asked = {
        "name": "small",
        "source_directory": str(source),
        "command": ["python", "-c", "print('over the wire')"],
    }
    made = await api("POST", "/runs", asked)
    assert made.status == 202
    run = made.json["id"]
    log = (await api("GET", f"/runs/{run}/log?follow=1")).response.body.decode()
    records = [json.loads(line) for line in log.splitlines() if line]
    assert "over the wire" in [one.get("x") for one in records]
    assert records[-1]["k"] == "result"
    found = (await api("GET", f"/runs/{run}")).json
    assert (found["state"], found["exit_code"]) == ("succeeded", 0)
    assert [one["id"] for one in (await api("GET", "/runs")).json["items"]] == [run]
    more = await api("POST", f"/runs/{run}/again")
    assert more.status == 202
    assert workspace.runs.wait(more.json["id"], 30).exit_code == 0
    assert more.json["snapshot"] == found["snapshot"]
    asked["command"] = ["sleep", "60"]
    run = (await api("POST", "/runs", asked)).json["id"]
    assert (await api("DELETE", f"/runs/{run}")).json["cancelling"]
    assert workspace.runs.wait(run, 20).state == "cancelled"


async def test_wrong_requests_are_told_so(api: Any, tmp_path: Path) -> None:
    assert (await api("GET", "/runs/absent")).status == 404
    assert (await api("GET", "/runs/absent/log")).status == 404
    asked = {"name": "absent", "source_directory": str(tmp_path), "command": ["true"]}
    assert (await api("POST", "/runs", asked)).status == 404
    assert (await api("POST", "/runs", {"name": "absent"})).status == 400
    assert (await api("GET", "/services")).json == {"items": []}
    assert (await api("GET", "/services/absent")).status == 404
    assert (await api("DELETE", "/services/absent")).status == 404
    assert (await api("GET", "/services/absent/log")).status == 404
    assert (await api("GET", "/services/absent/keys")).status == 404
    assert (await api("POST", "/services/absent/score", {"data": "{}"})).status == 404
    assert (await api("POST", "/services/absent/keys", {"key": "primary"})).status == 404
    assert (await api("POST", "/services/absent/keys", {"key": "third"})).status == 400
    assert (await api("POST", "/runs/absent/again")).status == 404


@pytest.mark.network
async def test_a_service_is_asked_and_followed(
    api: Any, workspace: Workspace, tmp_path: Path
) -> None:
    from mlenv_jupyter.serving.services import Deployment

    workspace.register("small", Definition.create())
    (tmp_path / "score.py").write_text(
        "import json\ndef run(data):\n    print('asked')\n    return json.loads(data)['x'] * 2"
    )
    wanted = Deployment(
        environment="small", version=None, models=(), entry_script="score.py",
        source_directory=str(tmp_path), authenticated=True,
    )  # fmt: skip
    workspace.services.deploy("twice", wanted)
    try:
        assert workspace.services.wait("twice", 60).state == "healthy"
        answer = (await api("POST", "/services/twice/score", {"data": '{"x": 21}'})).json
        assert (answer["status"], answer["body"], answer["cut"]) == (200, "42", False)
        answer = (await api("POST", "/services/twice/score", {"data": "{}"})).json
        assert (answer["status"], "KeyError" in answer["body"]) == (500, True)
        log = (await api("GET", "/services/twice/log")).response.body.decode()
        assert "KeyError" in log
        keys = (await api("GET", "/services/twice/keys")).json
        renewed = (await api("POST", "/services/twice/keys", {"key": "primary"})).json
        assert renewed["primary"] != keys["primary"]
        assert renewed["secondary"] == keys["secondary"]
        assert (await api("DELETE", "/services/twice")).status == 204
    finally:
        for one in workspace.services.all():
            workspace.services.delete(one.name)
