"""How long does a person wait for the Environments panel, with 1,000 and 10,000 environments?

In a real Chromium, before a real server; ``panel.mjs`` says what is timed.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from pathlib import Path

from bench.lab_start import TOKEN, serving
from bench.measure import Table
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.workspace import Workspace

HERE = Path(__file__).parent
SIZES = (1_000, 10_000)
HEAD = ("registered", "first row", "a letter", "frames a second", "longest frame", "a leap")


def run(count: int) -> list[Table]:
    """Open the panel, scroll to its end and back, and search, once for each size and round."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    node = shutil.which("node")
    if browser is None or node is None:
        raise SystemExit("This needs Node.js and Chromium.")
    program = (node, str(HERE / "panel.mjs"))
    rows = []
    for many in SIZES:
        opened: list[float] = []
        letters: list[float] = []
        frames: list[float] = []
        leaps: list[float] = []
        with serving(many, registered) as address:
            for _ in range(count):
                said = subprocess.run(
                    [*program, f"{address}/lab?token={TOKEN}", str(many), browser],
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                    cwd=HERE.parent,
                )
                found = json.loads(said.stdout)
                opened += found["opened"]
                letters += found["letters"]
                frames += found["frames"]
                leaps += found["leaps"]
        rows.append(
            (
                f"{many:,}",
                f"{statistics.median(opened):.0f} ms",
                f"{statistics.median(letters):.0f} ms, at most {max(letters):.0f}",
                f"{1000 / statistics.fmean(frames):.0f}",
                f"{max(frames):.0f} ms",
                f"{statistics.median(leaps):.0f} ms, at most {max(leaps):.0f}",
            )
        )
    note = (
        "Goals: a first row within 100 ms with 1,000, 60 frames a second over 10,000 rows. *First "
        "row* is from the command until the row is painted, loading the panel's code and asking "
        "the server included; *a letter* from the key until the frame after it; the scroll is two "
        "rows a frame for 180 frames; *a leap* is one of 90 with which the bar is dragged through "
        "the whole list. Without a graphics processor."
    )
    return [Table("The Environments panel in a browser", HEAD, tuple(rows), note)]


def registered(many: int) -> None:
    """Register so many; none is built."""
    workspace = Workspace.from_config()
    for number in range(many):
        definition = Definition.create(requirements=["six", f"package-{number % 50}"])
        workspace.register(f"bench-{number:05}", definition, description=f"Number {number}")
    print(f"{many} registered", flush=True)
    workspace.close()
