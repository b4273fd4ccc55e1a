"""Images that other machines find: pushed to a real registry, pulled from it, and not built."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.core.sections import DockerSection, ImageRegistry
from mlenv_jupyter.engine.connect import connect
from mlenv_jupyter.engine.transfer import Moved
from mlenv_jupyter.kernels import starting
from mlenv_jupyter.kernels.containers.run import ContainerKernel
from mlenv_jupyter.kernels.record import LaunchRecord, read_record, record_path
from mlenv_jupyter.kernels.starting import Listener
from mlenv_jupyter.workspace import Workspace

from .conftest import PASSWORD, USER, Registry

pytestmark = [pytest.mark.docker, pytest.mark.network]

Built = Callable[..., Any]
BASE = DockerSection(base_image="mlenv/test-base:1")


def use(workspace: Workspace, registry: Registry, password: str = PASSWORD) -> None:
    workspace.image_registry = f"{registry.address}/team"
    workspace.image_registry_username = USER
    workspace.image_registry_password = "${secret:images}"
    workspace.secrets.set("images", password, hosts=[registry.address])


def forget(engine: Any, digest: str) -> None:
    """Remove every name of an image from the engine, as if it had never been here."""
    for image in engine.images.list():
        if any(digest[:32] in tag for tag in image.tags):
            engine.images.remove(image.id, force=True)


def texts(workspace: Workspace, build_id: str) -> str:
    found = [one.x for one in read_records(workspace.log_path(build_id)) if one.k != "progress"]
    return "\n".join(found)


def test_another_machine_pulls_what_one_has_pushed(
    workspace: Workspace,
    built: Built,
    engine: Any,
    registry: Registry,
    wheelhouse: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(workspace, registry)
    links = wheelhouse("shared-thing").as_uri()
    version, build = built("shared", "shared-thing", find_links=[links], docker=BASE)
    assert build.state == "succeeded", build.error
    pushed = workspace.wait(workspace.build("shared", push=True).id, 120)
    assert pushed.state == "succeeded", pushed.error
    said = texts(workspace, pushed.id)
    assert "Pushed" in said
    details = workspace.image_details("shared")
    assert details.exists
    assert details.registry == registry.address
    assert details.pushed.startswith(
        f"{registry.address}/team/mlenv/mlenv_{version.digest[:32]}@sha"
    )
    progress = [one.d for one in read_records(workspace.log_path(pushed.id)) if one.k == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"] > 1
    assert any(one.get("bytes_total") for one in progress)

    forget(engine, version.digest)
    assert "does not have it any more" in workspace.image_details("shared").notes[0]
    monkeypatch.setenv("MLENV_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("MLENV_STORE", str(tmp_path / "elsewhere" / "store"))
    other = Workspace.from_config()
    use(other, registry)
    other.register("mine", version.definition)
    build = other.wait(other.build("mine").id, 120)
    assert build.state == "succeeded", build.error
    said = texts(other, build.id)
    assert "Downloaded newer image" in said
    assert "[environment" not in said
    # Who pulls it sees how it was made, too.
    first = workspace.places.image(version.lock_digest) / "Dockerfile"
    pulled = other.image_details("mine")
    assert pulled.dockerfile == first.read_text()
    assert pulled.size and pulled.layers
    found = other.version("mine")
    assert (found.state, found.lock_digest) == ("ready", version.lock_digest)
    other.close()


def test_the_pull_of_a_kernel_is_told_while_it_starts(
    workspace: Workspace,
    built: Built,
    engine: Any,
    registry: Registry,
    wheelhouse: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(workspace, registry)
    version, _ = built("told", "told", find_links=[wheelhouse("told").as_uri()], docker=BASE)
    assert workspace.wait(workspace.build("told", push=True).id, 120).state == "succeeded"
    kernel = workspace.install_kernel("told")
    record = read_record(record_path(workspace.places.kernels, kernel.kernel_name))
    forget(engine, version.digest)
    told: list[tuple[str, bool]] = []
    listener = Listener(workspace.places.home)
    # A kernel starts with docker's own login.
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config = {"auths": {registry.address: {"auth": login}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    pulled = Thread(target=_pull, args=(record, tmp_path / "connection.json"))
    monkeypatch.setattr(starting, "EVERY", 0.0)
    # It ends once it was heard.
    heard, end = Event(), starting.Teller.end
    monkeypatch.setattr(starting.Teller, "end", lambda one: (heard.wait(60), end(one)))
    (tmp_path / "connection.json").write_text("{}")
    pulled.start()
    while not told and pulled.is_alive():
        told += [(word.text, starts) for word, starts in listener.news()]
    heard.set()
    pulled.join()
    told += [(word.text, starts) for word, starts in listener.news()]
    assert told[0] == ("pulling the image", True)
    assert told[-1][1] is False

    # The layers are in the engine already; what is said of bytes takes none.
    kernel = ContainerKernel(record, record.container, {}, tmp_path / "connection.json")
    kernel._moved(Moved(layers=2, layers_done=1, bytes_done=40_000_000, bytes_total=200_000_000))
    assert [word.text for word, _ in listener.news()] == ["40 of 200 MB"]


def _pull(record: LaunchRecord, connection: Path) -> None:
    with closing(connect()) as client:
        ContainerKernel(record, record.container, {}, connection)._image(client)


def test_a_wrong_password_is_said_and_shown_nowhere(
    workspace: Workspace, built: Built, engine: Any, registry: Registry, tmp_path: Path
) -> None:
    use(workspace, registry, "wr0ng-c4n@ry")
    _, build = built("shared", docker=BASE)
    build = workspace.wait(workspace.build("shared", push=True).id, 120)
    assert build.state == "failed"
    assert build.error.code == "registry_denied"
    assert "docker login" in build.error.remedy
    assert not [
        one
        for one in tmp_path.rglob("*")
        if one.is_file() and one.name != "secrets.json" and b"wr0ng-c4n" in one.read_bytes()
    ]


def test_a_base_image_of_a_private_registry(
    workspace: Workspace, built: Built, engine: Any, registry: Registry
) -> None:
    remote = f"{registry.address}/bases/python"
    login = {"username": USER, "password": PASSWORD}
    engine.api.tag("mlenv/test-base:1", remote, "3")
    assert "error" not in engine.api.push(remote, "3", auth_config=login)
    engine.images.remove(f"{remote}:3")
    workspace.secrets.set("images", PASSWORD, hosts=[registry.address])
    section = DockerSection(
        base_image="bases/python:3",
        base_image_registry=ImageRegistry(
            address=registry.address, username=USER, password="${secret:images}"
        ),
    )
    version, build = built("private", docker=section)
    assert build.state == "succeeded", build.error
    record = workspace.store.record(workspace.places.image(version.lock_digest))
    assert record.image.base.startswith(f"{remote}@sha256:")
    labels = engine.api.inspect_image(record.image.id)["Config"]["Labels"]
    assert labels["org.opencontainers.image.base.name"] == remote
    # What it was locked with stays, whatever the tag says later.
    text = workspace.image_details("private").dockerfile
    assert f"FROM {record.image.base} AS base" in text


def test_without_a_registry_there_is_nowhere_to_push(
    workspace: Workspace, built: Built, engine: Any
) -> None:
    built("alone", docker=BASE)
    build = workspace.wait(workspace.build("alone", push=True).id, 120)
    assert build.error.code == "no_image_registry"
