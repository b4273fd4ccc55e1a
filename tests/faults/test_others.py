"""The same blows at builds with rattler and with a container engine, at what is theirs.

``make faults N=kills`` has every passage of every point.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from mlenv_jupyter.failpoints import STEPS
from tests import conda_channel
from tests.conda_channel import Server

from .index import flipped
from .rig import Rig
from .walk import met, spread, strike

pytestmark = [pytest.mark.network, pytest.mark.slow]

CONDA = [one for one in STEPS if one.startswith("conda.")]
IMAGE = [one for one in STEPS if one.startswith("image.")]
DEAD = ["interrupted", "interrupted"]
"""A worker that dies is none of the caller's death: it says so, after the second time."""
DONE = ["succeeded", None]
"""What the engine has, or is committed, is taken by the second worker."""


@pytest.fixture(scope="module")
def channel(rig: Rig) -> Iterator[Server]:
    """A conda channel; what is in rattler's cache is fetched by the first build."""
    server = Server(0, conda_channel.ensure()).start()
    rig.channel = f"{server.address}/main"
    case = rig.prepare("conda")
    rig.check(case, rig.strike(case))
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def images(rig: Rig, engine_environment: dict[str, str]) -> Iterator[None]:
    """A container engine, for what is built here too."""
    rig.engine = engine_environment
    with pytest.MonkeyPatch.context() as patch:
        for key, value in engine_environment.items():
            patch.setenv(key, value)
        yield


@pytest.mark.parametrize("point", [*CONDA, "store.whole", "store.committed"])
def test_a_build_of_conda_packages_dies(rig: Rig, channel: Server, point: str) -> None:
    case = rig.prepare("conda")
    found = rig.strike(case, f"{point}=kill")
    assert found["said"] == (DONE if point == "store.committed" else DEAD)
    rig.check(case, found)


@pytest.mark.parametrize("armed", ["store.placed=kill", "store.rename=EIO"])
def test_a_rebuild_of_conda_packages_harms_nothing(rig: Rig, channel: Server, armed: str) -> None:
    case: dict[str, Any] = rig.prepare("conda")
    name, thing = case["name"], case["thing"]
    assert rig.build(name) == "succeeded"
    found = rig.strike({**case, "op": "rebuild"}, armed)
    assert found["said"] == DEAD if armed.endswith("=kill") else found["said"][0] == "failed", found
    rig.settle()
    rig.look()
    assert rig.workspace.version(name).state == "ready"
    rig.works(name, thing)
    assert rig.build(name, force=True) == "succeeded"
    rig.check(case, found)


def test_what_writes_is_refused_to_rattler(rig: Rig, channel: Server) -> None:
    if rig.refusals is None:
        pytest.skip("There is no C compiler here.")
    calls = met(rig, "conda")
    outcomes = [strike(rig, blow) for blow in spread("conda", calls.total(), 4)]
    assert sum(refused.total() for _, refused in outcomes) >= 2


def test_a_spoilt_package_is_never_linked(rig: Rig, channel: Server) -> None:
    case = {**rig.prepare("conda"), "fresh": True}
    channel.spoilt, channel.spoil = "pure-", flipped(random.Random(5).random())
    try:
        found = rig.strike(case)
    finally:
        channel.spoil = None
    assert found["said"][0] == "failed", found
    rig.check(case, found)


@pytest.mark.docker
@pytest.mark.parametrize("point", [*IMAGE, "store.committed"])
def test_a_build_of_an_image_dies(rig: Rig, images: None, point: str) -> None:
    case = rig.prepare("image")
    found = rig.strike(case, f"{point}=kill")
    assert found["said"] == (DONE if point in ("image.made", "store.committed") else DEAD)
    assert rig.workspace.builds(name=case["name"])[0].attempt == 2
    rig.check(case, found)


@pytest.mark.docker
def test_a_full_disk_leaves_nothing_of_an_image(rig: Rig, images: None) -> None:
    case = rig.prepare("image")
    found = rig.strike(case, "file.write=ENOSPC")
    assert found.get("error") == "disk_full" or found["said"][0] != "succeeded", found
    rig.check(case, found)
