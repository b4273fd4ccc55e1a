"""Projects, locks, scripts, notebooks and directories: what is taken of each, and what is said."""

from __future__ import annotations

import json

import pytest

from mlenv_jupyter.core.errors import InvalidDefinition
from mlenv_jupyter.formats import read_text
from mlenv_jupyter.formats.directory import read_directory
from mlenv_jupyter.formats.poetry import pep440

PYPROJECT = """\
[project]
name = "churn"
requires-python = "==3.11.*"
dependencies = ["numpy>=2", "torch", "churn[plot]"]
[project.optional-dependencies]
plot = ["matplotlib"]
other = ["rich"]
[dependency-groups]
test = ["pytest", { include-group = "lint" }]
lint = ["ruff"]
[tool.uv]
constraint-dependencies = ["numpy<3"]
[[tool.uv.index]]
name = "torch"
url = "https://wheels.example.org/cpu"
[tool.uv.sources]
torch = { git = "https://git.example.org/torch", tag = "v2" }
"""


def test_a_project_with_groups_extras_and_sources() -> None:
    made = read_text("pyproject.toml", PYPROJECT, groups=("test",))
    assert (made.name, made.definition.python) == ("churn", "3.11")
    assert made.definition.pip.requirements == (
        "matplotlib",
        "numpy<3,>=2",
        "pytest",
        "ruff",
        "torch @ git+https://git.example.org/torch@v2",
    )
    assert made.definition.pip.extra_index_urls == ("https://wheels.example.org/cpu",)
    assert "line 7: extra other not taken: ask with --extra other." in made.report.kept


def test_groups_that_are_not_there_or_include_themselves() -> None:
    with pytest.raises(InvalidDefinition, match="There is no group 'nope'"):
        read_text("pyproject.toml", PYPROJECT, groups=("nope",))
    text = "[dependency-groups]\na = [{include-group='b'}]\nb = [{include-group='a'}]\n"
    with pytest.raises(InvalidDefinition, match="includes itself"):
        read_text("pyproject.toml", text, groups=("a",))


@pytest.mark.parametrize(
    ("poetry", "wanted"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^1", ">=1,<2"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1", ">=1,<2"),
        ("1.2.*", "==1.2.*"),
        ("*", ""),
        ("1.2", "==1.2"),
        (">=1,<2", ">=1,<2"),
        (">=1 <2", ">=1,<2"),
        ("^1 || ^2", None),
        ("nope", None),
    ],
)
def test_constraints_of_poetry(poetry: str, wanted: str | None) -> None:
    assert pep440(poetry) == wanted


PYPI = ".".join(("pypi", "org"))

PIPFILE = """\
[[source]]
url = "https://pypi.acme.example/simple"
verify_ssl = true
name = "mirror"
[packages]
requests = "*"
Django = {version = ">=4.2", extras = ["argon2"]}
pywin32 = {version = "*", sys_platform = "== 'win32'", markers = "python_version < '3.13'"}
tool = {git = "https://git.example.org/tool.git", ref = "v2", editable = true}
zipped = {file = "https://files.example.org/zipped-1.zip"}
mine = {path = "./mine", editable = true}
six = "1.17"
[dev-packages]
pytest = "*"
[requires]
python_version = "3.11"
[pipenv]
allow_prereleases = true
[scripts]
go = "python go.py"
"""


def test_a_pipfile() -> None:
    made = read_text("Pipfile", PIPFILE)
    assert made.definition.python == "3.11"
    pip = made.definition.pip
    assert pip.requirements == (
        "django[argon2]>=4.2",
        'pywin32; python_version < "3.13" and sys_platform == "win32"',
        "requests",
        "six==1.17",
        "tool @ git+https://git.example.org/tool.git@v2",
        "zipped @ https://files.example.org/zipped-1.zip",
    )
    # The only index is no addition to PyPI.
    assert (pip.index_url, pip.extra_index_urls) == ("https://pypi.acme.example/simple", ())
    assert pip.pre is True
    said = " ".join(made.report.kept)
    assert "line 13: dev-packages: not taken" in said
    assert "scripts: not used" in said
    assert "mine is editable" not in said
    assert [one.where for one in made.problems] == ["line 11"]


def test_a_lock_of_pipenv() -> None:
    lock = {
        "_meta": {
            "hash": {"sha256": "0" * 64},
            "pipfile-spec": 6,
            "requires": {"python_full_version": "3.11.4"},
            "sources": [{"name": "pypi", "url": f"https://{PYPI}/simple"}],
        },
        "default": {
            "six": {"hashes": ["sha256:" + "1" * 64], "index": "pypi", "version": "==1.17.0"},
            "tool": {"git": "https://git.example.org/tool.git", "ref": "abc123"},
        },
        "develop": {"pytest": {"version": "==8"}},
    }
    made = read_text("Pipfile.lock", json.dumps(lock, indent=4))
    assert made.definition.python == "3.11.4"
    assert made.definition.pip.requirements == (
        "six==1.17.0",
        "tool @ git+https://git.example.org/tool.git@abc123",
    )
    assert made.definition.pip.index_url is None
    assert "line 30: 1 of develop: not taken." in made.report.kept


