"""Which builder a definition takes is said in words, as pipelines are chosen."""

from __future__ import annotations

from typing import Any

import pytest

from mlenv_jupyter.builds.choice import pipeline_of
from mlenv_jupyter.core.builder import builder_of
from mlenv_jupyter.core.definition import Definition


@pytest.mark.parametrize(
    ("fields", "said", "pipeline"),
    [
        ({}, "a prefix, by uv: only pip packages are asked for", "PipPipeline"),
        (
            {"conda_packages": ["numpy"]},
            "a prefix, by rattler: 1 conda package is asked for",
            "CondaPipeline",
        ),
        (
            {"conda_packages": ["numpy", "gdal"], "requirements": ["six"]},
            "a prefix, by rattler, then uv: 2 conda packages are asked for",
            "CondaPipeline",
        ),
        (
            {"user_managed_dependencies": True, "conda_packages": ["numpy"]},
            "a record, by nobody: its packages are managed by you",
            "UserManagedPipeline",
        ),
    ],
)
def test_said_as_chosen(fields: dict[str, Any], said: str, pipeline: str) -> None:
    definition = Definition.create(**fields)
    assert str(builder_of(definition)) == said
    assert pipeline_of(definition).__name__ == pipeline
