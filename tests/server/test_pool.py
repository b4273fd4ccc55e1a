"""Kernels that are kept ready: a real server, real sessions, real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from jupyter_server.utils import ensure_async

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.kernels import retire
from mlenv_jupyter.kernels.overlays import list_overlays
from mlenv_jupyter.kernels.pool.pool import POOL, KernelPool
from mlenv_jupyter.server.access import WorkspaceAccess
from mlenv_jupyter.server.pooling import POOLING
from mlenv_jupyter.workspace import Workspace
from tests.server.test_drift import run
from tests.server.test_restart import Server

pytestmark = [pytest.mark.network, pytest.mark.slow]

WHERE = """\
import json, os, sys
from ipykernel.connect import get_connection_file
print(json.dumps({
    "cwd": os.getcwd(), "pid": os.getpid(), "prefix": os.path.realpath(sys.prefix),
    "session": os.environ.get("JPY_SESSION_NAME"), "who": os.environ.get("WHO"),
    "connection": get_connection_file(), "history": str(_dh[0]), "count": len(In),
    "waits": [one for one in os.environ if "MLENV_WAITS" in one],
}))"""


class Place:
    """A server, a kernel of mlenv, and what a browser does with them."""

    def __init__(self, server: Any, fetch: Any, root: Path, name: str) -> None:
        self.server, self.root, self.name = server, root, name
        self.kernels = server.kernel_manager
        self._fetch = fetch

    @property
    def pool(self) -> KernelPool:
        found: KernelPool = self.server.web_app.settings[POOLING].pool
        return found

    async def ask(self, method: str, *path: str, **body: Any) -> Any:
        answer = await self._fetch(*path, method=method, body=json.dumps(body) if body else None)
        return json.loads(answer.body) if answer.body else None

    async def ready(self) -> Any:
        """Wait until a kernel waits that is as one that would be started now; its process."""

        def there() -> bool:
            found = self.pool.waiting.get(self.name)
            return bool(found and found.is_same() and found.environment == dict(os.environ))

        await _until(there)
        return self.pool.waiting[self.name].process

    async def session(self, path: str) -> Any:
        place = self.root / path
        place.parent.mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(), place)
        asked = {"path": path, "type": "notebook", "name": place.name}
        return await self.ask("POST", "api", "sessions", **asked, kernel={"name": self.name})

    @asynccontextmanager
    async def client(self, kernel: str) -> AsyncIterator[Any]:
        client = self.kernels.get_kernel(kernel).client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)
            yield client
        finally:
            client.stop_channels()

    async def where(self, kernel: str) -> Any:
        async with self.client(kernel) as client:
            return json.loads((await run(client, WHERE)).strip().splitlines()[-1])


At = Callable[[], AbstractAsyncContextManager[Place]]


@pytest.fixture
def at(
    access: WorkspaceAccess,
    jp_serverapp: Any,
    jp_fetch: Any,
    jp_root_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> At:
    """A server with one kernel of mlenv installed and no pool yet."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))

    def installed(it: Workspace) -> str:
        it.register("demo", Definition.create(variables={"WHO": "me"}))
        assert it.wait(it.build("demo").id, 120).state == "succeeded"
        return it.install_kernel("demo").kernel_name

    @asynccontextmanager
    async def make() -> AsyncIterator[Place]:
        name = await access.call(installed, slow=True)
        made = Place(jp_serverapp, jp_fetch, jp_root_dir, name)
        try:
            yield made
        finally:
            await jp_serverapp.web_app.settings[POOLING].stop()
            await made.kernels.shutdown_all(now=True)

    return make


async def test_a_waiting_kernel_is_as_one_that_was_started_now(at: At) -> None:
    async with at() as place:
        cold = await place.session("one/cold.ipynb")
        await place.where(cold["kernel"]["id"])
        assert not hasattr(place.kernels, POOL)

        await place.ask("PUT", "mlenv", "api", "pool", size=1)
        waits = await place.ready()
        assert len(await place.ask("GET", "api", "kernels")) == 1, "a waiting kernel is nobody's"
        warm = await place.session("two/warm.ipynb")
        kernel = warm["kernel"]["id"]
        found = await place.where(kernel)
        assert found["pid"] == waits.pid
        assert found["cwd"] == found["history"] == str(place.root / "two")
        assert found["session"] == str(place.root / "two" / "warm.ipynb")
        assert (found["who"], found["count"], found["waits"]) == ("me", 2, [])
        assert found["connection"] == place.kernels.get_kernel(kernel).connection_file
        assert kernel in found["connection"]
        assert {one["id"] for one in await place.ask("GET", "api", "kernels")} == {
            cold["kernel"]["id"],
            kernel,
        }
        drift = await place.ask("GET", "mlenv", "api", "drift", kernel)
        assert drift["notebook"] == found["session"]
        successor = await place.ready()
        assert successor.pid != waits.pid

        # What it starts inherits the name of its notebook and must not take it for its own.
        nested = (
            "from jupyter_client.manager import start_new_kernel\n"
            f"m, c = start_new_kernel(kernel_name={place.name!r})\n"
            "c.execute_interactive('import sys; print(\"OVERLAY\", sys.prefix)')\n"
            "m.shutdown_kernel(now=True)"
        )
        async with place.client(kernel) as client:
            assert "OVERLAY" in (said := await run(client, nested))
            assert "/tmp-" in said

            # Interrupted, it goes on.
            sleeps = asyncio.ensure_future(
                client.execute_interactive("import time; print(1); time.sleep(60)", timeout=50)
            )
            while place.kernels.get_kernel(kernel).execution_state != "busy":
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.2)
            await place.ask("POST", "api", "kernels", kernel, "interrupt", now=True)
            assert (await sleeps)["content"]["ename"] == "KeyboardInterrupt"

        # Restarted, it is an ordinary one in the same overlay, on the same connection file.
        await ensure_async(place.kernels.restart_kernel(kernel))
        again = await place.where(kernel)
        assert again["pid"] != found["pid"]
        assert {**again, "pid": 0} == {**found, "pid": 0}

        # What is added survives, and the next start is a cold one: its packages are there.
        overlay = next(
            one
            for one in list_overlays(Path(place.pool.waiting[place.name].candidate.record.overlays))
            if one.notebook == found["session"]
        )
        assert os.path.realpath(overlay.place) == found["prefix"]
        (overlay.place / "promoted").touch()
        await place.ask("DELETE", "api", "sessions", warm["id"])
        third = await place.session("two/warm.ipynb")
        assert (await place.where(third["kernel"]["id"]))["pid"] != successor.pid


