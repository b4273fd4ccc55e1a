"""What was added for a notebook goes with it: real sessions, real renames, real kernels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_server.utils import ensure_async

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.kernels.overlays import list_overlays
from mlenv_jupyter.server.access import WorkspaceAccess
from mlenv_jupyter.workspace import Workspace
from tests.server.test_drift import run

HAS = "import importlib.util; print(importlib.util.find_spec('mlenv_boulder') is not None)"


@pytest.mark.network
@pytest.mark.slow
async def test_it_survives_a_restart_goes_along_and_is_not_copied(
    access: WorkspaceAccess,
    jp_serverapp: Any,
    jp_fetch: Any,
    jp_root_dir: Path,
    wheelhouse: Callable[..., Path],
) -> None:
    place = wheelhouse("mlenv-boulder")
    wheelhouse("mlenv-pebble")
    definition = Definition.create(requirements=["mlenv-pebble"], find_links=[str(place)])

    def installed(it: Workspace) -> str:
        it.register("demo", definition)
        assert it.wait(it.build("demo").id, 120).state == "succeeded"
        return it.install_kernel("demo").kernel_name

    name = await access.call(installed, slow=True)
    overlays = (await access.call(lambda it: it.places)).overlays
    kernels = jp_serverapp.kernel_manager

    async def ask(method: str, *path: str, **body: Any) -> Any:
        answer = await jp_fetch("api", *path, method=method, body=json.dumps(body))
        return json.loads(answer.body) if answer.body else None

    async def session(path: str) -> Any:
        asked = {"path": path, "type": "notebook", "name": Path(path).name}
        return await ask("POST", "sessions", **asked, kernel={"name": name})

    async def says(kernel: str, code: str = HAS) -> str:
        client = kernels.get_kernel(kernel).client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)
            return (await run(client, code)).strip().splitlines()[-1]
        finally:
            client.stop_channels()

    (jp_root_dir / "old").mkdir()
    nbformat.write(nbformat.v4.new_notebook(), jp_root_dir / "old" / "a.ipynb")
    first = await session("old/a.ipynb")
    kernel = first["kernel"]["id"]
    added = f"%mlenv add --no-index --find-links {place} mlenv-boulder\n{HAS}"
    assert await says(kernel, added) == "True"
    await ensure_async(kernels.restart_kernel(kernel))
    assert await says(kernel) == "True", "it did not survive a restart"

    # Renamed as JupyterLab does: the file, then its session; then the directory it is in.
    await ask("PATCH", "contents", "old", "a.ipynb", path="old/b.ipynb")
    await ask("PATCH", "sessions", first["id"], path="old/b.ipynb", name="b.ipynb")
    assert await says(kernel) == "True", "the rename disturbed the kernel that runs"
    await ensure_async(kernels.restart_kernel(kernel))
    assert await says(kernel) == "True", "it did not go with the notebook"
    # (Jupyter itself restarts no kernel whose directory was renamed: it keeps the old one.)
    await jp_fetch("api", "sessions", first["id"], method="DELETE")
    await ask("PATCH", "contents", "old", path="new")
    kernel = (await session("new/b.ipynb"))["kernel"]["id"]
    assert await says(kernel) == "True", "it did not go with the directory"
    (overlay,) = list_overlays(overlays)
    assert overlay.notebook == str(jp_root_dir / "new" / "b.ipynb")
    drift = json.loads((await jp_fetch("mlenv", "api", "drift", kernel)).body)
    assert [one["name"] for one in drift["added"]] == ["mlenv-boulder"]

    # A copy begins with nothing, and so does another notebook that takes the old name.
    await ask("POST", "contents", "new", copy_from="new/b.ipynb")
    copied = await session("new/b-Copy1.ipynb")
    assert await says(copied["kernel"]["id"]) == "False"
    (jp_root_dir / "old").mkdir()
    nbformat.write(nbformat.v4.new_notebook(), jp_root_dir / "old" / "a.ipynb")
    again = await session("old/a.ipynb")
    assert await says(again["kernel"]["id"]) == "False"
    await ensure_async(kernels.restart_kernel(kernel))
    assert await says(kernel) == "True"

    await kernels.shutdown_all(now=True)
    (jp_root_dir / "new" / "b.ipynb").unlink()
    await access.call(lambda it: it.collection.collect())
    left = {Path(str(one.notebook)).name for one in list_overlays(overlays)}
    assert left == {"b-Copy1.ipynb", "a.ipynb"}
    assert not [one for one in overlays.iterdir() if one.is_symlink()]
