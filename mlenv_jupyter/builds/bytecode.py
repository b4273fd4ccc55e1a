"""Bytecode, made once per (wheel, Python) and then linked into every prefix that has the wheel.

It is ``unchecked-hash`` (PEP 552): bytecode that is checked by time goes stale when a cache is
cleaned or copied, and Python would then write beside a read-only source, or compile every time.
"""

from __future__ import annotations

import csv
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping
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


def compile_and_link(
    site_packages: Path,
    keys: Mapping[str, str],
    *,
    python: str,
    cache: Path,
    cache_tag: str,
    work: Path,
    env: Mapping[str, str],
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Give a site-packages directory its bytecode; the number of files that had to be compiled.

    ``keys`` has the sha256 of the file that each package was installed from, by name.
    """
    if not cache_tag:
        return 0
    shelf = cache / cache_tag
    shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
    missing: dict[str, tuple[Path, list[tuple[str, str, str]]]] = {}
    present: list[Path] = []
    for name, one in distributions(site_packages).items():
        key = keys.get(name)
        if key is None:
            continue
        kept = shelf / key
        if kept.is_dir():
            present.append(kept)
            continue
        # Staged beside its place and renamed when whole: two builds never share half a wheel.
        staged = shelf / f".{key}.{uuid.uuid4().hex[:8]}"
        missing[key] = (staged, list(_jobs(one.info, site_packages, staged, cache_tag)))
    try:
        jobs = [job for _, some in missing.values() for job in some]
        if jobs:
            _compile(jobs, python, work, env, on_progress)
        for key, (staged, _) in missing.items():
            staged.mkdir(parents=True, exist_ok=True)
            try:
                os.rename(staged, shelf / key)
            except OSError:
                if not (shelf / key).is_dir():
                    raise
            present.append(shelf / key)
    finally:
        for staged, _ in missing.values():
            shutil.rmtree(staged, ignore_errors=True)
    for kept in present:
        link_tree(kept, site_packages)
    return len(jobs)


def has_all(cache: Path, cache_tag: str, keys: Iterable[str]) -> bool:
    """Whether every wheel was installed here before, so that uv needs no network for it."""
    return all((cache / cache_tag / key).is_dir() for key in keys)


def link_tree(source: Path, target: Path) -> None:
    """Hard-link every file below ``source`` to the same place below ``target``."""
    top = len(os.fspath(source))
    base = os.fspath(target)
    for place, _, files in os.walk(source):
        if not files:
            continue
        into = base + place[top:]
        try:
            os.mkdir(into)
        except FileExistsError:
            pass
        except FileNotFoundError:
            os.makedirs(into)
        for name in files:
            try:
                os.link(f"{place}/{name}", f"{into}/{name}")
            except FileExistsError:
                continue
            except OSError:
                shutil.copy2(f"{place}/{name}", f"{into}/{name}")


def _jobs(
    info: Path, site_packages: Path, staged: Path, cache_tag: str
) -> Iterable[tuple[str, str, str]]:
    try:
        with open(info / "RECORD", newline="", encoding="utf-8") as file:
            rows = [row[0] for row in csv.reader(file) if row]
    except FileNotFoundError:
        return
    for path in rows:
        if path.endswith(".py") and not path.startswith(("/", "..")):
            folder, _, name = path.rpartition("/")
            target = staged / folder / "__pycache__" / f"{name[:-3]}.{cache_tag}.pyc"
            yield str(site_packages / path), str(target), path


def _compile(
    jobs: list[tuple[str, str, str]],
    python: str,
    work: Path,
    env: Mapping[str, str],
    on_progress: Callable[[int, int], None] | None,
) -> None:
    for folder in {os.path.dirname(target) for _, target, _ in jobs}:
        os.makedirs(folder, exist_ok=True)

    def count(line: Line) -> None:
        if on_progress and line.stream == "out" and line.text.isdigit():
            on_progress(int(line.text), len(jobs))

    script = work / "compile.py"
    script.write_text(COMPILE)
    argv: list[str | Path] = [python, "-I", "-W", "ignore", script]
    run(argv, env=env, input=msgspec.json.encode(jobs).decode(), on_line=count)
