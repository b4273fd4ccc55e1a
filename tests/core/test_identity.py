"""Order and spelling change no hash; what matters changes the right one and no other."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.identity import definition_id, digest, fingerprint, lock_digest
from mlenv_jupyter.core.lock import Lock, LockedPackage
from mlenv_jupyter.core.sections import (
    BuildContext,
    DockerSection,
    ImageRegistry,
    SparkPackage,
    SparkSection,
    Wheel,
)

NAMES = ["numpy", "scikit-learn", "ruamel.yaml", "zope_interface", "Pillow", "a-b_c.d"]
requirement_lists = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["", ">=1,<3", "==2.0", "~=1.4"])),
    unique_by=lambda one: one[0],
    max_size=5,
)


def spelled(name: str, specifier: str, how: int) -> str:
    """The same requirement, written in another way."""
    name = [name, name.upper(), name.replace("-", "_").replace(".", "-")][how % 3]
    if "," in specifier and how % 2:
        specifier = ",".join(reversed(specifier.split(",")))
    return [f"{name}{specifier}", f" {name} {specifier} ", f"{name}  {specifier}"][how % 3]


@given(requirement_lists, st.randoms(use_true_random=False), st.integers(0, 5))
def test_order_and_spelling_change_no_hash(wanted, random, how) -> None:  # type: ignore[no-untyped-def]
    plain = Definition.create(requirements=[f"{n}{s}" for n, s in wanted])
    other = [spelled(n, s, how + place) for place, (n, s) in enumerate(wanted)]
    random.shuffle(other)
    same = Definition.create(requirements=other + other[:1])
    assert same == plain
    assert definition_id(same) == definition_id(plain)
    assert digest(same) == digest(plain)


@given(
    st.dictionaries(st.from_regex(r"[A-Z_]{1,8}", fullmatch=True), st.text("abc$ é", max_size=6))
)
def test_variables_change_the_definition_id_alone(variables: dict[str, str]) -> None:
    bare = Definition.create(requirements=["numpy"])
    made = Definition.create(requirements=["numpy"], variables=variables)
    backwards = dict(reversed(variables.items()))
    assert digest(made) == digest(bare)
    assert (definition_id(made) == definition_id(bare)) == (not variables)
    again = Definition.create(requirements=["numpy"], variables=backwards)
    assert definition_id(again) == definition_id(made)


SPARK = SparkPackage(group="g", artifact="a", version="1")
BASE = Definition.create("3.11", ["numpy>=2"], index_url="https://index.example/simple")


def changed(**fields: object) -> Definition:
    return msgspec.structs.replace(BASE, **fields)


def pip(**fields: object) -> Definition:
    return changed(pip=msgspec.structs.replace(BASE.pip, **fields))


@pytest.mark.parametrize(
    "other",
    [
        changed(python="3.12"),
        changed(python=None),
        pip(requirements=("numpy>=2", "six")),
        pip(index_url="https://other.example/simple"),
        pip(extra_index_urls=("https://b.example", "https://a.example")),
        pip(find_links=("https://c.example",)),
        pip(pre=True),
        pip(no_binary=("numpy",)),
        pip(only_binary=("numpy",)),
        changed(conda=msgspec.structs.replace(BASE.conda, packages=("cmake",))),
        changed(conda=msgspec.structs.replace(BASE.conda, channels=("conda-forge", "b"))),
        changed(wheels=(Wheel(name="a.whl", sha256="0" * 64),)),
        changed(docker=DockerSection(base_image="debian:12")),
        changed(docker=DockerSection(dockerfile="FROM debian:12")),
        changed(docker=DockerSection(enabled=True)),
        changed(docker=DockerSection(platform="linux/arm64")),
        changed(docker=DockerSection(build_context=BuildContext(location="x"))),
        changed(docker=DockerSection(build_context=BuildContext(location="x", sha256="0" * 64))),
        changed(spark=SparkSection(packages=(SPARK,))),
        changed(user_managed_dependencies=True),
        changed(torch_backend="cpu"),
    ],
)
def test_what_is_installed_changes_both(other: Definition) -> None:
    assert digest(other) != digest(BASE)
    assert definition_id(other) != definition_id(BASE)


@pytest.mark.parametrize(
    "other",
    [
        changed(variables={"A": "1"}),
        changed(interpreter_path="/usr/bin/python3"),
        changed(docker=DockerSection(shm_size="4g", arguments=("-it",), gpu_support=True)),
        changed(spark=SparkSection(precache_packages=False)),
        changed(r={"rVersion": "4"}),
        changed(databricks={"x": 1}),
        changed(inferencing_stack_version="latest"),
        changed(asset_id="azureml://x"),
        pip(options=("--trusted-host h",)),
        changed(conda=msgspec.structs.replace(BASE.conda, base_environment="base")),
        pip(index_url="https://user:${TOKEN}@index.example/simple/?sig=1"),
    ],
)
def test_what_is_applied_later_changes_the_definition_id_alone(other: Definition) -> None:
    assert digest(other) == digest(BASE)
    assert definition_id(other) != definition_id(BASE)


def test_docker_run_arguments_are_not_in_the_digest() -> None:
    plain = changed(docker=DockerSection(base_image="debian:12"))
    other = changed(docker=DockerSection(base_image="debian:12", shm_size="2g", arguments=("-it",)))
    assert digest(plain) == digest(other)


def test_an_image_is_the_same_however_its_registry_is_written() -> None:
    one = changed(docker=DockerSection(base_image="r.example/debian:12"))
    registry = ImageRegistry(address="r.example", username="u", password="${secret:R}")
    two = changed(docker=DockerSection(base_image="debian:12", base_image_registry=registry))
    assert digest(one) == digest(two)
    assert definition_id(one) != definition_id(two)


def test_a_build_context_is_its_files() -> None:
    files = [BuildContext(location=where, sha256="0" * 64) for where in ("/a", "/b")]
    one, two = (changed(docker=DockerSection(build_context=each)) for each in files)
    assert digest(one) == digest(two)


def test_fields_that_came_later_leave_the_hashes_of_what_does_not_have_them() -> None:
    """Computed before Spark, R and the rest were there."""
    made = Definition.create("3.11", docker=DockerSection(base_image="debian:12", shm_size="4g"))
    assert digest(made) == "daf124820fd3bfa8572971117caa2459efe108f24e81a5810047fb9d231a6ae8"
    assert definition_id(made) == "0d3d47f69e6803480893546dd5f42ecbf0715ec1e8d836cb7a1fef51014e03e5"


def test_the_order_of_indexes_and_channels_matters() -> None:
    one = pip(extra_index_urls=("https://a.example", "https://b.example"))
    two = pip(extra_index_urls=("https://b.example", "https://a.example"))
    assert digest(one) != digest(two)


def package(name: str, version: str = "1", sha256: str = "0" * 64) -> LockedPackage:
    return LockedPackage(name=name, version=version, sha256=sha256, filename=f"{name}.whl")


LOCK = Lock(
    python="3.11.7",
    implementation="cpython",
    platform="linux-x86_64",
    packages=(package("a"), package("b")),
)


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({"packages": LOCK.packages[::-1]}, True),
        ({"packages": (msgspec.structs.replace(package("a"), direct=True), package("b"))}, True),
        ({"packages": (package("a"),)}, False),
        ({"packages": (package("a", "2"), package("b"))}, False),
        ({"packages": (package("a", sha256="1" * 64), package("b"))}, False),
        ({"python": "3.11.8"}, False),
        ({"implementation": "cpythont"}, False),
        ({"platform": "macosx-11.0-arm64"}, False),
    ],
)
def test_lock_digest(fields: dict[str, object], same: bool) -> None:
    other = msgspec.structs.replace(LOCK, **fields)
    assert (lock_digest(other) == lock_digest(LOCK)) is same


def test_hashes_are_stable_from_release_to_release() -> None:
    """A hash that changes with mlenv's version would rebuild everything that anybody has."""
    assert digest(BASE) == "a3121fb2740a9f45e4436de2667a4b05030ea0ebcf03294129ade8e488358252"
    assert definition_id(BASE) == "ce5b27994ac8ee6a0429e93ee2266bbc274597c3ddbf4f555f7bf19e0a3f9d90"
    assert lock_digest(LOCK) == "b3fee35ac4b141d2063af7a24028942700419630a0b805df7d2e7f1e6e0dd4c9"
    assert fingerprint("a", "b") != fingerprint("b", "a")
