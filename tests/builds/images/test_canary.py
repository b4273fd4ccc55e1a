"""A credential of each kind, in nothing that an image build keeps: files, layers, history."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.workspace import Workspace

from ..private_index import private_index  # noqa: TID252

pytestmark = [pytest.mark.docker, pytest.mark.network]

INDEX, FILE, VARIABLE = "c4n@ry:of/the?index", "c4nary-of-the-dockerfile", "c4nary-of-a-variable"
WORDS = [INDEX.encode(), b"c4n%40ry", FILE.encode(), VARIABLE.encode(), b"c4n@ry"]
Built = Callable[..., Any]
OWN = r"""FROM mlenv/test-base:1
RUN --mount=type=secret,id=CANARY_FILE \
    test "$(cat /run/secrets/CANARY_FILE)" = c4nary-of-the-dock''erfile
"""


@pytest.fixture
def host(wheelhouse: Callable[..., Path]) -> Iterator[str]:
    with private_index(wheelhouse("private-thing"), "me", INDEX) as address:
        yield address


def traces(*places: Path) -> list[str]:
    return [
        str(one)
        for place in places
        for one in place.rglob("*")
        if one.is_file() and one.name != "secrets.json" and "shared_cache" not in one.parts
        if any(word in one.read_bytes() for word in WORDS)
    ]


def in_image(engine: Any, image: str) -> list[bytes]:
    """Which canaries are in the layers, the history or the configuration of an image."""
    saved = b"".join(engine.images.get(image).save())
    saved += json.dumps([engine.api.history(image), engine.api.inspect_image(image)]).encode()
    return [word for word in WORDS if word in saved]


@pytest.mark.parametrize("succeeds", [True, False])
def test_no_credential_is_kept(
    workspace: Workspace,
    built: Built,
    engine: Any,
    host: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    succeeds: bool,
) -> None:
    workspace.secrets.set("packages", INDEX, hosts=[host])
    workspace.secrets.set("word", VARIABLE, environments=["canary"])
    monkeypatch.setenv("CANARY_FILE", FILE)
    text = OWN if succeeds else OWN + "RUN --mount=type=secret,id=CANARY_FILE cat /none\n"
    version, build = built(
        "canary",
        "private-thing",
        index_url=f"http://me:${{secret:packages}}@{host}/simple",
        docker=DockerSection(dockerfile=text),
        variables={"WORD": "${secret:word}"},
    )
    assert (build.state == "succeeded") == succeeds, build.error
    if succeeds:
        workspace.install_kernel("canary")
        image = f"mlenv/mlenv_{version.digest[:32]}"
        assert in_image(engine, image) == []
        code = "import importlib.metadata as m; print(m.distribution('private-thing').version)"
        found = engine.containers.run(
            image, ["python", "-c", code], remove=True, network_mode="none"
        )
        assert found == b"1.0\n"
    assert traces(tmp_path / "mlenv", tmp_path / "store", tmp_path / "jupyter") == []


def test_the_classic_builder_is_given_no_secret(
    workspace: Workspace, built: Built, engine: Any, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    workspace.secrets.set("packages", INDEX, hosts=[host])
    _, build = built(
        "classic",
        "private-thing",
        index_url=f"http://me:${{secret:packages}}@{host}/simple",
        docker=DockerSection(base_image="mlenv/test-base:1"),
    )
    assert build.error.code == "needs_buildkit"
    assert "buildx" in build.error.remedy
    monkeypatch.setenv("CANARY_FILE", FILE)
    _, build = built("own", docker=DockerSection(dockerfile=OWN))
    assert build.error.code == "needs_buildkit"
