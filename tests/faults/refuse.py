"""Calls of the system that are refused one after the other, whoever makes them: ``refuse.c``."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import struct
import subprocess
from collections import Counter
from pathlib import Path

KINDS = ("open", "write", "sync", "rename", "link", "mkdir", "truncate", "copy")
"""The calls that are met, in the order of ``refuse.c``: to make a file, to write to one, …"""

SOURCE = Path(__file__).with_name("refuse.c")
HEAD = struct.Struct("5l")
EVER = 2**62


def compiler() -> str | None:
    """The C compiler of this machine."""
    return shutil.which(os.environ.get("CC", "cc"))


class Refusals:
    """What processes with ``environment`` are refused of what they write below ``places``."""

    def __init__(self, scratch: Path, places: list[Path]) -> None:
        scratch.mkdir()
        library, state = scratch / "refuse.so", scratch / "state"
        argv = [compiler() or "cc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror"]
        subprocess.run([*argv, "-o", library, SOURCE, "-ldl"], check=True)
        size = HEAD.size + 2 * len(KINDS) * struct.calcsize("l")
        state.write_bytes(bytes(size))
        with state.open("r+b") as file:
            self._state = mmap.mmap(file.fileno(), size)
        self.environment = {
            "LD_PRELOAD": str(library),
            "REFUSE": str(state),
            "REFUSE_BELOW": ":".join(str(one) for one in places),
        }

    def count(self) -> None:
        """Count from now on, and refuse nothing."""
        self._tell(1, 0, 0, 0)

    def refuse(self, nth: int, error: str, *, stays: bool = False) -> None:
        """Refuse the n-th call from now on, and with ``stays`` all that follow."""
        self._tell(1, nth, EVER if stays else nth, getattr(errno, error))

    def end(self) -> tuple[Counter[str], Counter[str]]:
        """Leave everything alone; how often each call was met, and how often it was refused."""
        self._state[: struct.calcsize("l")] = bytes(struct.calcsize("l"))
        numbers = struct.unpack(f"{2 * len(KINDS)}l", self._state[HEAD.size :])
        met, refused = numbers[: len(KINDS)], numbers[len(KINDS) :]
        return (
            Counter(dict(zip(KINDS, met, strict=True))),
            Counter(dict(zip(KINDS, refused, strict=True))),
        )

    def close(self) -> None:
        """Let go of the memory."""
        self._state.close()

    def _tell(self, counting: int, first: int, last: int, error: int) -> None:
        self._state[HEAD.size :] = bytes(len(self._state) - HEAD.size)
        self._state[: HEAD.size] = HEAD.pack(counting, 0, first, last, error)
