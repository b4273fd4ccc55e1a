"""rattler as builds use it: what it asks channels for, and how a process ends that used it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlenv_jupyter.builds.conda.channels import Channels
from mlenv_jupyter.builds.conda.engine import Engine
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


def test_a_channel_that_has_not_changed_is_asked_anew_where_its_answer_is_not_understood(
    channels: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "stale", True)
    engine = Engine(Channels((f"{channels.address}/main",), {}, (), frozenset()), tmp_path)
    before = len(channels.asked)
    names = [[one.name.normalized for one in engine.solve(["padding"])] for _ in range(2)]
    assert [sorted(one) for one in names] == [["padding"]] * 2
    conditional = [
        path
        for path, headers in channels.asked[before:]
        if "if-modified-since" in map(str.lower, headers)
    ]
    assert any("repodata_shards" in one for one in conditional)


def test_several_channels_may_have_to_be_asked_anew_at_once(
    channels: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "stale", True)
    both = [f"{channels.address}/{name}" for name in ("main", "second")]
    for order in (both, both[::-1], both):
        engine = Engine(Channels(tuple(order), {}, (), frozenset()), tmp_path)
        found = engine.solve(["padding"])
        assert [one.name.normalized for one in found] == ["padding"]
