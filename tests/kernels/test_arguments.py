"""What a command line of pip or uv would do."""

from __future__ import annotations

import pytest

OVERLAY = "/store/overlays/k"


@pytest.fixture
def read(asset):
    module = asset("arguments")
    return lambda line, **environment: module.read(
        line.split()[0], line.split()[1:], OVERLAY, environment
    )


@pytest.mark.parametrize(
    "line",
    [
        "pip install a",
        "pip -q install a",
        "pip --log file install a",
        "pip install --user a",
        "pip uninstall a",
        "pip --python /store/overlays/k/bin/python install a",
        "uv pip install a",
        "uv -q pip uninstall a",
        "uv pip sync requirements.txt",
        "uv pip install -p /store/overlays/k/bin/python3 a",
        "uv pip install --python=/store/overlays/k a",
        "uv --directory pip pip install a",
    ],
)
def test_writes_into_the_overlay(read, line):
    call = read(line)
    assert call.writes
    assert "--user" not in call.given
    assert not any("overlays/k" in word for word in call.given)


@pytest.mark.parametrize(
    "line",
    [
        "pip",
        "pip --version",
        "pip list",
        "pip download a",
        "pip wheel install",
        "pip install --help",
        "pip install --dry-run a",
        "pip install --target /x a",
        "pip install --prefix=/x a",
        "pip --python /x/bin/python install a",
        "uv --version",
        "uv run pip install a",
        "uv tool install a",
        "uv pip list",
        "uv pip install --dry-run a",
        "uv pip install --system a",
        "uv pip install --python 3.9 a",
        "uv pip install --target=/x a",
    ],
)
def test_does_not_write_into_the_overlay(read, line):
    call = read(line)
    assert not call.writes
    assert call.given == line.split()[1:]


def test_another_environment_is_left_alone(read):
    assert not read("uv pip install a", VIRTUAL_ENV="/x/venv").writes
    assert not read("uv pip list", VIRTUAL_ENV="/x/venv").looks_at_overlay
    assert read("uv pip install a", VIRTUAL_ENV=OVERLAY + "/").writes


@pytest.mark.parametrize("line", ["uv pip list", "uv pip show a", "uv pip freeze", "uv pip tree"])
def test_uv_is_shown_what_is_there(read, line):
    assert read(line).looks_at_overlay


def test_options_go_behind_the_command(read):
    assert read("uv -q pip install a -U").with_options(["--x", "1"]) == [
        *("-q", "pip", "install", "--x", "1", "a", "-U"),
    ]
    assert read("pip --version").with_options(["--x"]) == ["--version"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("Foo_Bar", {"foo-bar"}),
        ("foo[extra]>=1", {"foo"}),
        ("foo==1.0 bar~=2", {"foo", "bar"}),
        ("foo@git+https://host/x", {"foo"}),
        ("git+https://host/x#egg=foo&subdirectory=y", {"foo"}),
        ("./dist/foo_bar-1.0-py3-none-any.whl", {"foo-bar"}),
        ("https://host/foo-2.1.tar.gz", {"foo"}),
        ("--no-deps -U", set()),
    ],
)
def test_named_packages(read, words, names):
    assert read(f"pip install {words}").named() == names


def test_named_in_files(read, tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("# a comment\nfoo==1  # why\n-r other.txt\nbar[x] ; python_version > '3'\n")
    for option in ("-r {}", "-r{}", "--requirement={}", "--requirement {}"):
        assert {"foo", "bar"} <= read("pip install " + option.format(file)).named()
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "Some.Thing"\n')
    assert "some-thing" in read(f"pip install -e {project}").named()


def test_hashes_take_no_constraints(read, tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("foo==1 --hash=sha256:00\n")
    assert read("pip install foo").takes_constraints
    assert not read(f"pip install -r {file}").takes_constraints
    assert not read("uv pip install --require-hashes foo").takes_constraints
    assert not read("pip uninstall foo").takes_constraints


def test_uninstall_needs_no_answer(read):
    assert read("pip uninstall foo").needs_yes
    assert not read("pip uninstall -y foo").needs_yes
    assert not read("uv pip uninstall foo").needs_yes
