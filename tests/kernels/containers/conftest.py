"""One image for all tests of a session, installed as a kernel."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.workspace import Workspace

DOCKER = DockerSection(
    base_image="mlenv/test-base:1", shm_size="96m", arguments=("--memory 512m --privileged",)
)
SECRET = "told-to-this-kernel-alone"
TAKEN = ("port is already allocated", "address already in use", "Address already in use")
"""What the engine and a kernel say of a port that somebody else was faster to take."""


@pytest.fixture(scope="module")
def image_kernel(
    engine_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    shared_cache: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Workspace]:
    """A workspace with the kernel of one image, and everything that it is found by."""
    # Modules run beside each other, and each looks for its own containers.
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    top = tmp_path_factory.mktemp("containers")
    patch = pytest.MonkeyPatch()
    (top / "store").mkdir()
    (top / "store" / "uv").symlink_to(shared_cache / "uv")
    for variable, value in {
        **engine_environment,
        "MLENV_HOME": str(top / "home"),
        "MLENV_STORE": str(top / "store"),
        "JUPYTER_DATA_DIR": str(top / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(top / "runtime"),
    }.items():
        patch.setenv(variable, value)
    patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    patch.delenv("JPY_SESSION_NAME", raising=False)
    workspace = Workspace.from_config()
    workspace.secrets.set("CONTAINER_TOKEN", SECRET, environments=[name])
    definition = Definition.create(
        docker=DOCKER,
        variables={"CHURN_ROOT": "/data/churn $HOME", "TOKEN": "${secret:CONTAINER_TOKEN}"},
    )
    version, _ = workspace.register(name, definition)
    build = workspace.wait(workspace.build(name, version.version).id, 180)
    assert build.state == "succeeded", build.error
    workspace.install_kernel(name)
    yield workspace
    workspace.close()
    patch.undo()


@pytest.fixture(autouse=True)
def jupyter_data(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """In place of a directory for each test: the one where the kernel is installed."""
    if "image_kernel" in request.fixturenames:
        workspace = request.getfixturevalue("image_kernel")
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(workspace.places.home.with_name("jupyter")))


@pytest.fixture
def client_of_engine(engine_environment: dict[str, str]) -> Iterator[Any]:
    import docker

    with contextlib.closing(
        docker.DockerClient(base_url=engine_environment["DOCKER_HOST"], timeout=60)
    ) as client:
        yield client


@pytest.fixture
def containers(client_of_engine: Any, image_kernel: Workspace) -> Callable[[], list[Any]]:
    """The containers of kernels of this version that there are."""
    name = image_kernel.kernels()[0].kernel_name
    label = {"label": f"mlenv.kernel={name}"}

    def find() -> list[Any]:
        return client_of_engine.containers.list(all=True, filters=label, ignore_removed=True)

    return find


@pytest.fixture
def start(
    image_kernel: Workspace, tmp_path: Path
) -> Iterator[Callable[..., tuple[Any, Any, Callable[[str], str]]]]:
    """Start a kernel in a directory of the test's own: manager, client, and a way to run a cell."""
    from jupyter_client.manager import start_new_kernel

    running = []
    files = contextlib.ExitStack()

    def begin(**environment: str) -> tuple[Any, Any, Callable[[str], str]]:
        kernel = image_kernel.kernels()[0].kernel_name
        settings = {
            "kernel_name": kernel,
            "startup_timeout": 90,
            "cwd": str(tmp_path),
            "env": {**os.environ, **environment},
        }
        # A restart writes there too.
        errors = files.enter_context((tmp_path / f"launcher-{len(running)}.err").open("w+b"))
        try:
            manager, client = start_new_kernel(**settings, stderr=errors)
        except RuntimeError:
            # Ports are chosen free and then let go: a kernel of a test beside this one may be
            # faster. Whatever else a kernel dies of is a fault.
            errors.seek(0)
            text = errors.read().decode(errors="replace")
            if not any(one in text for one in TAKEN):
                raise RuntimeError(text[-2000:]) from None
            manager, client = start_new_kernel(**settings, stderr=errors)
        running.append((manager, client))

        def run(code: str) -> str:
            parts: list[str] = []

            def hear(message: dict[str, Any]) -> None:
                content = message["content"]
                if message["msg_type"] == "stream":
                    parts.append(content["text"])
                elif message["msg_type"] == "error":
                    parts.append(f"{content['ename']}: {content['evalue']}")

            client.execute_interactive(code, output_hook=hear, timeout=90)
            return "".join(parts)

        return manager, client, run

    yield begin
    for manager, client in running:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
    files.close()
