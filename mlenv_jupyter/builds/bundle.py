"""Bundles: a version with its lock and every wheel of it, for a machine without a network.

A bundle is a zip archive, ``NAME-VERSION.mlenv``:

    bundle.json          what it is: name, version, definition, Python, platform, kernel layer
    lock                 the universal lock, as in a catalogue
    wheels/<file name>   the wheels for one platform and Python, known by the lock's hashes
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from urllib.error import URLError
from urllib.request import urlopen

import msgspec

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.layer import Layer, remember_layer, remembered_layer
from mlenv_jupyter.builds.pipeline import environment_for
from mlenv_jupyter.builds.resolve import ToolFailed, addresses_of, choose, lock_for
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, MlenvError, Unavailable
from mlenv_jupyter.core.lockfile import read_lock, write_lock
from mlenv_jupyter.core.names import RESERVED_PREFIX, check_name
from mlenv_jupyter.core.redact import redact
from mlenv_jupyter.core.universal import Chosen, chosen_before
from mlenv_jupyter.core.version import Version
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.store.files import keep_file, kept_file
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.store import Record

CHUNK = 1024 * 1024
MOST = 5000
LARGEST_TEXT = 64 * 1024 * 1024
SUFFIX = ".mlenv"

Register = Callable[..., tuple[Version, bool]]


class BundleFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is in ``bundle.json``; ``definition`` is in its JSON form."""

    format: int = 1
    name: str
    version: str
    description: str = ""
    python: str
    implementation: str
    platform: str
    lock_digest: str
    definition: Any
    layer: Layer | None = None


