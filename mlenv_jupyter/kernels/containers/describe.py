"""From the record of an image to the launch record of its kernel."""

from __future__ import annotations

import sys
from pathlib import Path

from mlenv_jupyter.core import identity
from mlenv_jupyter.core.builder import form_of
from mlenv_jupyter.core.names import kernel_name
from mlenv_jupyter.kernels.containers.policy import Policy, granted
from mlenv_jupyter.kernels.kernelspecs import display_name
from mlenv_jupyter.kernels.record import Container, LaunchRecord
from mlenv_jupyter.registry.rows import VersionRow
from mlenv_jupyter.store.places import record_of
from mlenv_jupyter.store.store import Record, Store

KERNEL = "/opt/mlenv/kernel"
"""Where an image has its kernel layer."""


def container_record(row: VersionRow, record: Record, store: Store, policy: Policy) -> LaunchRecord:
    """All that starts the kernel of a version whose image has this record."""
    assert record.image is not None
    places, image = store.places, record.image
    place = places.image(record.lock_digest)
    docker = row.definition.docker
    other = "image" if form_of(row.definition) != "image" else ""
    given = granted(docker, policy)
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
        prefix=image.environment,
        python=image.interpreter,
        site_packages=record.site_packages,
        record=str(record_of(place)),
        layer=KERNEL,
        layer_packages=_kernel_packages(place),
        packages={one.name: one.version for one in record.packages},
        variables=dict(row.definition.variables),
        overlays=str(places.overlays),
        uv="",
        cli=(sys.executable, "-m", "mlenv_jupyter.cli"),
        home=str(places.home),
        store=str(places.store),
        container=Container(
            image=image.id,
            tag=image.tag,
            pushed=image.pushed,
            network=given.network,
            mount=given.mount,
            options=given.options,
            notes=given.notes,
            verbs=policy.verbs if given.mount else (),
        ),
    )


def _kernel_packages(place: Path) -> dict[str, str]:
    """The kernel layer's packages, from the list that it was built of; empty for a pulled image."""
    try:
        lines = (place / "kernel.txt").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split(" ")[0].partition("==") for line in lines if not line.startswith("-"))
    return {name: version for name, equals, version in pairs if equals}
