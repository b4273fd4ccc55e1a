"""A version that is an image on a Ray cluster: pulled by podman there, and run in its container.

Ray starts podman with options that only an unprivileged user has, so the node is one's. What it
needs from the machine, .ci/run sets up: podman, the user, and what a container shares of the host.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlenv_jupyter import Environment, Experiment, ScriptRunConfig, Workspace
from tests.ray_cluster import RAY, free, uv

SYSTEM_PYTHON = Path("/usr/bin/python3.11")
"""The same as in the base image of the tests, to the last digit: Ray asks for that."""
USER = "mlenv-ray"
SCRIPT = """
import os, sys, ray
from mlenv_jupyter import Run
run = Run.get_context()
run.log("inside", 1)
with open("outputs/there", "w") as file:
    file.write(os.environ["MESSAGE"])
print("box", os.path.exists("/run/.containerenv"), sys.version.split()[0], ray.__version__)
ray.init()
@ray.remote
def where():
    return os.path.exists("/run/.containerenv")
print("its task", ray.get(where.remote()))
"""


def _missing() -> str:
    if not RAY.exists():
        return "Ray is not installed: uv pip install -r requirements/ray.txt"
    if os.getuid() != 0 or not shutil.which("podman") or not shutil.which("newuidmap"):
        return "no podman that can be started for another user"
    if not SYSTEM_PYTHON.exists() or not Path("/dev/mqueue").is_dir():
        return f"no {SYSTEM_PYTHON}, or no /dev/mqueue, which Ray has containers share"
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return f"there is no user {USER}"
    return ""


@pytest.fixture
def place() -> Iterator[Path]:
    missing = _missing()
    if missing:
        if "podman" in os.environ.get("MLENV_REQUIRE", "").split(","):
            pytest.fail(f"MLENV_REQUIRE has podman, and here is {missing}")
        pytest.skip(missing)
    # The paths of Ray's sockets must be short.
    made = Path("/tmp") / f"mlenv-pod-{os.getpid()}"
    made.mkdir(mode=0o755)
    yield made
    as_user = {"user": USER, "group": USER, "extra_groups": ()}
    subprocess.run(
        ["podman", "unshare", "rm", "-rf", made / "home"],
        env=_environment(made), stderr=subprocess.DEVNULL, cwd="/", **as_user,
    )  # fmt: skip
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def registry(place: Path) -> Iterator[str]:
    address = f"127.0.0.1:{free()}"
    (place / "registry.yml").write_text(
        "version: 0.1\nlog: {level: error}\n"
        f"storage: {{filesystem: {{rootdirectory: {place}/registry}}}}\n"
        f"http: {{addr: '{address}'}}\n"
    )
    program = ["docker-registry", "serve", place / "registry.yml"]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as made:
        yield address
        made.terminate()


@pytest.fixture
def node(place: Path, registry: str) -> Iterator[str]:
    """A cluster of one node, of an unprivileged user with a podman of its own; its address."""
    account = pwd.getpwnam(USER)
    for one in ("home/.config/containers", "home/run", "ray"):
        (place / one).mkdir(parents=True)
    config = place / "home/.config/containers"
    (config / "storage.conf").write_text('[storage]\ndriver = "overlay"\n')
    # The first container is started without --network=host, and a network of its own takes a tun.
    (config / "containers.conf").write_text('[containers]\nnetns = "host"\n')
    (config / "registries.conf").write_text(
        f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n'
    )
    for path in (place / "home", place / "ray", *(place / "home").rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid)
    (place / "home/run").chmod(0o700)
    python = place / "python"
    uv(["venv", "--python", SYSTEM_PYTHON, python])
    locks = ["-r", Path(__file__).parents[2] / "requirements" / "ray.txt"]
    uv(["pip", "install", "--require-hashes", *locks, "--python", python / "bin" / "python"])
    dashboard = free()
    done = subprocess.run(
        [
            *(python / "bin" / "ray", "start", "--head", "--num-cpus", "2", "--port", free()),
            *("--node-ip-address", "127.0.0.4", "--temp-dir", place / "ray"),
            *("--dashboard-host", "127.0.0.4", "--dashboard-port", dashboard),
            *("--object-store-memory", "80000000", "--disable-usage-stats"),
            *("--dashboard-agent-listen-port", free(), "--ray-client-server-port", free()),
        ],
        env=_environment(place), cwd="/", capture_output=True, text=True, timeout=240,
        user=USER, group=USER, extra_groups=(),
    )  # fmt: skip
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        yield f"http://127.0.0.4:{dashboard}"
    finally:
        for one in psutil.process_iter(["cmdline"]):
            if any(str(place) in word for word in one.info["cmdline"] or ()):
                with contextlib.suppress(psutil.Error):
                    one.kill()


def _environment(place: Path) -> dict[str, str]:
    home = place / "home"
    return {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "PATH": f"{place}/python/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "RAY_USAGE_STATS_ENABLED": "0",
    }


@pytest.mark.ray
@pytest.mark.docker
@pytest.mark.network
@pytest.mark.slow
def test_an_image_is_pulled_and_run_on_the_cluster(
    workspace: Workspace, tmp_path: Path, engine: Any, registry: str, node: str
) -> None:
    workspace.image_registry = registry
    environment = Environment("boxed")
    environment.docker.base_image = "mlenv/test-base:1"
    environment.python.conda_dependencies.add_pip_package(f"ray[default]=={version('ray')}")
    environment.environment_variables["MESSAGE"] = "from the box"
    build = environment.build_local(workspace, useDocker=True, pushImageToWorkspaceAcr=True)
    assert build.status == "Succeeded"
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text(SCRIPT)
    config = ScriptRunConfig(source, "train.py", environment=environment, compute_target=node)
    run = Experiment(workspace, "trial").submit(config)
    details = run.wait_for_completion(show_output=True, raise_on_error=False)
    assert details["status"] == "Completed", str(details["error"])
    assert f"box True 3.11.2 {version('ray')}" in run.get_log()
    assert "its task True" in run.get_log()
    assert run.get_metrics() == {"inside": 1}
    assert workspace.runs.file(run.id, "outputs/there").read_text() == "from the box"
