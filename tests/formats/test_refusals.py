"""Lines of requirements files that are left out, wrong, or carry a secret, each with its place."""

from __future__ import annotations

import msgspec
import pytest

from mlenv_jupyter.core.errors import InvalidDefinition
from mlenv_jupyter.formats import read_text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("./b-1-py3-none-any.whl", "one machine"),
        ("C:\\b\\b-1-py3-none-any.whl", "one machine"),
        ("--find-links ./wheels", "beside the file"),
        ("-r other.txt", "cannot be read from here"),
    ],
)
def test_what_is_left_out_is_said(line: str, words: str) -> None:
    read = read_text("requirements.txt", f"numpy\n\n{line}\n")
    assert read.definition.wanted == ("numpy",)
    assert read.report.refused[0].startswith("line 3: ")
    assert words in read.report.refused[0]
    assert [one.where for one in read.problems] == ["line 3"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("numpy=1.20", "Write numpy==1.20"),
        ("numpy==${V}", "Write the value"),
        ("pip install numpy", "Leave out 'pip install'"),
        ("--colour", "Remove that option"),
        ("numpy pandas", "one package a line"),
        ("numpy=={{ version }}", "template"),
        ("-i https://[", "https://"),
    ],
)
def test_what_is_wrong_names_line_and_remedy(line: str, words: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        read_text("requirements.txt", f"# a comment\nnumpy \\\n  >=1\n{line}\n")
    assert caught.value.where == "line 4"
    assert words in caught.value.remedy


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://user:s3cr3tword@example.org/simple",
        "--extra-index-url https://s3cr3tword@example.org/simple",
        "--find-links https://example.org/w?sig=s3cr3tword",
        "a @ https://user:s3cr3tword@example.org/a-1-py3-none-any.whl",
        "git+https://s3cr3tword:x-oauth-basic@example.org/b.git#egg=b",
        "-e git+https://user:s3cr3tword@example.org/b.git#egg=b",
        "https://example.org/a.whl?token=s3cr3tword",
    ],
)
@pytest.mark.parametrize("filename", ["requirements.txt", "environment.yml"])
def test_no_secret_is_stored_or_shown(filename: str, line: str) -> None:
    text = line if filename.endswith("txt") else f'dependencies:\n- pip:\n  - "{line}"\n'
    read = read_text(filename, text)
    assert b"s3cr3tword" not in msgspec.json.encode(read)
    assert read.report.refused


def test_references_are_kept_and_said() -> None:
    line = "--index-url https://${USER}:${PASSWORD}@example.org/simple"
    read = read_text("requirements.txt", line)
    assert read.definition.pip.index_url == line.split()[1]
    assert read.report.kept == (
        "line 1: ${USER} and ${PASSWORD} in --index-url: read where builds run.",
    )


def test_included_files_and_constraints() -> None:
    files = {
        "deps/base.txt": "-r more.txt\n-r base.txt\npandas\n",
        "deps/more.txt": "rich\n",
        "limits.txt": "numpy<2\nurllib3<2\nidna<4\n",
    }
    read = read_text("requirements.txt", "numpy>=1\n-r deps/base.txt\n-c limits.txt\n", files.get)
    assert read.definition.pip.requirements == ("numpy<2,>=1", "pandas", "rich")
    assert [one.partition(":")[0] for one in read.report.kept] == [
        "deps/base.txt line 2",
        "limits.txt line 2",
    ]


def test_a_wrong_line_of_an_included_file_names_that_file() -> None:
    with pytest.raises(InvalidDefinition) as caught:
        read_text("requirements.txt", "-r base.txt\n", {"base.txt": "numpy\na b\n"}.get)
    assert caught.value.where == "base.txt line 2"