class Bundled(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that was written: where, how many wheels, and its size in bytes."""

    file: str
    name: str
    version: str
    platform: str
    python: str
    wheels: int
    size: int


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that was imported: its version here, and what is to be known before a build."""

    version: Version
    created: bool
    wheels: int
    notes: tuple[str, ...] = ()


class Bundles:
    """Writes bundles, and takes them in."""

    def __init__(
        self,
        places: Places,
        registry: Registry,
        register: Register,
        version: Callable[[str, str | None], Version],
    ) -> None:
        self._places = places
        self._registry = registry
        self._register = register
        self._version = version

    def write(self, version: Version, record: Record, output: Path | None = None) -> Bundled:
        """Write a built version with all of its wheels into a file.

        What is not kept here is downloaded, and held to its hash. Raises Conflict for what has
        no wheel, Unavailable.
        """
        row = self._registry.find(version.name, version.version)
        locks = self._registry.locks
        found = locks.get(row.lock_id) if row.lock_id is not None else None
        here = locks.on_platform(found.id, _platform()) if found is not None else None
        if found is None or here is None:
            raise Conflict(
                f"{version.reference} cannot be bundled: it has no lock for pip here.",
                where=version.reference,
                remedy="Build it again: mlenv build --force.",
            )
        layer = remembered_layer(self._places, here.lock, record.lock_digest)
        chosen = (*chosen_before(found.lock, here.lock), *(layer.chosen if layer else ()))
        unfit = [one.package.name for one in chosen if not one.file.filename.endswith(".whl")]
        if unfit:
            raise Conflict(
                f"{', '.join(unfit)} has no wheel, and a bundle holds wheels only.",
                where=version.reference,
                remedy="Make a wheel of it and add that, or choose a version that has one.",
            )
        addresses = {**found.addresses, **(layer.addresses if layer else {})}
        files = self._fetched(row.definition, chosen, addresses, here.lock.python)
        output = output or Path(f"{version.name}-{version.version}{SUFFIX}")
        described = BundleFile(
            name=version.name,
            version=version.version,
            description=version.description,
            python=here.lock.python,
            implementation=here.lock.implementation,
            platform=here.lock.platform,
            lock_digest=record.lock_digest,
            definition=row.definition,
            layer=msgspec.structs.replace(layer, addresses={}, options=()) if layer else None,
        )
        with _written(output) as staged, zipfile.ZipFile(staged, "w") as archive:
            archive.writestr("bundle.json", msgspec.json.encode(described))
            archive.writestr("lock", write_lock(found.lock), zipfile.ZIP_DEFLATED)
            for one in sorted(chosen, key=lambda one: one.file.filename):
                archive.write(files[one.file.sha256], f"wheels/{one.file.filename}")
        return Bundled(
            file=str(output),
            name=version.name,
            version=version.version,
            platform=here.lock.platform,
            python=here.lock.python,
            wheels=len(chosen),
            size=output.stat().st_size,
        )

    def read(self, file: Path) -> BundleFile:
        """What a bundle says that it is; raises InvalidRequest."""
        with _opened(file) as archive:
            return _described(archive, file)

    def take(self, file: Path, name: str | None = None, **fields: Any) -> Unpacked:
        """Register what is in a bundle, with its lock, and keep its wheels for the build.

        Every wheel is held to its hash before anything is registered. Raises InvalidRequest,
        InvalidName, Unavailable.
        """
        with _opened(file) as archive:
            described = _described(archive, file)
            try:
                lock = read_lock(_text(archive, "lock", file).decode())
                definition = Definition.parse(described.definition)
            except (MlenvError, UnicodeDecodeError) as error:
                raise _broken(file, str(error)) from error
            known = {one.filename: one.sha256 for p in lock.packages for one in p.files}
            layer = described.layer
            known |= {one.file.filename: one.file.sha256 for one in layer.chosen} if layer else {}
            if name is None:
                name = described.name
            entry = self._registry.curated_entry(name)
            curated = entry is not None and identity.digest(entry.definition) == identity.digest(
                definition
            )
            if not curated:
                if name.lower().startswith(RESERVED_PREFIX):
                    raise InvalidRequest(
                        f"{name!r} is a curated environment, and this mlenv has another one.",
                        where="name",
                        remedy="Give it a name of your own with -n NAME.",
                    )
                check_name(name)
            wheels = self._kept(archive, known, file)
        notes = self._prepare(described, lock)
        if definition.python is None and _minor(described.python) != pythons.default_version():
            definition = msgspec.structs.replace(definition, python=_minor(described.python))
            notes.append(f"its wheels are for Python {definition.python}, so that is set.")
        if curated:
            row = self._registry.find(name)
            self._registry.lock_of_curated(row, _minor(described.python))
            return Unpacked(
                version=self._version(name, None), created=False, wheels=wheels, notes=tuple(notes)
            )
        fields.setdefault("description", described.description or None)
        fields.setdefault("message", f"From the bundle {file.name}")
        made, created = self._register(name, definition.checked(), **fields)
        row = self._registry.find(made.name, made.version)
        lock_id = self._registry.locks.add(row.digest, _minor(described.python), lock, {})
        self._registry.versions.set_lock(row.id, lock_id)
        return Unpacked(version=made, created=created, wheels=wheels, notes=tuple(notes))

    def _prepare(self, described: BundleFile, lock: Any) -> list[str]:
        """Remember the kernel layer for the Python that is here; what stands in a build's way."""
        if described.platform != _platform():
            return [f"its wheels are for {described.platform}, and this is {_platform()}."]
        definition = Definition(python=_minor(described.python))
        uv = pythons.find_uv()
        env = environment_for(definition, _offline(self._places))
        try:
            python = pythons.find(definition.python, uv=uv, directory=self._places.pythons, env=env)
        except Unavailable as error:
            return [f"{error.message} It is needed to build this."]
        layer = described.layer
        wanted = Definition.parse(described.definition)
        here = lock_for(wanted, choose(lock, python), python)
        if layer is not None:
            own = lock_for(Definition(), layer.chosen, python)
            made = msgspec.structs.replace(layer, lock=own, digest=identity.lock_digest(own))
            remember_layer(self._places, here, identity.lock_digest(here), made)
        return []

    def _kept(self, archive: zipfile.ZipFile, known: Mapping[str, str], file: Path) -> int:
        """Keep the wheels of an archive by their hash; how many there are."""
        entries = [one for one in archive.infolist() if one.filename.startswith("wheels/")]
        if len(entries) > MOST:
            raise _broken(file, f"it has more than {MOST} wheels")
        for entry in entries:
            filename = entry.filename.removeprefix("wheels/")
            sha256 = known.get(filename)
            if sha256 is None:
                raise _broken(file, f"{filename[:80]!r} is not in its lock")
            try:
                with archive.open(entry) as source:
                    keep_file(self._places, sha256, filename, _chunks(source))
            except (zipfile.BadZipFile, EOFError, ValueError) as error:
                raise _broken(file, f"{filename}: {error}") from error
        return len(entries)

    def _fetched(
        self,
        definition: Definition,
        chosen: Iterable[Chosen],
        addresses: Mapping[str, str],
        python: str,
    ) -> dict[str, Path]:
        """Each wheel as a file here, by sha256, downloaded where it is not kept yet."""
        places = self._places
        there = {
            one.file.sha256: kept_file(places, one.file.sha256, one.file.filename) for one in chosen
        }
        missing = [one for one in chosen if there[one.file.sha256] is None]
        if missing:
            if places.offline:
                raise Unavailable(
                    f"{missing[0].package.name} is not kept here, and nothing may be fetched.",
                    code="offline",
                    remedy="Make the bundle where there is a network.",
                )
            known = dict(addresses)
            unknown = [one for one in missing if one.file.sha256 not in known]
            if unknown:
                known |= self._asked(definition, unknown, python)
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda one: self._download(one, known), missing))
        return {
            one.file.sha256: path
            for one in chosen
            if (path := kept_file(places, one.file.sha256, one.file.filename)) is not None
        }

    def _asked(
        self, definition: Definition, chosen: Iterable[Chosen], python: str
    ) -> dict[str, str]:
        """The addresses that the index gives for exactly these packages."""
        self._places.make()
        with tempfile.TemporaryDirectory(dir=self._places.home, prefix=".bundle-") as work:
            try:
                return addresses_of(
                    definition,
                    chosen,
                    python,
                    uv=pythons.find_uv(),
                    work=Path(work),
                    env=environment_for(definition, self._places),
                )
            except ToolFailed as failed:
                said = [line.text for line in failed.lines if line.text.strip()]
                raise Unavailable(
                    "The index does not say where the wheels are.",
                    detail=redact("\n".join(said[-5:])),
                    remedy="Check the index and the network, and retry.",
                ) from failed

    def _download(self, one: Chosen, addresses: Mapping[str, str]) -> None:
        name, sha256 = one.file.filename, one.file.sha256
        address = addresses.get(sha256)
        if address is None:
            raise Unavailable(
                f"{name} is on no index any more.",
                where=one.package.name,
                remedy="Refresh the environment, build it, and bundle that.",
            )
        try:
            # Scheme and address come from the lock or from uv; the content is held to its hash.
            with urlopen(address, timeout=60) as answer:  # noqa: S310
                keep_file(self._places, sha256, name, _chunks(answer))
        except (URLError, OSError, ValueError) as error:
            reason = redact(str(getattr(error, "reason", error)))
            raise Unavailable(
                f"{name} could not be fetched: {reason}.",
                where=one.package.name,
                remedy="Check the network and the proxy (`mlenv doctor`), and retry.",
            ) from error


