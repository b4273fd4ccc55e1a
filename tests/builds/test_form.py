"""Asking for a prefix or an image: what can be had, what cannot, and why. No engine is needed."""

from __future__ import annotations

import pytest

from mlenv_jupyter.core.builder import builder_of, form_of, in_form
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, Unavailable
from mlenv_jupyter.core.sections import BuildContext, DockerSection
from mlenv_jupyter.workspace import Workspace

PIP = Definition.create(requirements=["six"])
IMAGE = Definition.create(requirements=["six"], docker=DockerSection(base_image="base:1"))


def test_each_definition_has_a_form_of_its_own_and_may_have_the_other() -> None:
    assert (form_of(PIP), form_of(IMAGE)) == ("prefix", "image")
    assert in_form(PIP, "prefix") is PIP
    assert in_form(PIP, "image").kind == "image"
    assert in_form(IMAGE, "prefix").kind == "pip"
    conda = Definition.create(conda_packages=["six"], conda_channels=["local"])
    assert builder_of(conda, "image").name == "rattler and the container engine"
    assert str(builder_of(IMAGE, "prefix")) == "a prefix, by uv: if it is asked for"


@pytest.mark.parametrize(
    ("fields", "form", "reason"),
    [
        ({"docker": DockerSection(dockerfile="FROM base:1\n")}, "prefix", "Dockerfile"),
        (
            {"docker": DockerSection(build_context=BuildContext(location="/there"))},
            "prefix",
            "Dockerfile",
        ),
        (
            {"docker": DockerSection(base_image="base:1"), "user_managed_dependencies": True},
            "prefix",
            "of its base image",
        ),
        ({"user_managed_dependencies": True}, "image", "managed by you"),
    ],
)
def test_what_has_one_form_only_says_why(
    workspace: Workspace, fields: dict[str, object], form: str, reason: str
) -> None:
    workspace.base_image = "base:1"
    workspace.register("one", Definition.create(**fields))  # type: ignore[arg-type]
    with pytest.raises(Conflict, match=reason) as refused:
        workspace.build("one", form=form)  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.where) == ("other_form", "form")
    assert refused.value.remedy
    assert workspace.builds() == ()
    (other,) = [one for one in workspace.version("one").forms or () if not one.own]
    assert other.form == form
    assert reason in (other.refused or "")


def test_an_image_needs_something_to_be_built_on(workspace: Workspace) -> None:
    workspace.register("plain", PIP)
    with pytest.raises(Unavailable, match="no base image") as refused:
        workspace.build("plain", form="image")
    assert "c.Workspace.base_image" in refused.value.remedy
    own, other = workspace.version("plain").forms or ()
    assert (own.form, own.refused) == ("prefix", None)
    assert "c.Workspace.base_image" in (other.refused or "")
