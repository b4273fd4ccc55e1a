"""Waiting for a version to be built, by a process that is to use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.store import Record, Store

if TYPE_CHECKING:
    from mlenv_jupyter.core.build import Form
    from mlenv_jupyter.registry.registry import Registry


def built_record(
    places: Places,
    registry: Registry,
    database: str | None,
    build_id: str,
    say: Callable[[str], None],
) -> Record:
    """The record of what a build made, when it has ended; says what the build says.

    Raises BuildFailed, with the build's own reason.
    """
    from mlenv_jupyter.builds.queue import Queue

    build = registry.builds.get(build_id)
    reference = f"{build.name}:{build.version}"
    if not build.ended:
        say(f"Building {reference} ({build.id})")
        queue = Queue(places, registry, database)
        shown = 0
        while not build.ended:
            build = queue.wait(build.id, 0.2)
            said = [one.x for one in read_records(places.build(build.id) / "log.jsonl")]
            for text in filter(None, said[shown:]):
                say(text)
            shown = len(said)
    if build.state != "succeeded" or build.lock_digest is None:
        if build.error is not None:
            raise BuildFailed.of(build.error)
        raise BuildFailed(
            f"The build of {reference} was {build.state}.",
            remedy=f"`mlenv log {build.id}` shows it.",
        )
    record = record_of(places, build.lock_digest, build.form)
    if record is not None:
        return record
    raise BuildFailed(
        f"What was built of {reference} is not there any more.",
        remedy=f"Build it again: mlenv build {reference} --force"
        + (" --as image" if build.form == "image" else ""),
    )


def record_of(places: Places, lock_digest: str, form: Form | None = None) -> Record | None:
    """The record of what a lock was built as, in any form where none is named; None without one."""
    store = Store(places)
    where = {"prefix": places.prefix, "image": places.image}
    wanted = [where[form]] if form else where.values()
    found = (store.record(place(lock_digest)) for place in wanted)
    return next((one for one in found if one is not None), None)
