"""One Version as a prefix and as an image: what is asked for, and what knows of both."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter import verify
from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict
from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.workspace import Workspace
from tests.conda_channel import Server

pytestmark = [pytest.mark.docker, pytest.mark.network]

Built = Callable[..., Any]


def test_a_version_is_a_prefix_and_an_image_at_once(
    workspace: Workspace, built: Built, engine: Any, wheelhouse: Callable[..., Path]
) -> None:
    workspace.base_image = "mlenv/test-base:1"
    links = wheelhouse("alpha").as_uri()
    first, build = built("both", "alpha", find_links=[links])
    assert (build.state, build.form) == ("succeeded", "prefix"), build.error

    asked = workspace.wait(workspace.build("both", form="image").id, 120)
    said = [one.x for one in read_records(workspace.log_path(asked.id))]
    assert (asked.state, asked.form) == ("succeeded", "image"), (asked.error, said)
    assert "Built as an image, since that was asked for" in said
    code = "import alpha; print(alpha.__version__)"
    image = f"mlenv/mlenv_{first.digest[:32]}"
    made = engine.containers.run(image, ["python", "-c", code], remove=True, network_mode="none")
    assert made == b"1.0\n"

    # It is the same version still, and the prefix is what is used unless the image is asked for.
    version = workspace.version("both")
    assert (version.version, version.digest, version.kind) == ("1", first.digest, "pip")
    assert (version.state, version.lock_digest) == ("ready", first.lock_digest)
    assert version.forms is not None
    prefix, image_form = version.forms
    assert [(one.form, one.own, one.built) for one in version.forms] == [
        ("prefix", True, True),
        ("image", False, True),
    ]
    assert image_form.builder == "an image, by the container engine: if it is asked for"
    assert prefix.lock_digest == first.lock_digest != image_form.lock_digest
    assert workspace.image_details("both").exists

    # Each is there already when it is asked for again.
    again = workspace.build("both", form="image")
    assert (again.id, again.reused) == (asked.id, True)
    again = workspace.build("both")
    assert (again.reused, again.lock_digest) == (True, first.lock_digest)

    # Both are kernels at once, and are told apart.
    by_itself = workspace.install_kernel("both")
    in_container = workspace.install_kernel("both", form="image")
    assert (by_itself.display_name, in_container.display_name) == (
        "both (v1)",
        "both (v1, image)",
    )
    assert not verify.verify(workspace)
    with pytest.raises(Conflict, match="installed as a kernel"):
        workspace.register("both", Definition.create(requirements=["alpha", "six"]))
        workspace.lifecycle.delete_version("both", "1")
    assert not [one for one in workspace.collection.collect(dry_run=True) if one.kind == "prefix"]
    workspace.delete("both")
    assert workspace.kernels() == ()


def test_an_image_definition_as_a_prefix(
    workspace: Workspace, built: Built, engine: Any, wheelhouse: Callable[..., Path]
) -> None:
    links = wheelhouse("alpha").as_uri()
    docker = DockerSection(base_image="mlenv/test-base:1")
    definition = Definition.create(requirements=["alpha"], find_links=[links], docker=docker)
    workspace.register("boxed", definition)
    build = workspace.wait(workspace.build("boxed", form="prefix").id, 120)
    said = [one.x for one in read_records(workspace.log_path(build.id))]
    assert (build.state, build.form) == ("succeeded", "prefix"), (build.error, said)
    assert any("what mlenv/test-base:1 has besides" in one for one in said)
    argv, environment = workspace.exec_plan("boxed", None, ["python"])
    assert argv == ["python"]
    assert environment["VIRTUAL_ENV"] == str(workspace.places.prefix(build.lock_digest))

    # By itself it is an image still, of the Python that its lock is for.
    own, build = built("boxed", version="1")
    assert (build.state, build.form) == ("succeeded", "image"), build.error
    assert own.state == "ready"
    assert workspace.install_kernel("boxed").display_name == "boxed (v1, prefix)"
    assert workspace.install_kernel("boxed", form="image").display_name == "boxed (v1)"


@pytest.mark.slow
def test_conda_packages_as_a_prefix_and_as_an_image(
    workspace: Workspace,
    built: Built,
    engine: Any,
    channels: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the classic builder: the other tests of conda's packages in images have BuildKit."""
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    # The channel's Python is one of this machine and looks for its library where it was built.
    recipe = b"FROM mlenv/test-base:1\nENV LD_LIBRARY_PATH=/opt/mlenv/env/lib\n"
    engine.images.build(fileobj=io.BytesIO(recipe), tag="mlenv/test-conda-base:1", rm=True)
    workspace.base_image = "mlenv/test-conda-base:1"
    fields = {"conda_packages": ["six", "pure"], "conda_channels": [f"{channels.address}/main"]}
    first, build = built("conda", **fields)
    assert (build.state, build.form) == ("succeeded", "prefix"), build.error
    build = workspace.wait(workspace.build("conda", form="image").id, 240)
    assert (build.state, build.form) == ("succeeded", "image"), build.error
    said = [one.x for one in read_records(workspace.log_path(build.id))]
    assert any("with the classic builder" in one for one in said)
    image = f"mlenv/mlenv_{first.digest[:32]}"
    code = "import pure, sys; print(pure.__version__, sys.prefix)"
    made = engine.containers.run(image, ["python", "-c", code], remove=True, network_mode="none")
    assert made == b"1.0 /opt/mlenv/env\n"
    assert workspace.version("conda").lock_digest == first.lock_digest