def _offline(places: Places) -> Places:
    """The same places with nothing fetched: reading a bundle must not download a Python."""
    return replace(places, offline=True)


@contextlib.contextmanager
def _written(output: Path) -> Iterator[IO[bytes]]:
    """A file that is there whole or not at all; raises Unavailable."""
    staged = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with open(staged, "wb") as file:
            yield file
        os.replace(staged, output)
    except OSError as error:
        raise Unavailable(
            f"{output} cannot be written: {error.strerror or error}.", where="output"
        ) from error
    finally:
        staged.unlink(missing_ok=True)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise _broken(file, "it is no zip archive, or only a part of one") from error
    except FileNotFoundError as error:
        raise InvalidRequest(f"There is no file {file}.", where="file") from error


def _described(archive: zipfile.ZipFile, file: Path) -> BundleFile:
    try:
        found = msgspec.json.decode(_text(archive, "bundle.json", file), type=BundleFile)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise _broken(file, str(error)) from error
    if found.format != 1:
        raise _broken(file, f"its format is {found.format}, and this mlenv reads 1")
    return found


def _text(archive: zipfile.ZipFile, name: str, file: Path) -> bytes:
    try:
        entry = archive.getinfo(name)
        if entry.file_size > LARGEST_TEXT:
            raise _broken(file, f"its {name} is too large")
        return archive.read(entry)
    except KeyError:
        raise _broken(file, f"it has no {name}") from None


def _broken(file: Path, why: str) -> InvalidRequest:
    return InvalidRequest(
        f"{file} is not a bundle that can be used: {why}.",
        code="broken_bundle",
        where="file",
        remedy="Copy it again, or make it again with `mlenv bundle`.",
    )


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk


def _platform() -> str:
    import sysconfig

    return sysconfig.get_platform()


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
