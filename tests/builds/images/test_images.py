"""Images built by a real engine: what is in them, what is built again, what is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.builds.images.details import image_details
from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.core.sections import BuildContext, DockerSection
from mlenv_jupyter.workspace import Workspace

pytestmark = [pytest.mark.docker, pytest.mark.network]

Built = Callable[..., Any]
BASE = DockerSection(base_image="mlenv/test-base:1")


def texts(workspace: Workspace, build_id: str) -> list[str]:
    return [one.x for one in read_records(workspace.log_path(build_id)) if one.k != "progress"]


def run(engine: Any, image: str, *command: str) -> str:
    return engine.containers.run(image, list(command), remove=True, network_mode="none").decode()


@pytest.mark.parametrize("buildkit", ["1", "0"])
def test_an_image_has_what_was_locked_and_the_kernel_last(
    workspace: Workspace,
    built: Built,
    engine: Any,
    wheelhouse: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    buildkit: str,
) -> None:
    if buildkit == "0":
        monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    links = wheelhouse("alpha", requires=("beta",)).as_uri()
    wheelhouse("beta", files={"beta.py": f"made_with = {buildkit!r}\n"})
    version, build = built("image", "alpha", find_links=[links], docker=BASE)
    assert (build.state, build.error) == ("succeeded", None), texts(workspace, build.id)
    assert version.kind == "image"
    assert version.state == "ready"
    assert [(one.name, one.required_by) for one in version.packages] == [
        ("alpha", ()),
        ("beta", ("alpha",)),
    ]
    name = f"mlenv/mlenv_{version.digest[:32]}"
    found = engine.api.inspect_image(name)
    labels = found["Config"]["Labels"]
    assert labels["mlenv.digest"] == version.digest
    assert labels["mlenv.lock-digest"] == version.lock_digest
    assert labels["org.opencontainers.image.title"] == "image"
    code = "import alpha, beta, sys; print(alpha.__version__, beta.made_with, sys.prefix)"
    assert run(engine, name, "python", "-c", code) == f"1.0 {buildkit} /opt/mlenv/env\n"
    # The environment has only what was asked for; the kernel is in a layer of its own, the last.
    assert "ipykernel" not in run(engine, name, "ls", "/opt/mlenv/env/lib/python3.11/site-packages")
    assert "ipykernel" in run(engine, name, "ls", "/opt/mlenv/kernel")
    last = next(one for one in engine.api.history(name) if one["Size"])
    assert "COPY" in last["CreatedBy"]
    details = image_details(
        version.digest,
        workspace.store.record(workspace.places.image(version.lock_digest)),
        workspace.places.image(version.lock_digest),
    )
    assert details.exists
    assert details.python_path == "/opt/mlenv/env/bin/python"
    assert details.dockerfile.splitlines()[0] == "# image 1, by mlenv"
    assert details.size == found["Size"]

    again = workspace.build("image")
    assert (again.id, again.reused) == (build.id, True)


def test_one_more_package_builds_one_more_layer(
    workspace: Workspace, built: Built, engine: Any, wheelhouse: Callable[..., Path]
) -> None:
    links = wheelhouse("alpha", files={"alpha.py": "more = 1\n"}).as_uri()
    wheelhouse("gamma")
    first, build = built("image", "gamma", find_links=[links], docker=BASE)
    assert build.state == "succeeded", build.error
    second, build = built("image", "alpha", "gamma", find_links=[links], docker=BASE)
    assert build.state == "succeeded", build.error
    said = "\n".join(texts(workspace, build.id))
    assert "[environment 2/3] taken from the cache" in said
    assert "[kernel 1/1] taken from the cache" in said
    layers = [
        engine.api.inspect_image(f"mlenv/mlenv_{one.digest[:32]}")["RootFS"]["Layers"]
        for one in (first, second)
    ]
    assert layers[1][: len(layers[0]) - 1] == layers[0][:-1]
    assert len(layers[1]) == len(layers[0]) + 1


def test_an_image_that_was_removed_is_built_again(
    workspace: Workspace, built: Built, engine: Any, wheelhouse: Callable[..., Path]
) -> None:
    links = wheelhouse("gone").as_uri()
    version, _ = built("image", "gone", find_links=[links], docker=BASE)
    engine.images.remove(f"mlenv/mlenv_{version.digest[:32]}:latest")
    engine.images.remove(f"mlenv/mlenv_{version.digest[:32]}:{version.lock_digest[:16]}")
    again = workspace.build("image")
    assert not again.reused
    assert workspace.wait(again.id, 120).state == "succeeded"


def test_own_dockerfile_and_packages_of_the_base(
    workspace: Workspace, built: Built, engine: Any, tmp_path: Path
) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "hello.py").write_text("says = 'from the base'\n")
    (context / "Dockerfile").write_text(
        "FROM mlenv/test-base:1\nCOPY hello.py /usr/lib/python3/dist-packages/\nUSER 1000\n"
    )
    version, build = built(
        "own",
        docker=DockerSection(build_context=BuildContext(location=str(context))),
        user_managed_dependencies=True,
    )
    assert build.state == "succeeded", (build.error, texts(workspace, build.id))
    name = f"mlenv/mlenv_{version.digest[:32]}"
    assert run(
        engine, name, "python", "-c", "import hello, os; print(hello.says, os.getuid())"
    ) == ("from the base 1000\n")


@pytest.mark.parametrize(
    ("docker", "python", "code", "message"),
    [
        (DockerSection(base_image="mlenv/test-base:1"), "3.6", "python_missing", "no Python 3.6"),
        (
            DockerSection(base_image="127.0.0.1:9/none:1"),
            None,
            "registry_unreachable",
            "127.0.0.1:9",
        ),
        (DockerSection(enabled=True), None, "no_base_image", "names no base image"),
        (
            DockerSection(dockerfile="FROM mlenv/test-base:1\nRUN exit 3\n"),
            None,
            "build_failed",
            "3",
        ),
    ],
)
def test_what_cannot_be_built_says_why(
    workspace: Workspace,
    built: Built,
    engine: Any,
    docker: DockerSection,
    python: str | None,
    code: str,
    message: str,
) -> None:
    version, build = built("bad", "six", docker=docker, python=python)
    assert build.state == "failed"
    assert build.error.code == code, build.error
    assert message in build.error.message + build.error.detail
    assert version.state == "failed"


def test_without_an_engine_it_says_so_and_all_else_works(
    workspace: Workspace, built: Built, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    _, build = built("image", "six", docker=BASE)
    assert build.error.code == "no_engine"
    assert "DOCKER_HOST" in build.error.remedy
    assert json.dumps(build.error.where).count("none.sock") == 1
