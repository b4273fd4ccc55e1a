"""One rig for a file of tests: what it takes to build the first environment is paid once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from .rig import OPS, Rig


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, shared_cache: Path) -> Iterator[Rig]:
    """A workspace to be struck."""
    made = Rig(tmp_path_factory.mktemp("faults"), shared_cache)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.environment.items():
            patch.setenv(name, value)
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        made.begin()
        yield made
        made.close()


@pytest.fixture(scope="module")
def passed(rig: Rig) -> dict[str, Counter[str]]:
    """How often each thing that is done passes each point, when nothing fails."""
    return {op: rig.counted(op) for op in OPS}
