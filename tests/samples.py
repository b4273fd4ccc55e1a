"""How much of a directory of real files is imported: ``python tests/samples.py DIR [--all]``.

One line a file, and a table: imported without loss, with something said, refused. Without loss is
where everything in the file is in the Definition, and a file written from it reads the same.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.core.identity import digest
from mlenv_jupyter.files import read_path
from mlenv_jupyter.formats import Imported, Subject, read_text, write_files

NOT_SAMPLES = frozenset(("README.md", "SOURCES.csv", "LICENSE", "asset.yaml", "spec.yaml"))
WRITTEN = {"requirements": "requirements-unpinned", "azureml": "azureml"}
"""The format that carries all of what a format reads; conda's does for most."""


class Outcome(NamedTuple):
    """What became of one file."""

    path: Path
    kind: str
    word: str
    said: tuple[str, ...]
    seconds: float


def samples(directory: Path) -> list[Path]:
    """The files of a directory, and the folders that are environments themselves."""
    found: list[Path] = []
    folders = {one.parent for one in directory.rglob("asset.yaml")}
    for one in sorted(directory.rglob("*")):
        # Of such a folder the files in its context count by themselves, too.
        single = one.is_file() and one.name not in NOT_SAMPLES and one.parent not in folders
        if one in folders or single:
            found.append(one)
    return found


def outcome(path: Path) -> Outcome:
    """Import one file, write it again, and read that."""
    began = time.perf_counter()
    try:
        read = read_path(path)
    except MlenvError as error:
        places = [one.where for one in getattr(error, "problems", ())] or [error.where]
        if not all(places):
            raise RuntimeError(f"{path} is refused without a place: {error}") from error
        return Outcome(
            path, path.parent.name, "refused", (str(error),), time.perf_counter() - began
        )
    seconds = time.perf_counter() - began
    again = digest_again(read)
    if again is not None and again != digest(read.definition):
        return Outcome(path, read.format, "changed", ("out and in gives another digest",), seconds)
    said = (*read.report.refused, *read.report.kept)
    word = "partly" if read.report.refused else "with notes" if read.report.kept else "lossless"
    return Outcome(path, read.format, word, said, seconds)


def digest_again(read: Imported) -> str | None:
    """The digest after out and in again, in the format that carries it."""
    definition = read.definition
    form = WRITTEN.get(read.format, "conda")
    if definition.docker is not None:
        form = "dockerfile" if definition.docker.dockerfile else "azureml"
    files = write_files(form, Subject(definition, name=read.name or "x"))
    if form == "azureml":
        made = read_text("azureml_environment.json", files["azureml_environment.json"], files.get)
    else:
        (name, text), *_ = files.items()
        made = read_text(name, text, files.get)
    return digest(made.definition)


def main(arguments: list[str]) -> int:
    """Print the table; 1 where something changed on the way."""
    directory = Path(arguments[0] if arguments else "../shared/samples")
    outcomes = [outcome(one) for one in samples(directory)]
    everything = "--all" in arguments
    for one in outcomes:
        if everything or one.word in ("refused", "changed", "partly"):
            print(f"{one.word:10} {one.path.relative_to(directory)}")
            for line in one.said[:20]:
                print(f"           {line[:160]}")
    words = ("lossless", "with notes", "partly", "refused", "changed")
    kinds = sorted({one.path.relative_to(directory).parts[0] for one in outcomes})
    print(f"\n| what | files | {' | '.join(words)} | slowest, ms |\n|---|{'---|' * 7}")
    for kind in (*kinds, "all"):
        of = [o for o in outcomes if kind in ("all", o.path.relative_to(directory).parts[0])]
        counts = Counter(one.word for one in of)
        slowest = max(one.seconds for one in of) * 1000
        print(
            f"| {kind} | {len(of)} | {' | '.join(str(counts[one]) for one in words)} "
            f"| {slowest:.0f} |"
        )
    return 1 if any(one.word == "changed" for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
