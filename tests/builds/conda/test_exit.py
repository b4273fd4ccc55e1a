"""A process that used rattler ends as it should, however soon after."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conda_channel import Server

pytestmark = [pytest.mark.network, pytest.mark.slow]

PROGRAM = """
import sys
from pathlib import Path
from mlenv_jupyter.builds.conda.channels import Channels
from mlenv_jupyter.builds.conda.engine import Engine
address, cache, prefix = sys.argv[1:]
engine = Engine(Channels((address,), {}, (), frozenset()), Path(cache))
engine.install(engine.solve(["padding", "oldapp", "probe"]), Path(prefix), lambda progress: None)
"""


def test_no_crash_at_the_end(channels: Server, tmp_path: Path) -> None:
    codes = [
        subprocess.run(
            [
                *(sys.executable, "-c", PROGRAM),
                *(f"{channels.address}/main", tmp_path / "cache", tmp_path / f"prefix-{number}"),
            ],
            check=False,
        ).returncode
        for number in range(10)
    ]
    assert codes == [0] * 10
