"""What does a run add to running the same interpreter?"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from bench import five
from bench.measure import Clock, Sample, Table, median, rounds
from mlenv_jupyter.core.run import RunRequest

COMMAND = ("python", "-c", "pass")


def run(count: int) -> list[Table]:
    """Run nothing: with subprocess.run, and as a run with its record, log and outputs."""
    made = five.workspace()
    digest = made.version("five").lock_digest
    assert digest is not None
    bare = [str(made.places.prefix(digest) / "bin" / "python"), *COMMAND[1:]]
    answered: list[Sample] = []
    with tempfile.TemporaryDirectory() as source:
        (Path(source) / "train.py").write_text("")
        request = RunRequest(
            experiment="bench", name="five", source_directory=source, command=COMMAND
        )

        def whole() -> None:
            clock = Clock()
            submitted = made.runs.submit(request)
            answered.append(clock.read())
            ended = made.runs.wait(submitted.id, 60)
            assert ended.exit_code == 0, ended

        found = rounds(
            {
                "bare": lambda: _once(bare),
                "run": whole,
            },
            count * 5,
        )
    bare_ms, run_ms = (median(found[one]).seconds * 1e3 for one in ("bare", "run"))
    answer_ms = median(answered).seconds * 1e3
    rows = (
        ("subprocess.run of the interpreter", f"{bare_ms:.0f} ms", ""),
        ("until submit answers", f"{answer_ms:.0f} ms", ""),
        ("from submit to the end of the run", f"{run_ms:.0f} ms", f"+ {run_ms - bare_ms:.0f} ms"),
    )
    note = (
        "What is added is a worker process of its own (mlenv's imports), the snapshot, the record "
        "and the log on disk: what lets a run outlive whoever submitted it."
    )
    return [Table("A run that does nothing", ("", "median", "added"), rows, note)]


def _once(argv: list[str]) -> None:
    subprocess.run(argv, check=True, env=dict(os.environ))
