"""The set that builds are measured with, built by mlenv and by its peers, and a kernel in each."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
import uuid
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from mlenv_jupyter.builds.python import find_uv
from mlenv_jupyter.builds.spec import BuildFiles
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.universal import Chosen, chosen_before, one_platform_pylock
from mlenv_jupyter.store.places import record_of
from mlenv_jupyter.store.trees import remove_tree
from mlenv_jupyter.workspace import Workspace

REQUIREMENTS = ("ipykernel", "matplotlib", "numpy", "pandas", "scikit-learn")
CELL = "import numpy, pandas, sklearn, matplotlib.pyplot as plt; print(len(numpy.arange(9)))"
CACHE = Path(__file__).parent.parent / ".cache" / "bench"


@cache
def workspace() -> Workspace:
    """A workspace whose caches are warm; its own directory, never the user's."""
    os.environ["MLENV_HOME"] = str(CACHE / "home")
    os.environ["MLENV_STORE"] = str(CACHE / "store")
    os.environ["JUPYTER_DATA_DIR"] = str(CACHE / "jupyter")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    made = Workspace.from_config()
    made.register("five", Definition.create(requirements=REQUIREMENTS))
    build = made.wait(made.build("five").id)
    if build.state != "succeeded":
        raise SystemExit(f"The set cannot be built here: {build.error}")
    return made


@cache
def files() -> tuple[tuple[Chosen, ...], dict[str, str]]:
    """The files of the set for this machine, and where each is."""
    made = workspace()
    row = made.registry.find("five")
    assert row.lock_id is not None
    universal = made.registry.locks.get(row.lock_id)
    here = made.registry.locks.on_platform(row.lock_id, sysconfig.get_platform())
    assert universal is not None
    assert here is not None
    return chosen_before(universal.lock, here.lock), dict(universal.addresses)


@cache
def pylock() -> Path:
    """The lock of the set for this machine, as uv takes it."""
    chosen, addresses = files()
    text = one_platform_pylock(chosen, addresses)
    assert text is not None
    kept = CACHE / "pylock.five.toml"
    kept.write_text(text)
    return kept


@cache
def wheels() -> Path:
    """The wheels of the set in a directory, for pip."""
    place = CACHE / "wheels"
    packages = workspace().version("five").packages or ()
    pins = [f"{one.name}=={one.version}" for one in packages]
    if len(list(place.glob("*.whl"))) < len(pins):
        _run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", place, *pins])
    return place


def by_mlenv(place: Path) -> Path:
    """From the registered version and warm caches to a committed prefix; its Python."""
    made = workspace()
    version = made.version("five")
    assert version.lock_digest is not None
    build = made.wait(made.build("five").id)
    assert build.state == "succeeded", build.error
    assert not build.reused
    return made.places.prefix(version.lock_digest) / "bin" / "python"


def forget() -> None:
    """Lose the prefix of the set; the version, its lock and the caches stay.

    It is set aside: what is removed makes the next directories of anybody slower for minutes
    (ext4 passes over inodes that were freed lately).
    """
    made = workspace()
    version = made.version("five")
    assert version.lock_digest is not None
    prefix = made.places.prefix(version.lock_digest)
    if prefix.exists():
        record_of(prefix).unlink()
        prefix.chmod(0o700)
        prefix.rename(scratch() / "prefix")


def by_mlenv_with_resolve(place: Path) -> Path:
    """The same from a definition that was never seen, so that it is resolved from the index."""
    made = workspace()
    name = f"fresh-{place.name}"
    made.register(name, Definition.create(requirements=[*REQUIREMENTS, f"six!={time.time_ns()}"]))
    build = made.wait(made.build(name).id)
    assert build.state == "succeeded", build.error
    pid = BuildFiles(made.places, build.id).read_pid()
    while pid is not None and psutil.pid_exists(pid):
        time.sleep(0.002)  # its seconds of processor are not known before it is reaped
    digest = made.version(name).lock_digest
    assert digest is not None
    return made.places.prefix(digest) / "bin" / "python"


def by_uv(place: Path, *options: str) -> Path:
    """A venv by uv from a warm cache, hard-linked."""
    env = {**os.environ, "UV_CACHE_DIR": str(workspace().places.uv_cache)}
    uv = find_uv()
    _run([uv, "venv", "-q", place, "--python", sys.executable], env)
    install: list[str | Path] = [
        uv,
        "pip",
        "install",
        "-q",
        "--offline",
        "--no-deps",
        "--link-mode",
        "hardlink",
    ]
    install += ["--preview-features", "pylock", "--python", place / "bin" / "python", *options]
    _run([*install, "-r", pylock()], env)
    return place / "bin" / "python"


def by_pip(place: Path) -> Path:
    """A virtualenv, and pip from local wheels: what most people do."""
    _run([sys.executable, "-m", "virtualenv", "-q", "--python", sys.executable, place])
    python = place / "bin" / "python"
    offline: list[str | Path] = [
        "--no-index",
        "--find-links",
        wheels(),
        "--no-cache-dir",
        "--isolated",
    ]
    _run([python, "-m", "pip", "install", "-q", *offline, *REQUIREMENTS])
    return python


def first_cell(argv: list[str], env: dict[str, str] | None = None) -> float:
    """Seconds from asking for a kernel to the output of its first cell."""
    began = time.perf_counter()
    manager = KernelManager(kernel_name="python3")
    manager._kernel_spec = _spec(argv)
    manager.start_kernel(env=env or dict(os.environ))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        answer = client.execute_interactive(CELL, timeout=120, output_hook=lambda message: None)
        assert answer["content"]["status"] == "ok", answer["content"]
        return time.perf_counter() - began
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def ipykernel(python: Path) -> list[str]:
    """How a kernel starts that knows nothing of mlenv."""
    return [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]


def scratch() -> Path:
    """A directory on the same file system as the caches, there until ``clear``."""
    place = CACHE / f"scratch-{os.getpid()}" / uuid.uuid4().hex
    place.mkdir(parents=True)
    return place


def clear() -> None:
    """Remove what all contestants made."""
    remove_tree(CACHE / f"scratch-{os.getpid()}")


def _spec(argv: list[str]) -> KernelSpec:
    return KernelSpec(argv=argv, display_name="bench", language="python")


def _run(argv: Sequence[str | Path], env: dict[str, str] | None = None) -> None:
    subprocess.run([str(one) for one in argv], env=env, check=True)
