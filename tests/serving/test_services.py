"""A model is trained in a run, registered, served, asked, updated and killed: all for real."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlenv_jupyter import (
    Environment,
    Experiment,
    InferenceConfig,
    LocalWebservice,
    Model,
    Run,
    ScriptRunConfig,
    Webservice,
    Workspace,
)
from mlenv_jupyter.core.errors import BuildFailed, Conflict, InvalidRequest, NotFound, Unavailable

pytestmark = pytest.mark.network
SCORE = """
import json, os
def init():
    global factor
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.json")) as file:
        factor = json.load(file)["factor"]
def run(data):
    return {"score": [one * factor for one in json.loads(data)["data"]], "pid": os.getpid()}
"""


@pytest.fixture
def served(workspace: Workspace) -> Iterator[Workspace]:
    yield workspace
    for one in workspace.services.all():
        workspace.services.delete(one.name)


@pytest.fixture
def deploy(served: Workspace, tmp_path: Path) -> Callable[..., Webservice]:
    def make(script: str = SCORE, name: str = "answers", **limits: Any) -> Webservice:
        source = tmp_path / "code"
        source.mkdir(exist_ok=True)
        (source / "score.py").write_text(script)
        service = Model.deploy(
            served,
            name,
            [model(served, tmp_path, 2)],
            InferenceConfig("score.py", Environment("small"), source),
            LocalWebservice.deploy_configuration(**limits),
        )
        service.wait_for_deployment(show_output=True)
        return service

    return make


def model(workspace: Workspace, place: Path, factor: int) -> Model:
    path = place / "model.json"
    path.write_text(json.dumps({"factor": factor}))
    return Model.register(workspace, path, "factor")


def ask(service: Webservice, data: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(service.scoring_uri, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def read(service: Webservice, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{service.port}{path}", timeout=30) as answer:
        found: str = answer.read().decode()
        return found


@contextlib.contextmanager
def loaded(service: Webservice, data: bytes, clients: int = 2) -> Iterator[list[Any]]:
    """What clients are answered that ask all the time: (status, answer), 0 where none came."""
    stop = threading.Event()
    seen: list[Any] = []

    def load() -> None:
        while not stop.is_set():
            try:
                seen.append(ask(service, data))
            except OSError as error:
                seen.append((0, error))

    threads = [threading.Thread(target=load) for _ in range(clients)]
    for one in threads:
        one.start()
    try:
        yield seen
    finally:
        stop.set()
        for one in threads:
            one.join()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def test_a_model_answers_and_wrong_requests_are_told_so(
    deploy: Callable[..., Webservice], served: Workspace
) -> None:
    service = deploy(max_request_bytes=2000)
    assert service.state == "Healthy"
    assert service.run(json.dumps({"data": [1, 2]}))["score"] == [2, 4]
    assert read(service, "/") == "Healthy"
    assert json.loads(read(service, "/ready")) == {"ready": True, "revision": 1}
    assert json.loads(read(service, "/swagger.json"))["info"]["title"] == "answers"
    status, answer = ask(service, b"no json")
    assert (status, answer["error"]["code"]) == (400, "bad_request")
    status, answer = ask(service, b"{}")
    assert (status, answer["error"]["code"]) == (500, "run_failed")
    assert "KeyError" in answer["error"]["message"]
    # Whoever has the answer finds the traceback: it is in the log before the answer is sent.
    for count in range(1, 10):
        assert service.get_logs().count("KeyError: 'data'") == count
        ask(service, b"{}")
    assert ask(service, b" " * 3000)[0] == 413
    assert 'mlenv_requests_total{status="200"} 1.0' in read(service, "/metrics")
    with pytest.raises(Conflict):
        deploy()
    service.delete()
    with pytest.raises(NotFound):
        Webservice(served, "answers")


def test_keys_are_asked_for(deploy: Callable[..., Webservice]) -> None:
    service = deploy(auth_enabled=True)
    data = json.dumps({"data": [1]})
    assert service.run(data)["score"] == [2]
    assert ask(service, data.encode())[0] == 401
    assert ask(service, data.encode(), Authorization="Bearer no")[0] == 401
    second = service.get_keys()[1]
    assert ask(service, data.encode(), Authorization=f"Bearer {second}")[0] == 200
    service.regen_key("Secondary")
    assert ask(service, data.encode(), Authorization=f"Bearer {second}")[0] == 401
    assert ask(service, data.encode(), Authorization=f"Bearer {service.get_keys()[1]}")[0] == 200
    assert service.run(data)["score"] == [2]


def test_no_request_fails_while_a_service_is_updated(
    deploy: Callable[..., Webservice], served: Workspace, tmp_path: Path
) -> None:
    service = deploy(max_concurrent_requests=4)
    with loaded(service, b'{"data": [1]}', 4) as seen:
        until(lambda: len(seen) > 20)
        inference = InferenceConfig("score.py", Environment("small"), tmp_path / "code")
        service.update([model(served, tmp_path, 3)], inference)
        service.wait_for_deployment()
        count = len(seen)
        until(lambda: len(seen) > count + 200)
    assert [one for one in seen if one[0] != 200] == []
    scores = [one[1]["score"][0] for one in seen]
    assert scores[0] == 2
    assert scores[-1] == 3
    assert service.service.revision == 2


def test_an_update_that_does_not_start_leaves_what_answers(
    deploy: Callable[..., Webservice], tmp_path: Path
) -> None:
    service = deploy()
    (tmp_path / "code" / "score.py").write_text(
        "def init(): raise ValueError('broken')\ndef run(data): pass"
    )
    service.update(
        inference_config=InferenceConfig("score.py", Environment("small"), tmp_path / "code")
    )
    with pytest.raises(BuildFailed, match="did not start"):
        service.wait_for_deployment()
    assert service.run('{"data": [1]}')["score"] == [2]
    assert "ValueError: broken" in service.get_logs()


def test_what_is_killed_is_started_again(
    deploy: Callable[..., Webservice], served: Workspace
) -> None:
    service = deploy()
    first = service.run('{"data": [1]}')["pid"]
    os.kill(first, signal.SIGKILL)
    # The connection waits for the process that comes next.
    until(lambda: _pid(service) not in (None, first))
    from mlenv_jupyter.serving.spec import ServiceFiles

    supervisor = ServiceFiles(served.places, "answers").read_pid()
    assert supervisor is not None
    second = _pid(service)
    os.kill(supervisor, signal.SIGKILL)
    # It ends with its supervisor, and whoever looks starts both again.
    until(lambda: not psutil.pid_exists(second) or psutil.Process(second).status() == "zombie")
    until(lambda: _pid(service) not in (None, second))


def _pid(service: Webservice) -> Any:
    try:
        return service.run('{"data": [1]}')["pid"]
    except Unavailable:
        return None


def test_raw_requests(deploy: Callable[..., Webservice]) -> None:
    service = deploy(
        """
