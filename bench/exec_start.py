"""What does ``mlenv exec`` add to the interpreter's own start?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench import five
from bench.measure import Table, median, rounds

COMMAND = ["python", "-c", "pass"]


def run(count: int) -> list[Table]:
    """Run nothing in the prefix, with and without mlenv."""
    made = five.workspace()
    digest = made.version("five").lock_digest
    assert digest is not None
    bare = [str(made.places.prefix(digest) / "bin" / "python"), *COMMAND[1:]]
    mlenv = [str(Path(sys.executable).with_name("mlenv")), "exec", "five", "--", *COMMAND]

    def once(argv: list[str]) -> None:
        subprocess.run(argv, check=True, env=dict(os.environ))

    found = rounds({"bare": lambda: once(bare), "mlenv exec": lambda: once(mlenv)}, count * 8)
    bare_ms, mlenv_ms = (median(found[one]).seconds * 1e3 for one in ("bare", "mlenv exec"))
    rows = (
        ("bare interpreter", f"{bare_ms:.0f} ms", ""),
        ("mlenv exec", f"{mlenv_ms:.0f} ms", f"+ {mlenv_ms - bare_ms:.0f} ms"),
    )
    note = "Goal: at most 60 ms more."
    return [Table("A command in an environment", ("", "median", "added"), rows, note)]
