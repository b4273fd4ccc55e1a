"""``python -m bench [QUESTION …] [--rounds N] [--write]``: measure, print, write it down."""

from __future__ import annotations

import argparse
import importlib
import platform
from datetime import date
from pathlib import Path

QUESTIONS = (
    "warm_build",
    "cache_hit",
    "kernel_start",
    "server_start",
    "exec_start",
    "lab_start",
    "image_rebuild",
    "registry",
)
PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "performance.md"
HEAD = """# Performance

Each table comes from one run on one machine, contestants in shuffled order, everything
downloaded before. Take the ratios, not the seconds: machines are noisy.

    make bench ARGS="--rounds {rounds} --write"

Measured on {day} with Python {python} on {cores} cores ({system}).

"""


def main() -> None:
    """Answer the questions that were asked, or all of them."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("questions", nargs="*", choices=[*QUESTIONS, []])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="into docs/explanation/performance.md")
    asked = parser.parse_args()
    tables = []
    for name in asked.questions or QUESTIONS:
        for table in importlib.import_module(f"bench.{name}").run(asked.rounds):
            tables.append(table.markdown())
            print(tables[-1], flush=True)
    if asked.write:
        import os

        head = HEAD.format(
            rounds=asked.rounds,
            day=date.today().isoformat(),
            python=platform.python_version(),
            cores=os.cpu_count(),
            system=platform.system(),
        )
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(head + "\n".join(tables))


if __name__ == "__main__":
    main()
