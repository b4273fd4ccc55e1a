"""Secrets: used where they are for, refused elsewhere, and in nothing that is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.builds.log import LogWriter, read_records
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import BuildFailed, InvalidDefinition, MlenvError, SecretMissing
from mlenv_jupyter.registry.secrets import Secrets
from mlenv_jupyter.workspace import Workspace

from .private_index import private_index

# With characters that an address must not have as they are.
CANARY = "c4n@ry:p/ss?w#rd%+"
Built = Callable[..., Any]


@pytest.fixture
def host(wheelhouse: Callable[..., Path]) -> Iterator[str]:
    place = wheelhouse("private-thing")
    with private_index(place, "me", CANARY) as address:
        yield address


def traces(*places: Path) -> list[str]:
    """Every file below that holds the canary in clear or as an address has it."""
    words = [CANARY.encode(), b"c4n%40ry", json.dumps(CANARY).encode()]
    return [
        str(one)
        for place in places
        for one in place.rglob("*")
        if one.is_file()
        and one.name != "secrets.json"
        and any(word in one.read_bytes() for word in words)
    ]


def index(host: str) -> str:
    return f"http://me:${{secret:packages}}@{host}/simple"


@pytest.mark.parametrize("file", ["requirement", "address"])
def test_a_private_index_is_used_and_its_password_kept_nowhere(
    workspace: Workspace, built: Built, host: str, tmp_path: Path, file: str
) -> None:
    workspace.secrets.set("packages", CANARY, hosts=[host])
    if file == "requirement":
        version, build = built("mine", "private-thing", index_url=index(host))
    else:
        address = f"http://me:${{secret:packages}}@{host}/files/private_thing-1.0-py3-none-any.whl"
        version, build = built("mine", f"private-thing @ {address}", find_links=[])
    assert build.error is None
    assert [one.name for one in version.packages] == ["private-thing"]
    workspace.install_kernel("mine")
    assert traces(tmp_path) == []
    row = workspace.registry.find("mine")
    assert row.lock_id is not None
    lock = workspace.registry.locks.get(row.lock_id)
    assert "c4n" not in str(lock)
    assert oct((workspace.places.home / "secrets.json").stat().st_mode & 0o777) == "0o600"


def test_a_preview_uses_it_too(workspace: Workspace, host: str) -> None:
    workspace.secrets.set("packages", CANARY, hosts=[host])
    found = workspace.resolve(
        Definition.create(requirements=["private-thing"], index_url=index(host))
    )
    assert [one.name for one in found.packages] == ["private-thing"]


def test_a_refresh_asks_with_it_too(workspace: Workspace, built: Built, host: str) -> None:
    workspace.secrets.set("packages", CANARY, hosts=[host])
    built("mine", "private-thing", index_url=index(host))
    assert workspace.lifecycle.refresh("mine").created is False


def test_a_wrong_password_is_said_and_not_shown(
    workspace: Workspace, built: Built, host: str, tmp_path: Path
) -> None:
    workspace.secrets.set("packages", CANARY + "x", hosts=[host])
    _, build = built("mine", "private-thing", index_url=index(host))
    assert build.error is not None and build.error.code == "index_denied"
    assert traces(tmp_path) == []


@pytest.mark.parametrize("declared", ["elsewhere.example", None])
def test_a_secret_goes_to_no_host_that_it_is_not_for(
    workspace: Workspace, built: Built, host: str, declared: str | None
) -> None:
    if declared:
        workspace.secrets.set("packages", CANARY, hosts=[declared])
    _, build = built("mine", "private-thing", index_url=index(host))
    assert build.error is not None and build.error.code == "secret_missing"
    assert "mlenv secret" in build.error.remedy
    with pytest.raises(SecretMissing):
        workspace.resolve(Definition.create(requirements=["a"], index_url=index(host)))


def test_a_secret_in_a_path_is_refused(workspace: Workspace, host: str) -> None:
    workspace.secrets.set("packages", CANARY, hosts=[host])
    wanted = Definition.create(
        requirements=["a"], index_url=f"http://{host}/${{secret:packages}}/simple"
    )
    with pytest.raises(MlenvError, match="user or password"):
        workspace.resolve(wanted)


def test_a_value_that_a_build_prints_is_not_in_its_log(
    workspace: Workspace, tmp_path: Path
) -> None:
    log = LogWriter(tmp_path / "log.jsonl", 0, hidden=lambda: (CANARY,))
    log.line(f"the backend said {CANARY} and c4n%40ry%3Ap%2Fss%3Fw%23rd%25%2B")
    log.close()
    (record,) = read_records(tmp_path / "log.jsonl")
    assert record.x == "the backend said **** and ****"


def test_a_value_that_is_set_while_a_log_is_written_is_not_in_it(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    log = LogWriter(tmp_path / "log.jsonl", 0, hidden=secrets.watched())
    log.line("nothing is secret yet")
    secrets.set("later", CANARY, hosts=["h.example"], keyring=False)
    log.line(f"it is {CANARY}")
    secrets.set("later", "another-word", hosts=["h.example"], keyring=False)
    log.line(f"it was {CANARY}, and is another-word")
    secrets.remove("later")
    log.line(f"it was {CANARY}")
    log.close()
    texts = [one.x for one in read_records(tmp_path / "log.jsonl")]
    assert texts == [
        "nothing is secret yet",
        "it is ****",
        "it was ****, and is ****",
        "it was ****",
    ]


def test_variables_reach_the_command_and_the_kernel_only(
    workspace: Workspace, built: Built, tmp_path: Path
) -> None:
    pytest.importorskip("ipykernel")
    from jupyter_client.manager import start_new_kernel

    workspace.secrets.set("churn/db", CANARY)
    built("churn", variables={"DB": "x-${secret:churn/db}-y"})
    _, environment = workspace.exec_plan("churn", None, ["true"])
    assert environment["DB"] == f"x-{CANARY}-y"
    kernel = workspace.install_kernel("churn")
    manager, client = start_new_kernel(kernel_name=kernel.kernel_name)
    try:
        said = client.execute_interactive(
            "import os; assert len(os.environ['DB']) == 22; print(os.environ['DB'][:3])",
            output_hook=lambda message: None,
            timeout=60,
        )
        assert said["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert traces(tmp_path) == []


def test_a_missing_one_stops_the_command_and_says_how(workspace: Workspace, built: Built) -> None:
    built("churn", variables={"DB": "${secret:db}"})
    done = subprocess.run(
        [sys.executable, "-m", "mlenv_jupyter.cli", "exec", "churn", "--", "env"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "mlenv secret set db" in done.stderr
    workspace.secrets.set("db", "v", environments=["other"])
    with pytest.raises(SecretMissing, match="may not be used by 'churn'"):
        workspace.exec_plan("churn", None, ["true"])


def test_a_kernel_without_its_secret_explains(workspace: Workspace, built: Built) -> None:
    from jupyter_client.manager import start_new_kernel

    built("churn", variables={"DB": "${secret:churn/db}"})
    kernel = workspace.install_kernel("churn")
    manager, client = start_new_kernel(kernel_name=kernel.kernel_name)
    texts: list[str] = []
    try:
        client.execute_interactive(
            "1 + 1", output_hook=lambda message: texts.append(str(message["content"])), timeout=60
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert "mlenv secret set churn/db" in "".join(texts)


def test_the_shell_sets_lists_and_forgets(workspace: Workspace) -> None:
    def mlenv(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mlenv_jupyter.cli", "secret", *words],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )

    assert mlenv("set", "team", "--host", "P.example", text=f"{CANARY}\n").returncode == 0
    listed = mlenv("list", "--json")
    assert CANARY not in listed.stdout
    assert json.loads(listed.stdout)["items"][0]["hosts"] == ["p.example"]
    assert mlenv("value", "team", "--host", "p.example").stdout == f"{CANARY}\n"
    assert mlenv("value", "team", "--host", "evil.example").returncode == 3
    assert mlenv("allow", "team", "--environment", "churn").returncode == 0
    assert mlenv("value", "team", "--environment", "churn").stdout == f"{CANARY}\n"
    assert mlenv("set", "nothing", text="x\n").returncode == 2
    assert mlenv("remove", "team").returncode == 0
    assert mlenv("remove", "team").returncode == 3


@pytest.mark.parametrize("name", ["", "../x", "a b", "a/", "x" * 129, "${secret:a}"])
def test_a_name_that_is_none(workspace: Workspace, name: str) -> None:
    with pytest.raises(MlenvError, match="cannot be the name of a secret"):
        workspace.secrets.set(name, "v", hosts=["h"])


def test_a_keyring_that_works_has_the_value(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[tuple[str, str], str] = {}

    class Ring:
        priority = 5

    class Module:
        get_keyring = staticmethod(Ring)
        set_password = staticmethod(lambda s, n, v: kept.__setitem__((s, n), v))
        get_password = staticmethod(lambda s, n: kept.get((s, n)))
        delete_password = staticmethod(lambda s, n: kept.pop((s, n)))

    monkeypatch.setitem(sys.modules, "keyring", Module)
    made = workspace.secrets.set("a", CANARY, hosts=["h"])
    assert made.source == "keyring"
    assert CANARY not in (workspace.places.home / "secrets.json").read_text()
    assert workspace.secrets.value("a", host="h") == CANARY
    kept.clear()
    with pytest.raises(SecretMissing, match="keyring"):
        workspace.secrets.value("a", host="h")


def test_a_password_in_clear_is_still_refused() -> None:
    with pytest.raises((InvalidDefinition, BuildFailed), match="password"):
        Definition.create(requirements=["a"], index_url="https://me:clear@h/simple")