from mlenv_jupyter import rawhttp, AMLRequest, AMLResponse, Model
def init(): pass
@rawhttp
def run(request):
    if request.method == "GET":
        return AMLResponse({"asked": request.args["x"]}, 200)
    if not request.get_data():
        return AMLResponse("bad request", 400)
    response = AMLResponse(Model.get_model_path("factor"), 201)
    response.headers["X-Own"] = "1"
    return response
"""
    )
    assert json.loads(read(service, "/score?x=5")) == {"asked": "5"}
    request = urllib.request.Request(service.scoring_uri, b"\x00\x01")
    with urllib.request.urlopen(request) as answer:
        assert (answer.status, answer.headers["X-Own"]) == (201, "1")
        assert answer.read().decode().endswith("/factor/1/model.json")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(urllib.request.Request(service.scoring_uri, b""))


def test_models_are_numbered_and_kept_by_content(workspace: Workspace, tmp_path: Path) -> None:
    first, second = model(workspace, tmp_path, 1), model(workspace, tmp_path, 2)
    assert (first.id, second.id) == ("factor:1", "factor:2")
    assert json.loads(Path(Model.get_model_path("factor", 1, workspace)).read_text()) == {
        "factor": 1
    }
    assert Model(workspace, "factor").version == 2
    (tmp_path / "model.json").write_text("changed")
    assert Path(second.download(str(tmp_path / "copy"))).read_text() == '{"factor": 2}'
    with pytest.raises(NotFound):
        Model.register(workspace, tmp_path / "absent", "factor")
    with pytest.raises(InvalidRequest):
        Model.deploy(workspace, "x", [first])


@pytest.mark.slow
def test_a_scikit_learn_model_from_a_run_to_a_score(served: Workspace, tmp_path: Path) -> None:
    environment = Environment("learns")
    environment.python.conda_dependencies.add_pip_package("scikit-learn")
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text(
        """
