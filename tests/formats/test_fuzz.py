"""No file crashes a reader, takes more than a second, or grows without bound."""

from __future__ import annotations

import contextlib
import os
import resource
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlenv_jupyter.core.errors import Conflict, MlenvError, TooLarge
from mlenv_jupyter.formats import FORMATS, Subject, read_text, write_definition, write_files
from mlenv_jupyter.formats.directory import read_directory

EXAMPLES = int(os.environ.get("MLENV_FUZZ", "15"))
"""How many files a format in CI; `make fuzz` sets more."""

PIECES = (
    *("dependencies:\n", "- numpy\n", "- pip:\n", "  - six\n", "channels: [a]\n", "name: x\n"),
    *("[project]\n", "[tool.uv.sources]\n", "[dependency-groups]\n", "dependencies = ['a']\n"),
    *(
        "[[package]]\n",
        "[[packages]]\n",
        "name = 'a'\n",
        "version = '1'\n",
        "lock-version = '1.0'\n",
    ),
    *("source = { git = 'https://h.example/a#b' }\n", "a = { path = '.' }\n", "[workspace]\n"),
    *("# /// script\n", "# dependencies = ['a']\n", "# ///\n", "FROM x\n", "RUN a \\\n", "<<EOF\n"),
    *(
        "A=1\n",
        "B=${A:-${A}}\n",
        'C="',
        "'",
        "&a ",
        "*a",
        "{",
        "}",
        "[",
        "]",
        ": ",
        "\\\n",
        "#",
        "\0",
    ),
    *("package:\n", "environments:\n", "packages:\n", "metadata:\n", "image: x\n", "build:\n"),
    *(
        "-r x\n",
        "--index-url https://u:p@h.example\n",
        "{{ x }}",
        "null",
        "3.10",
        "\ud800",
        "\ufeff",
    ),
    *("@EXPLICIT\n", "https://h.example/linux-64/a-1-0.conda\n", '{"nbformat":4,"cells":[', "]}"),
)
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.text(max_size=200)
)


@pytest.mark.parametrize("form", [one.name for one in FORMATS])
def test_any_text_is_read_or_refused(form: str) -> None:
    @given(TEXTS)
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def read(text: str) -> None:
        began = time.process_time()
        try:
            made = read_text("x", text, {"x": text}.get, form=form)
        except MlenvError:
            pass
        else:
            assert made.definition.checked() == made.definition
            for out in ("conda", "pixi", "script", "json", "requirements-unpinned"):
                assert write_definition(out, made.definition)
        assert time.process_time() - began < 1

    read()


@given(
    st.dictionaries(
        st.sampled_from(
            (
                "asset.yaml",
                "binder/x",
                "apt.txt",
                "Dockerfile",
                "environment.yml",
                "runtime.txt",
                "MLproject",
            )
        ),
        TEXTS,
    )
)
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_directory_is_read_or_refused(files: dict[str, str]) -> None:
    with contextlib.suppress(MlenvError):
        read_directory(files, files.get)


BOMBS = {
    "aliases": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(
        f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "dependencies: *i\n",
    "deep YAML": "dependencies: " + "[" * 100_000,
    "deep JSON": '{"a":' * 100_000,
    "deep TOML": "a = " + "[" * 20_000 + "]" * 20_000,
    "a dotted key": "a" + ".a" * 50_000 + " = 1\n",
    "backslashes": "\\\n" * 100_000,
    "blanks": " " * 2_000_000,
    "nested variables": "A=" + "${A:-" * 50_000 + "}" * 50_000,
    "doubling variables": 'A="1"\n' + 'A="$A$A$A$A"\n' * 40,
    "open quotes": "A='" + "x\n" * 19_000,
    "escaped quotes": 'A="' + '\\"' * 400_000,
    "a long spec": "dependencies:\n- numpy " + "_" * 400_000 + "!",
    "deep markers": "numpy; " + "(" * 5000 + "python_version>'3'" + ")" * 5000,
    "many blocks": "# /// script\n" + "# ///\n" * 100_000,
    "many heredocs": "FROM x\n" + "RUN <<A" * 20_000,
    "many packages": "lock-version='1.0'\n"
    + "".join(f"[[packages]]\nname='p{n}'\nversion='1'\n" for n in range(1500)),
    "a dense graph": "version = 1\n"
    + "".join(
        f"[[package]]\nname='p{n}'\nversion='1'\ndependencies=["
        + ",".join(f"{{name='p{m}',marker='python_version>{m}'}}" for m in range(n + 1, n + 6))
        + "]\n"
        for n in range(150)
    )
    + "[[package]]\nname='r'\nsource={virtual='.'}\ndependencies=[{name='p0'}]\n",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_file_takes_long(bomb: str) -> None:
    for form in FORMATS:
        began, held = time.process_time(), _most_memory()
        with contextlib.suppress(MlenvError):
            read_text("x", BOMBS[bomb], form=form.name)
        # Seconds on a machine that does other things, too; without its limit each takes minutes.
        assert time.process_time() - began < 5, form.name
        assert _most_memory() - held < 300, form.name


def _most_memory() -> float:
    """The most that this process has held until now, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("form", [one.name for one in FORMATS])
def test_a_file_of_100_mb_is_refused_before_it_is_read(form: str) -> None:
    text = "-" * 100_000_000
    began, held = time.process_time(), _most_memory()
    with pytest.raises(TooLarge, match="more than 5 MB"):
        read_text("x", text, form=form)
    assert time.process_time() - began < 1
    assert _most_memory() - held < 50


def test_every_export_of_nothing_is_written_or_refused() -> None:
    from mlenv_jupyter.core.definition import Definition
    from mlenv_jupyter.formats import EXPORTS

    for form in EXPORTS:
        with contextlib.suppress(Conflict):
            assert write_files(form, Subject(Definition()))
