"""What a running kernel has beyond its version, asked over the API while a real one runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.asynchronous.client import AsyncKernelClient

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.server.access import WorkspaceAccess
from mlenv_jupyter.workspace import Workspace

INSIDE = """\
import json, sys
found = sys.modules["_mlenv_magics.drift"].between(
    get_ipython().find_line_magic("mlenv").__closure__[0]
    .cell_contents.record, sys.path)
print(json.dumps([[[one.name, one.version] for one in found.added],
    [[one.name, was, one.version] for one, was in found.changed], found.removed]))
"""


async def run(client: AsyncKernelClient, code: str) -> str:
    """Run a cell to its end; what it printed."""
    said: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        said.append(message["content"].get("text", ""))

    reply = await client.execute_interactive(code, output_hook=hear, timeout=120)
    assert reply["content"]["status"] == "ok", said
    return "".join(said)


async def test_no_such_kernel(api: Any) -> None:
    answer = await api("GET", "/drift/00000000-0000-0000-0000-000000000000")
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


@pytest.mark.network
@pytest.mark.slow
async def test_kernels_of_a_notebook_and_of_none(
    api: Any,
    access: WorkspaceAccess,
    jp_serverapp: Any,
    jp_fetch: Any,
    wheelhouse: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wheelhouse("mlenv-moss")
    place = wheelhouse("mlenv-pebble")
    definition = Definition.create(
        requirements=["mlenv-pebble", "mlenv-moss"], find_links=[str(place)]
    )

    def installed(it: Workspace) -> str:
        it.register("demo", definition)
        assert it.wait(it.build("demo").id, 120).state == "succeeded"
        return it.install_kernel("demo").kernel_name

    name = await access.call(installed, slow=True)
    asked = {"path": "a.ipynb", "type": "notebook", "name": "a.ipynb", "kernel": {"name": name}}
    session = await jp_fetch("api", "sessions", method="POST", body=json.dumps(asked))
    made = await jp_fetch("api", "kernels", method="POST", body=json.dumps({"name": name}))
    kernel, alone = json.loads(session.body)["kernel"]["id"], json.loads(made.body)["id"]
    version = {"name": "demo", "version": "1", "form": "prefix"}
    nothing = {**version, "added": [], "removed": [], "changed": [], "rebuilt": False}
    client = jp_serverapp.kernel_manager.get_kernel(kernel).client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        fresh = (await api("GET", f"/drift/{kernel}")).json
        notebook = fresh.pop("notebook")
        assert Path(notebook).name == "a.ipynb"
        assert fresh == nothing

        wheelhouse("mlenv-pebble", "2.0")
        wheelhouse("mlenv-boulder")
        source = f"--no-index --find-links {place}"
        await run(client, f"%mlenv add {source} mlenv-boulder mlenv-pebble==2.0")
        await run(client, "%mlenv remove mlenv-moss")
        running = jp_serverapp.kernel_manager.get_kernel(kernel)
        while running.execution_state != "idle":  # the server hears of the last cell by itself
            await asyncio.sleep(0.01)
        running.execution_state = "busy"
        busy = await api("DELETE", f"/drift/{kernel}")
        assert (busy.status, busy.json["error"]["code"]) == (409, "kernel_busy")
        jp_serverapp.kernel_manager.get_kernel(kernel).execution_state = "idle"
        drifted = (await api("GET", f"/drift/{kernel}")).json
        assert drifted == {
            **version,
            "added": [{"name": "mlenv-boulder", "version": "1.0"}],
            "removed": [{"name": "mlenv-moss", "version": "1.0"}],
            "changed": [{"name": "mlenv-pebble", "before": "1.0", "after": "2.0"}],
            "notebook": notebook,
            "rebuilt": False,
        }
        inside = json.loads(await run(client, INSIDE))
        assert inside == [
            [[one["name"], one["version"]] for one in drifted["added"]],
            [[one["name"], one["before"], one["after"]] for one in drifted["changed"]],
            [[one["name"], one["version"]] for one in drifted["removed"]],
        ]
        # Where processes cannot be looked into, by the session: the same file must come of it.
        with monkeypatch.context() as patch:
            patch.setattr("mlenv_jupyter.kernels.drift._environment", lambda _: {})
            assert (await api("GET", f"/drift/{kernel}")).json == drifted

        assert (await api("POST", f"/drift/{alone}", {})).status == 409
        saved = await api("POST", f"/drift/{kernel}", {"message": "a boulder"})
        assert saved.status == 201
        made = saved.json
        assert (made["name"], made["version"], made["message"]) == ("demo", "2", "a boulder")
        wanted = made["definition"]["pip"]["requirements"]
        assert wanted == ["mlenv-boulder==1.0", "mlenv-pebble==2.0"]
        assert saved.response.headers["Location"].endswith("/environments/demo/versions/2")
        assert (await api("DELETE", f"/drift/{kernel}")).status == 204
        assert (await api("GET", f"/drift/{kernel}")).json == {**nothing, "notebook": notebook}
        await run(client, "import mlenv_moss")

        other = jp_serverapp.kernel_manager.get_kernel(alone).client()
        other.start_channels()
        await other.wait_for_ready(timeout=60)
        other.stop_channels()
        assert (await api("GET", f"/drift/{alone}")).json == {**nothing, "notebook": None}

        # Whoever asks is told, and again after the page is loaded anew: the kernel itself knows.
        again = lambda it: it.wait(it.build("demo", "1", force=True).id, 120).state  # noqa: E731
        assert await access.call(again, slow=True) == "succeeded"
        for _ in range(2):
            assert (await api("GET", f"/drift/{alone}")).json["rebuilt"] is True
        await jp_serverapp.kernel_manager.restart_kernel(alone, now=True)
        other = jp_serverapp.kernel_manager.get_kernel(alone).client()
        other.start_channels()
        await other.wait_for_ready(timeout=60)
        left = await run(other, "import os; print([one for one in os.environ if 'BUILT' in one])")
        other.stop_channels()
        assert left == "[]\n"
        assert (await api("GET", f"/drift/{alone}")).json["rebuilt"] is False
    finally:
        client.stop_channels()
        await jp_serverapp.kernel_manager.shutdown_all(now=True)