@pytest.mark.parametrize(
    ("filename", "text"),
    [
        ("Pipfile", "[packages]\nsix = 1\n"),
        ("Pipfile", "packages = 1\n"),
        ("Pipfile", "[tool]\n"),
        ("Pipfile", '[packages]\nsix = ">>1"\n'),
        ("Pipfile.lock", "{}"),
        ("Pipfile.lock", "nonsense"),
    ],
)
def test_what_is_no_pipfile_is_refused(filename: str, text: str) -> None:
    with pytest.raises(InvalidDefinition):
        read_text(filename, text)


@pytest.mark.parametrize(
    ("host", "added"), [(PYPI, False), ("pypi.acme.example", True), (f"{PYPI}.example", True)]
)
def test_an_index_is_pypi_by_its_host_alone(host: str, added: bool) -> None:
    url = f"https://{host}/simple"
    lock = f"""version = 1
[[package]]
name = "six"
version = "1"
source = {{ registry = "{url}" }}
[[package]]
name = "app"
source = {{ virtual = "." }}
dependencies = [{{ name = "six" }}]
"""
    made = read_text("uv.lock", lock)
    assert made.definition.pip.requirements == ("six==1",)
    assert made.definition.pip.extra_index_urls == ((url,) if added else ())


def test_a_lock_of_uv_has_what_the_project_needs() -> None:
    text = """\
version = 1
requires-python = ">=3.12"
[[package]]
name = "app"
version = "0"
source = { virtual = "." }
dependencies = [{ name = "a" }, { name = "w", marker = "sys_platform == 'win32'" }]
[package.dev-dependencies]
dev = [{ name = "d" }]
[[package]]
name = "a"
version = "1"
source = { registry = "https://h.example/simple" }
dependencies = [{ name = "g", extra = ["x"] }]
[[package]]
name = "w"
version = "2"
source = { registry = "https://h.example/simple" }
[[package]]
name = "d"
version = "3"
[[package]]
name = "g"
version = "4"
source = { git = "https://h.example/g?rev=main#abc123" }
optional-dependencies = { x = [{ name = "e" }] }
[[package]]
name = "e"
version = "5"
"""
    made = read_text("uv.lock", text)
    assert made.definition.pip.requirements == (
        "a==1",
        "e==5",
        "g @ git+https://h.example/g@abc123",
        'w==2; sys_platform == "win32"',
    )
    assert (made.name, made.definition.python) == ("app", "3.12")


def test_a_script_and_a_cell_say_what_they_need() -> None:
    block = '# /// script\n# requires-python = "==3.11.*"\n# dependencies = ["six"]\n# ///\n'
    made = read_text("a.py", f"import os\n\n{block}print()\n")
    assert (made.definition.python, made.definition.wanted) == ("3.11", ("six",))
    cells = [{"cell_type": "code", "source": block.splitlines(keepends=True)}]
    notebook = json.dumps({"nbformat": 4, "metadata": {}, "cells": cells})
    assert read_text("a.ipynb", notebook).definition == made.definition
    with pytest.raises(InvalidDefinition) as caught:
        read_text("a.py", "#\n# /// script\n# dependencies = [}\n# ///\n")
    assert caught.value.where == "line 3"


def test_a_notebook_that_installs_by_itself() -> None:
    cells = [
        {"cell_type": "code", "source": "%pip install -q six 'attrs>=2' -i https://h.example/s"}
    ]
    made = read_text("a.ipynb", json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}))
    assert made.definition.pip.requirements == ("attrs>=2", "six")


def test_compose_variables_and_no_secrets() -> None:
    text = "export A=1 # x\nB='$A'\nC=\"${A}\\n${Z:-d}\"\nD=$NOPE\nE\nDB_PASSWORD=hunter2\nF=\n"
    made = read_text(".env", text)
    assert made.definition.variables == {
        "A": "1",
        "B": "$A",
        "C": "1\nd",
        "DB_PASSWORD": "${secret:DB_PASSWORD}",
        "F": "",
    }
    assert "hunter2" not in str(made)
    assert [one.partition(":")[0] for one in made.report.refused] == ["line 4", "line 6"]


