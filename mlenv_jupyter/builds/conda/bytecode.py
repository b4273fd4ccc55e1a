"""Bytecode for what conda installed: most packages bring theirs, ``noarch`` ones cannot.

Made once per (package, Python) and then linked, as for wheels (``builds/bytecode.py``).
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlenv_jupyter.builds.bytecode import Job, compile_all, jobs_of, link_tree
from mlenv_jupyter.builds.site import Site


def compile_conda(site: Site, prefix: Path, site_packages: Path) -> int:
    """Give conda's packages the bytecode that they lack; the number of files compiled."""
    tag = site.python.cache_tag
    if not tag:
        return 0
    shelf = site.places.shelf / f"{tag}-conda"
    shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
    inside = os.fspath(site_packages.relative_to(prefix)) + "/"
    missing: dict[str, tuple[Path, list[Job]]] = {}
    present: list[Path] = []
    for record in prefix.glob("conda-meta/*.json"):
        data = msgspec.json.decode(record.read_bytes())
        key = data.get("sha256")
        if not key:
            continue
        kept = shelf / key
        if kept.is_dir():
            present.append(kept)
            continue
        staged = shelf / f".{key}.{uuid.uuid4().hex[:8]}"
        jobs = list(_jobs(data, prefix, inside, staged, tag))
        if jobs:
            missing[key] = (staged, jobs)
    try:
        jobs = [job for _, some in missing.values() for job in some]
        if jobs:
            compile_all(jobs, python=site.python.executable, work=site.work, env=site.env)
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


def _jobs(
    data: Mapping[str, Any], prefix: Path, inside: str, staged: Path, tag: str
) -> Iterator[Job]:
    files = set(data.get("files") or ())
    paths = [one[len(inside) :] for one in files if one.startswith(inside)]
    for job in jobs_of(paths, prefix / inside, staged, tag):
        if inside + os.path.relpath(job.target, staged) not in files:
            yield job
