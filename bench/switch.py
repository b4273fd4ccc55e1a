"""How long from switching a notebook to another kernel until its first result?

Through a Jupyter server, as JupyterLab does it: the session is changed, the kernel's socket opened,
a cell run. Beside it a bare ipykernel of the same prefix.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

from bench import five
from bench.lab_start import TOKEN, server
from bench.measure import Sample, Table, median, rounds

BARE, MLENV, POOLED = "bare ipykernel", "mlenv", "mlenv, a kernel kept ready"
GOAL = "Through a Jupyter server: its session is changed, the kernel's socket opened, a cell run."


def run(count: int) -> list[Table]:
    """Switch from the server's own kernel, each time anew."""
    made = five.workspace()
    kernel = made.install_kernel("five")
    digest = made.version("five").lock_digest
    assert digest is not None
    _bare(made.places.prefix(digest) / "bin" / "python")
    with serving() as address, serving("--KernelPool.size=1") as pooled:
        contestants = {
            BARE: lambda: _switch(address, "bench-bare"),
            MLENV: lambda: _switch(address, kernel.kernel_name),
            POOLED: lambda: _switch(pooled, kernel.kernel_name, waits=True),
        }
        found = rounds(contestants, count * 4, seed=int(time.time()))
    return [_table(found)]


def _table(found: Mapping[str, list[Sample]]) -> Table:
    """Seconds alone: the processor's are those of the server and of kernels that live on."""
    middle = median(found[BARE]).seconds
    rows = []
    for name, samples in sorted(found.items(), key=lambda one: median(one[1])):
        here, seconds = median(samples).seconds, [one.seconds for one in samples]
        spread = f"{min(seconds) * 1e3:.0f} … {max(seconds) * 1e3:.0f}"
        rows.append((name, f"{here * 1e3:.0f} ms", spread, f"{here / middle:.2g} ×"))
    head = ("", "median", "spread", f"beside {BARE}")
    return Table("From switching a notebook's kernel to its first result", head, tuple(rows), GOAL)


def _bare(python: Path) -> None:
    place = five.CACHE / "jupyter" / "kernels" / "bench-bare"
    place.mkdir(parents=True, exist_ok=True)
    spec = {"argv": five.ipykernel(python), "display_name": "bare", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec))


@contextlib.contextmanager
def serving(*options: str) -> Iterator[str]:
    """A Jupyter server with mlenv on the workspace of the set; its address."""
    with TemporaryDirectory(prefix="mlenv-switch-") as top:
        nbformat.write(nbformat.v4.new_notebook(), Path(top) / "a.ipynb")
        extensions = "--ServerApp.jpserver_extensions={'mlenv_jupyter': True}"
        with server("jupyter_server", Path(top), extensions, *options) as address:
            yield address


def _switch(address: str, name: str, *, waits: bool = False) -> float:
    return asyncio.run(_switched(address, name, waits))


async def _switched(address: str, name: str, waits: bool) -> float:
    asked = {"path": "a.ipynb", "type": "notebook", "name": "a.ipynb"}
    session = await ask(address, "POST", "api/sessions", **asked, kernel={"name": "python3"})
    await first_result(address, session["kernel"]["id"])
    while waits and not (await ask(address, "GET", "mlenv/api/pool"))["kernels"]:
        await asyncio.sleep(0.1)
    began = time.perf_counter()
    there = await ask(address, "PATCH", f"api/sessions/{session['id']}", kernel={"name": name})
    await first_result(address, there["kernel"]["id"])
    seconds = time.perf_counter() - began
    await ask(address, "DELETE", f"api/sessions/{session['id']}")
    return seconds


async def ask(address: str, method: str, at: str, **body: Any) -> Any:
    """What the server's own API answers."""
    request = HTTPRequest(
        f"{address}/{at}",
        method=method,
        headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        body=json.dumps(body) if body else None,
        request_timeout=120,
        allow_nonstandard_methods=True,
    )
    answer = await AsyncHTTPClient().fetch(request)
    return json.loads(answer.body) if answer.body else None


async def first_result(address: str, kernel: str) -> None:
    """Open the kernel's socket, run a cell, and wait for what it shows."""
    url = f"ws{address[4:]}/api/kernels/{kernel}/channels?session_id=bench&token={TOKEN}"
    connection = await websocket_connect(url)
    header = {"msg_id": "one", "msg_type": "execute_request", "session": "bench", "username": ""}
    content = {"code": "6 * 7", "silent": False, "store_history": True, "user_expressions": {}}
    message = {
        "header": {**header, "version": "5.3", "date": ""},
        "parent_header": {},
        "metadata": {},
        "content": {**content, "allow_stdin": False, "stop_on_error": True},
        "channel": "shell",
        "buffers": [],
    }
    await connection.write_message(json.dumps(message))
    while True:
        heard = await connection.read_message()
        assert heard is not None, "the kernel has gone"
        if json.loads(heard)["msg_type"] == "execute_result":
            break
    connection.close()
