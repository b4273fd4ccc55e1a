"""The seed system's directory. tests/data/environment_directory was written by azureml-core."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidDefinition
from mlenv_jupyter.core.sections import (
    BuildContext,
    DockerSection,
    ImageRegistry,
    SparkPackage,
    SparkSection,
    Wheel,
)
from mlenv_jupyter.formats import azure_directory, azure_directory_out, read_text

DATA = Path(__file__).parents[1] / "data" / "environment_directory"
CASES = sorted(one.name for one in DATA.iterdir())


def files_of(case: str) -> dict[str, str]:
    return {one.name: one.read_text() for one in (DATA / case).iterdir()}


def keys_of(data: dict[str, Any], before: str = "") -> list[str]:
    found = []
    for key, value in data.items():
        found.append(before + key)
        if isinstance(value, dict) and key != "environmentVariables":
            found += keys_of(value, f"{before}{key}.")
    return found


def test_what_is_read() -> None:
    read = azure_directory.read(files_of("registry"))
    made = read.definition
    assert (read.format, read.name, made.python) == ("azureml", "my-env", "3.10")
    assert made.pip.requirements == ("numpy==1.26.4",)
    assert made.conda.packages == ("scipy",)
    assert made.variables == {"A": "1"}
    assert made.docker == DockerSection(
        base_image="b:1", base_image_registry=ImageRegistry(address="r.io", username="u")
    )
    assert made.docker.image == "r.io/b:1"
    assert made.pip.find_links == ("https://h/simple",)
    assert any("find-links" in one for one in read.report.refused)


def test_a_dockerfile_is_read_from_its_file() -> None:
    made = azure_directory.read(files_of("dockerfile")).definition
    assert made.docker == DockerSection(dockerfile="FROM x\nRUN y")
    assert made.user_managed_dependencies


@pytest.mark.parametrize("case", CASES)
def test_keys_and_meaning_survive(case: str) -> None:
    files = files_of(case)
    read = azure_directory.read(files)
    written = azure_directory_out.write(read.name or "", read.version, read.definition)
    assert written.keys() == files.keys()
    theirs, ours = (json.loads(one[azure_directory_out.JSON]) for one in (files, written))
    assert keys_of(ours) == keys_of(theirs)
    again = azure_directory.read(written)
    assert (again.name, again.version, again.definition) == (
        read.name,
        read.version,
        read.definition,
    )


def test_no_password_is_read_or_written() -> None:
    files = files_of("registry")
    assert "secret" in files[azure_directory_out.JSON]
    assert "user:pw@" in files[azure_directory_out.CONDA]
    read = azure_directory.read(files)
    text = repr(read) + "".join(azure_directory_out.write("x", None, read.definition).values())
    assert "'secret'" not in repr(read.definition) + repr(read.report)
    assert '"secret"' not in text
    assert "pw@" not in text


def test_what_the_seed_has_no_key_for_survives() -> None:
    made = Definition.create(
        "3.11",
        ["torch"],
        index_url="https://${USER}:${PASSWORD}@example.org/simple",
        wheels=[Wheel(name="a-1-py3-none-any.whl", sha256="0" * 64)],
        torch_backend="cpu",
        interpreter_path="/opt/python",
        docker=DockerSection(
            dockerfile="FROM x", platform="linux/arm64", arguments=("-v", "x"), shm_size="4g"
        ),
        variables={"A": "x: y # z\n"},
    )
    assert azure_directory.read(azure_directory_out.write("n", "2", made)).definition == made


def test_every_section_survives() -> None:
    made = Definition.create(
        "3.10",
        ["numpy"],
        pip_options=["--trusted-host h.example"],
        conda_packages=["scipy"],
        conda_dependencies_file="other.yml",
        base_conda_environment="base",
        wheels=[Wheel(name="a-1-py3-none-any.whl", sha256="0" * 64)],
        docker=DockerSection(
            enabled=True,
            build_context=BuildContext(
                location="https://git.example/x.git#main",
                location_type="git",
                dockerfile_path="docker/Dockerfile",
                sha256="1" * 64,
            ),
            base_image_registry=ImageRegistry(
                address="r.io", username="u", password="${secret:R}", identity={"clientId": "c"}
            ),
            shared_volumes=False,
            gpu_support=True,
        ),
        spark=SparkSection(
            repositories=("https://maven.example",),
            packages=(SparkPackage(group="g", artifact="a", version="1"),),
            precache_packages=False,
        ),
        r={"rVersion": "4.0", "cranPackages": [{"name": "dplyr"}]},
        databricks={"eggLibraries": [{"library": "x"}]},
        inferencing_stack_version="latest",
        asset_id="azureml://registries/x",
    )
    read = azure_directory.read(azure_directory_out.write("n", "2", made))
    assert read.definition == made
    kept = {one.partition(":")[0] for one in read.report.kept}
    assert {"r", "databricks", "spark", "assetId", "inferencingStackVersion"} <= kept


def test_a_directory_with_two_bases_takes_the_later_one_and_says_so() -> None:
    files = files_of("dockerfile")
    data = json.loads(files[azure_directory_out.JSON])
    data["docker"]["baseImage"] = "debian:12"
    read = azure_directory.read({**files, azure_directory_out.JSON: json.dumps(data)})
    assert read.definition.docker == DockerSection(dockerfile="FROM x\nRUN y")
    assert any("debian:12, not used" in one for one in read.report.kept)


def test_the_json_alone_asks_for_its_neighbour() -> None:
    files = files_of("plain")
    alone = read_text(azure_directory_out.JSON, files[azure_directory_out.JSON])
    assert alone.report.refused[0].startswith("conda_dependencies.yml: It is not here.")
    beside = read_text(azure_directory_out.JSON, files[azure_directory_out.JSON], files.get)
    assert beside.definition == azure_directory.read(files).definition


def test_dependencies_may_be_inside_the_json() -> None:
    data = json.loads(files_of("plain")[azure_directory_out.JSON])
    data["python"]["condaDependencies"] = {"dependencies": ["python=3.9", {"pip": ["numpy"]}]}
    read = read_text("definition.json", json.dumps(data))
    assert (read.format, read.definition.python) == ("azureml", "3.9")
    assert read.definition.pip.requirements == ("numpy",)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"name": 3}, "name"),
        ({"environmentVariables": {"1=2": "x"}}, "environmentVariables.1=2"),
        ({"environmentVariables": {"A": 1}}, "environmentVariables.A"),
        ({"python": []}, "python"),
        ({"docker": {"baseImage": 3}}, "docker.baseImage"),
        ({"docker": {"platform": {"os": 1}}}, "docker.platform.os"),
        ({"mlenv": {"wheels": [3]}}, "mlenv.wheels"),
    ],
)
def test_a_wrong_key_is_named(change: dict[str, Any], where: str) -> None:
    files = files_of("plain")
    data = json.loads(files[azure_directory_out.JSON])
    files[azure_directory_out.JSON] = json.dumps({**data, **change})
    with pytest.raises(InvalidDefinition) as caught:
        azure_directory.read(files)
    assert caught.value.where == where


def test_an_empty_directory_says_what_is_missing() -> None:
    with pytest.raises(InvalidDefinition, match=r"azureml_environment\.json"):
        azure_directory.read({})
