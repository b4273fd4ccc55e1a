"""What limits a build beside its requirements: constraints, and the hashes of files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.network

Built = Callable[..., Any]


def test_a_limit_of_what_is_not_asked_for_is_kept_to(
    built: Built, wheelhouse: Callable[..., Path]
) -> None:
    place = wheelhouse("mlenv-test-top", requires=("mlenv-test-below",))
    for version in ("1.0", "2.0"):
        wheelhouse("mlenv-test-below", version)
    version, build = built(
        "limited",
        "mlenv-test-top",
        find_links=[str(place)],
        constraints=["mlenv-test-below<2", "mlenv-test-elsewhere==9"],
    )
    assert (build.state, build.error) == ("succeeded", None)
    assert {one.name: one.version for one in version.packages} == {
        "mlenv-test-top": "1.0",
        "mlenv-test-below": "1.0",
    }


def test_no_file_is_taken_that_has_another_hash(
    built: Built, wheelhouse: Callable[..., Path]
) -> None:
    place = wheelhouse("mlenv-test-top")
    (file,) = place.iterdir()
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    asked = {"find_links": [str(place)]}
    version, build = built(
        "right", "mlenv-test-top", hashes={"mlenv-test-top": [f"sha256:{sha256}"]}, **asked
    )
    assert (build.state, build.error) == ("succeeded", None)
    assert [one.sha256 for one in version.packages] == [sha256]

    wrong = {"mlenv-test-top": [f"sha256:{'0' * 64}"]}
    _, build = built("wrong", "mlenv-test-top", hashes=wrong, **asked)
    assert build.state == "failed"
    assert build.error.code == "hash_mismatch"
    assert "mlenv-test-top 1.0" in build.error.message
