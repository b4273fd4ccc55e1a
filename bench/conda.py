"""A conda environment beside bare py-rattler, and ten that share most beside ten venvs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from bench import five
from bench.measure import Table, compare, rounds
from mlenv_jupyter.builds.python import find_uv
from mlenv_jupyter.core.definition import Definition
from tests import conda_channel

PACKAGES = ("ipykernel", "numpy", "probe")
SHARED = ("numpy", "pandas", "scikit-learn", "matplotlib", "ipykernel", "requests", "pyyaml")
OWN = ("toolz", "attrs", "idna", "click", "rich", "tqdm", "networkx", "sympy", "jinja2", "msgspec")

# A program of its own, as a person would write it: solve from the cached index, then link.
BARE = """
import asyncio, os, sys
from pathlib import Path
from rattler import Channel, Gateway, VirtualPackage, install, solve
channel, cache, prefix, *specs = sys.argv[1:]
async def main():
    records = await solve([Channel(channel)], specs, gateway=Gateway(Path(cache, "repodata")),
                          virtual_packages=VirtualPackage.detect())
    await install(records, prefix, cache_dir=Path(cache, "packages"), show_progress=False)
asyncio.run(main())
os._exit(0)  # one in six crashes otherwise, as its threads outlive Python
"""


def run(count: int) -> list[Table]:
    """Warm conda installations, then the disk that ten environments take."""
    return [_install(count), _disk()]


def _install(count: int) -> Table:
    server = conda_channel.Server(0, conda_channel.ensure()).start()
    main = f"{server.address}/main"
    made = five.workspace()
    definition = Definition.create(conda_packages=PACKAGES, conda_channels=[main])
    version, _ = made.register("conda", definition)
    cache = five.CACHE / "rattler"

    def mlenv() -> float:
        digest = made.version("conda", version.version).lock_digest
        if digest is not None:
            made.store.remove(made.places.prefix(digest))
        began = time.perf_counter()
        build = made.wait(made.build("conda", version.version).id)
        assert build.state == "succeeded", build.error
        return time.perf_counter() - began

    def bare(then: Callable[[Path], None] = lambda place: None) -> float:
        with five.scratch() as scratch:
            place = Path(scratch) / "env"
            began = time.perf_counter()
            subprocess.check_call([sys.executable, "-c", BARE, main, cache, place, *PACKAGES])
            then(place)
            return time.perf_counter() - began

    def compiled(place: Path) -> None:
        python = place / "bin" / "python"
        subprocess.call([python, "-m", "compileall", "-q", "-j", "0", place / "lib"])

    mlenv()
    bare()
    found = rounds(
        {"mlenv": mlenv, "py-rattler": bare, "py-rattler + compileall": lambda: bare(compiled)},
        count,
    )
    server.shutdown()
    return compare(
        f"Warm installation of {{{', '.join(PACKAGES)}}} and a Python from a conda channel",
        found,
        "mlenv",
        "mlenv's includes the kernel layer, bytecode, activation, checks, read-only and the log.",
    )


def _disk() -> Table:
    made = five.workspace()
    places: list[Path] = []
    for own in OWN:
        made.register(f"ten-{own}", Definition.create(requirements=[*SHARED, own]))
        build = made.wait(made.build(f"ten-{own}").id)
        assert build.lock_digest is not None, build.error
        places.append(made.places.prefix(build.lock_digest))
    ours = _bytes(places)
    with five.scratch() as scratch:
        venvs = [Path(scratch) / own for own in OWN]
        uv = find_uv()
        env = {**os.environ, "UV_CACHE_DIR": str(made.places.uv_cache)}
        for own, place in zip(OWN, venvs, strict=True):
            subprocess.check_call([uv, "venv", "-q", place, "--python", sys.executable], env=env)
            subprocess.check_call(
                [
                    *(uv, "pip", "install", "-q", "--link-mode", "copy", "--compile-bytecode"),
                    *("--python", place / "bin" / "python", *SHARED, own),
                ],
                env=env,
            )
        theirs = _bytes(venvs)
    rows = [
        ("mlenv", f"{ours / 1e6:.0f} MB", "1.00 ×"),
        ("ten venvs, as pip makes them", f"{theirs / 1e6:.0f} MB", f"{theirs / ours:.2f} ×"),
    ]
    return Table(
        "Disk used by ten environments that share nine tenths of their packages",
        ("", "on disk", "beside mlenv"),
        tuple(rows),
        "Files with more than one name are counted once; bytecode included in both.",
    )


def _bytes(places: Iterable[Path]) -> int:
    """What is on disk below these places, each file once however many names it has."""
    seen: dict[tuple[int, int], int] = {}
    for place in places:
        for top, _, files in os.walk(place):
            for name in files:
                found = os.lstat(os.path.join(top, name))
                seen[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(seen.values())
