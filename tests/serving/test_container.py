"""Services in real containers, and what of them runs without mlenv."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlenv_jupyter import (
    ContainerWebservice,
    Environment,
    InferenceConfig,
    LocalWebservice,
    Model,
    Webservice,
    Workspace,
)
from mlenv_jupyter.core.errors import InvalidRequest

from .test_services import SCORE, ask, model, until

pytestmark = [pytest.mark.docker, pytest.mark.network]


@pytest.fixture
def boxed(
    workspace: Workspace, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    monkeypatch.setattr(workspace, "base_image", "mlenv/test-base:1")
    yield workspace
    for one in workspace.services.all():
        workspace.services.delete(one.name)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    place = tmp_path / "code"
    place.mkdir()
    (place / "score.py").write_text(SCORE.replace('"pid": os.getpid()', '"box": os.uname()[1]'))
    return place


def test_a_container_answers_is_updated_and_started_again(
    boxed: Workspace, engine: Any, source: Path, tmp_path: Path
) -> None:
    inference = InferenceConfig("score.py", Environment("small"), source)
    config = ContainerWebservice.deploy_configuration(0.5, 0.25, auth_enabled=True)
    service = Model.deploy(boxed, "boxed", [model(boxed, tmp_path, 2)], inference, config)
    service.wait_for_deployment(show_output=True)
    # It is the version as it was registered, in its other form.
    assert Environment.get(boxed, "small", service.service.version).docker.enabled is False
    assert "Built as an image, since that was asked for" in service.get_logs()
    first = service.run('{"data": [1, 2]}')
    assert first["score"] == [2, 4]
    assert ask(service, b'{"data": [1]}')[0] == 401
    (container,) = containers(engine)
    limits = container.attrs["HostConfig"]
    assert (limits["NanoCpus"], limits["Memory"]) == (500_000_000, 256 << 20)
    assert first["box"] == container.id[:12]

    # Whoever has the answer finds the traceback: it is in the log before the answer is sent.
    for count in range(1, 6):
        status, answer = ask(service, b"{}", Authorization=f"Bearer {service.get_keys()[1]}")
        assert (status, answer["error"]["code"]) == (500, "run_failed")
        assert service.get_logs().count("KeyError: 'data'") == count
    stop = threading.Event()
    seen: list[Any] = []
    key = service.get_keys()[0]

    def load() -> None:
        while not stop.is_set():
            try:
                seen.append(ask(service, b'{"data": [1]}', Authorization=f"Bearer {key}"))
            except OSError as error:
                seen.append((0, error))

    thread = threading.Thread(target=load)
    thread.start()
    try:
        until(lambda: len(seen) > 5)
        service.update([model(boxed, tmp_path, 3)], inference)
        service.wait_for_deployment()
        count = len(seen)
        until(lambda: len(seen) > count + 20)
    finally:
        stop.set()
        thread.join()
    assert [one for one in seen if one[0] != 200] == []
    assert seen[-1][1]["score"] == [3]
    _exported_runs_alone(service, engine, tmp_path / "exported")
    until(lambda: len(containers(engine)) == 1)
    (second,) = containers(engine)
    second.kill()
    until(lambda: _box(service) not in (None, second.id[:12]), 60)
    service.delete()
    assert containers(engine) == []
    assert engine.images.list(filters={"label": "mlenv.service=boxed"}) == []


def test_a_process_becomes_a_container_and_a_process_again(
    boxed: Workspace, engine: Any, source: Path, tmp_path: Path
) -> None:
    inference = InferenceConfig("score.py", Environment("small"), source)
    models, process = [model(boxed, tmp_path, 2)], LocalWebservice.deploy_configuration()
    service = Model.deploy(boxed, "both", models, inference, process)
    service.wait_for_deployment()
    assert service.run('{"data": [1]}')["box"] == os.uname()[1]
    service.update(models, inference, ContainerWebservice.deploy_configuration(), wait=True)
    (container,) = containers(engine)
    assert service.run('{"data": [1]}')["box"] == container.id[:12]
    service.update(models, inference, process, wait=True)
    assert service.run('{"data": [1]}')["box"] == os.uname()[1]
    assert [one.version for one in boxed.versions("small")] == ["1"]
    service.delete()
    # Though a process answered last, nothing is left of the container that did before.
    assert containers(engine) == []
    assert engine.images.list(filters={"label": "mlenv.service=both"}) == []


def test_a_process_has_no_limits(boxed: Workspace, source: Path, tmp_path: Path) -> None:
    config = ContainerWebservice.deploy_configuration(1, 1)
    config.boxed = False
    with pytest.raises(InvalidRequest, match="no limits"):
        Model.deploy(
            *(boxed, "x", [model(boxed, tmp_path, 2)]),
            *(InferenceConfig("score.py", Environment("small"), source), config),
        )


def _exported_runs_alone(service: Webservice, engine: Any, place: Path) -> None:
    """The exported image answers where there is nothing of mlenv, and the manifests are valid."""
    import kubernetes_validate

    made = service.export(str(place), "mlenv/exported-test:1")
    assert set(made) == {"compose.yml", "kubernetes.yml", "README.md", "image/Dockerfile"}
    documents = list(yaml.safe_load_all((place / "kubernetes.yml").read_text()))
    for one in documents:
        kubernetes_validate.validate(one, "1.31", strict=True)
    deployment = documents[0]["spec"]
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    limits = deployment["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert limits == {"cpu": "500m", "memory": "256Mi"}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**documents[0], "spec": {"replicas": "two"}}, "1.31")
    check = [*(sys.executable, "-m", "check_jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    subprocess.run([*check, place / "compose.yml"], check=True)
    wrong = place.with_name("wrong.yml")
    wrong.write_text("services: {x: {imag: y}}")
    assert subprocess.run([*check, wrong], stdout=subprocess.DEVNULL).returncode == 1
    (compose,) = yaml.safe_load((place / "compose.yml").read_text())["services"].values()
    assert compose["environment"] == {"MLENV_SERVICE_KEYS_FILE": "/run/secrets/keys.json"}
    text = "".join(one.read_text() for one in place.iterdir() if one.is_file())
    assert service.get_keys()[0] not in text
    keys = place / "keys.json"
    keys.write_text('["open"]')
    engine.images.build(path=str(place / "image"), tag=compose["image"], rm=True)
    container = engine.containers.run(
        compose["image"],
        detach=True,
        environment=compose["environment"],
        ports={"5001/tcp": ("127.0.0.1", None)},
        volumes=[f"{keys}:/run/secrets/keys.json:ro"],
        user="10001",
        mem_limit=compose["mem_limit"],
        labels={"mlenv.service": ""},
    )
    try:
        keys.chmod(0o644)

        def answer() -> Any:
            container.reload()
            port = int(container.ports["5001/tcp"][0]["HostPort"])
            url = f"http://127.0.0.1:{port}/score"
            request = urllib.request.Request(
                url, b'{"data": [5]}', {"Authorization": "Bearer open"}
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as said:
                    return json.loads(said.read())["score"]
            except OSError:
                return None

        until(lambda: answer() == [15], 60)
    finally:
        container.remove(force=True, v=True)
        engine.images.remove(compose["image"], force=True)


def containers(engine: Any) -> list[Any]:
    return list(engine.containers.list(all=True, filters={"label": "mlenv.service"}))


def _box(service: Webservice) -> Any:
    from mlenv_jupyter.core.errors import Unavailable

    try:
        return service.run(json.dumps({"data": [1]}))["box"]
    except Unavailable:
        return None
