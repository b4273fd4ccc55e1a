"""What is written reads the same again, and other tools take it."""

from __future__ import annotations

import json

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, InvalidRequest
from mlenv_jupyter.core.identity import digest
from mlenv_jupyter.core.lock import LockedPackage
from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.core.universal import LockedFile, UniversalLock, UniversalPackage
from mlenv_jupyter.formats import Subject, read_text, write_definition, write_files

PIP = Definition.create(
    "3.11",
    ["numpy>=2", "a[x] @ git+https://h.example/a@v1#subdirectory=d", "w; sys_platform == 'win32'"],
    index_url="https://h.example/simple",
    extra_index_urls=["https://x.example/simple"],
    find_links=["https://h.example/files"],
    no_binary=["numpy"],
    pre=True,
)
CONDA = Definition.create(
    "3.11",
    ["six"],
    conda_channels=["conda-forge", "bioconda"],
    conda_packages=[
        "numpy=2.1",
        "b=1=py_0",
        "conda-forge::c>=1,<2",
        "d",
        "e[build='x*']",
        "f==1.2",
    ],
    variables={"A": 'x "y" $z', "B": "1"},
)
A, B = "a" * 64, "b" * 64
LOCK = UniversalLock(
    requires_python=">=3.11",
    packages=(
        UniversalPackage(
            name="six", version="1.17.0", files=(LockedFile(filename="six.whl", sha256=A, size=9),)
        ),
        UniversalPackage(
            name="w",
            version="1",
            marker="sys_platform == 'win32'",
            files=(LockedFile(filename="w-1.tar.gz", sha256=B, kind="sdist"),),
        ),
    ),
)
PACKAGES = (
    LockedPackage(name="six", version="1.17.0", sha256=A, filename="six.whl", direct=True),
    LockedPackage(name="dep", version="2", sha256=B, filename="dep.whl", required_by=("six",)),
)


@pytest.mark.parametrize("form", ["conda", "requirements-unpinned", "script", "pixi", "json"])
def test_pip_reads_the_same_again(form: str) -> None:
    text = write_definition(form, PIP, name="x")
    names = {"script": "x.py", "conda": "x.yml", "json": "x.json", "pixi": "pixi.toml"}
    made = read_text(names.get(form, "requirements.txt"), text).definition
    if form == "requirements-unpinned":
        made = Definition.create("3.11", **_pip(made))
    if form == "pixi":
        # pixi has a channel for its Python.
        made = Definition.create("3.11", **_pip(made))
    assert digest(made) == digest(PIP)


def _pip(made: Definition) -> dict[str, object]:
    pip = made.pip
    return {
        "requirements": pip.requirements,
        "index_url": pip.index_url,
        "extra_index_urls": pip.extra_index_urls,
        "find_links": pip.find_links,
        "no_binary": pip.no_binary,
        "pre": pip.pre,
    }


@pytest.mark.parametrize(("form", "file"), [("conda", "x.yml"), ("json", "x.json")])
def test_conda_reads_the_same_again(form: str, file: str) -> None:
    assert read_text(file, write_definition(form, CONDA)).definition == CONDA


def test_pixi_has_every_conda_package_again() -> None:
    made = read_text("pixi.toml", write_definition("pixi", CONDA)).definition
    assert (made.python, made.conda.channels) == ("3.11", CONDA.conda.channels)
    assert [one.partition("=")[0] for one in made.conda.packages][:1] == ["b"]
    assert made.variables == CONDA.variables
    assert made.wanted == CONDA.wanted


def test_hashes_and_addresses_of_a_lock() -> None:
    what = Subject(Definition.create("3.11", ["six"]), "x", "1", PACKAGES, LOCK)
    text = write_files("requirements-hashed", what)["requirements.txt"]
    assert f"six==1.17.0 \\\n    --hash=sha256:{A}" in text
    assert read_text("requirements.txt", text).definition.wanted == ("six", "w")
    with pytest.raises(Conflict, match=r"no place of six\.whl"):
        write_files("pylock", what)
    places = {A: "https://h.example/six.whl", B: "https://h.example/w-1.tar.gz"}
    text = write_files("pylock", what._replace(addresses=places))["pylock.toml"]
    assert read_text("pylock.toml", text).definition.pip.requirements == (
        "six==1.17.0",
        'w==1; sys_platform == "win32"',
    )
    dockerfile = write_files("dockerfile", what)["Dockerfile"]
    assert "--require-hashes" in dockerfile
    assert f"six==1.17.0 --hash=sha256:{A}" in dockerfile
    assert read_text("Dockerfile", dockerfile).definition.docker is not None


def test_a_bill_of_materials_follows_its_schema() -> None:
    what = Subject(Definition.create("3.11", ["six"]), "x", "1", PACKAGES)
    text = write_files("sbom", what)["x.cdx.json"]
    assert write_files("sbom", what)["x.cdx.json"] == text
    bill = json.loads(text)
    ours, dep = "pkg:pypi/six@1.17.0", "pkg:pypi/dep@2"
    assert {one["ref"]: one["dependsOn"] for one in bill["dependencies"]} == {
        "mlenv:x": [ours],
        dep: [],
        ours: [dep],
    }
    schema = pytest.importorskip(
        "cyclonedx.validation.json", reason="cyclonedx-python-lib is not installed"
    )
    version = pytest.importorskip("cyclonedx.schema").SchemaVersion.V1_6
    assert schema.JsonStrictValidator(version).validate_str(text) is None


def test_a_dockerfile_goes_in_and_out() -> None:
    text = "FROM python:3.11\nRUN pip install six\n"
    made = read_text("Dockerfile", text).definition
    assert write_definition("dockerfile", made) == text
    context = read_text("e.yml", "$schema: environment\nbuild:\n  path: x\n").definition
    with pytest.raises(Conflict, match="built from the files"):
        write_definition("dockerfile", context)
    image = Definition.create(None, ["six"], docker=DockerSection(base_image="a/b:1"))
    assert write_definition("dockerfile", image).startswith("FROM a/b:1\n")


def test_what_is_not_written() -> None:
    with pytest.raises(InvalidRequest, match="not a format that mlenv writes"):
        write_definition("word", PIP)
    with pytest.raises(InvalidRequest, match="more than one file"):
        write_definition("azureml", PIP)
