"""Environment: checked when it is edited, a snapshot when it is registered."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mlenv_jupyter
from mlenv_jupyter import (
    CondaDependencies,
    ContainerRegistry,
    DockerBuildContext,
    DockerSection,
    Environment,
    RCranPackage,
    RSection,
    SparkPackage,
    Workspace,
)
from mlenv_jupyter.core.errors import (
    InvalidDefinition,
    InvalidName,
    InvalidRequest,
    MlenvError,
    NotFound,
    UnknownAttribute,
)
from mlenv_jupyter.core.sections import BuildContext, ImageRegistry

pytestmark = pytest.mark.filterwarnings("ignore:Kept, not honoured")


@pytest.fixture
def environment() -> Environment:
    made = Environment("churn")
    made.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["six"], python_version="3.11"
    )
    return made


def full() -> Environment:
    """One with something in every section."""
    made = Environment("full")
    dependencies = CondaDependencies.create(
        pip_packages=["numpy>=2"], conda_packages=["scipy=1"], python_version="3.11"
    )
    dependencies.add_channel("conda-forge")
    dependencies.set_pip_option("--trusted-host h.example")
    made.python.conda_dependencies = dependencies
    made.python.torch_backend = "cpu"
    made.environment_variables = {"A": "1"}
    made.docker.enabled = True
    made.docker.base_image = "debian:12"
    made.docker.base_image_registry.address = "r.example:5000"
    made.docker.base_image_registry.username = "u"
    made.docker.base_image_registry.password = "${secret:R}"
    made.docker.platform.architecture = "arm64"
    made.docker.arguments = ["-v", "/a:/b"]
    made.docker.shm_size = "4g"
    made.docker.shared_volumes = False
    made.docker.gpu_support = True
    made.spark.packages = [SparkPackage("g", "a", "1")]
    made.spark.repositories = ["https://maven.example"]
    made.r = RSection(r_version="4.0", cran_packages=[RCranPackage(name="dplyr")])
    made.inferencing_stack_version = "latest"
    made.asset_id = "azureml://elsewhere"
    return made


def test_public_names_are_there() -> None:
    for name in mlenv_jupyter.__all__:
        assert getattr(mlenv_jupyter, name) is not None


def test_registering_takes_a_snapshot(environment: Environment, workspace: Workspace) -> None:
    first = environment.register(workspace)
    assert (first.name, first.version, environment.version) == ("churn", "1", None)
    environment.environment_variables["A"] = "1"
    assert Environment.get(workspace, "churn").environment_variables == {}
    assert environment.register(workspace).version == "2"
    assert Environment.get(workspace, "churn", version="1").definition == first.definition


def test_the_same_again_is_the_version_that_there_is(workspace: Workspace) -> None:
    made = full()
    first = made.register(workspace)
    again = Environment.get(workspace, "full")
    assert again.definition == first.definition == made.definition
    assert again.register(workspace).version == "1"
    again.r = RSection.from_json({"rVersion": "4.1"})
    again.version = None
    assert again.register(workspace).version == "2"


def test_every_part_is_in_the_definition() -> None:
    made = full().definition
    assert made.kind == "image" and made.docker is not None
    assert made.docker.image == "r.example:5000/debian:12"
    assert made.docker.base_image_registry == ImageRegistry(
        address="r.example:5000", username="u", password="${secret:R}"
    )
    assert (made.docker.platform, made.docker.shm_size) == ("linux/arm64", "4g")
    assert made.pip.options == ("--trusted-host h.example",)
    assert made.conda.channels == ("conda-forge",)
    assert made.spark is not None and made.spark.packages[0].artifact == "a"
    assert made.r is not None and made.r["cranPackages"][0]["name"] == "dplyr"
    assert (made.torch_backend, made.asset_id) == ("cpu", "azureml://elsewhere")


IMPORTED = "Autosave_2021-03-20T17:38:44Z_adda0f97"


@pytest.mark.parametrize("version", [IMPORTED, "null", "2021.3", "7"])
def test_imported_versions_are_kept(
    environment: Environment, workspace: Workspace, version: str
) -> None:
    environment.version = version
    assert environment.register(workspace).version == version
    assert environment.register(workspace).version == version
    assert Environment.get(workspace, "churn", version).definition == environment.definition
    environment.version = None
    environment.environment_variables["A"] = "1"
    following = environment.register(workspace).version
    assert following == ("8" if version == "7" else "2")
    assert Environment.get(workspace, "churn").version == following


def test_no_number_is_given_twice(environment: Environment, workspace: Workspace) -> None:
    given = []
    for number, wanted in enumerate([None, IMPORTED, "2", "9", None, "3", None]):
        environment.version = wanted
        environment.environment_variables["A"] = str(number)
        given.append(environment.register(workspace).version)
    assert given == ["1", IMPORTED, "2", "9", "10", "3", "12"]


def test_an_edited_version_is_the_next_one(environment: Environment, workspace: Workspace) -> None:
    environment.register(workspace)
    fetched = Environment.get(workspace, "churn")
    fetched.environment_variables["A"] = "1"
    with pytest.warns(UserWarning, match="this is version 2"):
        assert fetched.register(workspace).version == "2"
    assert Environment.get(workspace, "churn", "1").environment_variables == {}
    fetched.version = "Latest"
    with pytest.raises(InvalidName, match="newest"):
        fetched.register(workspace)


def test_the_running_python_is_taken_over() -> None:
    with pytest.warns(UserWarning, match=r"mlenv-jupyter: .*editable"):
        made = Environment.from_existing_environment("here")
    definition = made.definition
    assert definition.python == ".".join(map(str, sys.version_info[:2]))
    assert any(line.startswith("pytest-xdist==") for line in definition.pip.requirements)
    assert "mlenv-jupyter" not in definition.wanted and "pluggy" not in definition.wanted


def test_a_conda_environment_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="absent"):
        Environment.from_existing_conda_environment("x", "absent")
    with pytest.raises(NotFound):
        Environment.from_existing_conda_environment("x", "/absent/env")


def test_labels(environment: Environment, workspace: Workspace) -> None:
    environment.register(workspace)
    environment.environment_variables["A"] = "1"
    environment.register(workspace)
    Environment.label(workspace, "churn", "1", ["prod", "tested"])
    assert Environment.get(workspace, "churn", label="prod").version == "1"
    Environment.label(workspace, "churn", "2", ["prod"])
    assert Environment.get(workspace, "churn", label="prod").version == "2"
    assert Environment.get(workspace, "churn", label="tested").version == "1"
    with pytest.raises(NotFound):
        Environment.get(workspace, "churn", label="absent")


def test_curated_environments_by_either_name(workspace: Workspace) -> None:
    ours = Environment.get(workspace, "mlenv-minimal")
    theirs = Environment.get(workspace=workspace, name="AzureML-Minimal")
    assert ours.definition == theirs.definition and theirs.name == "mlenv-minimal"
    listed = Environment.list(workspace)
    assert listed["AzureML-Tutorial"].name == "mlenv-tutorial"
    with pytest.raises(KeyError):
        listed["AzureML-Nonsense"]
    mine = ours.clone("mine")
    mine.python.conda_dependencies.add_pip_package("six")
    assert mine.register(workspace).version == "1"


def test_list_is_by_name_with_the_newest(environment: Environment, workspace: Workspace) -> None:
    environment.register(workspace)
    environment.environment_variables["A"] = "1"
    environment.register(workspace)
    found = Environment.list(workspace)["churn"]
    assert (found.version, found.environment_variables) == ("2", {"A": "1"})


def test_the_workspace_by_the_seeds_call(homes: Path) -> None:
    found = Workspace.get(name="ws", subscription_id="s", resource_group="g")
    assert found.places == Workspace.from_config().places


def test_what_is_not_there(workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        Environment.get(workspace, "absent")
    with pytest.raises(InvalidRequest):
        Environment.get(workspace, "churn", version="1", label="prod")


def test_a_clone_is_on_its_own(environment: Environment) -> None:
    other = environment.clone("other")
    assert (other.name, other.version, other.asset_id) == ("other", None, None)
    other.python.conda_dependencies.add_pip_package("attrs")
    other.environment_variables["A"] = "1"
    assert environment.definition.pip.requirements == ("six",)
    assert not environment.environment_variables


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda one: setattr(one, "pyhton", 1), UnknownAttribute),
        (lambda one: setattr(one.docker, "base_imag", "x"), UnknownAttribute),
        (lambda one: setattr(one.docker.base_image_registry, "adress", "x"), UnknownAttribute),
        (lambda one: setattr(one, "register", 1), UnknownAttribute),
        (lambda one: setattr(one, "name", 3), InvalidName),
        (lambda one: setattr(one, "name", "a b"), InvalidName),
        (lambda one: setattr(one, "version", "no: version"), InvalidName),
        (lambda one: setattr(one, "python", None), InvalidDefinition),
        (lambda one: setattr(one, "docker", "x"), InvalidDefinition),
        (lambda one: setattr(one.python, "conda_dependencies", "x"), InvalidDefinition),
        (lambda one: setattr(one.python, "user_managed_dependencies", "yes"), InvalidDefinition),
        (lambda one: setattr(one.docker, "base_image", "two words"), InvalidDefinition),
        (lambda one: setattr(one.docker, "base_dockerfile", "./absent"), InvalidDefinition),
        (lambda one: setattr(one.docker, "base_dockerfile", 3), InvalidDefinition),
        (lambda one: setattr(one.docker, "shm_size", "much"), InvalidDefinition),
        (lambda one: setattr(one.docker, "arguments", [3]), InvalidDefinition),
        (
            lambda one: setattr(one.docker.base_image_registry, "password", "hunter2"),
            InvalidDefinition,
        ),
        (lambda one: setattr(one.spark, "packages", ["x"]), InvalidDefinition),
        (lambda one: setattr(one, "environment_variables", "x"), InvalidDefinition),
        (lambda one: setattr(one, "environment_variables", {"1": "x"}), InvalidDefinition),
        (lambda one: one.environment_variables.update(A=1), InvalidDefinition),
        (lambda one: one.environment_variables.update({"B": "\0"}), InvalidDefinition),
        (lambda one: one.environment_variables.setdefault("1=2", "x"), InvalidDefinition),
        (lambda one: one.environment_variables.__setitem__("A", None), InvalidDefinition),
        (lambda one: one.environment_variables.__ior__({"A": 1}), InvalidDefinition),
        (lambda one: one.clone(""), InvalidName),
        (lambda one: DockerBuildContext("ftp", "x"), InvalidDefinition),
    ],
)
def test_what_is_refused_changes_nothing(
    environment: Environment, change: Callable[[Environment], Any], error: type[MlenvError]
) -> None:
    before = environment.definition
    with pytest.raises(error) as caught:
        change(environment)
    assert "hunter2" not in str(caught.value)
    assert environment.definition == before


def test_an_unknown_attribute_is_an_attribute_error_with_a_hint(environment: Environment) -> None:
    with pytest.raises(AttributeError, match="'base_image'"):
        environment.docker.base_imag = "x"


def test_reserved_names_are_refused_when_registered(workspace: Workspace) -> None:
    with pytest.raises(InvalidName, match="curated"):
        Environment("mlenv-mine").register(workspace)


def test_the_three_bases_exclude_each_other(tmp_path: Path) -> None:
    docker = DockerSection(base_image="debian:12")
    with pytest.warns(UserWarning, match="base_image is None now") as warned:
        docker.base_dockerfile = "FROM debian:12"
    assert warned[0].filename == __file__
    assert docker.base_image is None
    with pytest.warns(UserWarning, match="base_dockerfile is None now"):
        docker.build_context = DockerBuildContext("git", "https://h.example/x.git")
    with pytest.warns(UserWarning, match="build_context is None now"):
        docker.base_image = "debian:12"
    docker.base_image = None
    assert docker.base_dockerfile is docker.build_context is None


def test_a_dockerfile_is_text_a_path_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian:12\n")
    docker = DockerSection()
    for given in ("FROM debian:12\n", str(path), path, path.open()):
        docker.base_dockerfile = given
        assert docker.base_dockerfile == "FROM debian:12\n"


def test_a_registry_may_be_an_address(environment: Environment) -> None:
    environment.docker.base_image = "base"
    environment.docker.base_image_registry = "your_registry_location"
    assert environment.definition.docker is not None
    assert environment.definition.docker.image == "your_registry_location/base"


def test_from_files(tmp_path: Path, workspace: Workspace) -> None:
    conda, pip, more = (tmp_path / one for one in ("environment.yml", "requirements.txt", "m.txt"))
    conda.write_text("dependencies:\n- python=3.10\n- pip:\n  - six\nvariables: {A: x}\n")
    pip.write_text("# ours\nsix==1.16 \\\n  ; python_version > '3'\n\n-r m.txt\n")
    more.write_text("attrs\n")
    made = Environment.from_conda_specification("c", conda)
    assert made.definition.python == "3.10" and made.definition.variables == {"A": "x"}
    made = Environment.from_pip_requirements("p", pip)
    assert made.definition.pip.requirements == ("attrs", 'six==1.16; python_version > "3"')
    pinned = Environment.from_pip_requirements("p", pip, pip_version="20.1").python
    assert "pip=20.1" in list(pinned.conda_dependencies.conda_packages)


def test_from_images(tmp_path: Path, workspace: Workspace) -> None:
    registry = ContainerRegistry(address="r.example")
    made = Environment.from_docker_image("i", "base:1", container_registry=registry)
    assert made.definition.docker is not None and made.definition.docker.image == "r.example/base:1"
    assert made.definition.user_managed_dependencies
    pip = tmp_path / "requirements.txt"
    pip.write_text("six\n")
    made = Environment.from_dockerfile("d", "FROM debian:12", pip_requirements=pip)
    assert made.definition.pip.requirements == ("six",)
    assert not made.definition.user_managed_dependencies
    with pytest.raises(InvalidRequest, match="not both"):
        Environment.from_docker_image("i", "b", conda_specification="a", pip_requirements="b")


def test_a_build_context_is_kept_as_it_was(tmp_path: Path, workspace: Workspace) -> None:
    place = tmp_path / "context"
    (place / "sub").mkdir(parents=True)
    (place / "Dockerfile").write_text("FROM debian:12\nCOPY sub /sub\n")
    (place / "sub" / "data").write_text("1")
    context = DockerBuildContext.from_local_directory(workspace, place)
    made = Environment.from_docker_build_context("c", context).register(workspace)
    (place / "sub" / "data").write_text("2")
    again = DockerBuildContext.from_local_directory(workspace, place)
    assert again.sha256 != context.sha256
    kept = made.definition.docker.build_context  # type: ignore[union-attr]
    assert isinstance(kept, BuildContext) and kept.sha256 == context.sha256
    assert (Path(kept.location) / "sub" / "data").read_text() == "1"
    (place / "sub" / "data").write_text("1")
    assert DockerBuildContext.from_local_directory(workspace, place).sha256 == context.sha256
    with pytest.raises(InvalidRequest, match="Dockerfile"):
        DockerBuildContext.from_local_directory(workspace, place / "sub")


def test_what_is_left_out_is_warned_of(environment: Environment, workspace: Workspace) -> None:
    dependencies = environment.python.conda_dependencies
    dependencies.set_pip_requirements(["six", "-e ./mine"])
    with pytest.warns(UserWarning, match=r"-e \./mine") as warned:
        environment.register(workspace)
    assert warned[0].filename == __file__
    assert environment.definition.pip.requirements == ("six",)


def test_repr_is_the_json_and_str_is_short(environment: Environment) -> None:
    assert '"pip": [' in repr(environment) and '"shmSize": "2g"' in repr(environment)
    assert str(environment) == "Environment(Name: churn,\nVersion: None)"
