"""Which kernels are worth to be started before anybody asks, and whether one is still the same."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.kernels.record import LaunchRecord, record_path
from mlenv_jupyter.kernels.retire import last_used

Seen = tuple[tuple[int, int, int] | None, ...]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel of mlenv; ``text`` is its launch record, ``seen`` how its files are now."""

    kernel_name: str
    record: LaunchRecord
    text: str
    seen: Seen


def candidates(kernels: Path, installed: Iterable[str], most: int) -> list[Candidate]:
    """The most recently used kernels that can be started ahead, the last used first."""
    found: list[Candidate] = []
    by_use = sorted(installed, key=lambda one: last_used(kernels, one), reverse=True)
    for name in by_use:
        if len(found) == most:
            break
        one = look(kernels, name)
        if one is not None and is_fit(one.record):
            found.append(one)
    return found


def look(kernels: Path, kernel_name: str) -> Candidate | None:
    """A kernel as it is on disk now, or None where it cannot be read."""
    try:
        text = record_path(kernels, kernel_name).read_text(encoding="utf-8")
        record = msgspec.json.decode(text, type=LaunchRecord)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError, MlenvError):
        return None
    made_of = [record.python, record.prefix, record.site_packages, record.record]
    made_of += [record.layer] if record.layer else []
    return Candidate(
        kernel_name=kernel_name, record=record, text=text, seen=files_as_they_are(made_of)
    )


def is_fit(record: LaunchRecord) -> bool:
    """Whether a start ahead is the same as a start when asked.

    A container is told what to mount, a secret may be another one by then, and what is in an
    environment of the user's own is not ours to know.
    """
    secret = any("${secret:" in text for text in record.variables.values())
    return record.container is None and not record.foreign and not secret


def files_as_they_are(paths: Iterable[str]) -> Seen:
    """What tells that a file was written anew: inode, size and time; None for one not there."""
    found: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            stat = os.stat(path)
        except OSError:
            found.append(None)
        else:
            found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(found)
