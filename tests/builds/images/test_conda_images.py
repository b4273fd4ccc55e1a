"""conda packages in an image: linked here for their place there, pip's part on top of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.builds.images.details import image_details
from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.workspace import Workspace
from tests import conda_channel
from tests.conda_channel import Server

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.slow]

Built = Callable[..., Any]
# The channel's Python is one of this machine and looks for its library where it was built.
BASE = DockerSection(
    dockerfile="FROM mlenv/test-base:1\nRUN rm -rf /usr/bin/python3*\n"
    "ENV LD_LIBRARY_PATH=/opt/mlenv/env/lib PROBE_PATH=/of/the/base\n"
)


def texts(workspace: Workspace, build_id: str) -> list[str]:
    return [one.x for one in read_records(workspace.log_path(build_id)) if one.k != "progress"]


def run(engine: Any, image: str, *command: str) -> str:
    return engine.containers.run(
        image, list(command), remove=True, network_mode="none", user="1234"
    ).decode()


def test_conda_packages_are_in_the_image_and_pip_adds_to_them(
    workspace: Workspace,
    built: Built,
    engine: Any,
    channels: Server,
    wheelhouse: Callable[..., Path],
) -> None:
    links = wheelhouse("alpha", requires=("six",)).as_uri()
    minor = conda_channel.python_package(conda_channel.pythons()[-1]).version.rpartition(".")[0]
    version, build = built(
        "both",
        "alpha",
        find_links=[links],
        docker=BASE,
        python=minor,
        conda_packages=["six", "probe", "pure"],
        conda_channels=[f"{channels.address}/main"],
    )
    said = texts(workspace, build.id)
    assert (build.state, build.error) == ("succeeded", None), said
    by_name = {one.name: one for one in version.packages}
    assert {name for name, one in by_name.items() if one.installer == "conda"} == {
        "python",
        "six",
        "probe",
        "pure",
    }
    assert by_name["alpha"].installer == "pip"
    assert "alpha" in by_name["six"].required_by
    name = f"mlenv/mlenv_{version.digest[:32]}"
    code = "import alpha, six, pure, sys, os; print(pure.__version__, sys.version[:4].strip('.'), "
    code += "sys.prefix, os.environ['PROBE_HOME'], os.environ['PROBE_PATH'])"
    assert run(engine, name, "python", "-c", code).split() == [
        "1.0",
        minor,
        "/opt/mlenv/env",
        "/opt/mlenv/env/share",
        "/opt/mlenv/env/probe:/of/the/base",
    ]
    # The prefix that packages find written into them is the one in the image.
    assert run(engine, name, "probe") == "/opt/mlenv/env /opt/mlenv/env\n"
    written = run(engine, name, "sh", "-c", "cat /opt/mlenv/env/conda-meta/*.json")
    assert str(workspace.places.home) not in written
    assert str(workspace.places.store) not in written
    # It needs no mlenv and no conda, and has the kernel beside the environment.
    assert "ipykernel" in run(engine, name, "ls", "/opt/mlenv/kernel")
    record = workspace.store.record(workspace.places.image(version.lock_digest))
    details = image_details(version.digest, record, workspace.places.image(version.lock_digest))
    assert "COPY conda-1 /opt/mlenv/env" in details.dockerfile

    # Nothing is left of what was between, and a dry run comes to the same packages.
    assert not engine.images.list(f"mlenv/base:{version.digest[:24]}-given")
    resolution = workspace.resolve(version.definition)
    assert {one.name for one in resolution.packages} == set(by_name)

    # Built once more from its lock, with the engine's memory of it gone.
    engine.images.remove(f"{name}:latest")
    engine.images.remove(f"{name}:{version.lock_digest[:16]}")
    again = workspace.wait(workspace.build("both").id, 240)
    assert (again.state, again.error) == ("succeeded", None)
    assert workspace.version("both").lock_digest == version.lock_digest
    assert any("Locked before for image-" in one for one in texts(workspace, again.id))


def test_one_more_conda_package_is_one_more_layer_and_conflicts_are_explained(
    workspace: Workspace, built: Built, engine: Any, channels: Server
) -> None:
    fields = {"docker": BASE, "conda_channels": [f"{channels.address}/main"]}
    first, build = built("layers", conda_packages=["padding"], **fields)
    assert (build.state, build.error) == ("succeeded", None), texts(workspace, build.id)
    second, build = built("layers", conda_packages=["padding", "needs-gpu"], **fields)
    assert build.state == "failed"
    assert "__cuda" in build.error.message + build.error.detail
    second, build = built("layers", conda_packages=["padding", "newapp"], **fields)
    assert (build.state, build.error) == ("succeeded", None), texts(workspace, build.id)
    said = "\n".join(texts(workspace, build.id))
    assert "[base 2/5] taken from the cache" in said
    assert "[base 3/5] taken from the cache" in said
    layers = [
        engine.api.inspect_image(f"mlenv/mlenv_{one.digest[:32]}")["RootFS"]["Layers"]
        for one in (first, second)
    ]
    there = len(engine.api.inspect_image("mlenv/test-base:1")["RootFS"]["Layers"]) + 1
    assert len(layers[1]) == len(layers[0]) + 1
    assert layers[1][: there + 2] == layers[0][: there + 2]
