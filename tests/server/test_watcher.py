"""Events for what anybody commits, and builds that are found again."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.kernels.starting import Teller
from mlenv_jupyter.server import watcher

ELSEWHERE = """
import sys
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.workspace import Workspace
Workspace.from_config().register(sys.argv[1], Definition.create("3.11"))
"""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch from the start, and look after dead workers often."""
    monkeypatch.setattr(watcher, "SETTLE", 0)
    monkeypatch.setattr(watcher, "RECONCILE", 0.2)


@pytest.fixture
def heard(jp_serverapp: Any, jp_asyncio_loop: Any) -> Iterator[asyncio.Queue[dict[str, Any]]]:
    """What is told on the event bus, from when the watch has begun."""
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    events = jp_serverapp.event_logger

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        if schema_id.startswith("https://events.mlenv.dev/"):
            queue.put_nowait({"schema": schema_id.rpartition("/")[2], **data})

    for kind in ("build", "environment", "kernel"):
        events.add_listener(schema_id=watcher.SCHEMA.format(kind=kind), listener=listen)
    extension = jp_serverapp.extension_manager.extension_points["mlenv"].app
    jp_asyncio_loop.run_until_complete(asyncio.wait_for(extension.watcher.watching.wait(), 30))
    return queue


async def until(queue: asyncio.Queue[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    """The next event with these fields."""
    while True:
        event = await asyncio.wait_for(queue.get(), 30)
        if wanted.items() <= event.items():
            return event


async def test_what_another_process_registers_is_told(
    heard: asyncio.Queue[dict[str, Any]], jp_ws_fetch: Any, api: Any
) -> None:
    socket = await jp_ws_fetch("api", "events", "subscribe")
    done = await asyncio.create_subprocess_exec(sys.executable, "-c", ELSEWHERE, "elsewhere")
    event = await until(heard, schema="environment")
    assert event["action"] == "created"
    assert event["name"] == "elsewhere"
    assert await done.wait() == 0
    told = json.loads(await asyncio.wait_for(socket.read_message(), 10))
    assert told["schema_id"] == "https://events.mlenv.dev/environment"
    assert told["name"] == "elsewhere"
    socket.close()


async def test_what_this_server_does_is_told(
    heard: asyncio.Queue[dict[str, Any]], api: Any
) -> None:
    await api("POST", "/environments", {"name": "here", "definition": {"python": "3.11"}})
    assert (await until(heard, schema="environment"))["name"] == "here"
    await api("DELETE", "/environments/here")
    assert (await until(heard, schema="environment", action="deleted"))["name"] == "here"


async def test_a_worker_that_died_is_noticed(
    heard: asyncio.Queue[dict[str, Any]], api: Any, running: Any, release: Any
) -> None:
    build, _ = await running()
    await until(heard, schema="build", id=build, action="created")
    release(build)
    event = await until(heard, schema="build", id=build, action="changed")
    assert event["state"] in ("interrupted", "queued")


async def test_a_server_with_running_builds_is_not_idle(
    heard: asyncio.Queue[dict[str, Any]], jp_serverapp: Any, running: Any, end: Any
) -> None:
    manager = jp_serverapp.extension_manager
    assert not manager.any_activity()
    build, _ = await running()
    await until(heard, schema="build", id=build)
    assert manager.any_activity()
    end(build, "succeeded")
    await until(heard, schema="build", id=build, state="succeeded")
    assert not manager.any_activity()


async def test_a_registry_that_was_purged_is_made_again(
    heard: asyncio.Queue[dict[str, Any]], api: Any, homes: Any
) -> None:
    await api("POST", "/environments", {"name": "before", "definition": {}})
    await until(heard, schema="environment", name="before")
    for one in homes.glob("registry.*"):
        one.unlink()
    assert (await api("GET", "/environments")).json["items"] == []
    await api("POST", "/environments", {"name": "after", "definition": {}})
    await until(heard, schema="environment", name="after")
    done = await asyncio.create_subprocess_exec(sys.executable, "-c", ELSEWHERE, "elsewhere")
    await until(heard, schema="environment", name="elsewhere")
    assert await done.wait() == 0
    listed = (await api("GET", "/environments")).json["items"]
    assert {one["name"] for one in listed} == {"after", "elsewhere"}


async def test_a_watch_that_broke_is_logged_and_begun_again(
    heard: asyncio.Queue[dict[str, Any]],
    api: Any,
    access: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(watcher, "PATIENCE", 0.01)
    broke = threading.Event()

    def breaks() -> int:
        broke.set()
        raise ZeroDivisionError

    workspace = await access.call(lambda it: it)
    with monkeypatch.context() as patched:
        patched.setattr(workspace, "data_version", breaks)
        await asyncio.wait_for(asyncio.to_thread(broke.wait), 10)
        # What happens meanwhile is told afterwards.
        await api("POST", "/environments", {"name": "meanwhile", "definition": {}})
    await until(heard, schema="environment", name="meanwhile")
    assert "ZeroDivisionError" in caplog.text


async def test_what_a_kernel_does_that_takes_long_to_start_is_told(
    heard: asyncio.Queue[dict[str, Any]], homes: Path
) -> None:
    teller = Teller(homes, "mlenv-churn-00000000", "churn", "1")
    teller.tell("40 of 200 MB", at_once=True)
    event = await until(heard, schema="kernel", state="starting")
    assert (event["id"], event["detail"]) == ("mlenv-churn-00000000", "40 of 200 MB")
    teller.end()
    await until(heard, schema="kernel", state="started", id="mlenv-churn-00000000")
