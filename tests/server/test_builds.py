"""Builds and kernels over the API, with real workers."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import HERE


async def register(api: Any, *requirements: str, name: str = "demo") -> None:
    """One environment with these requirements."""
    definition = {"pip": {"requirements": requirements}}
    made = await api("POST", "/environments", {"name": name, "definition": definition})
    assert made.status == 201, made.json


async def followed(api: Any, build: str) -> list[dict[str, Any]]:
    """Every record of a build, when it has ended."""
    log = await api("GET", f"/builds/{build}/log", query={"follow": 1}, timeout=240)
    return [json.loads(line) for line in log.response.body.splitlines() if line]


async def ended(api: Any, build: str) -> dict[str, Any]:
    """The build when its row says that it has ended, which is just after its log does."""
    while True:
        found: dict[str, Any] = (await api("GET", f"/builds/{build}")).json
        if found["finished_at"] is not None:
            return found
        await asyncio.sleep(0.01)


@pytest.mark.network
@pytest.mark.slow
async def test_from_a_definition_to_a_kernel(api: Any) -> None:
    await register(api, "six==1.16.0")
    early = await api("POST", "/kernels", {"name": "demo"})
    assert (early.status, early.json["error"]["code"]) == (409, "not_built")
    assert early.json["error"]["remedy"]

    asked = await asyncio.gather(*(api("POST", "/builds", {"name": "demo"}) for _ in range(4)))
    assert {one.status for one in asked} == {202}
    (build,) = {one.json["id"] for one in asked}
    assert asked[0].response.headers["Location"] == f"{HERE}/builds/{build}"
    records = await followed(api, build)
    assert [one["s"] for one in records if one["k"] == "stage"] == [
        "resolving",
        "installing",
        "verifying",
    ]
    assert records[-1]["d"]["state"] == "succeeded"
    done = await ended(api, build)
    assert (done["state"], done["error"]) == ("succeeded", None)
    version = (await api("GET", "/environments/demo/versions/1")).json
    assert version["state"] == "ready"
    assert [one["name"] for one in version["packages"]] == ["six"]

    reused = (await api("POST", "/builds", {"name": "demo"})).json
    assert (reused["reused"], reused["state"], reused["id"]) == (True, "succeeded", build)

    kernel = await api("POST", "/kernels", {"name": "demo", "version": "1"})
    assert kernel.status == 201
    name = kernel.json["kernel_name"]
    assert kernel.response.headers["Location"] == f"{HERE}/kernels/{name}"
    assert (await api("GET", "/environments/demo/versions/1")).json["kernel"] == name
    assert (await api("DELETE", f"/kernels/{name}")).status == 204
    assert (await api("DELETE", f"/kernels/{name}")).status == 404
    assert (await api("GET", "/kernels")).json == {"items": []}


@pytest.mark.network
async def test_what_would_be_installed_is_told(api: Any) -> None:
    definition = {"pip": {"requirements": ["six==1.16.0"]}}
    found = await api("POST", "/resolve", {"definition": definition})
    assert found.status == 200, found.json
    assert [(one["name"], one["version"]) for one in found.json["packages"]] == [("six", "1.16.0")]
    wrong = {"pip": {"requirements": ["six==1.16.0", "no-such-package-at-all-mlenv"]}}
    refused = await api("POST", "/resolve", {"definition": wrong})
    assert refused.status == 422
    assert "no-such-package-at-all-mlenv" in refused.response.body.decode()


@pytest.mark.network
async def test_a_build_that_cannot_be_says_why(api: Any) -> None:
    await register(api, "six==1.16.0", "no-such-package-at-all-mlenv")
    build = (await api("POST", "/builds", {"name": "demo"})).json["id"]
    records = await followed(api, build)
    assert records[-1]["d"]["state"] == "failed"
    done = await ended(api, build)
    assert done["error"]["culprits"][0]["requirement"] == "no-such-package-at-all-mlenv"
    assert done["error"] == records[-1]["d"]["error"]
    assert (await api("GET", "/environments/demo")).json["environment"]["latest"][
        "state"
    ] == "failed"


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of an index that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple"


async def test_a_build_is_cancelled(api: Any, silent: str) -> None:
    definition = {"pip": {"requirements": ["six"], "index_url": silent}}
    await api("POST", "/environments", {"name": "demo", "definition": definition})
    build = (await api("POST", "/builds", {"name": "demo"})).json["id"]
    log = asyncio.ensure_future(followed(api, build))
    asked = await api("DELETE", f"/builds/{build}")
    assert (asked.status, asked.json["cancelling"]) == (202, True)
    records = await asyncio.wait_for(log, 5)
    assert records[-1]["d"]["state"] == "cancelled"
    done = await ended(api, build)
    assert (done["state"], done["cancelling"]) == ("cancelled", False)
    again = await api("DELETE", f"/builds/{build}")
    assert (again.status, again.json["state"]) == (202, "cancelled")


async def test_a_form_is_asked_for_and_refused_with_its_reason(api: Any) -> None:
    await register(api, "six==1.16.0")
    asked = await api("POST", "/builds", {"name": "demo", "form": "image"})
    assert (asked.status, asked.json["error"]["code"]) == (503, "no_base_image")
    assert "c.Workspace.base_image" in asked.json["error"]["remedy"]
    wrong = await api("POST", "/builds", {"name": "demo", "form": "boat"})
    assert wrong.status == 400
    early = await api("POST", "/kernels", {"name": "demo", "form": "image"})
    assert (early.status, early.json["error"]["code"]) == (409, "not_built")
    assert "--as image" in early.json["error"]["remedy"]
    own, other = (await api("GET", "/environments/demo/versions/1")).json["forms"]
    assert (own["form"], own["own"], own["refused"]) == ("prefix", True, None)
    assert (other["form"], other["built"]) == ("image", False)
    assert "base image" in other["refused"]
