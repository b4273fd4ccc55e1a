"""The snippets of the seed system's documentation run here; only their import lines are changed.

One file a snippet in ``snippets/``: «create an environment», «add packages», «manage
environments», runs, a web service and the command line. Of an image's snippets, those that need an
engine say so.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter import CondaDependencies, Environment, Run, Workspace
from mlenv_jupyter.core.errors import NotFound, Unavailable

SNIPPETS = Path(__file__).with_name("snippets")
pytestmark = pytest.mark.filterwarnings("ignore:base_image is None now")


@pytest.fixture
def ran(
    workspace: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wheelhouse: Callable[..., Path],
) -> Callable[..., dict[str, Any]]:
    """Runs a snippet where it finds the names and files that the page had before it."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    Path("path-to-conda-specification-file").write_text("dependencies:\n- python=3.10\n- numpy\n")
    Path("path-to-pip-requirements-file").write_text("numpy==1.26\n")
    Path("Dockerfile").write_text("FROM debian:12\n")
    Environment("loaded").save_to_directory("path-to-source-directory")
    meta = tmp_path / "conda" / "envs" / "mycondaenv" / "conda-meta"
    meta.mkdir(parents=True)
    for name, version in (("python", "3.10.4"), ("zlib", "1.2.13")):
        record = {"name": name, "version": version, "build": "0", "channel": "conda-forge"}
        record |= {"depends": [], "requested_spec": name}
        (meta / f"{name}-{version}-0.json").write_text(json.dumps(record))
    monkeypatch.setenv("CONDA_ENVS_PATH", str(meta.parents[1]))

    env = Environment("myenv")
    env.python.conda_dependencies = CondaDependencies.create(pip_packages=["small"])
    env.python.conda_dependencies.set_pip_option(f"--find-links {wheelhouse('small')}")
    names: dict[str, Any] = {
        "Environment": Environment,
        "ws": workspace,
        "myenv": Environment("myenv"),
        "env": env,
        "environment": env.register(workspace),
    }

    def run(name: str, **others: str) -> dict[str, Any]:
        code = (SNIPPETS / f"{name}.py").read_text()
        for theirs, ours in others.items():
            code = code.replace(theirs, ours)
        exec(compile(code, name, "exec"), names)
        return names

    return run


CHECKS: dict[str, Callable[[dict[str, Any]], object]] = {
    "create_instantiate": lambda names: True,
    "create_curated": lambda names: names["env"].name == "mlenv-minimal",
    "create_list_curated": lambda names: {"mlenv-minimal", "myenv"} <= names["envs"].keys(),
    "create_from_files": lambda names: (
        names["myenv"].definition.pip.requirements == ("numpy==1.26",)
    ),
    "create_enable_docker": lambda names: names["myenv"].definition.kind == "image",
    "create_base_image": lambda names: (
        names["myenv"].definition.docker.image == "your_registry_location/your_base-image"
    ),
    "create_dockerfile": lambda names: (
        names["myenv"].definition.docker.dockerfile == "FROM debian:12\n"
    ),
    "create_interpreter": lambda names: (
        names["myenv"].definition.interpreter_path == "/opt/miniconda/bin/python"
        and names["myenv"].definition.user_managed_dependencies
    ),
    "create_from_existing_conda": lambda names: (
        names["myenv"].definition.python == "3.10"
        and names["myenv"].definition.conda.packages == ("zlib=1.2.13",)
    ),
    "create_save_and_load": lambda names: (
        names["newenv"].name == "loaded"
        and Path("path-to-destination-directory", "conda_dependencies.yml").exists()
    ),
    "add_packages": lambda names: names["myenv"].definition.wanted == ("numpy", "pillow"),
    "add_variables": lambda names: (
        names["myenv"].definition.variables["MESSAGE"] == "Hello from Azure Machine Learning"
    ),
    "manage_register": lambda names: Environment.get(names["ws"], "myenv").version == "2",
    "manage_get_version": lambda names: names["restored_environment"].version == "1",
    "create_image_details": lambda names: (
        not names["details"].image_exist and names["details"].image.startswith("mlenv/mlenv_")
    ),
    "manage_build": lambda names: names["build"].status == "Succeeded",
}
RUNS = ("run_default_environment", "run_training", "run_image_details", "run_web_service")
AFTER_A_RUN = ("manage_run_environment",)
NEED_AN_ENGINE = ("manage_build_local",)


@pytest.mark.parametrize("name", CHECKS)
def test_a_snippet_runs(name: str, ran: Callable[..., dict[str, Any]]) -> None:
    assert CHECKS[name](ran(name))


