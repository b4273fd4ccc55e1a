"""Views with buttons: a real kernel, real ipywidgets, and a client that presses by message."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from nbconvert import HTMLExporter, MarkdownExporter

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.magics.widgets import VIEW
from mlenv_jupyter.workspace import Workspace
from tests.ui.gated_index import Handler

pytestmark = [pytest.mark.network, pytest.mark.slow]


class FrontEnd:
    """What a front end with ipywidgets knows: outputs as they stand, models, and their states."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self.outputs: dict[str, dict[str, Any]] = {}
        self.errors: list[str] = []
        self.models: dict[str, dict[str, Any]] = {}

    def run(self, code: str) -> str:
        """Run a cell to its reply: its status."""
        reply = self.client.execute_interactive(code, output_hook=self.hear, timeout=120)
        return str(reply["content"]["status"])

    def hear(self, message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        if kind in ("display_data", "update_display_data"):
            place = content.get("transient", {}).get("display_id") or uuid.uuid4().hex
            assert kind == "display_data" or place in self.outputs
            self.outputs[place] = content["data"]
        elif kind == "error":
            self.errors.append(content["evalue"])
        elif kind == "comm_open" and content["target_name"] == "jupyter.widget":
            self.models[content["comm_id"]] = dict(content["data"].get("state") or {})
        elif kind == "comm_msg" and content["data"].get("method") == "update":
            assert content["comm_id"] in self.models, "said of a view that was closed"
            self.models[content["comm_id"]].update(content["data"]["state"])
        elif kind == "comm_close":
            self.models.pop(content["comm_id"], None)

    def until(self, what: Callable[[], object], seconds: float = 60) -> None:
        """Hear what the kernel says until something is so."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, self.shown + self.html
            with contextlib.suppress(queue.Empty):
                self.hear(self.client.get_iopub_msg(timeout=1))

    def find(self, **fields: object) -> str:
        """The one model with such fields; '' for none."""
        found = [key for key, state in self.models.items() if fields.items() <= dict(state).items()]
        return found[0] if found else ""

    def set(self, model: str, **state: object) -> None:
        """What a front end sends when something was changed in a view."""
        self._send(model, {"method": "update", "state": state, "buffer_paths": []})

    def press(self, description: str) -> None:
        """Click a button that can be pressed."""
        model = self.find(description=description)
        assert self.models[model]["disabled"] is False
        self._send(model, {"method": "custom", "content": {"event": "click"}})

    def _send(self, model: str, data: dict[str, Any]) -> None:
        message = self.client.session.msg("comm_msg", {"comm_id": model, "data": data})
        self.client.shell_channel.send(message)

    @property
    def shown(self) -> str:
        return "\n".join(one["text/plain"] for one in self.outputs.values())

    @property
    def html(self) -> str:
        return "\n".join(str(state.get("value", "")) for state in self.models.values())


class Gate:
    """Environments whose one package waits until it is let through."""

    def __init__(self, workspace: Workspace, address: str) -> None:
        self.workspace, self.address = workspace, address

    def register(self, name: str) -> str:
        """Register one; the name of its package."""
        package = f"gated-{uuid.uuid4().hex[:8]}"
        index = f"{self.address}/simple"
        definition = Definition.create(requirements=[package], extra_index_urls=[index])
        self.workspace.register(name, definition)
        return package

    def open(self, package: str) -> None:
        """Let a package through."""
        urllib.request.urlopen(f"{self.address}/open/{package}", data=b"")


@pytest.fixture
def gate(workspace: Workspace) -> Iterator[Gate]:
    """What such environments are made with."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Gate(workspace, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


@pytest.fixture
def front(kernel_name: str, tmp_path: Path) -> Iterator[FrontEnd]:
    manager: KernelManager
    manager, client = start_new_kernel(kernel_name=kernel_name, cwd=os.fspath(tmp_path))
    yield FrontEnd(client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_builds_and_environments_have_buttons(
    front: FrontEnd, gate: Gate, workspace: Workspace
) -> None:
    slow = gate.register("waits")
    # Without the library: the cards, and how to get it.
    assert front.run("%mlenv list --widget") == "ok"
    assert "Buttons need ipywidgets" in front.shown
    assert "%mlenv add ipywidgets" in front.shown
    assert "mlenv-minimal" in front.shown
    assert front.run("%mlenv add ipywidgets") == "ok"
    assert front.run("import sys; assert 'ipywidgets' not in sys.modules") == "ok"
    assert front.run("%mlenv build --widget no-such-environment") == "error"
    assert front.errors == ["There is no environment 'no-such-environment'."]
    assert not front.models

    # The cell is done and the build is not; it is cancelled with the kernel busy with nothing.
    front.outputs.clear()
    assert front.run("%mlenv build --widget waits") == "ok"
    (place,) = front.outputs
    box = front.outputs[place][VIEW]["model_id"]
    assert front.models[box]["_model_name"] == "VBoxModel"
    assert front.shown == "waits:1 is being built.\n%mlenv build waits:1 shows it."
    front.until(lambda: '600">Installing' in front.html)
    assert front.run("print(1 + 1)") == "ok"
    front.press("Cancel build")
    front.until(lambda: VIEW not in front.outputs[place])
    assert "waits v1   ⊘ Cancelled" in front.shown
    front.until(lambda: not front.models)
    assert workspace.builds(name="waits")[0].state == "cancelled"

    # Asked for by a variable; it is used as soon as it is ready.
    front.outputs.clear()
    assert front.run("%env MLENV_WIDGETS=1\n%mlenv build waits") == "ok"
    front.set(front.find(description="Use when ready"), value=True)
    assert front.run("print(1 + 1)") == "ok"  # it has been heard
    gate.open(slow)
    front.until(lambda: not front.models)
    (output,) = [one for one in front.outputs.values() if "✓ Ready: waits v1" in one["text/plain"]]
    assert "Switching this notebook to waits (v1)." in output["text/plain"]
    assert not front.find()
    saved = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%mlenv build waits")])
    saved.cells[0].outputs = [nbformat.v4.new_output("display_data", output)]
    nbformat.validate(saved)
    for exporter in (HTMLExporter(), MarkdownExporter()):
        text, _ = exporter.from_notebook_node(saved)
        assert "waits" in text
        assert "widget-view" not in text
        assert "Cancel build" not in text

    # What is built already needs no buttons.
    assert front.run("%mlenv build --widget waits") == "ok"
    assert "built already" in front.shown
    assert not front.models

    # All of them in a browser, without leaving which one is built and used.
    front.outputs.clear()
    slow = gate.register("later")
    assert front.run("%mlenv list") == "ok"
    (place,) = [key for key, one in front.outputs.items() if VIEW in one]
    assert "mlenv-minimal (curated)" in front.outputs[place]["text/plain"]
    search = front.find(placeholder="Search: name or package")
    listed = front.find(_model_name="SelectModel")
    front.set(search, value=slow[:9])  # a package that it asks for
    front.until(lambda: len(front.models[listed]["_options_labels"]) == 1)
    assert front.models[listed]["_options_labels"][0].startswith("later   v1   ○ Not built")
    front.until(lambda: "Asked for</div><div" in front.html and slow in front.html)
    front.until(lambda: not front.models[front.find(description="Build")]["disabled"])
    assert front.models[front.find(description="Use")]["disabled"]
    front.press("Build")
    front.until(lambda: front.find(description="Cancel build"))
    gate.open(slow)
    front.until(lambda: "✓ Ready" in front.models[listed]["_options_labels"][0])
    front.until(lambda: not front.models[front.find(description="Use")]["disabled"])
    front.press("Use")
    front.until(lambda: "Switching this notebook to later (v1)." in front.html)
    assert workspace.version("later").kernel
    front.set(search, value="nothing of that kind")
    front.until(lambda: "Nothing matches." in front.html)
    front.press("Close")
    front.until(lambda: not front.models)
    assert VIEW not in front.outputs[place]
    assert "later" in front.outputs[place]["text/plain"]
