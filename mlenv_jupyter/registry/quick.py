"""One read-only look at the registry with the standard library alone, for ``mlenv exec``.

SQLAlchemy and msgspec take longer to import than the whole of ``mlenv exec`` may last. Whatever
is unusual (another database, an older schema, nothing found) is answered with None, and the
caller goes the long way, which also has the error messages.
"""

from __future__ import annotations

import json
import os
import sqlite3

Built = tuple[str, dict[str, str]]
"""A version that has a lock here: its lock digest, and its variables."""

NEWEST = """\
SELECT v.definition, p.lock_digest FROM environments e
JOIN versions v ON v.id = e.latest_id
JOIN platform_locks p ON p.lock_id = v.lock_id AND p.platform = ?
WHERE e.name = ? ORDER BY p.created_at DESC LIMIT 1"""

ONE = """\
SELECT v.definition, p.lock_digest FROM environments e
JOIN versions v ON v.environment_id = e.id AND v.version = ?
JOIN platform_locks p ON p.lock_id = v.lock_id AND p.platform = ?
WHERE e.name = ? ORDER BY p.created_at DESC LIMIT 1"""

CURATED = """\
SELECT record FROM builds WHERE name = ? AND version = ? AND state = 'succeeded'
ORDER BY created_at DESC LIMIT 1"""


def find(home: str, name: str, version: str | None, platform: str) -> Built | None:
    """What a version resolved to on a platform such as ``linux-x86_64``."""
    path = os.path.join(home, "registry.sqlite")
    if os.environ.get("MLENV_DATABASE") or os.path.exists(os.path.join(home, "database")):
        return None
    if not os.path.exists(path):
        return None
    if version == "latest":
        version = None
    try:
        connection = sqlite3.connect(path, timeout=5)
    except sqlite3.Error:
        return None
    try:
        if name.startswith("mlenv-"):
            return _curated(connection, name, version)
        query, values = (
            (NEWEST, (platform, name)) if version is None else (ONE, (version, platform, name))
        )
        row = connection.execute(query, values).fetchone()
        if row is None and version is not None and version[0] == "v" and version[1:].isdigit():
            row = connection.execute(ONE, (version[1:], platform, name)).fetchone()
    except sqlite3.Error:
        return None
    finally:
        connection.close()
    if row is None:
        return None
    return _built(row[1], json.loads(row[0]).get("variables"))


def _curated(connection: sqlite3.Connection, name: str, version: str | None) -> Built | None:
    """A curated environment has no row: its own file, and its newest build."""
    directory = os.path.join(os.path.dirname(os.path.abspath(__file__)), "catalogue")
    stem = os.path.basename(name)
    # NAME.json is the newest version, NAME@1.json an older one.
    for file in (f"{stem}.json", f"{stem}@{os.path.basename(version or '')}.json"):
        try:
            with open(os.path.join(directory, file), "rb") as opened:
                entry = json.loads(opened.read())
        except OSError:
            continue
        if version in (None, entry["version"]):
            break
    else:
        return None
    row = connection.execute(CURATED, (entry["name"], entry["version"])).fetchone()
    digest = json.loads(row[0]).get("lock_digest") if row else None
    return _built(digest, entry["definition"].get("variables")) if digest else None


def _built(lock_digest: str, variables: dict[str, str] | None) -> Built:
    return lock_digest, variables or {}
