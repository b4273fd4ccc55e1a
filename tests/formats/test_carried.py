"""What a format carries is the same when it is read again, and the pages say what it does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlenv_jupyter.cli.exchange import FORMS
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, InvalidDefinition
from mlenv_jupyter.core.identity import definition_id
from mlenv_jupyter.core.sections import (
    BuildContext,
    DockerSection,
    ImageRegistry,
    SparkPackage,
    SparkSection,
    Wheel,
)
from mlenv_jupyter.formats import EXPORTS, Subject, read_text, write_files
from mlenv_jupyter.formats.carried import CARRIES, PARTS, left_out

ROOT = Path(__file__).parents[2]
MAKE = Definition.create
HASH = "0" * 64
WITH_EACH_PART = {
    "requirements": [
        MAKE(None, ["six", "a[x]>=1; sys_platform=='linux'", "g @ git+https://h.example/g@v1"]),
        MAKE(None, ["b @ https://h.example/b-1.tar.gz#sha256=00", "c~=1.2,!=1.3"]),
    ],
    "indexes": [
        MAKE(None, ["six"], index_url="https://h.example/simple"),
        MAKE(
            None, ["six"], extra_index_urls=["https://${U}:${P}@h.example/s", "https://i.example"]
        ),
        MAKE(None, ["six"], find_links=["https://h.example/files", "/srv/wheels"]),
    ],
    "wheels or sources only": [
        MAKE(None, ["six"], no_binary=["six"]),
        MAKE(None, ["six"], only_binary=["a", "b"]),
    ],
    "pre-releases": [MAKE(None, ["six"], pre=True)],
    "limits": [MAKE(None, ["six"], constraints=["idna<4", "b==1; sys_platform == 'linux'"])],
    "hashes": [MAKE(None, ["six==1"], hashes={"six": [f"sha256:{HASH}", f"sha256:{'1' * 64}"]})],
    "lines of pip's that are kept": [
        MAKE(None, ["six"], pip_options=["-e .", "-r 'a b.txt'", "./x.whl", "--no-index"])
    ],
    "Python": [MAKE("3.11"), MAKE("3.11.7")],
    "conda packages": [
        MAKE(
            "3.11",
            conda_channels=["conda-forge", "https://h.example/c"],
            conda_packages=["a=1.2", "conda-forge::b>=1,<2", "c=1.2=py_0", "d[build='x*']", "e"],
        ),
    ],
    "channels": [MAKE(None, ["six"], conda_channels=["conda-forge"])],
    "variables": [MAKE(None, variables={"A": 'x "y" $z # \\ ü', "B": "", "C": "yes"})],
    "torch backend": [MAKE(None, ["torch"], torch_backend="cpu")],
    "private wheels": [MAKE(None, wheels=[Wheel(name="p-1-py3-none-any.whl", sha256=HASH)])],
    "image": [
        MAKE(None, docker=DockerSection(base_image="a/b:1", platform="linux/arm64")),
        MAKE(None, ["six"], docker=DockerSection(dockerfile="FROM x\nRUN y\n")),
        MAKE(None, docker=DockerSection(build_context=BuildContext(location="/x", sha256=HASH))),
        MAKE(
            None,
            docker=DockerSection(
                base_image="a/b:1",
                arguments=("--ipc=host",),
                shm_size="4g",
                shared_volumes=False,
                gpu_support=True,
                base_image_registry=ImageRegistry(
                    address="r.example", username="u", password="${secret:P}"
                ),
            ),
        ),
    ],
    "Spark": [
        MAKE(
            None,
            spark=SparkSection(
                repositories=("https://h.example/m",),
                packages=(SparkPackage(group="g", artifact="a", version="1"),),
            ),
        )
    ],
    "an interpreter of its own": [
        MAKE(None, user_managed_dependencies=True, interpreter_path="/usr/bin/python3")
    ],
    "Azure ML's other keys": [
        MAKE(None, r={"a": 1}, databricks={"b": 2}),
        MAKE(None, inferencing_stack_version="1", asset_id="x"),
        MAKE("3.11", conda_dependencies_file="c.yml", base_conda_environment="b"),
    ],
}
READ_AS = {"azureml": "azureml_environment.json"}


def again(form: str, definition: Definition) -> Definition:
    """The definition after out and in."""
    files = write_files(form, Subject(definition, "x"))
    name = READ_AS.get(form) or next(iter(files))
    return read_text(name, files[name], files.get).definition


def test_every_part_has_a_case() -> None:
    assert list(WITH_EACH_PART) == list(PARTS)
    for part, several in WITH_EACH_PART.items():
        assert all(PARTS[part](one) for one in several)
    assert not any(has(MAKE()) for has in PARTS.values())


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("form", CARRIES)
def test_what_is_carried_is_the_same_again(form: str, part: str) -> None:
    for definition in WITH_EACH_PART[part]:
        if left_out(form, definition):
            # The table claims no loss that there is not.
            try:
                assert definition_id(again(form, definition)) != definition_id(definition)
            except (Conflict, InvalidDefinition):
                pass
        else:
            assert again(form, definition) == definition


def test_the_same_formats_are_offered_everywhere() -> None:
    offered = re.findall(r"format: '([a-z-]+)'", (ROOT / "src/exchange/files.ts").read_text())
    assert sorted(offered) == sorted(EXPORTS) == sorted(FORMS)


def test_the_page_has_the_table() -> None:
    assert matrix() in (ROOT / "docs/reference/formats.md").read_text()


def matrix() -> str:
    """What each format carries, as Markdown."""
    head = f"| | {' | '.join(f'`{form}`' for form in CARRIES)} |\n|---|{'---|' * len(CARRIES)}\n"
    return head + "".join(
        f"| {part} | {' | '.join('yes' if part in it else '–' for it in CARRIES.values())} |\n"
        for part in PARTS
    )


@pytest.mark.parametrize(
    "definition",
    [
        # Each was changed on the way once, in a file of somebody's.
        MAKE(None, ["nbformat"], variables={"nbformat": "4"}),
        MAKE(None, ["a"], pip_options=["-r requirements.txt", "-r sub/requirements.txt"]),
        MAKE("3.11", conda_channels=["c"], conda_packages=["a>=2=cuda12*", "b==1"]),
        MAKE(None, conda_packages=["a"]),
        MAKE(None, ["a<2; python_version < '3.9'", "a>=2; python_version >= '3.9'"]),
    ],
    ids=range(5),
)
@pytest.mark.parametrize("form", CARRIES)
def test_what_was_changed_once_is_the_same_again(form: str, definition: Definition) -> None:
    if not left_out(form, definition):
        assert again(form, definition) == definition


def test_the_name_in_the_fragment_of_an_address_is_said_once() -> None:
    address = "git+https://h.example/a@v1"
    for text in (f"a @ {address}#egg=a", f"a @ {address}#egg=a[b]", f"{address}#egg=a"):
        assert read_text("r.txt", text).definition.pip.requirements == (f"a @ {address}",)
    part = f"{address}#subdirectory=d"
    assert read_text("r.txt", f"a @ {part}&egg=a").definition.pip.requirements == (f"a @ {part}",)
