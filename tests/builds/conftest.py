"""A package whose build waits, so that a test can look at a build in the middle of its work."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.registry.postgres import postgres, postgres_server  # noqa: F401 - fixtures

BACKEND = """
import os, time
from pathlib import Path

def _wait():
    Path({started!r}).touch()
    while not Path({go!r}).exists():
        time.sleep(0.01)

def get_requires_for_build_wheel(config_settings=None):
    return []

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    _wait()
    place = Path(metadata_directory, "slowly-1.0.dist-info")
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\\nName: slowly\\nVersion: 1.0\\n")
    (place / "WHEEL").write_text(
        "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    return place.name

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    import zipfile
    _wait()
    name = "slowly-1.0-py3-none-any.whl"
    info = "slowly-1.0.dist-info/"
    with zipfile.ZipFile(Path(wheel_directory, name), "w") as wheel:
        wheel.writestr("slowly.py", "x = 1\\n")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: slowly\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL",
            "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD",
            "slowly.py,,\\n%sMETADATA,,\\n%sWHEEL,,\\n%sRECORD,,\\n" % (info, info, info))
    return name
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
METADATA = "Metadata-Version: 2.1\nName: slowly\nVersion: 1.0\n"


class Slow(NamedTuple):
    """The requirement of the waiting package; it goes on when ``go`` exists."""

    requirement: str
    started: Path
    go: Path


@pytest.fixture
def slow(tmp_path: Path) -> Slow:
    """A source distribution whose build waits for a file."""
    started, go = tmp_path / "started", tmp_path / "go"
    backend = BACKEND.format(started=str(started), go=str(go))
    archive = tmp_path / "slowly-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in {
            "PKG-INFO": METADATA,
            "pyproject.toml": PROJECT,
            "backend.py": backend,
        }.items():
            info = tarfile.TarInfo(f"slowly-1.0/{name}")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return Slow(f"slowly @ {archive.as_uri()}", started, go)
