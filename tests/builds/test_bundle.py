"""Bundles: from a machine with a network to one without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.core.errors import Conflict, InvalidRequest
from mlenv_jupyter.core.version import Version
from mlenv_jupyter.workspace import Workspace

COMMAND = [sys.executable, "-m", "mlenv_jupyter.cli"]
NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there: whoever asks for the network is refused."""


@pytest.fixture
def far(tmp_path: Path) -> Callable[..., Any]:
    """The command on a machine without a network, with nothing in its home and caches."""
    top = tmp_path / "far"
    environment = {k: v for k, v in os.environ.items() if not k.upper().startswith(("UV_", "PIP_"))}
    environment |= {
        "MLENV_HOME": str(top / "mlenv"),
        "MLENV_STORE": str(top / "store"),
        "HOME": str(top),
        "JUPYTER_DATA_DIR": str(top / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(top / "jupyter_config"),
        "JUPYTER_RUNTIME_DIR": str(top / "jupyter_runtime"),
        "UV_DEFAULT_INDEX": f"{NOWHERE}/simple",
        "UV_HTTP_TIMEOUT": "2",
        "UV_OFFLINE": "1",
    }
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        environment |= {name: NOWHERE, name.lower(): NOWHERE}
    environment.pop("NO_PROXY", None)

    def run(*words: str, code: int = 0, command: list[str] = COMMAND) -> str:
        ended = subprocess.run(
            [*command, *words], env=environment, capture_output=True, text=True, timeout=120
        )
        assert ended.returncode == code, ended.stderr
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended.stdout if code == 0 else ended.stderr

    return run


@pytest.fixture
def bundle(workspace: Workspace, built: Callable[..., Any], tmp_path: Path) -> Path:
    """A bundle of python-dateutil (which needs six) with a variable."""
    built("dates", "python-dateutil==2.9.0.post0", variables={"COLOUR": "blue"})
    file = tmp_path / "dates.mlenv"
    made = workspace.bundle("dates", output=file)
    assert (made.name, made.version, made.file) == ("dates", "1", str(file))
    assert made.size == file.stat().st_size
    return file


@pytest.mark.network
@pytest.mark.slow
def test_a_bundle_is_built_and_used_where_there_is_no_network(
    workspace: Workspace, bundle: Path, far: Callable[..., Any]
) -> None:
    near: Version = workspace.version("dates")
    assert "offline" in far("new", "nets", "-p", "six") + far("build", "nets", "--json", code=1)
    made = json.loads(far("import", str(bundle), "--json"))
    assert (made["version"]["name"], made["notes"]) == ("dates", [])
    far("build", "dates")
    there = json.loads(far("show", "dates", "--json"))
    assert there["state"] == "ready"
    assert there["lock_digest"] == near.lock_digest
    assert there["definition_id"] == near.definition_id
    code = "import dateutil, os; print(dateutil.__version__, os.environ['COLOUR'])"
    assert far("exec", "dates", "--", "python", "-c", code) == "2.9.0.post0 blue\n"
    kernel = json.loads(far("use", "dates", "--json"))["kernel_name"]
    client = (
        "import sys\nfrom jupyter_client.manager import start_new_kernel\n"
        "m, c = start_new_kernel(kernel_name=sys.argv[1])\n"
        "c.execute_interactive('import dateutil; print(dateutil.__version__)',"
        " output_hook=lambda o: print(o['content'].get('text', ''), end=''))\n"
        "c.stop_channels(); m.shutdown_kernel()"
    )
    said = far("-c", client, kernel, command=[sys.executable])
    assert "2.9.0.post0" in said
    # The same bundle again is the version that there is.
    again = json.loads(far("import", str(bundle), "--json"))
    assert again["version"]["version"] == made["version"]["version"]


@pytest.mark.network
def test_what_is_in_it(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        text = archive.read("lock").decode() + archive.read("bundle.json").decode()
    assert {"bundle.json", "lock"} < set(names)
    assert any(one.startswith("wheels/six-") for one in names)
    assert any(one.startswith("wheels/ipykernel-") for one in names)
    assert "://" not in text


def rewritten(bundle: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    change(contents)
    made = bundle.with_name("changed.mlenv")
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return made


@pytest.mark.network
def test_a_bundle_that_was_tampered_with_is_refused_and_nothing_is_registered(
    workspace: Workspace, bundle: Path
) -> None:
    def wheel(contents: dict[str, bytes]) -> None:
        (name,) = [one for one in contents if one.startswith("wheels/six-")]
        contents[name] += b"x"

    def foreign(contents: dict[str, bytes]) -> None:
        contents["wheels/../../evil.whl"] = b"x"

    def nolock(contents: dict[str, bytes]) -> None:
        del contents["lock"]

    def nonsense(contents: dict[str, bytes]) -> None:
        contents["bundle.json"] = b"{}"

    kept = workspace.places.files
    before = sorted(str(one) for one in kept.rglob("*.whl"))
    for path in kept.rglob("six-*.whl"):
        path.unlink()
    for change in (wheel, foreign, nolock, nonsense):
        with pytest.raises(InvalidRequest, match="not a bundle that can be used"):
            workspace.bundles.take(rewritten(bundle, change), "other")
    assert [one.name for one in workspace.environments().items] == ["dates"]
    assert not any("evil" in str(one) for one in kept.rglob("*"))
    assert len(sorted(str(one) for one in kept.rglob("*.whl"))) <= len(before)


def test_what_is_no_bundle(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "x.mlenv"
    for data in (b"", b"text", b"PK\x03\x04"):
        file.write_bytes(data)
        with pytest.raises(InvalidRequest, match="not a bundle"):
            workspace.bundles.take(file)
    with pytest.raises(InvalidRequest, match="no file"):
        workspace.bundles.take(tmp_path / "absent.mlenv")


def test_what_is_not_built_is_not_bundled(workspace: Workspace) -> None:
    from mlenv_jupyter.core.definition import Definition

    workspace.register("fresh", Definition.create(requirements=["six"]))
    with pytest.raises(Conflict, match="not built"):
        workspace.bundle("fresh")
