"""A diff names every field that differs, with what it was and what it is."""

from __future__ import annotations

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.diff import diff_definitions, diff_versions
from mlenv_jupyter.core.sections import DockerSection


def test_the_same_differs_in_nothing() -> None:
    one = Definition.create("3.11", ["numpy"], variables={"A": "b"})
    assert diff_definitions(one, one).empty


def test_every_kind_of_field_is_told() -> None:
    before = Definition.create(
        "3.11",
        ["numpy>=1", "six"],
        conda_channels=["conda-forge"],
        conda_packages=["conda-forge::gdal>=3", "proj"],
        variables={"MODE": "test", "OLD": "1"},
        docker=DockerSection(base_image="python:3.11"),
    )
    after = Definition.create(
        "3.12",
        ["numpy>=2", "polars"],
        pre=True,
        conda_channels=["conda-forge", "bioconda"],
        conda_packages=["gdal>=3.8", "proj"],
        variables={"MODE": "live"},
        docker=DockerSection(base_image="python:3.12"),
    )
    found = diff_definitions(before, after)
    assert found.python == ("3.11", "3.12")
    assert [(one.name, one.change) for one in found.requirements] == [
        ("numpy", "changed"),
        ("polars", "added"),
        ("six", "removed"),
    ]
    (gdal,) = found.conda
    assert (gdal.name, gdal.change) == ("gdal", "changed")
    assert [(one.name, one.before, one.after) for one in found.variables] == [
        ("MODE", "test", "live"),
        ("OLD", "1", None),
    ]
    settings = {one.name: (one.before, one.after) for one in found.settings}
    assert settings == {
        "conda.channels": ("conda-forge", "conda-forge\nbioconda"),
        "docker.base_image": ("python:3.11", "python:3.12"),
        "pip.pre": ("false", "true"),
    }
    assert set(found.other) == set(settings)


def test_every_field_of_a_definition_is_compared() -> None:
    """A field that is added to the Definition must not be forgotten here."""
    plain = Definition.create()
    other = {
        "interpreter_path": "/usr/bin/python3",
        "torch_backend": "cpu",
        "inferencing_stack_version": "latest",
        "asset_id": "a",
        "r": {"r_version": "3.5"},
        "databricks": {"pypi_libraries": [{"package": "six"}]},
        "user_managed_dependencies": True,
    }
    for field, value in other.items():
        changed = Definition.create(**{field: value})  # type: ignore[arg-type]
        assert diff_definitions(plain, changed).settings, field
        assert not diff_definitions(plain, changed).empty, field


def test_resolved_packages_go_up_and_down() -> None:
    found = diff_versions({"a": "1.9", "b": "2", "c": "1"}, {"a": "1.10", "b": "1.5", "d": "1"})
    assert [(one.name, one.change) for one in found] == [
        ("a", "upgraded"),
        ("b", "downgraded"),
        ("c", "removed"),
        ("d", "added"),
    ]
