"""What the extension costs a server that nobody asks anything of."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import threading
from typing import Any

import pytest
from tornado.web import RequestHandler

from mlenv_jupyter import doctor
from mlenv_jupyter.core.errors import NotFound
from mlenv_jupyter.core.version import Check
from mlenv_jupyter.server import status
from mlenv_jupyter.server.routes import handlers

HEAVY = (
    *("sqlalchemy", "alembic", "docker", "rattler", "packaging.requirements", "filelock", "uv"),
    *("msgspec", "mlenv_jupyter.core", "mlenv_jupyter.store", "mlenv_jupyter.kernels"),
)
LOAD = """
import json, sys
import jupyter_server.serverapp, jupyter_server.extension.application
import jupyter_server.base.websocket, jupyter_events
before = set(sys.modules)
import mlenv_jupyter
mlenv_jupyter._jupyter_server_extension_points()
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_loading_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    imported = json.loads(done.stdout)
    assert "mlenv_jupyter.server.extension" in imported
    assert not [
        name for name in imported if any(name == one or name.startswith(one + ".") for one in HEAVY)
    ]
    ours = {name for name in imported if name.startswith("mlenv_jupyter.server.")}
    # What listens from the start, and nothing that answers a request.
    known = ("access", "contents", "extension", "lazy", "pooling", "watcher")
    assert ours == {f"mlenv_jupyter.server.{name}" for name in known}


async def test_the_configuration_of_the_server_is_the_workspaces(access: Any) -> None:
    assert await access.call(lambda it: it.max_concurrent_builds) == 3


async def test_the_workspace_is_made_by_the_first_request(
    api: Any, access: Any, homes: Any
) -> None:
    assert access._workspace is None
    assert not homes.exists()
    await api("GET", "/environments")
    assert access._workspace is not None


@pytest.mark.parametrize(("path", "handler"), handlers())
def test_every_handler_has_its_decorators(
    path: str, handler: type[RequestHandler], jp_serverapp: Any
) -> None:
    """By jupyter_server's own check, which cannot look into routes that are loaded later."""
    assert jp_serverapp.web_app._check_handler_auth(path, handler) == []


async def test_a_slow_call_is_in_nobodys_way(access: Any) -> None:
    begun, free = threading.Event(), threading.Event()

    def wait(it: Any) -> str:
        begun.set()
        assert free.wait(10)
        return "done"

    slow = [asyncio.ensure_future(access.call(wait, slow=True)) for _ in range(20)]
    assert (await access.call(lambda it: it.environments())).total == 0
    assert await access.run(lambda: begun.wait(10))
    assert sum(one.name == "mlenv-slow" for one in threading.enumerate()) <= 4
    free.set()
    assert await asyncio.gather(*slow) == ["done"] * 20


async def test_the_doctor_is_asked_once_for_all_who_ask_together(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts uv and asks the engine: beside a thousand followers each of that is felt."""
    asked: list[Any] = []

    def look(it: Any) -> tuple[Check, ...]:
        asked.append(it)
        return (Check(name="disk", ok=False, message=f"{len(asked)}", remedy="Free some."),)

    monkeypatch.setattr(doctor, "examine", look)
    answers = await asyncio.gather(*(api("GET", "/status") for _ in range(10)))
    assert {one.json["problems"][0]["message"] for one in answers} == {"1"}
    monkeypatch.setattr(status, "FRESH", 0.0)
    later = await api("GET", "/status")  # what was found last holds until its time is over
    assert later.json["checks"][0]["message"] == "1"
    examined = status.Examined()
    assert [examined.checks(None)[0].message for _ in range(2)] == ["2", "3"]  # type: ignore[arg-type]


async def test_what_is_imported_is_passed_over_by_the_garbage_collector(access: Any) -> None:
    await access.call(lambda it: it.environments())
    assert gc.get_freeze_count() > 10_000


async def test_an_error_of_a_slow_call_comes_out(access: Any) -> None:
    with pytest.raises(NotFound):
        await access.call(lambda it: it.environment("nothing"), slow=True)