import pickle
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from mlenv_jupyter import Run
x, y = load_iris(return_X_y=True)
made = LogisticRegression(max_iter=500).fit(x, y)
Run.get_context().log("accuracy", made.score(x, y))
with open("outputs/model.pkl", "wb") as file:
    pickle.dump(made, file)
"""
    )
    (source / "score.py").write_text(
        """
import json, os, pickle
import numpy as np
def init():
    global model
    with open(os.path.join(os.getenv("AZUREML_MODEL_DIR"), "model.pkl"), "rb") as file:
        model = pickle.load(file)
def run(data):
    return model.predict(np.array(json.loads(data)["data"])).tolist()
"""
    )
    config = ScriptRunConfig(source, "train.py", environment=environment)
    run = Experiment(served, "iris").submit(config)
    run.wait_for_completion(show_output=True)
    assert run.get_metrics("accuracy")["accuracy"] > 0.9
    made = run.register_model("iris", "outputs/model.pkl")
    assert made.run_id == run.id
    service = Model.deploy(
        served, "iris", [made], InferenceConfig("score.py", run.get_environment(), source)
    )
    service.wait_for_deployment(show_output=True)
    data = json.dumps({"data": [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]})
    assert service.run(data) == [0, 2]
    # A second training, and its model takes the place of the first while others ask.
    again = Run.get(served, served.runs.again(run.id).id)
    again.wait_for_completion()
    newer = again.register_model("iris", "outputs/model.pkl")
    assert newer.version == 2
    with loaded(service, data.encode()) as seen:
        until(lambda: len(seen) > 5)
        service.update([newer], InferenceConfig("score.py", again.get_environment(), source))
        service.wait_for_deployment()
        count = len(seen)
        until(lambda: len(seen) > count + 20)
    assert {one[0] for one in seen} == {200}
    assert service.service.models[0].version == 2
    from mlenv_jupyter.serving.spec import ServiceFiles

    supervisor = ServiceFiles(served.places, "iris").read_pid()
    # The one before may still answer what it had.
    max(psutil.Process(supervisor).children(), key=lambda one: one.create_time()).kill()
    assert service.run(data) == [0, 2]


def test_where_the_registry_is_stays_with_mlenv(homes: Path, tmp_path: Path) -> None:
    # The address may hold a password: it is in no file, and no entry script sees it.
    canary = "pw-canary-5512"
    workspace = Workspace(database=f"sqlite:///{tmp_path / canary}.sqlite")
    source = tmp_path / "code"
    source.mkdir()
    (source / "score.py").write_text("import os\ndef run(data): return dict(os.environ)")
    inference = InferenceConfig("score.py", Environment("small"), source)
    try:
        service = Model.deploy(workspace, "answers", [model(workspace, tmp_path, 2)], inference)
        service.wait_for_deployment()
        seen = service.run("{}")
        assert "AZUREML_MODEL_DIR" in seen
        assert canary not in str(seen)
        for path in (one for one in homes.rglob("*") if one.is_file()):
            assert canary.encode() not in path.read_bytes(), path
    finally:
        for one in workspace.services.all():
            workspace.services.delete(one.name)
        workspace.close()
