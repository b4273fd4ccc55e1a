"""Lines of requirements files that are left out, wrong, or carry a secret, each with its place."""

from __future__ import annotations

import msgspec
import pytest

from mlenv_jupyter.core.errors import InvalidDefinition
from mlenv_jupyter.core.identity import digest
from mlenv_jupyter.formats import Subject, read_text, write_definition, write_files

KEPT = (
    ("./b-1-py3-none-any.whl", "one machine"),
    ("C:\\b\\b-1-py3-none-any.whl", "one machine"),
    ("../lib[extra] ; python_version > '3'", "one machine"),
    ("/opt/wheels/b-1.tar.gz --hash=sha256:00", "one machine"),
    ("--find-links ./wheels", "beside the file"),
    ("--find-links 'my wheels'", "beside the file"),
    ("-r other.txt", "import with `mlenv import` beside it"),
    ("-r ../requirements/base.txt", "import with `mlenv import` beside it"),
    ("-r 'my requirements.txt'", "import with `mlenv import` beside it"),
    ("-r https://h.example/requirements.txt", "no address is read"),
    ("-c https://h.example/constraints.txt", "no address is read"),
    ("-c limits.txt", "import with `mlenv import` beside it"),
    ("-e .", "changes without a new version"),
    ("-e .[dev,test]", "changes without a new version"),
    ("-e file:///home/me/it#egg=it", "changes without a new version"),
    ("https://h.example/download", "does not say which package it is"),
    ("pandas --config-settings=a=b", "not given to uv"),
    ("pandas --global-option='--no-user-cfg'", "not given to uv"),
    ("--no-index", "not honoured"),
    ("--trusted-host h.example:8080", "certificates are always checked"),
)


@pytest.mark.parametrize(("line", "words"), KEPT)
@pytest.mark.parametrize("form", ["requirements", "conda", "azureml", "json"])
def test_what_has_no_effect_is_kept_and_written_again(form: str, line: str, words: str) -> None:
    read = read_text("requirements.txt", f"numpy\n\n{line}\n")
    assert set(read.definition.wanted) - {"pandas"} == {"numpy"}
    assert read.report.refused == () and read.problems == ()
    assert any(one.startswith("line 3: ") and words in one for one in read.report.kept)
    (option,) = read.definition.pip.options
    assert option.split()[0].strip("./\\") in line

    export = "requirements-unpinned" if form == "requirements" else form
    files = write_files(export, Subject(read.definition, "x"))
    name = next((one for one in files if one == "azureml_environment.json"), next(iter(files)))
    again = read_text(name, files[name], files.get)
    assert again.definition.pip == read.definition.pip


def test_what_has_no_effect_is_in_no_image() -> None:
    read = read_text("requirements.txt", "numpy\n-e .\n-r base.txt\n--no-index\n")
    for packages in ((), ("python=3.11", "scipy")):
        pip = msgspec.structs.replace(read.definition, python="3.11")
        conda = msgspec.structs.replace(pip.conda, packages=packages)
        text = write_definition("dockerfile", msgspec.structs.replace(pip, conda=conda))
        assert [one for one in text.split("\n") if "base.txt" in one or "-e ." in one] == [
            "# not in this image: -e .",
            "# not in this image: -r base.txt",
        ]


def test_nested_files_name_what_is_beside_them() -> None:
    files = {"sub/a.txt": "-r b.txt\n--find-links wheels\n--find-links /all\n"}
    read = read_text("requirements.txt", "-r sub/a.txt\n", files.get)
    assert read.definition.pip.options == ("-r sub/b.txt", "--find-links sub/wheels")
    assert read.definition.pip.find_links == ("/all",)
    assert read.report.kept[0].startswith("sub/a.txt line 1: -r sub/b.txt: kept, not honoured")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("numpy=1.20", "Write numpy==1.20"),
        ("numpy==${V}", "Write the value"),
        ("pip install numpy", "Leave out 'pip install'"),
        ("--colour", "Remove that option"),
        ("Package            Version", "pip freeze"),
        ("asttokens          2.4.0", "pip freeze"),
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
    assert read.definition.pip.constraints == ("idna<4", "urllib3<2")
    assert [one.partition(":")[0] for one in read.report.kept] == ["deps/base.txt line 2"]


HASHES = f"sha256:{'0' * 64}", f"sha256:{'1' * 64}", f"sha512:{'2' * 128}"


@pytest.mark.parametrize("form", ["requirements-unpinned", "conda", "azureml", "json"])
def test_limits_and_hashes_are_written_again(form: str) -> None:
    text = f"Six==1.17.0 --hash={HASHES[1]} \\\n  --hash={HASHES[0]} --hash={HASHES[2]}\n-c c.txt\n"
    read = read_text("requirements.txt", text, {"c.txt": "idna<4\n"}.get)
    assert read.definition.pip.hashes == {"six": HASHES}
    assert read.report.kept == ()
    files = write_files(form, Subject(read.definition, "x"))
    name = next((one for one in files if one == "azureml_environment.json"), next(iter(files)))
    again = read_text(name, files[name], files.get)
    assert again.definition.pip == read.definition.pip
    assert digest(again.definition) == digest(read.definition)
    plain = read_text("requirements.txt", "six==1.17.0").definition
    assert digest(plain) != digest(read.definition)


@pytest.mark.parametrize("value", ["md5:00", "sha256", "sha256:", "nothing"])
def test_a_hash_that_pip_refuses(value: str) -> None:
    with pytest.raises(InvalidDefinition, match="--hash"):
        read_text("requirements.txt", f"six==1 --hash={value}\n")


def test_a_wrong_line_of_an_included_file_names_that_file() -> None:
    with pytest.raises(InvalidDefinition) as caught:
        read_text("requirements.txt", "-r base.txt\n", {"base.txt": "numpy\na b\n"}.get)
    assert caught.value.where == "base.txt line 2"
