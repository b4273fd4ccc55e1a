"""Requirements proposed from imports; nothing of the notebook is run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat

from mlenv_jupyter.notebooks.discover import discover

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
