"""What do the overlay at a kernel's start, and the stamp in a large notebook, cost?"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager

from bench import five
from bench.measure import Sample, Table, rounds
from mlenv_jupyter.core.stamp import Stamp
from mlenv_jupyter.kernels.assets import overlay
from mlenv_jupyter.notebooks import files

LARGE = 50_000_000
"""Bytes of outputs in the notebook."""


def run(count: int) -> list[Table]:
    """An overlay that is made and one that is found; a stamp beside reading and writing alone."""
    made = five.workspace()
    kernel = made.install_kernel("five")
    argv = KernelSpecManager().get_kernel_spec(kernel.kernel_name).argv
    launcher = os.path.dirname(argv[2])
    text = Path(argv[3]).read_text()
    stamp = made.notebooks.stamp_of("five")
    with tempfile.TemporaryDirectory() as place:
        top = Path(place)
        thin = partial(_overlay, text, launcher, top / "overlays")
        shutil.rmtree(top / "overlays", ignore_errors=True)
        overlays = rounds(
            {
                "found: the notebook ran before": partial(thin, fresh=False),
                "made: the notebook is new": partial(thin, fresh=True),
            },
            count * 10,
            seed=int(time.time()),
        )
        notebook = _large(top / "large.ipynb")
        stamps = rounds(
            {
                "read and written by nbformat": partial(_through, notebook, None),
                "the same with a stamp": partial(_through, notebook, stamp),
            },
            count,
            seed=int(time.time()),
        )
    goal = "Goal: 30 ms. It is in the kernel's start above."
    return [
        _table("The overlay at the start of a kernel", overlays, goal),
        _table("A stamp in a notebook of 50 MB", stamps, ""),
    ]


def _table(question: str, found: Mapping[str, list[Sample]], note: str) -> Table:
    rows = []
    for name, samples in found.items():
        seconds = sorted(one.seconds for one in samples)
        shown = (seconds[len(seconds) // 2], seconds[0], seconds[-1])
        rows.append((name, *(f"{one * 1e3:.1f} ms" for one in shown)))
    return Table(question, ("", "median", "least", "most"), tuple(rows), note)


def _overlay(text: str, launcher: str, overlays: Path, *, fresh: bool) -> float:
    record = json.loads(text)
    notebook = f"/notebooks/{'new' if fresh else 'old'}.ipynb"

    def make() -> None:
        described = overlay.describe(
            text, launcher=launcher, notebook=notebook, temporary=False, record_path="/record"
        )
        place = overlay.place_of(os.fspath(overlays), notebook, record)
        overlay.make_thin(place, record, launcher=launcher, text=described)

    if fresh:
        place = overlay.place_of(os.fspath(overlays), notebook, record)
        shutil.rmtree(place, ignore_errors=True)
    else:
        make()
    return _seconds(make)


def _large(path: Path) -> Path:
    chunk = "x" * 1_000_000
    outputs = [nbformat.v4.new_output("stream", text=chunk) for _ in range(LARGE // len(chunk))]
    cells = [nbformat.v4.new_code_cell("print()", outputs=outputs)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def _through(path: Path, stamp: Stamp | None) -> float:
    def go() -> None:
        content = files.load(path)
        if stamp is not None:
            content.metadata.pop("mlenv", None)
            files.put_stamp(content, stamp, path)
        files.save(path, content)

    return _seconds(go)


def _seconds(call: Callable[[], None]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
