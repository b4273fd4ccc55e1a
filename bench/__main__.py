"""``python -m bench [QUESTION …] [--rounds N] [--write]``: measure, print, write it down."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import re
from datetime import date
from pathlib import Path

QUESTIONS = (
    "warm_build",
    "links",
    "cache_hit",
    "kernel_start",
    "switch",
    "notebooks",
    "server_start",
    "exec_start",
    "run_start",
    "serving",
    "lab_start",
    "panel",
    "image_rebuild",
    "registry",
    "log",
    "conda",
)
PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "performance.md"
HEAD = """# Performance

The contestants of a table run in shuffled order on one machine, everything downloaded before. Take
the ratios, not the seconds. *Processor* is user and system time of all processes of a contestant:
where others run on the machine, it is what is left to compare by.

    make bench ARGS="--rounds 3 --write"             # all of it
    make bench ARGS="warm_build --rounds 3 --write"  # one question; the others stay

"""
SECTION = re.compile(r"<!-- (\w+) -->\n(.*?)(?=<!-- \w+ -->|\Z)", re.S)


def main() -> None:
    """Answer the questions that were asked, or all of them."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("questions", nargs="*", choices=[*QUESTIONS, []])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="into docs/explanation/performance.md")
    asked = parser.parse_args()
    for name in asked.questions or QUESTIONS:
        busy = os.getloadavg()[1]
        tables = [
            one.markdown() for one in importlib.import_module(f"bench.{name}").run(asked.rounds)
        ]
        busy = max(busy, os.getloadavg()[1])
        said = "\n".join(tables) + _circumstances(asked.rounds, busy)
        print(said, flush=True)
        if asked.write:
            _write(name, said)


def _circumstances(rounds: int, busy: float) -> str:
    cores = os.cpu_count() or 1
    others = (
        "" if busy <= cores else f"; the machine was busy (load {busy:.0f}), so seconds are noisy"
    )
    return (
        f"\n*{date.today().isoformat()}: {rounds} rounds, Python {platform.python_version()}, "
        f"{cores} cores, {platform.system()}{others}.*\n\n"
    )


def _write(name: str, said: str) -> None:
    """Put one question's tables into the page; those of the others stay."""
    before = PAGE.read_text() if PAGE.exists() else ""
    sections = {one: text for one, text in SECTION.findall(before) if one in QUESTIONS}
    sections[name] = said
    texts = [f"<!-- {one} -->\n{sections[one]}" for one in QUESTIONS if one in sections]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(HEAD + "".join(texts).rstrip() + "\n")


if __name__ == "__main__":
    main()
