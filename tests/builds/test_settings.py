"""Index, proxy and certificates: whose settings are honoured."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlenv_jupyter.builds import settings
from mlenv_jupyter.builds.pipeline import uv_environment
from mlenv_jupyter.builds.settings import left_to_pip, network_settings, passed_on
from mlenv_jupyter.doctor import examine
from mlenv_jupyter.workspace import Workspace

SECRET = "hunter2"
MIRROR = f"https://me:{SECRET}@mirror.example/simple"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "SYSTEM", ())
    (tmp_path / ".config" / "pip").mkdir(parents=True)
    return tmp_path


def pip_conf(home: Path, text: str) -> dict[str, str]:
    (home / ".config" / "pip" / "pip.conf").write_text(text)
    return {"HOME": str(home)}


def test_pip_s_mirror_proxy_and_certificates_reach_uv(home: Path) -> None:
    source = pip_conf(
        home,
        f"[global]\nindex-url = {MIRROR}\ncert = /corp/ca.pem\nproxy = http://proxy.example:3128\n"
        "[install]\ntrusted-host = mirror.example\n",
    )
    made = passed_on(source)
    assert made == {
        "UV_DEFAULT_INDEX": MIRROR,
        "SSL_CERT_FILE": "/corp/ca.pem",
        "HTTPS_PROXY": "http://proxy.example:3128",
        "UV_INSECURE_HOST": "mirror.example",
    }


@pytest.mark.parametrize(
    "own",
    [
        {"UV_DEFAULT_INDEX": "https://own.example"},
        {"UV_INDEX_URL": "https://own.example"},
        {"UV_NO_INDEX": "1"},
    ],
)
def test_uv_s_own_settings_come_first(home: Path, own: dict[str, str]) -> None:
    source = {**pip_conf(home, f"[global]\nindex-url = {MIRROR}\n"), **own}
    assert "UV_DEFAULT_INDEX" not in passed_on(source)


def test_an_index_in_uv_toml_comes_first(home: Path) -> None:
    source = pip_conf(home, f"[global]\nindex-url = {MIRROR}\n")
    (home / ".config" / "uv").mkdir()
    (home / ".config" / "uv" / "uv.toml").write_text('[[index]]\nurl = "https://own.example"\n')
    assert "UV_DEFAULT_INDEX" not in passed_on(source)


def test_the_environment_comes_before_files(home: Path) -> None:
    source = {**pip_conf(home, f"[global]\nindex-url = {MIRROR}\n"), "PIP_INDEX_URL": "https://b"}
    assert passed_on(source)["UV_DEFAULT_INDEX"] == "https://b"
    (one,) = [one for one in network_settings(source) if one.name == "UV_DEFAULT_INDEX"]
    assert one.source == "PIP_INDEX_URL"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_other_tools_are_told_of(home: Path, name: str) -> None:
    assert passed_on({"HOME": str(home), name: "/corp/ca.pem"})["SSL_CERT_FILE"] == "/corp/ca.pem"


def test_further_places_are_said_and_not_heeded(home: Path) -> None:
    source = pip_conf(home, "[global]\nextra-index-url = https://x\nfind-links = /wheels\n")
    assert passed_on(source) == {}
    assert [one.name for one in left_to_pip(source)] == ["extra-index-url", "find-links"]


@pytest.mark.parametrize("text", ["[global\n", "\xff", "[global]\nno-index = false\n"])
def test_a_file_that_says_nothing(home: Path, text: str) -> None:
    source = pip_conf(home, "")
    (home / ".config" / "pip" / "pip.conf").write_bytes(text.encode("latin-1"))
    assert passed_on(source) == {}


def test_pip_without_a_file(home: Path) -> None:
    source = {**pip_conf(home, f"[global]\nindex-url = {MIRROR}\n"), "PIP_CONFIG_FILE": os.devnull}
    assert passed_on(source) == {}


def test_builds_are_given_them_and_the_doctor_shows_them_masked(
    workspace: Workspace, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT", "PIP_CONFIG_FILE", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in pip_conf(home, f"[global]\nindex-url = {MIRROR}\n").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.delenv("UV_INDEX_URL", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{SECRET}@proxy.example:3128")
    assert uv_environment(workspace.places)["UV_DEFAULT_INDEX"] == MIRROR
    check = next(one for one in examine(workspace) if one.name == "network")
    assert check.ok
    assert "mirror.example" in check.message
    assert "pip.conf" in check.message
    assert "proxy.example" in check.message
    assert SECRET not in check.message
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/ca.pem")
    check = next(one for one in examine(workspace) if one.name == "network")
    assert not check.ok
    assert "SSL_CERT_FILE" in check.remedy


def test_offline_reaches_uv(homes: Path) -> None:
    workspace = Workspace.from_config(offline=True)
    assert uv_environment(workspace.places)["UV_OFFLINE"] == "1"
    check = next(one for one in examine(workspace) if one.name == "network")
    assert "offline" in check.message
    workspace.close()


def test_a_build_that_needs_the_network_says_how_to_do_without(homes: Path) -> None:
    workspace = Workspace.from_config(offline=True)
    from mlenv_jupyter.core.definition import Definition

    workspace.register("far", Definition.create(requirements=["acme-not-in-any-cache"]))
    build = workspace.wait(workspace.build("far").id, 60)
    workspace.close()
    assert build.state == "failed"
    assert build.error is not None
    assert build.error.code == "offline"
    assert "mlenv bundle" in build.error.remedy
