"""verify, backup and restore from the shell, over a real prefix."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended


def test_a_prefix_that_was_changed_is_found_and_built_again(
    mlenv: Callable[..., Ended], wheelhouse: Callable[..., Path], homes: Path
) -> None:
    place = wheelhouse("thing", "1.0")
    mlenv("new", "churn", "-p", "thing", "--find-links", str(place), "--index-url", place.as_uri())
    assert mlenv("build", "churn").code == 0
    assert mlenv("use", "churn").code == 0
    well = mlenv("verify", "--json")
    assert (well.code, well.json) == (0, {"ok": True, "findings": []})

    shown = mlenv("exec", "churn", "--", "python", "-c", "import thing; print(thing.__file__)")
    file = Path(shown.out.strip())
    os.chmod(file.parent, 0o755)
    file.unlink()
    file.write_text("__version__ = 'evil'\n")
    found = mlenv("verify", "--json")
    assert found.code == 1
    (one,) = found.json["findings"]
    assert (one["part"], one["where"]) == ("store", "churn:1")
    assert one["message"] == "thing/__init__.py was changed."
    mended = mlenv("verify", "--repair", "--json")
    assert (mended.code, mended.json["findings"][0]["repaired"]) == (0, True)
    assert mlenv("verify").out == "All is whole.\n"
    shown = mlenv("exec", "churn", "--", "python", "-c", "import thing; print(thing.__version__)")
    assert shown.out == "1.0\n"


def test_a_kernel_of_what_is_gone_is_told(
    mlenv: Callable[..., Ended], wheelhouse: Callable[..., Path]
) -> None:
    place = wheelhouse("thing", "1.0")
    mlenv("new", "churn", "-p", "thing", "--find-links", str(place), "--index-url", place.as_uri())
    mlenv("set", "churn", "A=b")
    mlenv("build", "churn:1")
    assert mlenv("use", "churn:1").code == 0
    assert mlenv("archive", "churn:1").code == 0
    (kernel,) = mlenv("kernel", "list", "--json").json["items"]
    assert kernel["archived"]
    assert kernel["display_name"] == "churn (v1) – archived"
    assert mlenv("exec", "churn:1", "--", "python", "-c", "import thing").code == 0
    assert mlenv("use", "churn:1", "--json").error["code"] == "archived"
    assert mlenv("delete", "churn:1", "-y", "--json").error["code"] == "in_use"
    mlenv("restore", "churn:1")
    (kernel,) = mlenv("kernel", "list", "--json").json["items"]
    assert kernel["display_name"] == "churn (v1)"
    assert mlenv("verify", "--json").json["findings"] == []


def test_backup_and_restore(mlenv: Callable[..., Ended], tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    mlenv("new", "churn")
    assert mlenv("registry", "backup", str(file), "--json").json["size"] > 0
    assert mlenv("registry", "backup", str(file)).code == 4
    mlenv("new", "later")
    assert mlenv("registry", "restore", str(file)).code == 2
    restored = mlenv("registry", "restore", str(file), "-y", "--json").json
    own = [one["name"] for one in mlenv("list", "--json").json["items"] if not one["read_only"]]
    assert own == ["churn"]
    assert Path(restored["kept"]).exists()
    assert mlenv("registry", "restore", str(tmp_path / "no"), "-y").code == 3
    (tmp_path / "bad").write_text("x")
    assert mlenv("registry", "restore", str(tmp_path / "bad"), "-y").code == 2
