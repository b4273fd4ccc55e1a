"""A Definition is valid or refused, with the place of each error."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlenv_jupyter.core import identity
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidDefinition
from mlenv_jupyter.core.sections import (
    BuildContext,
    DockerSection,
    ImageRegistry,
    SparkPackage,
    SparkSection,
    Wheel,
)


def places(**fields: object) -> list[str]:
    """Where the problems are."""
    with pytest.raises(InvalidDefinition) as caught:
        Definition.create(**fields)  # type: ignore[arg-type]
    assert all(one.message and one.code for one in caught.value.problems)
    return [one.where for one in caught.value.problems]


def test_every_wrong_place_is_named_at_once() -> None:
    assert places(
        python="three",
        requirements=["numpy", "not a requirement", "six=="],
        variables={"1=2": "x", "OK": "y", "N": "\0"},
        index_url="https://user:hunter2@index.example/simple",
        torch_backend="gpu",
    ) == [
        "pip.requirements[1]",
        "pip.requirements[2]",
        "python",
        "variables.1=2",
        "variables.N",
        "pip.index_url",
        "torch_backend",
    ]


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(InvalidDefinition) as caught:
        Definition.create(index_url="https://user:hunter2@index.example/simple")
    assert "hunter2" not in str(caught.value)
    assert Definition.create(index_url="https://user:${TOKEN}@index.example/simple")


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"pip": {"requirements": "numpy"}}, "pip.requirements"),
        ({"pip": {"requirements": [1]}}, "pip.requirements[0]"),
        ({"variables": {"A": 1}}, "variables[...]"),
        ({"unknown": 1}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_a_wrong_shape_names_its_place(data: object, where: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        Definition.parse(data)
    assert caught.value.problems[0].where == where


def test_a_definition_cannot_be_changed() -> None:
    made = Definition.create(requirements=["numpy"], variables={"A": "1"})
    with pytest.raises(TypeError):
        made.variables["A"] = "2"
    with pytest.raises(AttributeError):
        made.python = "3.12"  # type: ignore[misc]


@given(st.text(max_size=40))
def test_any_line_is_a_requirement_or_a_problem(line: str) -> None:
    with contextlib.suppress(InvalidDefinition):
        made = Definition.create(requirements=[line])
        assert len(made.pip.requirements) <= 1


@given(
    st.lists(
        st.sampled_from(["numpy>=2", "six", "a[b,c]; python_version>'3'", "x @ https://h/x.whl"])
    )
)
def test_json_and_back_is_the_same(lines: list[str]) -> None:
    made = Definition.create("3.11", lines, variables={"B": "2", "A": "1"})
    assert Definition.parse(msgspec.json.decode(msgspec.json.encode(made))) == made


WHEEL = Wheel(name="a-1-py3-none-any.whl", sha256="0" * 64)
CONTEXT = BuildContext(location="here")


@pytest.mark.parametrize(
    ("docker", "where"),
    [
        (DockerSection(base_image="debian:12", dockerfile="FROM x"), "docker.dockerfile"),
        (DockerSection(dockerfile="FROM x", build_context=CONTEXT), "docker.build_context"),
        (DockerSection(base_image="x:{{latest-image-tag}}"), "docker.base_image"),
        (DockerSection(base_image="two words"), "docker.base_image"),
        (DockerSection(base_image="-v"), "docker.base_image"),
        (DockerSection(platform="amd64"), "docker.platform"),
        (DockerSection(shm_size="much"), "docker.shm_size"),
        (DockerSection(dockerfile="FROM \0"), "docker.dockerfile"),
        (DockerSection(arguments=("-v", "\0")), "docker.arguments[1]"),
        (DockerSection(build_context=BuildContext(location="")), "docker.build_context.location"),
        (
            DockerSection(
                build_context=BuildContext(location="x", dockerfile_path="../Dockerfile")
            ),
            "docker.build_context.dockerfile_path",
        ),
        (
            DockerSection(build_context=BuildContext(location="x", sha256="..")),
            "docker.build_context.sha256",
        ),
        (
            DockerSection(base_image_registry=ImageRegistry(address="https://r.example")),
            "docker.base_image_registry.address",
        ),
        (
            DockerSection(base_image_registry=ImageRegistry(address="u:p@r.example")),
            "docker.base_image_registry.address",
        ),
        (
            DockerSection(base_image_registry=ImageRegistry(password="hunter2")),
            "docker.base_image_registry.password",
        ),
    ],
)
def test_a_wrong_image_names_its_place(docker: DockerSection, where: str) -> None:
    assert places(docker=docker) == [where]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"conda_packages": ["numpy", "=1"]}, "conda.packages[1]"),
        ({"conda_packages": [3]}, "conda.packages[0]"),
        ({"conda_channels": ["conda-forge", "--override"]}, "conda.channels[1]"),
        ({"conda_channels": ["https://h.example/t/abc123/chan"]}, "conda.channels[0]"),
        ({"conda_channels": ["https://u:p@h.example/chan"]}, "conda.channels[0]"),
        ({"pip_options": ["no option"]}, "pip.options[0]"),
        ({"wheels": [Wheel(name="../a-1-py3-none-any.whl", sha256="x")]}, "wheels[0]"),
        ({"wheels": [WHEEL, Wheel(name="A-2-py3-none-any.whl", sha256="1" * 64)]}, "wheels[1]"),
        (
            {"spark": SparkSection(packages=(SparkPackage(group="", artifact="a", version="1"),))},
            "spark.packages[0].group",
        ),
        ({"spark": SparkSection(repositories=("https://u:p@h",))}, "spark.repositories[0]"),
        ({"r": {"githubPackages": [{"authToken": "ghp"}]}}, "r.githubPackages[0].authToken"),
        ({"databricks": {"x": object()}}, "databricks.x"),
        ({"interpreter_path": "a\nb"}, "interpreter_path"),
        ({"asset_id": "a\nb"}, "asset_id"),
    ],
)
def test_a_wrong_part_names_its_place(fields: dict[str, object], where: str) -> None:
    assert where in places(**fields)


def test_secrets_are_not_repeated_in_what_is_said() -> None:
    for fields in (
        {"docker": DockerSection(base_image_registry=ImageRegistry(password="hunter2"))},
        {"r": {"githubPackages": [{"authToken": "hunter2"}]}},
        {"conda_channels": ["https://h.example/t/hunter2/chan"]},
    ):
        with pytest.raises(InvalidDefinition) as caught:
            Definition.create(**fields)  # type: ignore[arg-type]
        assert "hunter2" not in repr(caught.value.problems)


def test_references_to_secrets_are_welcome() -> None:
    registry = ImageRegistry(address="r.example:5000", username="u", password="${secret:R}")
    made = Definition.create(
        conda_channels=["https://h.example/t/${TOKEN}/chan"],
        docker=DockerSection(base_image="team/base:1", base_image_registry=registry),
        r={"githubPackages": [{"authToken": "${secret:G}"}]},
    )
    assert made.docker is not None and made.docker.image == "r.example:5000/team/base:1"


@pytest.mark.parametrize(
    ("docker", "kind"),
    [
        (None, "pip"),
        (DockerSection(shm_size="4g"), "pip"),
        (DockerSection(enabled=True), "image"),
        (DockerSection(base_image="debian:12"), "image"),
        (DockerSection(dockerfile="FROM x"), "image"),
        (DockerSection(build_context=CONTEXT), "image"),
    ],
)
def test_which_builder_it_takes(docker: DockerSection | None, kind: str) -> None:
    assert Definition.create(docker=docker).kind == kind


def test_what_is_kept_cannot_be_changed() -> None:
    made = Definition.create(r={"cranPackages": [{"name": "dplyr"}]})
    assert made.r is not None
    with pytest.raises(TypeError):
        made.r["cranPackages"][0]["name"] = "x"
    with pytest.raises(TypeError):
        made.r["cranPackages"] += ["x"]


def test_what_was_asked_for_is_of_every_kind() -> None:
    made = Definition.create(None, ["Numpy"], conda_packages=["SciPy >=1"], wheels=[WHEEL])
    assert made.wanted == ("a", "numpy", "scipy")
    assert made.conda.packages == ("scipy>=1",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
LINE = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=10)
DOCKER = st.builds(
    DockerSection,
    base_image=st.sampled_from([None, "debian:12", "h:1/a/b@sha256:0"]),
    arguments=st.lists(LINE, max_size=2).map(tuple),
    shm_size=st.sampled_from([None, "2g", "64m"]),
    enabled=st.booleans(),
    base_image_registry=st.none() | st.builds(ImageRegistry, address=st.just("r.example")),
    shared_volumes=st.booleans(),
    gpu_support=st.booleans(),
)
DEFINITIONS = st.builds(
    Definition.create,
    st.sampled_from([None, "3.8", "3.11.7"]),
    st.lists(st.sampled_from(["numpy>=2", "six", "Pandas"])),
    pip_options=st.lists(st.sampled_from(["--trusted-host h", "--no-index"])),
    conda_packages=st.lists(st.sampled_from(["numpy", "scipy 1.2", "c::x[build=1]", "PIP"])),
    conda_channels=st.lists(st.sampled_from(["conda-forge", "defaults"]), unique=True),
    docker=st.none() | DOCKER,
    spark=st.none() | st.builds(SparkSection, precache_packages=st.booleans()),
    r=st.none() | st.dictionaries(LINE, JSON, max_size=3),
    asset_id=st.none() | LINE,
)


@given(DEFINITIONS)
def test_a_definition_is_itself_after_json_and_after_another_check(made: Definition) -> None:
    again = Definition.parse(msgspec.json.decode(msgspec.json.encode(made)))
    assert again == made == made.checked()
    assert identity.definition_id(again) == identity.definition_id(made)
    assert identity.digest(again) == identity.digest(made)


@given(JSON)
def test_any_json_is_a_definition_or_a_problem(data: object) -> None:
    with contextlib.suppress(InvalidDefinition):
        Definition.parse({"r": data, "docker": data, "spark": data, "conda": data})


@pytest.mark.parametrize(
    ("line", "normal"),
    [
        ("NumPy >= 2 , <3", "numpy<3,>=2"),
        ("a[Z,b]", "a[b,z]"),
        ("x@https://h.example/x-1.whl", "x @ https://h.example/x-1.whl"),
        (
            "x @ git+https://h.example/x@main ; python_version<'3.12'",
            'x @ git+https://h.example/x@main ; python_version < "3.12"',
        ),
        ("six;python_version<'3'", 'six; python_version < "3"'),
    ],
)
def test_one_spelling(line: str, normal: str) -> None:
    assert Definition.create(requirements=[line]).pip.requirements == (normal,)
