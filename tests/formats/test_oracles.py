"""What is valid, beside the parsers that the files were written for: py-rattler's and pip's."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.core.matchspec import parse
from mlenv_jupyter.formats import read_text

VERSIONS = (
    *("1", "1.2", "1.2.3", "1.2.*", "1.2*", "*", "1!2.0", "2020.1.1", "1.0a0", "1.0+cu", "1.0-1"),
    *("2.0.post1", "5.4.0_1", "3.10.0rc1", "1.0dev"),
)
OPERATORS = ("=", "==", ">=", "<=", ">", "<", "!=", "~=", "")
BUILDS = ("py37_0", "h123_0", "cuda12*", "*cuda*", "0", "main", "pyhd8ed1ab_0")
NAMES = ("numpy", "scikit-learn", "_openmp_mutex", "ruamel.yaml", "Py_Thing", "r-base", "__cuda")
CHANNELS = ("", "conda-forge::", "pkgs/main::", "conda-forge/linux-64::", "https://h.example/c::")
BRACKETS = ("", "", "", "[build=py37_0]", "[version='>=1']", "[foo]", "[subdir=linux-64]", "[]")


@st.composite
def specs(draw: st.DrawFn) -> str:
    """Match specs, most of them valid."""
    one = st.tuples(
        st.sampled_from(OPERATORS), st.sampled_from(("", " ")), st.sampled_from(VERSIONS)
    )
    atoms = draw(st.lists(one.map("".join), min_size=0, max_size=3))
    separator = draw(st.sampled_from((",", ", ", " ,", "|", " | ")))
    text = draw(st.sampled_from(CHANNELS)) + draw(st.sampled_from(NAMES))
    if atoms:
        text += draw(st.sampled_from(("", " "))) + separator.join(atoms)
        # Before a build, a space and an equals sign make rattler take the sign into its name.
        if draw(st.booleans()):
            text += draw(st.sampled_from(("=", " "))) + draw(st.sampled_from(BUILDS))
    return text + draw(st.sampled_from(BRACKETS))


@pytest.fixture(scope="module")
def rattler() -> Callable[[str], str | None]:
    """A match spec as py-rattler understands it; None where it is none."""
    module = pytest.importorskip("rattler", reason="py-rattler is not installed")

    def understood(text: str) -> str | None:
        try:
            return str(module.MatchSpec(text))
        except Exception:  # noqa: BLE001 - whatever it raises, it is none
            return None

    return understood


@given(text=specs())
@example(text="numpy1 *cuda*")
@settings(max_examples=300, deadline=None)
def test_match_specs_mean_what_rattler_takes_them_for(
    rattler: Callable[[str], str | None], text: str
) -> None:
    theirs, ours = rattler(text), parse(text)
    assert (ours is not None) == (theirs is not None)
    if ours is not None:
        assert rattler(ours.text) == theirs
        again = parse(ours.text)
        assert again is not None
        assert again.text == ours.text


LINES = (
    *("numpy", "numpy==1.2", "numpy >= 1.2 ,< 2", "a[b,c]", "a ; python_version < '3'"),
    *("-r x.txt", "--index-url https://h.example/s", "-i", "--pre", "--hash=sha256:00", "--nope"),
    *("# x", "  # x", "a # b", "a#b", "a \\", "\\", "", "a b", "a @ https://h.example/a-1.zip"),
    *("git+https://h.example/o/a.git#egg=a", "-e git+https://h.example/o/a@v1#egg=a", "a>=", "=="),
    *("a==1.*", "a~=1", "a!=1.*,>2", "'a", "--no-binary :all:", "--only-binary a,b"),
    *("a --hash=sha256:11 --hash=sha256:22", "a --config-settings x=y", "--extra-index-url", "ä"),
    *(
        "a;sys_platform=='x' and extra=='y'",
        "a; nope == 'x'",
        "https://h.example/a-1-py3-none-any.whl",
    ),
)


def pip_names(text: str, place: Path) -> list[str] | None:
    """The names that pip would install, sorted; None where it refuses the file."""
    from pip._internal.exceptions import InstallationError
    from pip._internal.network.session import PipSession
    from pip._internal.req.constructors import install_req_from_parsed_requirement
    from pip._internal.req.req_file import parse_requirements

    file = place / "requirements.txt"
    file.write_text(text, encoding="utf-8")
    names = []
    try:
        for one in parse_requirements(str(file), PipSession()):
            made = install_req_from_parsed_requirement(one)
            if any("Legacy" in type(it).__name__ for it in made.specifier):
                return None  # pip before 24.1 took what none takes any more
            if made.link is not None and made.link.is_file:
                if "://" in one.requirement:
                    return None  # two things in one line: pip warns now, and fails later
                continue  # kept, not honoured: it is of one machine
            names.append(canonicalize_name(made.name) if made.name else "")
    except (InstallationError, ValueError):
        # A marker that is none is a bare ValueError of what pip vendors.
        return None
    return sorted(names)


@given(lines=st.lists(st.sampled_from(LINES), max_size=5))
@settings(max_examples=200, deadline=None)
def test_requirements_are_valid_where_pip_takes_them(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    pytest.importorskip("pip._internal", reason="pip is not installed")
    place = tmp_path_factory.getbasetemp()
    (place / "x.txt").write_text("nested\n")
    text = "\n".join(lines)
    theirs = pip_names(text, place)
    ours = None
    with contextlib.suppress(MlenvError):
        read = read_text("requirements.txt", text, {"x.txt": "nested\n"}.get)
        ours = sorted(read.definition.wanted)
    if theirs is None:
        assert ours is None
    else:
        assert ours == sorted(set(theirs))


SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
NESTED = re.compile(r"\s*(?:-r|-c|--requirement|--constraint)\b")


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="there is no ../shared/samples")
def test_pip_takes_the_same_samples(tmp_path: Path) -> None:
    pytest.importorskip("pip._internal", reason="pip is not installed")
    taken = []
    for path in sorted((SAMPLES / "requirements").iterdir()):
        if path.suffix not in (".txt", ".in"):
            continue
        # Files that it names are not beside a sample.
        lines = [one for one in path.read_text().split("\n") if not NESTED.match(one)]
        theirs, ours = pip_names("\n".join(lines), tmp_path), None
        with contextlib.suppress(MlenvError):
            ours = read_text(path.name, "\n".join(lines))
        assert (theirs is None) == (ours is None), path.name
        if theirs is not None and ours is not None:
            # Where an address does not say its package, pip learns it later.
            assert set(theirs) - {""} <= set(ours.definition.wanted), path.name
            assert not ours.report.refused, path.name
            taken.append(path.name)
    assert len(taken) > 30


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="there is no ../shared/samples")
def test_rattler_takes_the_same_samples(rattler: Callable[[str], str | None]) -> None:
    found = 0
    for path in sorted((SAMPLES / "conda_env").glob("*.y*ml")):
        data = yaml.safe_load(path.read_bytes())
        for one in data.get("dependencies") or () if isinstance(data, dict) else ():
            # What begins with a hyphen is MLflow's, for pip.
            if isinstance(one, str) and not one.startswith("-"):
                ours = parse(one)
                assert (ours and rattler(ours.text)) == rattler(one), (path.name, one)
                found += 1
    assert found > 200
