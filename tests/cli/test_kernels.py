"""`mlenv kernel`, `mlenv use`, and that nothing stays after `mlenv uninstall --purge`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, run

pytestmark = pytest.mark.network


def test_install_list_remove(ready: dict[str, str]) -> None:
    made = run("kernel", "install", "ready:1", "--json").json
    assert made["kernel_name"].startswith("mlenv-ready-")
    assert made["display_name"] == "ready (v1)"
    spec = Path(ready["JUPYTER_DATA_DIR"], "kernels", made["kernel_name"], "kernel.json")
    assert json.loads(spec.read_text())["display_name"] == "ready (v1)"
    used = run("use", "ready:2")
    assert "ready (v2)" in used.out
    assert "jupyter console --kernel mlenv-ready-" in used.out
    assert [one["version"] for one in run("kernel", "list", "--json").json["items"]] == ["1", "2"]
    assert "ready:1" in run("kernel", "list").out
    assert run("kernel", "remove", "ready:1").code == 0
    assert not spec.exists()
    assert run("kernel", "remove", "ready:1").code == 3
    assert run("kernel", "remove", "ready").code == 0
    assert run("kernel", "list", "--json").json == {"items": []}


def test_purge_leaves_no_file(
    mlenv: Callable[..., Ended], wheelhouse: Callable[..., Path], homes: Path, tmp_path: Path
) -> None:
    # Links into the tests' cache, which must survive.
    store = tmp_path / "store"
    mlenv("new", "small", "-p", "mlenv-pebble", "--find-links", str(wheelhouse("mlenv-pebble")))
    assert mlenv("build", "small").code == 0
    assert mlenv("kernel", "install", "small").code == 0
    assert mlenv("uninstall").code == 2

    kept = mlenv("uninstall", "-y", "--json").json["removed"]
    assert any("kernel" in one for one in kept)
    assert not list((tmp_path / "jupyter").rglob("kernel.json"))
    assert not list((homes / "launcher").glob("*"))
    assert mlenv("list", "-q").out.split()[0] == "small"

    assert mlenv("uninstall", "--purge", "-y").code == 0
    assert not homes.exists()
    assert not store.exists()
    left = [path for path in (tmp_path / "jupyter").rglob("*") if not path.is_dir()]
    assert left == []
    assert mlenv("uninstall", "--purge", "-y").out == "There was nothing to remove.\n"
