"""Do 1,000 registered environments slow JupyterLab's start, beside 10?

All of them are built and have had their kernels installed; unused kernels retire.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from bench.five import CACHE
from bench.measure import Table, compare, rounds
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.store.trees import remove_tree
from mlenv_jupyter.workspace import Workspace

TOKEN = "bench"
ASKED = ("api/kernelspecs", "mlenv/api/environments?limit=50", "mlenv/api/catalogue")
HERE = Path(__file__).parent


def run(count: int) -> list[Table]:
    """Start both servers, then load JupyterLab in a browser, and ask what its start asks."""
    with contextlib.ExitStack() as stack:
        servers = {
            f"{many:,} registered": stack.enter_context(serving(many)) for many in (10, 1000)
        }
        base = next(iter(servers))
        asked = rounds(
            {name: lambda at=at: ask(at) for name, at in servers.items()},  # type: ignore[misc]
            count * 10,
        )
        tables = [compare("What JupyterLab's start asks of the server", asked, base)]
        browser = shutil.which("chromium") or shutil.which("google-chrome")
        node = shutil.which("node")
        if browser is None or node is None:
            return tables
        program = [node, str(HERE / "lab_start.mjs")]

        def load(at: str) -> float:
            said = subprocess.run(
                [*program, f"{at}/lab?token={TOKEN}", browser],
                capture_output=True,
                text=True,
                check=True,
                cwd=HERE.parent,
            )
            return float(said.stdout) / 1000

        loaded = rounds(
            {name: lambda at=at: load(at) for name, at in servers.items()},  # type: ignore[misc]
            count * 3,
        )
        note = "Goal: at most 1.05 ×. In Chromium, until the launcher shows its kernels."
        return [compare("JupyterLab's start", loaded, base, note), *tables]


@contextlib.contextmanager
def serving(many: int, populate: Callable[[int], None] | None = None) -> Iterator[str]:
    """A JupyterLab with so many environments; its address."""
    with contextlib.ExitStack() as stack:
        top = Path(stack.enter_context(TemporaryDirectory(prefix=f"mlenv-lab-{many}-")))
        (CACHE / "store" / "uv").mkdir(parents=True, exist_ok=True)
        variables = {
            "MLENV_HOME": str(top / "home"),
            "MLENV_STORE": str(top / "store"),
            "JUPYTER_DATA_DIR": str(top / "data"),
            "JUPYTER_CONFIG_DIR": str(top / "config"),
            "JUPYTER_RUNTIME_DIR": str(top / "runtime"),
        }
        (top / "store").mkdir()
        (top / "store" / "uv").symlink_to(CACHE / "store" / "uv")
        os.environ.update(variables)
        stack.callback(remove_tree, top / "store")
        (populate or built)(many)
        options = ("--LabApp.expose_app_in_browser=True",)
        yield stack.enter_context(server("jupyterlab", top, *options))


@contextlib.contextmanager
def server(module: str, top: Path, *options: str) -> Iterator[str]:
    """A Jupyter server of a module, with the notebooks of ``top``; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    argv = [
        *(sys.executable, "-m", module, "--no-browser", "--allow-root", f"--port={port}"),
        *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={top}", *options),
    ]
    process = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait(address)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def built(many: int) -> None:
    """Register, build and install: variables differ, so each is a kernel of its own."""
    workspace = Workspace.from_config()
    for number in range(many):
        name = f"bench-{number:04}"
        variables = {"NUMBER": str(number)}
        workspace.register(name, Definition.create(requirements=["six"], variables=variables))
        build = workspace.wait(workspace.build(name).id)
        if build.state != "succeeded":
            raise SystemExit(f"{name} cannot be built here: {build.error}")
        workspace.install_kernel(name)
    print(f"{many} registered, {len(workspace.kernels())} kernels installed", flush=True)
    workspace.close()


def ask(address: str) -> float:
    """Seconds for everything that the start asks, one after the other."""
    began = time.perf_counter()
    for path in ASKED:
        joint = "&" if "?" in path else "?"
        with urlopen(f"{address}/{path}{joint}token={TOKEN}", timeout=60) as answer:
            answer.read()
    return time.perf_counter() - began


def wait(address: str) -> None:
    """Until the server answers, and has answered everything once."""
    until = time.monotonic() + 120
    while True:
        try:
            ask(address)
        except (URLError, OSError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return
