"""conda's environment files."""

from __future__ import annotations

import pytest

from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidDefinition
from mlenv_jupyter.core.matchspec import parse
from mlenv_jupyter.formats import read_text, write_definition
from mlenv_jupyter.formats.conda_spec import python_of

WHOLE = """\
name: churn
channels: [conda-forge, defaults]
dependencies:
  - python=3.10
  - numpy >=1.2   # a comment
  - conda-forge::scipy=1.10.1=py310_0
  - pip=23.1
  - pip:
      - --extra-index-url https://example.org/simple
      - pandas==2.2.3
      - -r more.txt
      - "torch ; sys_platform == 'linux'"
variables:
  A: 3.10
  B: yes
  C: "null"
prefix: /home/me/envs/churn
"""


def test_a_whole_file() -> None:
    read = read_text("environment.yml", WHOLE, {"more.txt": "rich\n"}.get)
    made = read.definition
    assert (read.format, read.name, made.python) == ("conda", "churn", "3.10")
    assert made.conda.channels == ("conda-forge", "defaults")
    assert made.conda.packages == (
        "conda-forge::scipy=1.10.1=py310_0",
        "numpy>=1.2",
        "pip=23.1",
    )
    assert made.pip.requirements == (
        "pandas==2.2.3",
        "rich",
        'torch; sys_platform == "linux"',
    )
    assert made.pip.extra_index_urls == ("https://example.org/simple",)
    assert made.variables == {"A": "3.10", "B": "yes", "C": "null"}
    assert any(one.startswith("line 17: prefix /home/me/envs/churn") for one in read.report.kept)
    assert read.report.refused == ()


def test_python_and_pip_alone_need_no_conda() -> None:
    read = read_text("e.yml", "dependencies:\n- python=3.11\n- pip=24\n- pip:\n  - numpy\n", None)
    assert read.definition.kind == "pip"
    assert read.report.kept == ("line 3: pip=24: packages are installed with uv.",)


