"""Environments that are there already, over the API."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.builds.python import find_uv
from mlenv_jupyter.process import run


@pytest.fixture
def venv(jp_root_dir: Path, wheelhouse: Callable[..., Path]) -> Path:
    """A venv in the server's own directory."""
    links, uv = wheelhouse("acme-leaf"), find_uv()
    place = jp_root_dir / "project" / ".venv"
    assert run([uv, "venv", "--quiet", "--python", sys.executable, place])[0] == 0
    argv = [uv, "pip", "install", "--python", place / "bin/python", "--no-index", "--quiet"]
    assert run([*argv, "--find-links", links, "acme-leaf"])[0] == 0
    return place


@pytest.mark.network
async def test_a_venv_is_listed_read_and_made_reproducible(api: Any, venv: Path) -> None:
    items = (await api("GET", "/adoptable")).json["items"]
    assert items[0]["kind"] == "server"
    (one,) = [item for item in items if item["prefix"] == str(venv)]
    assert (one["kind"], one["name"], one["packages"]) == ("venv", "project", 1)
    read = (await api("GET", f"/adoptable/{one['id']}")).json
    assert read["name"] == "project"
    assert read["definition"]["pip"]["requirements"] == ["acme-leaf==1.0"]
    made = await api("POST", f"/adoptable/{one['id']}", {"name": "acme"})
    assert made.status == 201
    # No index has it: it is left out, and said.
    assert made.json["problems"][0]["where"] == "acme-leaf"
    assert made.json["problems"][0]["code"] == "not_on_index"
    assert made.json["locked"] == 0
    assert made.json["version"]["author"] != ""
    again = await api("POST", f"/adoptable/{one['id']}", {"name": "acme"})
    assert again.status == 200
    assert again.json["version"]["version"] == made.json["version"]["version"]
    assert (await api("GET", "/environments/acme")).status == 200


async def test_only_what_was_found_can_be_asked_for(api: Any, tmp_path: Path) -> None:
    for odd in ("0" * 16, "..", "%2Fetc", "a%00b"):
        assert (await api("GET", f"/adoptable/{odd}")).status == 404
        assert (await api("POST", f"/adoptable/{odd}", {"name": "x"})).status == 404


async def test_a_name_that_may_not_be_used(api: Any) -> None:
    own = (await api("GET", "/adoptable")).json["items"][0]["id"]
    answer = await api("POST", f"/adoptable/{own}", {"name": "mlenv-x"})
    assert answer.status == 400
    assert answer.json["error"]["where"] == "name"
