"""What the notebooks of a directory run in; what cannot be read has no say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mlenv_jupyter.notebooks.nearby import used_in


def notebook(path: Path, **mlenv: Any) -> None:
    """One that remembers a version, if it is told one."""
    digest = "0" * 64
    stamp = {"format": 1, "definition_id": digest, "digest": digest, "definition": {}, **mlenv}
    cells = [{"cell_type": "raw", "source": "x" * 1000, "metadata": {}}]
    metadata = {"mlenv": stamp} if mlenv else {}
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4}))


def test_what_most_use_comes_first_and_what_cannot_be_read_has_no_say(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", name="churn", version="2")
    notebook(tmp_path / "b.ipynb", name="vision", version="1")
    notebook(tmp_path / "c.ipynb", name="churn", version="2")
    notebook(tmp_path / "d.ipynb", name="../x", version="1")
    notebook(tmp_path / "plain.ipynb")
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "directory.ipynb").mkdir()
    (tmp_path / "gone.ipynb").symlink_to("nowhere")
    below = tmp_path / "below"
    below.mkdir()
    notebook(below / "e.ipynb", name="elsewhere", version="1")
    assert [(one.name, one.version, one.notebooks) for one in used_in(tmp_path)] == [
        ("churn", "2", 2),
        ("vision", "1", 1),
    ]
    assert used_in(tmp_path / "nowhere") == ()
