"""Versions as files that other tools read: what the registry knows of a lock goes with them."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlenv_jupyter.formats.carried import left_out
from mlenv_jupyter.formats.written import EXPORTS, Subject, write_files

if TYPE_CHECKING:
    from mlenv_jupyter.core.universal import UniversalLock
    from mlenv_jupyter.registry.registry import Registry
    from mlenv_jupyter.registry.rows import VersionRow
    from mlenv_jupyter.store.places import Places
    from mlenv_jupyter.views import Views

EPOCH = (1980, 1, 1, 0, 0, 0)


class Exports:
    """Writes versions in the formats of ``EXPORTS``."""

    def __init__(self, places: Places, registry: Registry, views: Views) -> None:
        self._places = places
        self._registry = registry
        self._views = views

    def files(self, name: str, version: str | None, form: str) -> dict[str, str]:
        """The files of a version in a format, by their paths.

        Raises NotFound, InvalidRequest for a format that is not there, Conflict where it needs a
        lock and there is none, and BuildFailed where an index has to be asked and cannot be.
        """
        row = self._registry.find(name, version)
        found = self._views.full(row)
        lock = self._lock(row)
        what = Subject(
            definition=row.definition,
            name=found.name,
            version=found.version,
            packages=found.packages,
            lock=lock,
        )
        if form == "pylock" and lock is not None and lock.packages:
            what = what._replace(addresses=self._addresses(what, lock))
        return write_files(form, what)

    def file(self, name: str, version: str | None, form: str) -> tuple[str, bytes]:
        """One file's name and content: what a browser downloads. Several files are a zip of them.

        Raises as ``files`` does.
        """
        files = self.files(name, version, form)
        row = self._registry.find(name, version)
        export = EXPORTS[form]
        filename = f"{row.name}-{row.version}{export.suffix}"
        if len(files) == 1 and export.suffix != ".zip":
            return filename, next(iter(files.values())).encode()
        return filename.removesuffix(export.suffix) + ".zip", zipped(files)

    def left_out(self, name: str, version: str | None, form: str) -> tuple[str, ...]:
        """The parts of a version that a format cannot carry; raises NotFound."""
        return left_out(form, self._registry.find(name, version).definition)

    def _lock(self, row: VersionRow) -> UniversalLock | None:
        if row.definition.kind == "conda" or row.definition.user_managed_dependencies:
            return None
        lock_id = row.lock_id
        if lock_id is None and row.source == "catalogue":
            from mlenv_jupyter.builds.python import default_version

            lock_id = self._registry.lock_of_curated(
                row, row.definition.python or default_version()
            )
        kept = self._registry.locks.get(lock_id) if lock_id is not None else None
        return kept.lock if kept is not None else None

    def _addresses(self, what: Subject, lock: UniversalLock) -> dict[str, str]:
        """Where the index has each file now, as the registry gives none of its addresses away."""
        from mlenv_jupyter.builds.addresses import addresses_of

        with tempfile.TemporaryDirectory(dir=self._places.home, prefix=".export-") as work:
            return addresses_of(what.definition, lock, self._places, Path(work))


def zipped(files: dict[str, str]) -> bytes:
    """Files in a zip; the same files give the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), text)
    return made.getvalue()
