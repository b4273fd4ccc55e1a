"""From a committed prefix to the launch record of its kernel."""

from __future__ import annotations

import sys

from mlenv_jupyter.core import identity
from mlenv_jupyter.core.builder import form_of
from mlenv_jupyter.core.names import kernel_name
from mlenv_jupyter.kernels.kernelspecs import display_name
from mlenv_jupyter.kernels.record import LaunchRecord
from mlenv_jupyter.registry.rows import VersionRow
from mlenv_jupyter.store.places import record_of
from mlenv_jupyter.store.store import Record, Store


def launch_record(row: VersionRow, record: Record, store: Store, uv: str) -> LaunchRecord:
    """All that starts the kernel of a version whose prefix has this commit record."""
    places = store.places
    place = places.prefix(record.lock_digest)
    prefix = record.prefix_at(place)
    layer = places.layer(record.layer) if record.layer else None
    other = "prefix" if form_of(row.definition) != "prefix" else ""
    return LaunchRecord(
        kernel_name=kernel_name(
            row.name, identity.fingerprint(row.definition_id, record.lock_digest)
        ),
        display_name=display_name(row.name, row.version, other),
        name=row.name,
        version=row.version,
        definition_id=row.definition_id,
        digest=row.digest,
        lock_digest=record.lock_digest,
        prefix=str(prefix),
        python=record.python_in(prefix),
        site_packages=str(prefix / record.site_packages),
        record=str(record_of(place)),
        layer=str(layer) if layer else None,
        layer_packages=_versions(store.record(layer) if layer else None),
        packages=record.versions,
        activation=record.activation,
        foreign=record.foreign is not None,
        variables=dict(row.definition.variables),
        overlays=str(places.overlays),
        uv=uv,
        cli=(sys.executable, "-m", "mlenv_jupyter.cli"),
        home=str(places.home),
        store=str(places.store),
    )


def _versions(record: Record | None) -> dict[str, str]:
    return record.versions if record else {}