@pytest.mark.parametrize(
    ("rest", "python", "noted"),
    [
        ("", None, False),
        ("=3", None, False),
        ("=3.10", "3.10", False),
        ("==3.10.4", "3.10.4", False),
        ("=3.10.*", "3.10", False),
        ("=3.7.16=h7a1cb2a_0", "3.7.16", True),
        (">=3.8", None, True),
        (">=3.12", "3.12", True),
        ("<3.11", "3.10", True),
        (">=3.10,<3.11", "3.10", True),
        (">=3.10,<3.11.0a0", "3.10", True),
        ("<=3.9", "3.9", True),
        (">=3.8,<4", None, True),
        ("=3.10|=3.11", "3.11", True),
        ("==3.8", "3.8", True),
        ("=3.9.*,!=3.9.7", "3.9", True),
        ("=2.7", None, None),
        ("=4", None, None),
        (">=3.5,<3.6", None, None),
        ("=three", None, None),
    ],
)
def test_which_python(rest: str, python: str | None, noted: bool | None) -> None:
    found = python_of(rest)
    if noted is None:
        assert found is None
    else:
        assert found is not None
        assert (found.version, bool(found.note)) == (python, noted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("numpy", "numpy"),
        ("NumPy >= 1.2 , < 2", "numpy>=1.2,<2"),
        ("numpy 1.11", "numpy==1.11"),
        ("numpy 1.11 py36_0", "numpy=1.11=py36_0"),
        ("numpy=1.11=py36_0", "numpy=1.11=py36_0"),
        ("pytorch >=2.7.0=cuda12*", "pytorch>=2.7.0=cuda12*"),
        ("conda-forge/linux-64::numpy", "conda-forge/linux-64::numpy"),
        ("_libgcc_mutex=0.1=main", "_libgcc_mutex=0.1=main"),
        ("", None),
        ("- numpy", None),
        ("../numpy", None),
    ],
)
def test_one_spelling_of_a_package(text: str, wanted: str | None) -> None:
    spec = parse(text)
    assert (spec and spec.text) == wanted


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("name: x\n", "line 1", "no dependencies"),
        ("- a\n- b\n", "line 1", "no dependencies"),
        ("dependencies: numpy\n", "line 1", "not a list"),
        ("dependencies:\n- numpy\n- npm:\n  - x\n", "line 3", "no kind of dependencies"),
        ("dependencies:\n- - numpy\n", "line 2", "is a list"),
        ("dependencies:\n- '>=3'\n", "line 2", "not a conda package"),
        ("dependencies:\n- numpy={{ v }}\n", "line 2", "template"),
        ("dependencies:\n- pip:\n  - a\n  - numpy=>2\n", "line 4", "not a requirement"),
        ("dependencies:\n- pip:\n  - a: b\n", "line 3", "not text"),
        ("dependencies:\n- pip:\n  - |\n    a\n    b\n", "line 3", "more than one line"),
        ("dependencies: []\nvariables:\n  1=2: x\n", "line 3", "cannot be the name"),
        ("dependencies: []\nvariables:\n  A: [1]\n", "line 3", "not text"),
        ("dependencies: []\nvariables: [A]\n", "line 2", "not names and values"),
        ("dependencies: []\nchannels: [{a: b}]\n", "line 2", "channel"),
        ("dependencies: []\nname: [x]\n", "line 2", "name is not text"),
    ],
)
def test_a_wrong_file_names_the_line(text: str, where: str, words: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        read_text("environment.yml", text)
    assert caught.value.where == where
    assert words in caught.value.message


def test_every_wrong_line_is_named() -> None:
    with pytest.raises(InvalidDefinition) as caught:
        read_text("e.yml", "dependencies:\n- python=>2\n- '=='\n- pip:\n  - a b\n")
    assert [one.where for one in caught.value.problems] == ["line 2", "line 3", "line 5"]


@pytest.mark.parametrize(
    ("python", "packages", "version"),
    [
        ("python=2.7", ("python=2.7",), None),
        ("python=3.7.6=h0371630_2", ("python=3.7.6=h0371630_2", "scipy"), "3.7.6"),
        ("python >=3.10,<3.11.0a0", ("python>=3.10,<3.11.0a0", "scipy"), "3.10"),
        ("python ==3.8", ("python==3.8", "scipy"), "3.8"),
        ("python=3.8", ("scipy",), "3.8"),
        ("conda-forge::python=3.8", ("conda-forge::python=3.8", "scipy"), "3.8"),
    ],
)
def test_all_that_is_said_of_python_is_kept_for_conda(
    python: str, packages: tuple[str, ...], version: str | None
) -> None:
    others = [one for one in packages if "python" not in one]
    text = "dependencies:\n" + "".join(f"- {one}\n" for one in [python, *others])
    made = read_text("environment.yml", text).definition
    assert (made.conda.packages, made.python) == (packages, version)
    assert read_text("environment.yml", write_definition("conda", made)).definition == made


def test_the_token_of_a_channel_is_not_kept() -> None:
    text = (
        "channels:\n- https://conda.example.org/t/tk-123-abc/private\n"
        "- https://me:hunter2@conda.example.org/x\n- conda-forge\n"
        "dependencies:\n- https://conda.example.org/t/tk-123-abc/private::scipy\n- numpy\n"
    )
    read = read_text("environment.yml", text)
    assert read.definition.conda.channels == (
        "https://conda.example.org/private",
        "https://conda.example.org/x",
        "conda-forge",
    )
    assert read.definition.conda.packages == ("numpy",)
    assert [one.partition(":")[0] for one in read.report.refused] == ["line 2", "line 3", "line 6"]
    assert "tk-123" not in str(read)
    assert "hunter2" not in str(read)


def test_what_is_written_is_read_again() -> None:
    made = Definition.create(
        "3.11",
        ["numpy>=2", "a @ https://example.org/a-1-py3-none-any.whl"],
        index_url="https://${USER}:${PASSWORD}@example.org/simple",
        find_links=["/wheels"],
        pre=True,
        only_binary=["scipy"],
        conda_channels=["conda-forge"],
        conda_packages=["scipy=1.10"],
        variables={"A": "yes", "B": "", "C": "3.10", "D": "x: y # z\nw", "E": "null"},
    )
    text = write_definition("conda", made, name="churn")
    read = read_text("environment.yml", text)
    assert (read.name, read.definition) == ("churn", made)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://h.example/t/${TOKEN}/c", "https://h.example/t/${TOKEN}/c"),
        ("https://h.example/t/$TOKEN/c", "https://h.example/t/${TOKEN}/c"),
        ("https://$U:${P}@h.example/c", "https://${U}:${P}@h.example/c"),
        ("https://${U}@h.example/c", "https://${U}@h.example/c"),
    ],
)
def test_the_references_of_a_channel_are_kept(written: str, kept: str) -> None:
    read = read_text("x.yml", f"channels:\n- {written}\ndependencies:\n- numpy\n")
    assert read.definition.conda.channels == (kept,)
    assert read.report.refused == ()
    assert "read where builds run" in read.report.kept[0]
    again = read_text("x.yml", write_definition("conda", read.definition))
    assert again.definition == read.definition


@pytest.mark.parametrize(
    "written",
    [
        "https://me:hunter2@h.example/c",
        "https://${U}:hunter2@h.example/c",
        "https://hunter2@h.example/c",
    ],
)
def test_half_a_reference_is_a_secret(written: str) -> None:
    read = read_text("x.yml", f"channels:\n- {written}\ndependencies:\n- numpy\n")
    assert read.definition.conda.channels == ("https://h.example/c",)
    assert len(read.report.refused) == 1
