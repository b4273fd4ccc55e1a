"""mlenv and azureml-core do the same on generated definitions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mlenv_jupyter
from mlenv_jupyter import CondaDependencies, Environment
from mlenv_jupyter.sdk import docker, other
from tests.sdk.oracle import agent, cases

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
NAMES: dict[str, Any] = {
    **vars(other),
    **vars(docker),
    "Environment": Environment,
    "CondaDependencies": CondaDependencies,
}


def test_conda_dependencies(oracle: Any, tmp_path: Path) -> None:
    asked = cases.dependencies(300)
    theirs = oracle({"dependencies": asked})["dependencies"]
    refused = 0
    for case, expected in zip(asked, theirs, strict=True):
        ours = agent.run_dependencies(CondaDependencies, case, str(tmp_path))
        assert ours == expected, case
        refused += sum(ours["refused"])
    assert refused > 100


def test_environments(oracle: Any, tmp_path: Path) -> None:
    asked = cases.environments(200)
    theirs = oracle({"environments": asked})["environments"]
    written, refused = [], 0
    for case, expected in zip(asked, theirs, strict=True):
        ours = agent.run_environment(NAMES, case, str(tmp_path))
        assert ours["refused"] == expected["refused"], case
        assert _decoded(ours["files"]) == _decoded(expected["files"]), case
        written.append(ours["files"])
        refused += sum(ours["refused"])
    assert refused > 50
    # What mlenv has written is what the seed reads.
    loaded = oracle({"loaded": written})["loaded"]
    for files, found in zip(written, loaded, strict=True):
        data = json.loads(files["azureml_environment.json"])
        assert {key: found[key] for key in data if key not in ("python", "docker")} == {
            key: one for key, one in data.items() if key not in ("python", "docker")
        }
        assert found["docker"]["baseDockerfile"] == files.get("BaseDockerfile")


def test_what_the_seed_has_written_is_read(oracle: Any, tmp_path: Path) -> None:
    asked = cases.environments(60)
    for number, one in enumerate(oracle({"environments": asked})["environments"]):
        place = tmp_path / str(number)
        place.mkdir()
        for name, text in one["files"].items():
            (place / name).write_text(text)
        made = Environment.load_from_directory(place)
        made.save_to_directory(tmp_path / f"{number}-again")
        again = {path.name: path.read_text() for path in (tmp_path / f"{number}-again").iterdir()}
        assert _decoded(again) == _decoded(one["files"]), asked[number]


def test_merge_requirements(oracle: Any) -> None:
    asked = cases.merges()
    assert oracle({"merged": asked})["merged"] == [
        mlenv_jupyter.CondaDependencies.merge_requirements(one) for one in asked
    ]


def _decoded(files: dict[str, str]) -> dict[str, Any]:
    return {
        name: json.loads(text) if name.endswith(".json") else text for name, text in files.items()
    }
