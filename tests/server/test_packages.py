"""Names and versions over HTTP; what an index answers is tried in tests/builds/index."""

from __future__ import annotations

from typing import Any

import pytest

CLOSED = "http://127.0.0.1:9/simple"


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index on a port where nothing listens."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", CLOSED)


async def test_names_are_completed_without_an_index(api: Any) -> None:
    answer = await api("POST", "/packages/names", {"text": "scikit", "limit": 3})
    assert answer.status == 200
    names = [one["name"] for one in answer.json["items"]]
    assert "scikit-learn" in names and len(names) <= 3
    assert answer.json["complete"] is False


async def test_versions_that_cannot_be_had_say_why(api: Any) -> None:
    answer = await api("POST", "/packages/releases", {"name": "idna"})
    assert answer.status == 503
    assert answer.json["error"]["where"] == "127.0.0.1:9"
    answer = await api("POST", "/packages/releases", {"name": "../x"})
    assert answer.status == 400
    answer = await api(
        "POST", "/packages/names", {"text": "a", "index_url": "http://me:hunter2@x/"}
    )
    assert answer.status == 400 and "hunter2" not in answer.response.body.decode()
