"""Bytecode, made once per (wheel, Python) and kept on the shelf with the wheel's own files.

It is ``unchecked-hash`` (PEP 552): bytecode that is checked by time goes stale when a cache is
cleaned or copied, and Python would then write beside a read-only source, or compile every time.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from packaging.utils import canonicalize_name

from mlenv_jupyter.process import Line, run

# Runs in the environment's Python (3.8 and newer). It prints the number of files done.
COMPILE = """
import json, os, sys, py_compile
from concurrent.futures import ProcessPoolExecutor

def one_batch(batch):
    for source, target, shown in batch:
        try:
            py_compile.compile(source, cfile=target, dfile=shown, doraise=True, quiet=2,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        except (py_compile.PyCompileError, SyntaxError, ValueError, UnicodeError, RecursionError):
            pass
    return len(batch)

if __name__ == "__main__":
    jobs = json.load(sys.stdin)
    batches = [jobs[i:i + 40] for i in range(0, len(jobs), 40)]
    done = 0
    if len(batches) < 3:
        for batch in batches:
            one_batch(batch)
    else:
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            for count in pool.map(one_batch, batches):
                done += count
                print(done, flush=True)
"""


class Job(NamedTuple):
    """One file to compile; ``shown`` is the path that its code has until it is imported."""

    source: str
    target: str
    shown: str


class Distribution(NamedTuple):
    """One installed package: its normalised name, and its ``.dist-info`` directory."""

    name: str
    info: Path


def distributions(site_packages: Path) -> dict[str, Distribution]:
    """Every package in a site-packages directory, by normalised name."""
    found: dict[str, Distribution] = {}
    for entry in os.scandir(site_packages):
        if entry.name.endswith(".dist-info"):
            name = canonicalize_name(entry.name[: -len(".dist-info")].split("-")[0])
            found[name] = Distribution(name, Path(entry.path))
    return found


def compile_all(
    jobs: list[Job],
    *,
    python: str,
    work: Path,
    env: Mapping[str, str],
    on_progress: Callable[[int, int], None] | None = None,
) -> None:
    """Compile every file; what is no Python for this interpreter is passed over."""
    if not jobs:
        return
    for folder in {os.path.dirname(target) for _, target, _ in jobs}:
        os.makedirs(folder, exist_ok=True)

    def count(line: Line) -> None:
        if on_progress and line.stream == "out" and line.text.isdigit():
            on_progress(int(line.text), len(jobs))

    script = work / "compile.py"
    script.write_text(COMPILE)
    argv: list[str | Path] = [python, "-I", "-W", "ignore", script]
    run(argv, env=env, input=msgspec.json.encode(jobs).decode(), on_line=count)


def jobs_of(paths: Iterable[str], site_packages: Path, into: Path, cache_tag: str) -> Iterator[Job]:
    """What to compile of the files of a package, to the same places below ``into``."""
    for path in paths:
        if cache_tag and path.endswith(".py") and not path.startswith(("/", "..")):
            folder, _, name = path.rpartition("/")
            target = into / folder / "__pycache__" / f"{name[:-3]}.{cache_tag}.pyc"
            yield Job(str(site_packages / path), str(target), path)


def link_tree(source: Path, target: Path) -> None:
    """Hard-link every file below ``source`` to the same place below ``target``."""
    top = len(os.fspath(source))
    base = os.fspath(target)
    for place, _, files in os.walk(source):
        if not files:
            continue
        into = base + place[top:]
        os.makedirs(into, exist_ok=True)
        for name in files:
            try:
                os.link(f"{place}/{name}", f"{into}/{name}")
            except FileExistsError:
                continue
            except OSError:
                shutil.copy2(f"{place}/{name}", f"{into}/{name}")
