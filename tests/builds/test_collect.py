"""Collecting: what nobody refers to goes, and everything else stays and works."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.workspace import Workspace

pytestmark = pytest.mark.network
Built = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_shelf(workspace: Workspace) -> None:
    """What is collected here must not be taken from the tests that run beside."""
    workspace.places.shelf.unlink()
    workspace.places.shelf.mkdir()


def names(place: Path) -> set[str]:
    return {one.name for one in place.iterdir() if one.is_dir()}


def test_what_a_deleted_environment_had_goes_and_the_rest_works(
    workspace: Workspace, built: Built
) -> None:
    built("kept", "six==1.16.0")
    built("gone", "idna==3.7")
    places = workspace.places
    both = names(places.prefixes)
    assert workspace.collection.collect() == ()
    workspace.delete("gone")

    found = workspace.collection.collect(dry_run=True)
    assert [one.kind for one in found] == ["prefix", "wheel"]
    assert all(one.size > 0 and not one.removed for one in found)
    assert names(places.prefixes) == both

    workspace.collection.collect()
    (left,) = names(places.prefixes)
    assert left == places.prefix(workspace.version("kept").lock_digest or "").name
    assert not list(places.prefixes.glob("*.json.tmp"))
    argv, environment = workspace.exec_plan("kept", None, ["python", "-c", "import six"])
    assert subprocess.run(argv, env=environment, check=False).returncode == 0
    assert workspace.collection.collect() == ()
    # And it is built again as if it had never been here.
    _, build = built("gone", "idna==3.7")
    assert build.state == "succeeded"


def test_an_archived_version_a_kernel_and_a_process_keep_theirs(
    workspace: Workspace, built: Built
) -> None:
    version, _ = built("gone", "six==1.16.0")
    prefix = workspace.places.prefix(version.lock_digest)
    with subprocess.Popen(
        [prefix / "bin" / "python", "-c", "input()"],
        stdin=subprocess.PIPE,
        env={**os.environ, "VIRTUAL_ENV": str(prefix)},
    ) as process:
        workspace.delete("gone")
        assert [one.kind for one in workspace.collection.collect()] == []
        assert process.stdin is not None
        process.stdin.close()
    assert "prefix" in [one.kind for one in workspace.collection.collect()]


def test_nothing_goes_while_something_is_built(workspace: Workspace, slow: Any) -> None:
    from .test_trouble import in_the_middle

    in_the_middle(workspace, slow)
    with pytest.raises(Conflict, match="is being built"):
        workspace.collection.collect()


def test_the_command_says_what_it_freed(workspace: Workspace, built: Built) -> None:
    built("gone", "six==1.16.0")
    workspace.delete("gone")

    def gc(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mlenv_jupyter.cli", "gc", *words],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert gc("--dry-run").startswith("Would free")
    assert gc().startswith("Freed")
    assert gc() == "There is nothing to remove.\n"
