"""How much JavaScript a browser fetches: little when JupyterLab starts, the rest on first use."""

import gzip
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "mlenv_jupyter" / "labextension" / "static"
KB = 1000
AT_START = 100 * KB
IN_ALL = 250 * KB


def gzipped(file: Path) -> int:
    """Its size as a server with gzip sends it."""
    return len(gzip.compress(file.read_bytes(), 9))


def start_chunks(entry: str) -> set[str]:
    """The chunks that the entry loads for the plugins and their style."""
    found = re.findall(r'"\./(?:index|extension|style)":\(\)=>(.+?)\.then', entry)
    assert len(found) == 3, "the entry has another form than this test knows"
    return {chunk for part in found for chunk in re.findall(r"\.e\(\"?(\w+)\"?\)", part)}


@pytest.fixture(scope="module")
def scripts() -> dict[str, int]:
    sizes = {file.name: gzipped(file) for file in STATIC.glob("*.js")}
    assert sizes, "the panel is not built: make setup"
    return sizes


def test_little_is_fetched_at_start(scripts: dict[str, int]) -> None:
    (entry,) = STATIC.glob("remoteEntry.*.js")
    chunks = start_chunks(entry.read_text())
    at_start = {
        name: size
        for name, size in scripts.items()
        if name == entry.name or name == "style.js" or name.split(".")[0] in chunks
    }
    assert len(at_start) >= len(chunks)
    assert sum(at_start.values()) <= AT_START, at_start


def test_not_much_is_fetched_in_all(scripts: dict[str, int]) -> None:
    assert sum(scripts.values()) < IN_ALL, scripts
