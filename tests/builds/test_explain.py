"""What uv really wrote (tests/data/explain) becomes a sentence, a reason and a remedy."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlenv_jupyter.builds.explain import explain
from mlenv_jupyter.builds.unsolvable import deciding
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidDefinition, Problem
from mlenv_jupyter.core.popular import meant

RECORDED = Path(__file__).parents[1] / "data" / "explain"
OPTIONS = {
    "--index-url": "index_url",
    "--extra-index-url": "extra_index_urls",
    "--find-links": "find_links",
}

# code, part of the message, part of the detail, labels of the fixes
WANTED: dict[str, tuple[str, str, str, list[str]]] = {
    "bad-find-links": ("invalid_address", "'/nowhere/at/all' cannot be read", "Relative URL", []),
    "bad-syntax": ("invalid_requirement", "'numpy===' cannot be read", "expected version", []),
    "bad-syntax-single-equals": ("invalid_requirement", "'numpy=1.2'", "operator", []),
    "build-failed": ("package_build_failed", "badpkg 1.0 has no wheel", "install libfoo-dev", []),
    "build-failed-installing": (
        "package_build_failed",
        "badpkg 1.0 has no wheel",
        "RuntimeError: foo.h is missing",
        ["Use badpkg (any version)"],
    ),
    "build-hint": ("package_build_failed", "sklearn", "deprecated", ["Use scikit-learn"]),
    "build-traceback": (
        "package_build_failed",
        "pytz 2013.6",
        "ImportError: cannot import name 'Mapping'",
        ["Use pytz (any version)"],
    ),
    "conflict-extras": (
        "conflict",
        "pandas and dask cannot be installed together.",
        "dask 2024.1.0 needs pandas>=1.3, and you ask for pandas<1.",
        ["Use dask (any version)", "Use pandas>=1.3"],
    ),
    "conflict-marker": (
        "conflict",
        "numpy<2 and numpy>=2 exclude each other.",
        "where sys_platform == 'win32'",
        ["Keep numpy>=2", 'Keep numpy<2; sys_platform == "win32"'],
    ),
    "conflict-one-of": (
        "conflict",
        "protobuf and tensorflow cannot be installed together.",
        "and you ask for protobuf>=5",
        ["Use tensorflow (any version)", "Use protobuf (any version)"],
    ),
    "conflict-split": (
        "conflict",
        "numpy and pandas cannot be installed together.",
        "pandas 2.2.0 needs numpy>=1.26.0, and you ask for numpy==1.20.0.",
        ["Use pandas (any version)", "Use numpy>=1.26.0"],
    ),
    "conflict-third-package": (
        "conflict",
        "jax and tensorflow cannot be installed together.",
        "tensorflow 2.15.0 needs ml-dtypes<0.3, and jax 0.5.0 needs ml-dtypes>=0.4.0.",
        ["Use jax (any version)", "Use tensorflow (any version)"],
    ),
    "conflict-transitive": (
        "conflict",
        "numpy and numba cannot be installed together.",
        "numba 0.61.2 needs numpy<2.3, and you ask for numpy>=2.3.",
        ["Use numba (any version)", "Use numpy<2.3"],
    ),
    "direct-404": ("file_not_found", "The file of thing", "", ["Use thing from the index"]),
    "disk-full": ("disk_full", "The disk is full.", "no room", []),
    "disk-full-cache": ("disk_full", "The disk is full.", "no room", []),
    "dns": ("index_unreachable", "nowhere.invalid could not be reached", "lookup", []),
    "file-404-signed": ("file_not_found", "The file of thing", "does not exist", []),
    "file-missing": ("file_not_found", "file:///nowhere", "", ["Use numpy from the index"]),
    "git-host-unknown": ("git_failed", "The repository of thing", "Could not resolve host", []),
    "hash-mismatch": ("hash_mismatch", "thing 1.0 is not the one", "111111111111…", []),
    "hash-mismatch-pylock": ("hash_mismatch", "thing 1.0", "1fd268f27c4e…", []),
    "index-401": ("index_denied", "asks for a user and password (401)", "127.0.0.1", []),
    "index-403": ("index_denied", "does not let us in (403)", "127.0.0.1", []),
    "index-404": ("unknown_package", "There is no package named numpy on", "", ["Remove numpy"]),
    "index-500": ("index_error", "a fault of its own (500)", "Internal Server Error", []),
    "no-such-version": (
        "no_such_version",
        "There is no numpy==99.0.",
        "other versions",
        ["Use numpy (any version)"],
    ),
    "no-such-version-newest": (
        "no_such_version",
        "There is no numpy>=99.",
        "The newest is 2.5.5.",
        ["Use numpy 2.5.5", "Use numpy (any version)"],
    ),
    "no-wheel-installing": (
        "no_wheel",
        "pywin32 306 has no wheel for this platform.",
        "win_amd64",
        ["Use pywin32 (any version)"],
    ),
    "no-wheel-python": (
        "no_wheel",
        "tensorflow 1.15.0 has no wheel for Python 3.11.",
        "Python 3.5, 3.6 and 3.7",
        ["Use tensorflow (any version)"],
    ),
    "offline": ("offline", "zope-interface is not in the cache", "", []),
    "python-missing": ("python_missing", "Python 3.99 is not on this machine", "3.12.1", []),
    "read-only": ("permission_denied", "permission denied", "", []),
    "refused": ("index_unreachable", "it refused the connection", "", []),
    "requires-python": (
        "requires_python",
        "numpy==2.2.0 does not work with Python",
        "numpy 2.2.0 needs Python>=3.10.",
        ["Use numpy (any version)"],
    ),
    "requires-python-long": (
        "requires_python",
        "networkx>=3.4 does not work with Python",
        "needs Python>=3.10",
        ["Use networkx (any version)"],
    ),
    "source-only": ("no_wheel", "pycairo 1.20.0", "source only", ["Use pycairo (any version)"]),
    "timeout-as-missing": ("unknown_package", "127.0.0.1:9", "", ["Remove numpy"]),
    "tls": ("index_tls", "its certificate is not trusted", "invalid peer certificate", []),
    "two-pins": (
        "conflict",
        "numpy==2.1.0 and numpy==2.2.0 exclude each other.",
        "2 ways",
        ["Keep numpy==2.2.0", "Keep numpy==2.1.0"],
    ),
    "unknown-package": ("unknown_package", "nunpy", "", ["Use numpy", "Remove nunpy"]),
    "yanked": (
        "yanked",
        "numpy 2.4.0 was withdrawn",
        "Backward compatibility bug",
        ["Use numpy (any version)"],
    ),
}


def definition_of(case: Path) -> Definition:
    options: dict[str, object] = {}
    lines = []
    for line in (case / "requirements.txt").read_text().splitlines():
        flag, _, value = line.partition(" ")
        if flag in OPTIONS:
            options[OPTIONS[flag]] = value if flag == "--index-url" else [value]
        else:
            lines.append(line)
    try:
        return Definition.create("3.11", lines, **options)  # type: ignore[arg-type]
    except InvalidDefinition:  # uv was given what a Definition refuses, to see what it says
        return Definition.create("3.11")


def explained(case: str, **more: object) -> tuple[Problem, Definition]:
    place = RECORDED / case
    definition = definition_of(place)
    output = (place / "output.txt").read_text().splitlines()
    return explain("resolving", output, definition, **more), definition  # type: ignore[arg-type]


def test_every_recorded_run_is_expected() -> None:
    assert {one.name for one in RECORDED.iterdir()} == set(WANTED)


@pytest.mark.parametrize("case", sorted(WANTED))
def test_a_recorded_run(case: str) -> None:
    code, message, detail, fixes = WANTED[case]
    problem, definition = explained(case, pythons=["3.11.7", "3.12.1"])
    assert problem.code == code
    assert message in problem.message
    assert problem.message.endswith(".")
    assert "\n" not in problem.message
    assert detail in problem.detail
    assert "Nothing was installed." in problem.detail
    assert problem.remedy
    if definition.pip.requirements:
        assert [one.label for one in problem.fixes] == fixes
    wanted = definition.pip.requirements
    assert all(one.requirement in wanted for one in problem.culprits)
    assert all(one in wanted for fix in problem.fixes for one in fix.remove)


@pytest.mark.parametrize("case", sorted(WANTED))
def test_a_fix_is_a_valid_change_of_the_definition(case: str) -> None:
    problem, definition = explained(case)
    for fix in problem.fixes:
        lines = set(definition.pip.requirements) - set(fix.remove) | set(fix.add)
        assert Definition.create("3.11", lines).pip.requirements != definition.pip.requirements


def test_the_notes_say_what_each_line_does() -> None:
    problem, _ = explained("conflict-transitive", version="1")
    assert [(one.requirement, one.note) for one in problem.culprits] == [
        ("numpy>=2.3", "conflicts with numba==0.61.2"),
        ("numba==0.61.2", "needs numpy<2.3"),
    ]
    assert problem.detail.endswith("Nothing was installed, and v1 is unchanged.")
    assert [(fix.remove, fix.add) for fix in problem.fixes] == [
        (("numba==0.61.2",), ("numba",)),
        (("numpy>=2.3",), ("numpy<2.3",)),
    ]


@pytest.mark.parametrize("case", ["file-404-signed", "direct-404"])
def test_no_signature_gets_into_a_problem(case: str) -> None:
    problem, _ = explained(case)
    text = problem.message + problem.detail + problem.remedy
    assert "topsecret" not in text
    assert "sig=abc" not in text


def test_the_same_in_the_drawing_of_older_releases_of_uv() -> None:
    text = """  × No solution found when resolving dependencies:
  ╰─▶ Because numba==0.61.2 depends on numpy>=1.24,<2.3 and you require
      numba==0.61.2, we can conclude that you require numpy>=1.24,<2.3.
      And because you require numpy>=2.3, we can conclude that your
      requirements are unsatisfiable."""
    definition = Definition.create("3.11", ["numba==0.61.2", "numpy>=2.3"])
    problem = explain("resolving", text.splitlines(), definition)
    assert problem.message == "numpy and numba cannot be installed together."
    assert problem.detail.startswith("numba 0.61.2 needs numpy<2.3, and you ask for numpy>=2.3.")


def test_a_chain_of_needs_is_said_in_order() -> None:
    text = """error: No solution found when resolving dependencies
  cause: Because b==2.0 depends on c>=3 and only c<=2.5 is available, we can
         conclude that b==2.0 cannot be used.
         And because a==1.0 depends on b==2.0 and you require a==1.0, we can
         conclude that your requirements are unsatisfiable."""
    problem = explain(
        "resolving", text.splitlines(), Definition.create("3.11", ["a==1.0", "numpy"])
    )
    assert problem.code == "no_such_version"
    assert problem.message == "There is no c>=3."
    assert problem.detail.startswith("a 1.0 needs b==2.0, and b 2.0 needs c>=3. The newest is 2.5.")
    assert [(one.requirement, one.note) for one in problem.culprits] == [
        ("a==1.0", "needs c>=3, which is not there")
    ]


@pytest.mark.parametrize(
    ("spec", "others", "wanted"),
    [
        (">=1.24,<2.3", [">=2.3"], "<2.3"),
        (">=1.24,<2.3", ["<1"], ">=1.24"),
        (">=0.2.0,<0.3.dev0", [">=0.4.0"], "<0.3"),
        (">=1,<2", [">=1.5"], ">=1,<2"),
        ("==1.0", ["==2.0"], "==1.0"),
        (">=1", ["not a specifier"], ">=1"),
    ],
)
def test_only_the_bound_that_decides_is_said(spec: str, others: list[str], wanted: str) -> None:
    assert deciding(spec, others) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("nunpy", "numpy"),
        ("pandsa", "pandas"),
        ("sklearn", "scikit-learn"),
        ("scikit-lern", "scikit-learn"),
        ("cv2", "opencv-python"),
        ("numpy", None),
        ("our-own-thing", None),
    ],
)
def test_a_close_name_is_proposed(name: str, wanted: str | None) -> None:
    assert meant(name) == wanted


LINES = st.lists(
    st.one_of(
        st.text(),
        st.sampled_from(
            [
                "error: No solution found when resolving dependencies",
                "  cause: Because numpy depends on one of:",
                "And because you require numpy and",
                "only numpy<= is available and there is no version of",
                "Hash mismatch for `",
                "Failed to build `",
                "404 Not Found",
                "hint: ",
                "Git operation failed",
                "Couldn't parse requirement in `x` at position 0",
            ]
        ),
    ),
    max_size=8,
)


@given(LINES)
def test_any_output_has_an_explanation(lines: list[str]) -> None:
    problem = explain("resolving", lines, Definition.create("3.11", ["numpy>=2", "pandas"]))
    assert problem.message
    assert problem.code
    assert problem.remedy


def test_no_output_at_all() -> None:
    problem = explain("installing", [], Definition.create("3.11"))
    assert "did not say why" in problem.message


@pytest.mark.network
@pytest.mark.parametrize(
    ("lines", "code", "message"),
    [
        (["nunpy"], "unknown_package", "There is no package named nunpy."),
        (["numpy==99.0"], "no_such_version", "There is no numpy==99.0."),
        (
            ["numpy>=2.3", "numba==0.61.2"],
            "conflict",
            "numpy and numba cannot be installed together.",
        ),
        (["numpy==2.1.0", "numpy==2.2.0"], "conflict", "exclude each other"),
        (["tensorflow==1.15.0"], "no_wheel", "has no wheel for Python 3.11."),
    ],
)
def test_what_uv_says_now(lines: list[str], code: str, message: str, tmp_path: Path) -> None:
    from uv import find_uv_bin

    definition = Definition.create("3.11", lines)
    (tmp_path / "in.txt").write_text("\n".join(definition.pip.requirements))
    arguments = "pip compile in.txt --universal --format pylock.toml --python-version 3.11 --quiet"
    done = subprocess.run(
        [find_uv_bin(), *arguments.split(), "--output-file", "pylock.toml", "--color", "never"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "UV_NO_PROGRESS": "1"},
        timeout=120,
    )
    assert done.returncode != 0
    problem = explain("resolving", done.stderr.splitlines(), definition)
    assert problem.code == code
    assert message in problem.message


@pytest.mark.network
def test_the_first_fix_of_a_conflict_really_mends_it(tmp_path: Path) -> None:
    from uv import find_uv_bin

    problem, definition = explained("conflict-transitive")
    for number, fix in enumerate(problem.fixes):
        lines = set(definition.pip.requirements) - set(fix.remove) | set(fix.add)
        (tmp_path / f"{number}.txt").write_text("\n".join(lines))
        done = subprocess.run(
            [find_uv_bin(), "pip", "compile", f"{number}.txt", "--universal", "--quiet"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
