"""Build contexts: known by their files, kept as they were."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mlenv_jupyter.core.errors import NotFound, TooLarge
from mlenv_jupyter.store import contexts
from mlenv_jupyter.store.contexts import Contexts, digest_of
from mlenv_jupyter.store.places import Places


@pytest.fixture
def context(tmp_path: Path) -> Path:
    place = tmp_path / "context"
    (place / "sub").mkdir(parents=True)
    (place / "Dockerfile").write_text("FROM x\n")
    (place / "sub" / "run.sh").write_text("true\n")
    (place / "link").symlink_to("sub")
    return place


@pytest.mark.parametrize(
    "change",
    [
        lambda place: (place / "sub" / "run.sh").write_text("false\n"),
        lambda place: (place / "sub" / "run.sh").chmod(0o755),
        lambda place: (place / "sub" / "run.sh").rename(place / "run.sh"),
        lambda place: (place / "new").write_text(""),
        lambda place: ((place / "link").unlink(), (place / "link").symlink_to("Dockerfile")),
    ],
)
def test_any_change_is_another_digest(context: Path, change: Callable[[Path], object]) -> None:
    before = digest_of(context)
    change(context)
    assert digest_of(context) != before


def test_times_and_owners_are_no_part_of_it(context: Path) -> None:
    before = digest_of(context)
    os.utime(context / "Dockerfile", (0, 0))
    assert digest_of(context) == before


def test_the_copy_is_whole_and_read_only(context: Path, tmp_path: Path) -> None:
    kept = Contexts(Places(tmp_path / "home", tmp_path / "store"))
    os.mkfifo(context / "pipe")
    digest, place = kept.add(context)
    assert kept.add(context) == (digest, place) and place.name == digest
    assert digest_of(place) == digest
    assert os.readlink(place / "link") == "sub"
    assert not (place / "Dockerfile").stat().st_mode & 0o222


def test_limits(context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Contexts(Places(tmp_path / "home", tmp_path / "store"))
    monkeypatch.setattr(contexts, "MAX_FILES", 2)
    with pytest.raises(TooLarge):
        kept.add(context)
    with pytest.raises(NotFound):
        kept.add(context / "absent")
