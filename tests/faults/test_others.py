"""The same blows at builds with rattler and with a container engine: a few, where it counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.store.places import record_of
from tests import conda_channel
from tests.conda_channel import Server

from .rig import Rig

pytestmark = [pytest.mark.network, pytest.mark.slow]


@pytest.fixture(scope="module")
def conda(rig: Rig) -> Iterator[dict[str, Any]]:
    """An environment of conda's packages, built once: what is in rattler's cache is fetched."""
    server = Server(0, conda_channel.ensure()).start()
    definition = Definition.create(
        conda_packages=["pure"], conda_channels=[f"{server.address}/main"]
    )
    case = {"op": "rebuild", "name": "conda", "thing": "pure", "index": rig.index.address}
    rig.workspace.register("conda", definition)
    assert rig.build("conda") == "succeeded"
    yield case
    rig.workspace.delete("conda")
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "armed",
    ["store.begun=kill", "store.whole=kill", "store.placed=kill", "store.rename=EIO"],
)
def test_a_rebuild_of_conda_packages_harms_nothing(
    rig: Rig, conda: dict[str, Any], armed: str
) -> None:
    found = rig.strike(conda, armed)
    if armed.endswith("=kill"):
        assert found["said"] == ["interrupted", "interrupted"]
    else:
        assert found["said"][0] == "failed", found
    rig.settle()
    rig.look()
    assert rig.workspace.version("conda").state == "ready"
    rig._works("conda", "pure")
    assert rig.build("conda", force=True) == "succeeded"
    rig._works("conda", "pure")
    rig.look()


@pytest.mark.docker
@pytest.mark.parametrize(
    "armed", ["making.noted=kill", "store.whole=kill", "store.committed=kill", "file.write=ENOSPC"]
)
def test_an_image_build_that_fails_leaves_nothing_and_works_again(
    rig: Rig, engine_environment: dict[str, str], armed: str
) -> None:
    # Another package each time: an image that is there would be taken.
    name = thing = f"image-{armed.partition('=')[0].replace('.', '-')}"
    docker = DockerSection(base_image="mlenv/test-base:1")
    rig.wheel(thing)
    definition = Definition.create(
        requirements=[thing], find_links=[rig.wheels.as_uri()], docker=docker
    )
    rig.workspace.register(name, definition)
    case = {"op": "build", "name": name, "thing": thing, "index": rig.index.address}
    found = rig.strike({**case, "env": engine_environment}, armed)
    if armed.endswith("=kill"):
        # What is committed is taken by the second worker, and that one has nothing to do.
        committed = armed.startswith("store.committed")
        expected = ["succeeded", None] if committed else ["interrupted", "interrupted"]
        assert (found["said"], rig.workspace.builds(name=name)[0].attempt) == (expected, 2)
    else:
        assert found.get("error") == "disk_full" or found["said"][0] != "succeeded", found
    with pytest.MonkeyPatch.context() as patch:
        for key, value in engine_environment.items():
            patch.setenv(key, value)
        rig.settle()
        rig.look()
        images = rig.workspace.places.images
        places = [one for one in images.iterdir() if one.is_dir()] if images.is_dir() else []
        assert [one for one in places if not record_of(one).exists()] == []
        assert rig.build(name) == "succeeded"
        assert rig.workspace.image_details(name).exists
        rig.workspace.delete(name)
