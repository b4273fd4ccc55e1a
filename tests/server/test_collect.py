"""Free disk space over HTTP; what may go is tried in tests/builds/test_collect.py."""

from __future__ import annotations

import os
from typing import Any

from mlenv_jupyter.server.access import WorkspaceAccess
from mlenv_jupyter.store.places import lock_of


async def test_what_nothing_refers_to_is_counted_and_then_removed(
    api: Any, access: WorkspaceAccess
) -> None:
    assert (await api("POST", "/collect", {"dry_run": True})).json["counts"] == {}
    places = await access.call(lambda it: it.places)
    left = places.prefixes / ("0" * 32)
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"x" * 100)
    lock_of(left).touch()
    os.utime(left, (1, 1))
    found = await api("POST", "/collect", {"dry_run": True})
    gone = await api("POST", "/collect", {})
    assert found.json["counts"] == gone.json["counts"] == {"leftover": 1}
    assert not left.exists()
    assert (await api("POST", "/collect", {"dry_run": "yes"})).status == 400
