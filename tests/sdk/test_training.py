"""Programs that train and deploy, written as those for the seed system's SDK are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlenv_jupyter import (
    DockerConfiguration,
    Environment,
    Experiment,
    InferenceConfig,
    LocalWebservice,
    Model,
    Run,
    RunConfiguration,
    ScriptRunConfig,
    Workspace,
)
from mlenv_jupyter.core.errors import InvalidRequest

TRAIN = """
import os, sys
from mlenv_jupyter import Run
run = Run.get_context()
run.log("loss", 0.5, step=1)
with open("outputs/model.json", "w") as file:
    file.write('{"words": "%s %s"}' % (os.environ["MESSAGE"], " ".join(sys.argv[1:])))
run.complete()
"""
SCORE = """
import json, os
def init():
    global model
    model = json.load(open(os.path.join(os.getenv("AZUREML_MODEL_DIR"), "model.json")))
def run(data):
    return [model["words"], data]
"""


@pytest.mark.network
def test_from_a_run_configuration_to_a_score(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = workspace
    monkeypatch.chdir(tmp_path)
    Path("code").mkdir()
    Path("code/train.py").write_text(TRAIN)
    Path("code/score.py").write_text(SCORE)

    run_config = RunConfiguration()
    run_config.target = "local"
    run_config.environment_variables = {"MESSAGE": "hello"}
    src = ScriptRunConfig("./code", "train.py", ["--rate", 0.1, "--epochs", 3], run_config)
    src.run_config.environment = Environment("myenv")
    exp = Experiment(ws, "myexp")
    run = exp.submit(src, tags={"kind": "trial"})
    assert run.wait_for_completion()["status"] == "Completed"
    assert run.get_metrics() == {"loss": 0.5}
    assert Environment.get(ws, "myenv") == run.get_environment()
    assert [one.id for one in exp.get_runs(tags={"kind": "trial"})] == [run.id]
    assert [one.id for one in Run.list(exp)] == [run.id]
    assert [one.name for one in Experiment.list(ws)] == ["myexp"]
    run.download_files("outputs/", "got")
    assert json.loads(Path("got/outputs/model.json").read_text())["words"].startswith("hello")

    model = run.register_model("mine", "outputs/model.json", model_framework="Custom")
    assert Model(ws, "mine").properties == {"model_framework": "Custom"}
    assert [one.id for one in Model.list(ws, run_id=run.id, latest=True)] == ["mine:1"]
    inference_config = InferenceConfig(
        source_directory="./code", environment=Environment.get(ws, "myenv"), entry_script="score.py"
    )
    with pytest.warns(UserWarning, match="description of a service: not kept"):
        deployment_config = LocalWebservice.deploy_configuration(
            cpu_cores=1, memory_gb=1, description="x", auth_enabled=None
        )
    service = Model.deploy(ws, "myservice", [model], inference_config, deployment_config)
    try:
        service.wait_for_deployment(True, timeout_sec=60)
        assert service.run("x") == ["hello --rate 0.1 --epochs 3", "x"]
        service.update(models=[model], inference_config=inference_config, wait=True)
        assert service.service.revision == 2
        assert "Revision 2" in service.get_logs(init=True)
    finally:
        service.delete()


def test_what_a_run_configuration_says_and_refuses(workspace: Workspace, tmp_path: Path) -> None:
    config = RunConfiguration("train.py", ["a"])
    # The default environment may be edited where it is; it gets the experiment's name.
    config.environment.python.conda_dependencies.add_pip_package("small")
    config.docker.use_docker = True
    src = ScriptRunConfig(tmp_path, run_config=config)
    assert (src.script, src.arguments, src.environment) == ("train.py", ["a"], None)
    made = src.run_config.environment_for("Experiment-x-Environment")
    assert (made.name, made.definition.wanted) == ("Experiment-x-Environment", ("small",))
    # What one ScriptRunConfig says is not said of another.
    other = ScriptRunConfig(
        tmp_path, run_config=config, docker_runtime_config=DockerConfiguration(use_docker=False)
    )
    assert not other.run_config.docker.use_docker
    assert src.run_config.docker.use_docker
    with pytest.raises(InvalidRequest, match="framework"):
        RunConfiguration(framework="TensorFlow")
    with pytest.raises(InvalidRequest, match="copy of its sources"):
        config.history.snapshot_project = False
    with pytest.raises(AttributeError):
        config.enviroment = None  # type: ignore[attr-defined]
    with pytest.raises(InvalidRequest, match="max_run_duration_seconds"):
        ScriptRunConfig(tmp_path, "train.py", max_run_duration_seconds=60)
    with pytest.raises(InvalidRequest, match="primary_key"):
        LocalWebservice.deploy_configuration(primary_key="x")
    with pytest.raises(InvalidRequest, match="model_frame"):
        Model(workspace, "x", model_frame="x")
