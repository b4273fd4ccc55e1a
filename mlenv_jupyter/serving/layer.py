"""The serving layer: what a service needs beside a lock, resolved with it as constraints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.install import install_layer
from mlenv_jupyter.builds.layer import resolve_beside
from mlenv_jupyter.builds.pipeline import environment_for
from mlenv_jupyter.builds.site import Site
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import BuildFailed, Unavailable
from mlenv_jupyter.core.lock import Lock, LockedPackage
from mlenv_jupyter.kernels.layer import finish_layer
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.store import Record, Store

WANTED = ["prometheus-client>=0.16", "starlette>=0.27", "uvicorn>=0.22"]


def serving_layer(
    places: Places,
    definition: Definition,
    record: Record,
    work: Path,
    say: Callable[[str], None],
) -> Path | None:
    """The directory that comes last on the path of a service; None where nothing is missing.

    Raises BuildFailed, Unavailable where nothing fits beside the lock.
    """
    prefix = record.prefix_at(places.prefix(record.lock_digest))
    found = pythons.query(Path(record.python_in(prefix)))
    if found is None:
        raise Unavailable(f"The Python in {prefix} does not start.", where=str(prefix))
    work.mkdir(parents=True, exist_ok=True)
    store = Store(places)
    site = Site(
        uv=pythons.find_uv(),
        python=found,
        places=places,
        store=store,
        work=work,
        env=environment_for(definition, places),
        on_line=lambda line: None,
        on_progress=lambda progress: None,
    )
    packages = tuple(
        LockedPackage(name=name, version=version, sha256="", filename="")
        for name, version in record.versions.items()
    )
    lock = Lock(
        python=found.version,
        implementation=found.implementation,
        platform=found.platform,
        packages=packages,
    )
    layer = resolve_beside(site, lock, record.lock_digest, WANTED, definition)
    if not layer.chosen:
        return None
    place = places.layer(layer.digest)
    if store.record(place) is None:
        say(f"Serving layer: {len(layer.chosen)} packages beside the environment")
        install_layer(
            site,
            place,
            layer.lock,
            layer.digest,
            layer.chosen,
            layer.addresses,
            layer.options,
            finish=finish_layer,
        )
    if store.record(place) is None:
        raise BuildFailed("The serving layer could not be made.")
    return place
