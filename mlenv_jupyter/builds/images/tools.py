"""The uv that installs the packages of an image, for the image's platform."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from mlenv_jupyter.builds.images.probe import Machine
from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.process import run, text_of
from mlenv_jupyter.store.places import Places


def uv_for(on: Machine, *, uv: str, places: Places, env: Mapping[str, str]) -> Path:
    """A uv that runs in the image: this machine's where that fits, else one from the index.

    Raises Unavailable.
    """
    machine = on.name
    if sys.platform == "linux" and machine == platform.machine() and not on.musl:
        return Path(uv)
    code, lines = run([uv, "--version"], env=env)
    version = text_of(lines, "out").split()[1] if code == 0 else ""
    kind = "musl" if on.musl else "gnu"
    place = places.store / "tools" / f"uv-{version}-{machine}-{kind}"
    binary = place / "bin" / "uv"
    if not binary.exists():
        code, lines = run(
            [
                *(uv, "pip", "install", "--no-deps", "--target", place, f"uv=={version}"),
                *("--python-platform", f"{machine}-unknown-linux-{kind}", "--only-binary", ":all:"),
            ],
            env=env,
        )
        if code != 0 or not binary.exists():
            raise Unavailable(
                f"uv for linux/{machine} could not be fetched.",
                detail=text_of(lines, "err")[-400:],
                remedy="Check that the package index can be reached.",
            )
    return binary
