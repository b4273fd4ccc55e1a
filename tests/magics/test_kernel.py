"""`%mlenv` in a real kernel of an environment that has no mlenv in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.workspace import Workspace

pytestmark = [pytest.mark.network, pytest.mark.slow]


class Outcome(NamedTuple):
    """What a cell gave: the reply, its messages, and the text that is there at the end."""

    status: str
    messages: list[dict[str, Any]]
    text: str


@pytest.fixture
def kernel(kernel_name: str, tmp_path: Path) -> Iterator[BlockingKernelClient]:
    manager: KernelManager
    manager, client = start_new_kernel(kernel_name=kernel_name, cwd=os.fspath(tmp_path))
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, code: str) -> Outcome:
    """Run a cell to its end; updates of a display take the place of what was shown before."""
    messages: list[dict[str, Any]] = []
    shown: dict[str, str] = {}

    def hear(message: dict[str, Any]) -> None:
        content = message["content"]
        messages.append(message)
        if message["msg_type"] in ("display_data", "update_display_data"):
            place = content.get("transient", {}).get("display_id") or str(len(messages))
            shown[place] = content["data"]["text/plain"]
            assert "text/html" in content["data"]
        elif message["msg_type"] == "stream":
            shown[str(len(messages))] = content["text"]

    reply = client.execute_interactive(code, output_hook=hear, timeout=120)
    return Outcome(reply["content"]["status"], messages, "\n".join(shown.values()))


def comms(cell: Outcome) -> list[dict[str, Any]]:
    """What a cell said to the front end."""
    return [one["content"]["data"] for one in cell.messages if one["msg_type"] == "comm_open"]


def completed(client: BlockingKernelClient, line: str) -> list[str]:
    """What a front end offers at the end of a line."""
    reply: dict[str, Any] = client.complete(line, reply=True, timeout=60)
    return list(reply["content"]["matches"])


def test_where_list_build_use_fail(kernel: BlockingKernelClient) -> None:
    # Before anything of it is loaded.
    asked = kernel.execute_interactive("%mlenv?", timeout=60)
    assert "%%mlenv NAME" in asked["content"]["payload"][0]["data"]["text/plain"]
    assert {"build", "builds"} <= set(completed(kernel, "%mlenv bu"))
    assert {"demo", "torn"} <= set(completed(kernel, "x = 1\n%mlenv build "))
    assert completed(kernel, "%mlenv use demo:") == ["1", "latest"]
    assert "--no-cache" in completed(kernel, "%mlenv build --no")
    here = run(kernel, "%mlenv")
    assert here.text.startswith("demo v1   Ready\nPython ")
    assert "Drift     none" in here.text
    listed = run(kernel, "%mlenv list")
    assert "demo" in listed.text
    assert "mlenv-minimal (curated)" in listed.text
    assert run(kernel, "import sys; assert 'mlenv_jupyter' not in sys.modules").status == "ok"
    assert run(kernel, "import mlenv_jupyter").status == "error"

    assert run(kernel, "%mlenv new other -p mlenv-pebble -v COLOUR=red").status == "ok"
    not_built = run(kernel, "%mlenv use other")
    assert not_built.status == "error"
    assert "%mlenv build other:1" in not_built.text

    failed = run(kernel, "%mlenv build torn")
    assert failed.status == "error"
    assert "mlenv-no-such-thing" in failed.text
    (error,) = [one["content"] for one in failed.messages if one["msg_type"] == "error"]
    assert error["ename"] == "MlenvError"
    assert len(error["traceback"]) == 1
    assert "\n" not in error["traceback"][0]

    assert run(kernel, "%mlenv set COLOUR=green SHAPE=round").status == "ok"
    values = run(kernel, "import os; print(os.environ['COLOUR'], os.environ['SHAPE'])")
    assert values.text == "green round\n"

    used = run(kernel, "%mlenv use demo:2")
    (comm,) = [one["content"] for one in used.messages if one["msg_type"] == "comm_open"]
    assert comm["target_name"] == "mlenv"
    assert comm["data"]["kernel_name"].startswith("mlenv-demo-")
    assert comm["data"] == {
        "action": "use",
        "name": "demo",
        "version": "2",
        "kernel_name": comm["data"]["kernel_name"],
    }


def test_build_is_one_display_that_is_updated(
    kernel: BlockingKernelClient, workspace: Workspace, wheelhouse: Callable[..., Path]
) -> None:
    place = str(wheelhouse("mlenv-boulder"))
    workspace.register("big", Definition.create(requirements=["mlenv-boulder"], find_links=[place]))
    built = run(kernel, "%mlenv build big")
    assert built.status == "ok"
    kinds = [one["msg_type"] for one in built.messages]
    assert kinds.count("display_data") == 1
    assert "update_display_data" in kinds
    assert built.text.startswith("✓ Ready: big v1   built in ")
    (number,) = [one.id for one in workspace.builds(name="big")]
    about = {"id": number, "name": "big", "version": "1"}
    shown = [one["content"]["data"] for one in built.messages if "display" in one["msg_type"]]
    assert all(one["application/vnd.mlenv.build+json"] == about for one in shown)
    assert workspace.version("big").state == "ready"
    again = run(kernel, "%mlenv build big")
    assert "built already" in again.text


def test_drift_is_seen(kernel: BlockingKernelClient, wheelhouse: Callable[..., Path]) -> None:
    place = wheelhouse("mlenv-boulder")
    command = f"%pip install --quiet --no-index --find-links {place} mlenv-boulder"
    assert run(kernel, command).status == "ok"
    assert "Drift     +1 package: mlenv-boulder 1.0" in run(kernel, "%mlenv").text


def test_failed_build_stops_a_notebook(kernel_name: str, tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell("%mlenv build torn"), nbformat.v4.new_code_cell("1 + 1")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with pytest.raises(CellExecutionError, match="mlenv-no-such-thing"):
        NotebookClient(notebook, kernel_name=kernel_name, timeout=120).execute(
            cwd=os.fspath(tmp_path)
        )
    assert notebook.cells[1].execution_count is None
    html = [one.data["text/html"] for one in cells[0].outputs if "data" in one]
    assert len(html) == 1


def test_add_drift_remove_save(
    kernel: BlockingKernelClient, workspace: Workspace, wheelhouse: Callable[..., Path]
) -> None:
    wheelhouse("mlenv-moss")
    place = wheelhouse("mlenv-boulder", requires=("mlenv-moss",))
    wheelhouse("mlenv-pebble", "2.0")
    source = f"--no-index --find-links {place}"
    assert "nothing more and nothing less" in run(kernel, "%mlenv drift").text

    added = run(kernel, f"%mlenv add {source} mlenv-boulder\nimport mlenv_boulder, mlenv_moss")
    assert added.status == "ok", added.text
    streams = [one for one in added.messages if one["msg_type"] == "stream"]
    assert len(streams) > 1, "pip's lines came all at once"
    assert "Processing " in added.text
    assert "not into demo v1" in added.text
    assert comms(added) == [{"action": "drift"}]
    assert comms(run(kernel, "import mlenv_pebble")) == []
    changed = run(kernel, f"%mlenv add {source} mlenv-pebble==2.0")
    assert "mlenv-pebble 1.0 stays imported until you restart the kernel" in changed.text
    missing = run(kernel, f"%mlenv add {source} mlenv-no-such-thing")
    assert missing.status == "error"
    assert "No matching distribution found for mlenv-no-such-thing" in missing.text

    shown = [line.split() for line in run(kernel, "%mlenv drift").text.splitlines()]
    assert shown[1:4] == [
        ["+", "added", "mlenv-boulder", "1.0"],
        ["+", "added", "mlenv-moss", "1.0"],
        ["~", "changed", "mlenv-pebble", "1.0", "2.0"],
    ]

    saved = run(kernel, "%mlenv save -m 'a boulder'")
    assert saved.status == "ok", saved.text
    assert "✓ Ready: demo v2" in saved.text
    (comm,) = comms(saved)
    assert (comm["action"], comm["name"], comm["version"]) == ("use", "demo", "2")
    version = workspace.version("demo", "2")
    assert version.state == "ready"
    assert version.message == "a boulder"
    assert version.definition is not None
    assert version.definition.pip.requirements == ("mlenv-boulder==1.0", "mlenv-pebble==2.0")
    assert version.definition.variables == {"COLOUR": "blue"}
    assert workspace.version("demo", "1").state == "ready"

    assert run(kernel, "%mlenv remove mlenv-boulder mlenv-moss").status == "ok"
    assert "mlenv-boulder" not in run(kernel, "%mlenv drift").text
    assert run(kernel, "%mlenv remove mlenv-pebble").status == "ok"
    assert run(kernel, "%mlenv remove").status == "error"
    last = run(kernel, "%mlenv save")
    assert last.status == "ok", last.text
    empty = workspace.version("demo", "3").definition
    assert empty is not None
    assert empty.pip.requirements == ()


def test_what_was_added_is_taken_back(
    kernel: BlockingKernelClient, wheelhouse: Callable[..., Path]
) -> None:
    assert "nothing more and nothing less" in run(kernel, "%mlenv discard").text
    source = f"--no-index --find-links {wheelhouse('mlenv-boulder')}"
    assert run(kernel, f"%mlenv add {source} mlenv-boulder").status == "ok"
    assert run(kernel, "%mlenv remove mlenv-pebble").status == "ok"
    taken = run(kernel, "%mlenv discard")
    assert taken.text.startswith("Taken back: +1 package: mlenv-boulder 1.0; −1 package: mlenv-peb")
    assert comms(taken) == [{"action": "drift"}]
    # Without a restart: the version's own packages are there, and nothing else.
    assert run(kernel, "import mlenv_pebble").status == "ok"
    assert run(kernel, "import mlenv_boulder").status == "error"
    assert "nothing more and nothing less" in run(kernel, "%mlenv drift").text
    assert run(kernel, f"%mlenv add {source} mlenv-boulder").status == "ok"
    assert run(kernel, "import mlenv_boulder, mlenv_pebble").status == "ok"


def test_add_and_save_in_a_notebook_that_nobody_watches(
    kernel_name: str, workspace: Workspace, tmp_path: Path, wheelhouse: Callable[..., Path]
) -> None:
    place = wheelhouse("mlenv-boulder")
    sources = [
        f"%mlenv add --no-index --find-links {place} mlenv-boulder",
        "import mlenv_boulder",
        "%mlenv save",
        "%mlenv build --widget demo",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in sources])
    NotebookClient(notebook, kernel_name=kernel_name, timeout=120).execute(cwd=os.fspath(tmp_path))
    assert workspace.version("demo", "2").state == "ready"
    said = "".join(one.text for one in notebook.cells[0].outputs)
    assert "Successfully installed mlenv-boulder-1.0" in said
    assert "\x1b" not in said
    # Nobody is there to press anything: the next cell runs when the build has ended.
    (built,) = notebook.cells[-1].outputs
    assert built.data["text/plain"].startswith("✓ Ready: demo v2")
