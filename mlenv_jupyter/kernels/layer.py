"""What a kernel layer holds: ipykernel and pip for an environment that has neither."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mlenv_jupyter.core.errors import Unavailable

OLDEST = (3, 7)
SHEBANG = b"#!/usr/bin/env python\n"


def layer_requirements(python_version: str) -> list[str]:
    """The requirements of the kernel layer for a Python ``3.x`` or ``3.x.y``.

    They are resolved with the lock as constraints, so the bounds are as wide as ``kernel_app.py``
    allows. Raises Unavailable for a Python that no ipykernel of today's protocol runs on.
    """
    found = tuple(int(part) for part in python_version.split(".")[:2])
    if found < OLDEST:
        raise Unavailable(
            f"Notebooks do not run on Python {python_version}.",
            remedy="Choose Python 3.7 or later.",
        )
    return ["comm>=0.1.1", "ipykernel>=6.9,<8", "pip"]


def finish_layer(layer: Path) -> None:
    """Let a layer's scripts run with whatever ``python`` is first on PATH: the overlay's.

    A layer is shared by many prefixes, so it can name none of them. Scripts are replaced, not
    edited: they may be hard links into a cache.
    """
    binaries = layer / "bin"
    if not binaries.is_dir():
        return
    for script in binaries.iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        data = script.read_bytes()
        rewritten = _portable(data)
        if rewritten is None or rewritten == data:
            continue
        mode = stat.S_IMODE(script.stat().st_mode) | stat.S_IXUSR | stat.S_IWUSR
        staged = script.with_name(f".{script.name}.new")
        staged.write_bytes(rewritten)
        staged.chmod(mode)
        os.replace(staged, script)


def _portable(data: bytes) -> bytes | None:
    if not data.startswith(b"#!"):
        return None
    first, _, rest = data.partition(b"\n")
    if first == b"#!/bin/sh" and rest.startswith(b"'''exec'"):
        # Long paths: `#!/bin/sh`, then a line that is a command to sh and a string to Python,
        # which ends on the line below.
        _, _, rest = rest.partition(b"\n")
        if rest.startswith(b"' '''"):
            _, _, rest = rest.partition(b"\n")
        return SHEBANG + rest
    if b"python" not in first:
        return None
    return SHEBANG + rest