def test_a_repo2docker_folder() -> None:
    files = {
        "binder/environment.yml": "channels: [conda-forge]\ndependencies: [numpy]\n",
        "binder/apt.txt": "libgl1\n",
        "binder/postBuild": "#!/bin/sh\n",
        "Dockerfile": "FROM nope\n",
        "requirements.txt": "nope\n",
    }
    made = read_directory(files, files.get)
    assert (made.format, made.definition.conda.packages) == ("repo2docker", ("numpy",))
    assert made.definition.docker is None
    assert [one.partition(":")[0] for one in made.report.kept] == ["apt.txt", "postBuild"]


def test_an_asset_folder_fills_in_what_it_says_itself() -> None:
    files = {
        "asset.yaml": "name: x\nversion: auto\nspec: spec.yaml\nextra_config: environment.yaml\n",
        "spec.yaml": 'name: "{{asset.name}}"\nversion: "{{asset.version}}"\n'
        'build:\n  path: "{{image.context.path}}"\n',
        "environment.yaml": "image:\n  context:\n    dir: context\n    dockerfile: Dockerfile\n",
        "context/Dockerfile": "FROM a/b:1\n",
    }
    made = read_directory(files, files.get)
    docker = made.definition.docker
    assert made.name == "x"
    assert docker is not None
    assert docker.build_context is not None
    assert docker.build_context.location == "context"
    files["context/Dockerfile"] = "FROM a/b:{{latest-image-tag}}\n"
    with pytest.raises(InvalidDefinition, match="part of a template"):
        read_directory(files, files.get)


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("RUN x\n", "line 1", "does not begin with FROM"),
        ("FROM x\nNOPE y\n", "line 2", "no instruction"),
        ("FROM x\nENV API_TOKEN=abc123456\n", "line 2", "looks like a secret"),
        ("FROM x:{{tag}}\n", "line 1", "template"),
    ],
)
def test_a_dockerfile_that_is_refused(text: str, where: str, words: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        read_text("Dockerfile", text)
    assert caught.value.where == where
    assert words in caught.value.message


def test_a_lock_of_pixi_and_lists_of_conda() -> None:
    base = "https://conda.anaconda.org/conda-forge/linux-64"
    lock = f"""\
version: 6
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/conda-forge/
    packages:
      linux-64:
      - conda: {base}/python-3.11.9-h95_0_cpython.conda
      - conda: {base}/numpy-2.1.0-py311h71_1.conda
      - pypi: https://h.example/six-1.17.0-py2.py3-none-any.whl
      osx-arm64: []
packages: []
"""
    made = read_text("pixi.lock", lock).definition
    assert (made.python, made.conda.channels) == ("3.11.9", ("conda-forge",))
    assert made.conda.packages == (
        "numpy=2.1.0=py311h71_1",
        "python=3.11.9=h95_0_cpython",
    )
    assert made.pip.requirements[0].startswith("six @ ")
    head = "# $ conda create --name <env> --file <this file>\n"
    listed = f"{head}@EXPLICIT\n{base}/a-1-0.conda#{'0' * 32}\n"
    assert read_text("spec.txt", listed).definition.conda.packages == ("a=1=0",)
    exported = f"{head}a=1=0\nb=2=pypi_0\n"
    made = read_text("spec.txt", exported).definition
    assert (made.conda.packages, made.pip.requirements) == (("a=1=0",), ("b==2",))


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("!pip install -Uqq boto3 awscli", ("awscli", "boto3")),
        ("%pip install -qU 'sagemaker>=2.15.0' \"x[y]==1.2\"", ("sagemaker", "x")),
        ("! pip3 install --no-warn-conflicts pip setuptools  # both", ("pip", "setuptools")),
        ("!pip install a \\\n    b --quiet \\\n    c", ("a", "b", "c")),
        ("%pip install --upgrade-strategy eager a --root-user-action=ignore", ("a",)),
        ("!pip install --target lib a", ("a",)),
        ("%pip install --no-build-isolation a -r more.txt", ("a", "more")),
    ],
)
def test_a_line_of_a_notebook_is_a_command(line: str, asked: tuple[str, ...]) -> None:
    cell = {"cell_type": "code", "source": line}
    text = json.dumps({"nbformat": 4, "metadata": {}, "cells": [cell]})
    assert read_text("x.ipynb", text, {"more.txt": "more"}.get).definition.wanted == asked


def test_options_of_pip_in_a_notebook() -> None:
    line = "%pip install --pre -i https://h.example/s --extra-index-url=https://i.example/s -e . a"
    cell = {"cell_type": "code", "source": line}
    made = read_text("x.ipynb", json.dumps({"nbformat": 4, "metadata": {}, "cells": [cell]}))
    pip = made.definition.pip
    assert (pip.pre, pip.index_url) == (True, "https://h.example/s")
    assert (pip.extra_index_urls, pip.options) == (("https://i.example/s",), ("-e .",))
