"""A home and a store for each test, over one cache of downloads for all of them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.core.build import Build
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.version import Version
from mlenv_jupyter.workspace import Workspace
from tests.ray_cluster import cluster

__all__ = ["cluster"]

BASE_IMAGE = "mlenv/test-base:1"
CACHE = Path(__file__).parent.parent / ".cache" / "tests"
REQUIRED = frozenset(os.environ.get("MLENV_REQUIRE", "").split(",")) - {""}


@pytest.fixture(scope="session")
def shared_cache() -> Path:
    """Where packages stay from one run of the tests to the next."""
    for name in ("uv", "shelf", "conda"):
        (CACHE / name).mkdir(parents=True, exist_ok=True)
    return CACHE


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_cache: Path) -> Path:
    """MLENV_HOME, MLENV_STORE and Jupyter's directories in this test's own directory."""
    home, store = tmp_path / "mlenv", tmp_path / "store"
    store.mkdir(parents=True)
    for name in ("uv", "shelf"):
        (store / name).symlink_to(shared_cache / name)
    (store / "rattler").mkdir()
    (store / "rattler" / "packages").symlink_to(shared_cache / "conda")
    monkeypatch.setenv("MLENV_HOME", str(home))
    monkeypatch.setenv("MLENV_STORE", str(store))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter_config"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "jupyter_runtime"))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    return home


@pytest.fixture
def workspace(homes: Path) -> Iterator[Workspace]:
    """A workspace of this test's own; what it still builds at the end is cancelled."""
    made = Workspace.from_config()
    yield made
    for build in made.registry.builds.running():
        made.cancel(build.id)
        made.wait(build.id, 10)
    made.close()


@pytest.fixture
def built(workspace: Workspace) -> Callable[..., tuple[Version, Build]]:
    """Register and build a definition; the version and the build when it has ended."""

    def make(
        name: str, *requirements: str, version: str | None = None, **fields: object
    ) -> tuple[Version, Build]:
        if version is None:
            definition = Definition.create(requirements=requirements, **fields)  # type: ignore[arg-type]
            version = workspace.register(name, definition)[0].version
        build = workspace.wait(workspace.build(name, version).id, 120)
        return workspace.version(name, version), build

    return make


@pytest.fixture(scope="session")
def engine_environment() -> dict[str, str]:
    """Where the container engine is that `.ci/engine start` starts, with the tests' base image."""
    state = os.environ.get("MLENV_DOCKER_STATE", "/tmp/mlenv-docker")
    place = os.environ.get("DOCKER_HOST") or f"unix://{state}/docker.sock"
    found = {"DOCKER_HOST": place, "DOCKER_CONFIG": f"{state}/config"}
    try:
        import docker

        with contextlib.closing(docker.DockerClient(base_url=place, timeout=20)) as client:
            client.api.inspect_image(BASE_IMAGE)
    except Exception as error:  # noqa: BLE001 - the SDK has no common root for all that it raises
        if "docker" in REQUIRED:
            pytest.fail(f"MLENV_REQUIRE has docker, and there is no engine: {error}")
        pytest.skip(f"no container engine with {BASE_IMAGE} (`.ci/engine start`): {error}")
    return found


@pytest.fixture
def engine(engine_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of that engine, which everything that a test starts uses too."""
    import docker

    for name, value in engine_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DOCKER_BUILDKIT", raising=False)
    client = docker.from_env(timeout=60)
    yield client
    client.close()


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Callable[..., Path]:
    """Make small pure wheels; the directory that they are in, for ``find_links``."""
    place = tmp_path / "wheels"
    place.mkdir()

    def make(
        name: str,
        version: str = "1.0",
        *,
        files: Mapping[str, str] | None = None,
        requires: tuple[str, ...] = (),
        python: str | None = None,
    ) -> Path:
        module = name.replace("-", "_")
        info = f"{module}-{version}.dist-info"
        metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
        metadata += [f"Requires-Dist: {one}" for one in requires]
        metadata += [f"Requires-Python: {python}"] if python else []
        contents = {
            **(files or {f"{module}/__init__.py": f"__version__ = {version!r}\n"}),
            f"{info}/METADATA": "\n".join(metadata) + "\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\n"
            "Root-Is-Purelib: true\nTag: py3-none-any\n",
        }
        rows = []
        for path, text in contents.items():
            digest = hashlib.sha256(text.encode()).digest()
            value = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            rows.append(f"{path},sha256={value},{len(text.encode())}")
        contents[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
        with zipfile.ZipFile(place / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
            for path, text in contents.items():
                wheel.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), text)
        return place

    return make
