"""Keeping a catalogue: refresh, compare, publish; and whether mlenv's own can be had."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mlenv_jupyter.core.errors import Conflict, NotFound, Unavailable
from mlenv_jupyter.core.version import Version
from mlenv_jupyter.registry.catalogue import PLACE, Catalogue
from mlenv_jupyter.workspace import Workspace

SMALLEST = ("mlenv-minimal", "mlenv-tutorial", "mlenv-dataframes", "mlenv-visualisation")
IMPORTS = {
    "mlenv-minimal": "ipykernel",
    "mlenv-tutorial": "sklearn.linear_model, matplotlib.pyplot, pandas",
    "mlenv-dataframes": "polars, duckdb, pyarrow, pandas",
    "mlenv-visualisation": "seaborn, plotly.express, bokeh.plotting, altair, holoviews",
}


@pytest.fixture
def shelf(tmp_path: Path, wheelhouse: Callable[..., Path]) -> Path:
    """A team's directory with one environment, whose packages are in a directory, not an index."""
    links = wheelhouse("acme-leaf")
    wheelhouse("acme-tree", requires=("acme-leaf",))
    place = tmp_path / "shelf"
    place.mkdir()
    pip = {"requirements": ["acme-tree"], "find_links": [str(links)]}
    entry = {"name": "acme", "version": "1", "description": "Ours", "definition": {"pip": pip}}
    (place / "acme.json").write_text(json.dumps(entry))
    return place


def test_a_refresh_locks_and_then_changes_nothing(workspace: Workspace, shelf: Path) -> None:
    (first,) = workspace.curation.refresh(directory=shelf)
    assert (first.before, first.after, first.changes, first.packages) == ("1", "1", None, 2)
    text = (shelf / "acme.lock").read_text()
    assert "acme-tree==1.0" in text
    assert "://" not in text
    (again,) = workspace.curation.refresh(directory=shelf)
    assert (again.after, again.changes) == ("1", ())
    assert (shelf / "acme.lock").read_text() == text


def test_what_is_new_is_the_next_version_and_the_old_one_stays(
    workspace: Workspace, shelf: Path, wheelhouse: Callable[..., Path]
) -> None:
    workspace.curation.refresh(directory=shelf)
    wheelhouse("acme-leaf", "2.0")
    before = sorted(one.name for one in shelf.iterdir())
    (seen,) = workspace.curation.refresh(directory=shelf, write=False)
    assert sorted(one.name for one in shelf.iterdir()) == before
    assert [(c.name, c.before, c.after, c.change) for c in seen.changes or ()] == [
        ("acme-leaf", "1.0", "2.0", "upgraded")
    ]
    (made,) = workspace.curation.refresh(directory=shelf)
    assert (made.before, made.after) == ("1", "2")
    new, old = Catalogue([shelf]).versions("acme")
    assert (new.version, old.version, old.description) == ("2", "1", "Ours")
    assert {p.name: p.version for p in new.lock().packages} == {
        "acme-leaf": "2.0",
        "acme-tree": "1.0",
    }  # type: ignore[union-attr]
    assert {p.name: p.version for p in old.lock().packages} == {
        "acme-leaf": "1.0",
        "acme-tree": "1.0",
    }  # type: ignore[union-attr]


def test_replace_keeps_the_number(
    workspace: Workspace, shelf: Path, wheelhouse: Callable[..., Path]
) -> None:
    workspace.curation.refresh(directory=shelf)
    wheelhouse("acme-leaf", "2.0")
    (made,) = workspace.curation.refresh(directory=shelf, replace=True)
    assert made.after == "1"
    assert len(Catalogue([shelf]).versions("acme")) == 1


def test_what_cannot_be_refreshed(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound, match="nothere"):
        workspace.curation.refresh(["nothere"], tmp_path)
    with pytest.raises(Unavailable, match="cannot be written"):
        workspace.curation.refresh(directory=tmp_path / "absent")


@pytest.mark.network
def test_a_curated_version_is_built_from_its_lock_and_each_version_from_its_own(
    workspace: Workspace,
    shelf: Path,
    wheelhouse: Callable[..., Path],
    built: Callable[..., tuple[Version, object]],
) -> None:
    workspace.curation.refresh(directory=shelf)
    wheelhouse("acme-leaf", "2.0")
    workspace.curation.refresh(directory=shelf)
    team = workspace.places.catalogue
    team.parent.mkdir(parents=True, exist_ok=True)
    shelf.rename(team)
    found = {}
    for version in ("1", "2"):
        made, _ = built("acme", version=version)
        assert made.state == "ready"
        found[version] = {one.name: one.version for one in made.packages or ()}
    assert found == {
        "1": {"acme-leaf": "1.0", "acme-tree": "1.0"},
        "2": {"acme-leaf": "2.0", "acme-tree": "1.0"},
    }


@pytest.mark.network
def test_publishing_a_version(
    workspace: Workspace,
    wheelhouse: Callable[..., Path],
    built: Callable[..., tuple[Version, object]],
) -> None:
    links = wheelhouse("acme-leaf")
    with pytest.raises(NotFound):
        workspace.curation.publish("churn")
    built("churn", "acme-leaf", find_links=[str(links)])
    made = workspace.curation.publish("churn", new_name="acme-churn", description="Ours")
    assert made.place == workspace.places.catalogue
    there = workspace.version("acme-churn")
    assert (there.source, there.version, there.description) == ("catalogue", "1", "Ours")
    assert workspace.environment("acme-churn").description == "Ours"
    assert built("acme-churn", version="1")[0].lock_digest == workspace.version("churn").lock_digest
    again = workspace.curation.publish("churn", new_name="acme-churn")
    assert (again.version, again.description) == ("2", "Ours")
    assert [one.version for one in workspace.versions("acme-churn")] == ["2", "1"]


def test_what_is_not_resolved_is_not_published(workspace: Workspace) -> None:
    from mlenv_jupyter.core.definition import Definition

    workspace.register("fresh", Definition.create(requirements=["six"]))
    with pytest.raises(Conflict, match="not resolved"):
        workspace.curation.publish("fresh")


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("name", SMALLEST)
def test_the_smallest_are_really_installed(
    workspace: Workspace, built: Callable[..., tuple[Version, object]], name: str
) -> None:
    version, _ = built(name, version=workspace.environment(name).latest.version)
    assert version.state == "ready", version.build
    from mlenv_jupyter.process import run, text_of

    argv, env = workspace.exec_plan(name, None, ["python", "-c", f"import {IMPORTS[name]}"])
    code, lines = run(argv, env=env)
    assert code == 0, text_of(lines)


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_others_resolve(workspace: Workspace) -> None:
    others = [one.name for one in Catalogue().newest() if one.name not in SMALLEST]
    found = workspace.curation.refresh(others, PLACE, write=False)
    assert [one.name for one in found] == others
    for one in found:
        assert one.packages > 10