async def test_in_doubt_the_start_is_cold(
    at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at() as place:
        await place.ask("PUT", "mlenv", "api", "pool", size=1)

        # The server's own variables changed since.
        with monkeypatch.context() as patch:
            waits = (await place.ready()).pid
            patch.setenv("ADDED_SINCE", "1")
            session = await place.session("a.ipynb")
            assert (await place.where(session["kernel"]["id"]))["pid"] != waits

        # The environment was built anew.
        waits = (await place.ready()).pid
        os.utime(place.pool.waiting[place.name].candidate.record.record)
        session = await place.session("b.ipynb")
        assert (await place.where(session["kernel"]["id"]))["pid"] != waits

        # A kernel without a notebook.
        waits = (await place.ready()).pid
        made = await place.ask("POST", "api", "kernels", name=place.name)
        assert (await place.where(made["id"]))["pid"] != waits

        # Two for one notebook at the same time: the second must not lose what it runs in.
        first = await place.session("c.ipynb")
        one = await place.where(first["kernel"]["id"])
        assert one["pid"] == waits
        waits = (await place.ready()).pid
        asked = {"path": "c.ipynb", "type": "console", "name": "c.ipynb"}
        second = await place.ask("POST", "api", "sessions", **asked, kernel={"name": place.name})
        two = await place.where(second["kernel"]["id"])
        assert (two["prefix"], two["pid"] != waits) == (one["prefix"], True)

        # Its own start runs code: nothing waits.
        startup = tmp_path / "ipython" / "profile_default" / "startup"
        (startup / "00.py").write_text("MOMENT = 1\n")
        await _until(lambda: place.name in place.pool._unfit and not place.pool.waiting)


async def test_size_and_memory_are_kept_and_nothing_is_left(at: At, jp_serverapp: Any) -> None:
    async with at() as place:
        me = psutil.Process()
        before = {one.pid for one in me.children(recursive=True)}
        asked = await place.ask("PUT", "mlenv", "api", "pool", size=99)
        assert asked["size"] == asked["most"] == 5
        waits = (await place.ready()).pid
        seen = await place.ask("GET", "mlenv", "api", "pool")
        assert [one["kernel_name"] for one in seen["kernels"]] == [place.name]
        assert 10_000_000 < seen["kernels"][0]["memory"] < 500_000_000
        overlays = Path(place.pool.waiting[place.name].candidate.record.overlays)

        await place.ask("PUT", "mlenv", "api", "pool", size=5, memory=20)
        await _until(lambda: not psutil.pid_exists(waits))
        assert not place.pool.waiting
        await place.ask("PUT", "mlenv", "api", "pool", size=5)
        killed = await place.ready()
        killed.kill()
        await _until(lambda: killed.poll() is not None)
        assert (await place.ready()).pid != killed.pid

        await jp_serverapp.web_app.settings[POOLING].stop()
        left = {one.pid for one in me.children(recursive=True)} - before
        assert not left
        assert not list_overlays(overlays)
        assert not list(Path(jp_serverapp.runtime_dir).glob("mlenv-waiting-*"))
        session = await place.session("a.ipynb")
        assert (await place.where(session["kernel"]["id"]))["who"] == "me"


def test_they_end_with_a_server_that_is_killed(
    workspace: Workspace, built: Callable[..., Any], tmp_path: Path
) -> None:
    built("demo")
    name = workspace.install_kernel("demo").kernel_name
    server = Server(tmp_path / "runtime", "--KernelPool.size=1")
    try:
        until = time.monotonic() + 60
        while not server.ask("GET", "/pool")["kernels"]:
            assert time.monotonic() < until, "no kernel waits"
            time.sleep(0.05)
        found = [
            one
            for one in psutil.Process(server.process.pid).children()
            if "kernel_app.py" in _command(one)
        ]
        assert len(found) == 1
        assert retire.is_running(workspace.places.kernels, name)
        assert retire.last_used(workspace.places.kernels, name) < found[0].create_time()
        server.stop(signal.SIGKILL)
        psutil.wait_procs(found, timeout=20)
        assert not found[0].is_running()
        assert not list_overlays(workspace.places.overlays)
    finally:
        server.stop(signal.SIGKILL)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # what looked for something has just ended
        return ""


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(1500):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")