@pytest.mark.parametrize("name", NEED_AN_ENGINE)
def test_a_snippet_about_images_says_what_is_missing(
    name: str, ran: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(Unavailable) as caught:
        ran(name)
    assert caught.value.remedy


def test_without_any_run_the_class_has_no_environment(ran: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(NotFound, match="nothing has run") as caught:
        ran("manage_run_environment")
    assert "submit" in caught.value.remedy


@pytest.mark.network
def test_the_snippets_of_training_and_of_the_web_service(
    ran: Callable[..., dict[str, Any]], workspace: Workspace
) -> None:
    _write_scripts()
    names = ran("run_default_environment")
    assert "an example" in names["run"].get_log()
    assert names["run"].get_environment().name == "Experiment-environment-example-Environment"
    names = ran("run_training")
    names["run"].wait_for_completion()
    assert names["run"].get_environment().version == names["myenv"].register(workspace).version
    # It ran in a process: of an image there is the name that it would have.
    details = ran("run_image_details")["details"]
    assert (details.image_exist, bool(details.image)) == (False, True)
    # As the page calls it, of the class: the newest run's.
    ran("manage_run_environment")
    assert Run.get_environment() == names["run"].get_environment()
    try:
        service = ran("run_web_service")["service"]
        service.wait_for_deployment(show_output=True)
        assert service.run("data") == "the model on data"
    finally:
        workspace.services.delete("my_web_service")


@pytest.mark.docker
@pytest.mark.network
def test_the_snippets_in_containers(
    ran: Callable[..., dict[str, Any]],
    workspace: Workspace,
    engine: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _write_scripts()
    monkeypatch.setattr(workspace, "base_image", "mlenv/test-base:1")
    names = ran("run_training")
    names["run"].wait_for_completion()
    # The page's service is a container; what trained in a process answers from an image of it.
    try:
        service = ran("run_web_service", LocalWebservice="ContainerWebservice")["service"]
        service.wait_for_deployment(show_output=True)
        assert service.run("data") == "the model on data"
        limits = engine.containers.list(filters={"label": "mlenv.service"})[0].attrs["HostConfig"]
        assert (limits["NanoCpus"], limits["Memory"]) == (10**9, 1 << 30)
    finally:
        workspace.services.delete("my_web_service")
    details = ran("run_image_details")["details"]
    assert details.image_exist
    assert "\nFROM " in details.dockerfile
    # A registry of images is the page's; here is none to push to, and it is said before a build.
    with pytest.raises(Unavailable, match="no registry"):
        ran("manage_build_local")
    names = ran("manage_build_local", **{"Acr=True": "Acr=False"})
    assert names["build"].status == "Succeeded"


def _write_scripts() -> None:
    Path("example.py").write_text("print('an example')")
    Path("train.py").write_text("open('outputs/model.pkl', 'w').write('the model')")
    Path("score.py").write_text(
        "import os\nfrom pathlib import Path\n"
        "def init():\n    global text\n"
        "    text = Path(os.environ['AZUREML_MODEL_DIR'], 'model.pkl').read_text()\n"
        "def run(data): return text + ' on ' + data\n"
    )


def test_details_of_an_image_that_is_not_built(workspace: Workspace) -> None:
    made = Environment.from_docker_image("boxed", "debian:12").register(workspace)
    details = made.get_image_details(workspace)
    assert not details.image_exist
    assert details.image == details.repository == details["repository"]
    assert details.image is not None and details.image.startswith("mlenv/mlenv_")
    assert details.dockerfile is None


def test_the_command_line(homes: Path, tmp_path: Path) -> None:
    def run(name: str) -> str:
        words = shlex.split((SNIPPETS / f"{name}.sh").read_text())
        done = subprocess.run(
            [sys.executable, "-m", "mlenv_jupyter.cli", *words[1:]],
            cwd=tmp_path,
            env=os.environ,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("cli_scaffold")
    run("cli_register")
    assert "myenv" in run("cli_list")
    run("cli_download")
    names = {one.name for one in (tmp_path / "downloaddir").iterdir()}
    assert names == {"azureml_environment.json", "conda_dependencies.yml"}


def test_every_snippet_is_run() -> None:
    there = {one.stem for one in SNIPPETS.iterdir()}
    commands = {"cli_scaffold", "cli_register", "cli_list", "cli_download"}
    assert there == {*CHECKS, *RUNS, *AFTER_A_RUN, *NEED_AN_ENGINE, *commands}
