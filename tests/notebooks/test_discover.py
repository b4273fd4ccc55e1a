"""Requirements proposed from imports; nothing of the notebook is run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from mlenv_jupyter.notebooks.discover import discover
from mlenv_jupyter.notebooks.knowledge import bringers

CELLS = [
    "%matplotlib inline\nimport numpy as np, os\nfrom sklearn.svm import SVC",
    "!pip list\nfrom . import here\nimport yaml.loader, helpers\nimport cv2",
    "%%bash\nimport nothing",
    "%%time\nimport pandas.plotting",
    "def broken(:",
    "import reqeusts  # a slip of the pen, which somebody may have published",
]


def test_what_imports_come_to() -> None:
    found = discover(CELLS, beside=["helpers.py"], installed={"numpy": ["numpy"], "x": ["y"]})
    assert {one.module: (one.requirement, one.known_by) for one in found.proposed} == {
        "cv2": ("opencv-python", "table"),
        "numpy": ("numpy", "installed"),
        "pandas": ("pandas", "name"),
        "sklearn": ("scikit-learn", "table"),
        "yaml": ("pyyaml", "table"),
    }
    assert found.unknown == ("reqeusts",)
    assert found.unread == 1


def test_a_module_that_many_share_is_known_by_its_parts() -> None:
    cell = """
from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential
import azureml.core
from google.cloud import storage
from azure.nobody import thing
"""
    found = discover([cell], installed={})
    assert {one.module: one.requirement for one in found.proposed} == {
        "azure.ai.ml": "azure-ai-ml",
        "azure.identity": "azure-identity",
        "azureml.core": "azureml-core",
        "google.cloud.storage": "google-cloud-storage",
    }
    assert found.unknown == ("azure.nobody",)
    here = {"azure": ["azure-core", "azure_nobody"]}
    more = discover([cell], installed=here).proposed
    assert [one.known_by for one in more if one.requirement == "azure-nobody"] == ["installed"]


def test_what_pigar_knows_is_believed_where_it_is_sure() -> None:
    pytest.importorskip("pigar", reason="mlenv-jupyter[discover] is not installed")
    cell = """
import vega_datasets, langchain_cohere, grpc, netCDF4, SimpleITK, mmcv
import kaggle_secrets, notebookutils, reqeusts
from azure.core import credentials
"""
    found = discover([cell], installed={}, bringers=bringers)
    assert {one.module: one.requirement for one in found.proposed} == {
        "SimpleITK": "simpleitk",
        "azure.core": "azure-core",
        "grpc": "grpcio",  # many bring it
        "langchain_cohere": "langchain-cohere",
        "mmcv": "mmcv",
        "netCDF4": "netcdf4",
        "vega_datasets": "vega-datasets",
    }
    assert {one.known_by for one in found.proposed} == {"pigar"}
    assert found.unknown == ("kaggle_secrets", "notebookutils", "reqeusts")


def test_without_pigar_or_with_a_database_that_is_damaged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pigar.db", None)
    assert bringers("vega_datasets") == ()
    monkeypatch.undo()
    db = pytest.importorskip("pigar.db", reason="mlenv-jupyter[discover] is not installed")
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"not a database" * 100)
    monkeypatch.setattr(db.Database.__init__, "__defaults__", (str(broken),))
    assert bringers("vega_datasets") == ()


def test_the_command_answers_with_a_requirements_file(tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(one) for one in CELLS]
    ran = tmp_path / "ran"
    cells.append(nbformat.v4.new_code_cell(f"open({str(ran)!r}, 'w')"))
    path = tmp_path / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    words = [sys.executable, "-m", "mlenv_jupyter.cli", "notebook", "discover", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "scikit-learn\n" in done.stdout
    assert "# import reqeusts: which package?\n" in done.stdout
    assert "1 cell could not be read." in done.stderr
    found = json.loads(subprocess.run([*words, "--json"], capture_output=True, check=True).stdout)
    assert "opencv-python" in [one["requirement"] for one in found["proposed"]]
    assert not ran.exists()
