"""Search over what ``latest.py`` writes down: an index of trigrams where the database has one.

The index follows from the column ``search`` and is no part of the schema: a database without it
is searched by reading, and the next process that can have one makes it. Words of fewer than three
characters are always looked for by reading.
"""

from __future__ import annotations

import contextlib

from sqlalchemy import ColumnElement, Connection, bindparam, select, text
from sqlalchemy.exc import DatabaseError

from mlenv_jupyter.registry.rows import E

NAME = "environments_search"
MAX_WORDS = 16
SELECTIVE = 200
"""Up to so many matches are fetched and sorted; above it the newest are read until enough match."""

SQLITE = (
    f"CREATE VIRTUAL TABLE {NAME} USING fts5"
    "(search, content='environments', content_rowid='id', tokenize='trigram', detail='full')",
    f"CREATE TRIGGER {NAME}_added AFTER INSERT ON environments BEGIN"
    f" INSERT INTO {NAME}(rowid, search) VALUES (new.id, new.search); END",
    f"CREATE TRIGGER {NAME}_removed AFTER DELETE ON environments BEGIN"
    f" INSERT INTO {NAME}({NAME}, rowid, search) VALUES ('delete', old.id, old.search); END",
    f"CREATE TRIGGER {NAME}_changed AFTER UPDATE OF search ON environments"
    " WHEN old.search IS NOT new.search BEGIN"
    f" INSERT INTO {NAME}({NAME}, rowid, search) VALUES ('delete', old.id, old.search);"
    f" INSERT INTO {NAME}(rowid, search) VALUES (new.id, new.search); END",
    f"INSERT INTO {NAME}({NAME}) VALUES ('rebuild')",
)
POSTGRES = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    f"CREATE INDEX IF NOT EXISTS {NAME} ON environments USING gin (search gin_trgm_ops)",
)

FIND_SQLITE = (
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'trigger') AND name IN"
    f" ('{NAME}', '{NAME}_added', '{NAME}_removed', '{NAME}_changed')"
)

# Not joined: the planner would read every row and ask the index for each. Made once, as a query
# takes SQLAlchemy longer to make than SQLite to answer.
MATCHING = text(f"SELECT rowid FROM {NAME} WHERE {NAME} MATCH :phrase LIMIT {SELECTIVE + 1}")
# `archived_at` is looked at afterwards: in the query it would choose the wrong index.
FOUND = select(E.c.updated_at, E.c.id, E.c.archived_at, E.c.search).where(
    E.c.id.in_(bindparam("ids", expanding=True))
)


def ensure(connection: Connection) -> bool:
    """Have the index of trigrams, if this database can; whether it is one to ask (SQLite's)."""
    if connection.dialect.name == "postgresql":
        # Allowed to the owner of the database only: without it the same query reads every row.
        if not connection.scalar(text("SELECT to_regclass(:name)"), {"name": NAME}):
            with contextlib.suppress(DatabaseError), connection.begin_nested():
                for one in POSTGRES:
                    connection.exec_driver_sql(one)
        return False
    if connection.dialect.name != "sqlite":
        return False
    there = {row[0] for row in connection.exec_driver_sql(FIND_SQLITE)}
    if len(there) == 4:
        try:
            connection.exec_driver_sql(f"SELECT rowid FROM {NAME} LIMIT 0")
        except DatabaseError:
            # Another SQLite made it, and this one could write nothing while it is there.
            drop(connection)
            return False
        return True
    try:
        drop(connection)
        for one in SQLITE:
            connection.exec_driver_sql(one)
    except DatabaseError:
        drop(connection)
        return False
    return True


def drop(connection: Connection) -> None:
    """Take SQLite's index away; searches read every row then."""
    for kind in ("added", "removed", "changed"):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {NAME}_{kind}")
    with contextlib.suppress(DatabaseError):
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {NAME}")


def words_of(query: str) -> list[str]:
    """The words that must all match, in lower case."""
    return query.lower().split()[:MAX_WORDS]


def matching(
    connection: Connection, words: list[str], *, archived: bool
) -> list[tuple[str, int]] | None:
    """When each environment that has every word was changed, and its id, newest first.

    None where it is better to read: no index for these words, or each of them matches more than
    is worth sorting.
    """
    if connection.dialect.name != "sqlite":
        return None
    indexed = sorted((one for one in words if len(one) >= 3), key=len, reverse=True)
    phrases = ['"' + word.replace('"', '""') + '"' for word in indexed]
    if len(phrases) > 1:
        phrases.append(" ".join(phrases))
    for phrase in phrases:
        ids = connection.scalars(MATCHING, {"phrase": phrase}).all()
        if len(ids) > SELECTIVE:
            continue
        shown = [
            (at, environment_id)
            for at, environment_id, archived_at, said in connection.execute(
                FOUND, {"ids": ids}
            ).all()
            if (archived or not archived_at) and all(word in said for word in words)
        ]
        return sorted(shown, reverse=True)
    return None


def contains(words: list[str]) -> list[ColumnElement[bool]]:
    """The same by reading: one condition a word."""
    return [E.c.search.contains(word, autoescape=True) for word in words]


def is_index(name: str) -> bool:
    """Whether a table or index belongs to the search and not to the schema."""
    return name.startswith(NAME)
