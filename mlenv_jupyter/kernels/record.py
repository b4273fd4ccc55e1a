"""The launch record: all that starts a kernel, for the standard-library code of the launcher."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from mlenv_jupyter.core.names import check_kernel_name
from mlenv_jupyter.store.trees import write_atomically


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """How the container of an image's kernel runs.

    ``image`` is the id, ``pushed`` where it can be pulled from; ``options`` are those of the SDK's
    ``create_host_config``, ``notes`` what was asked for and is not honoured, ``verbs`` what
    ``%mlenv`` may have the host do.
    """

    image: str
    tag: str
    pushed: str | None
    network: str = "bridge"
    mount: bool = True
    options: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()


class LaunchRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What ``start.py`` reads from ``MLENV_HOME/kernels/<kernel name>.json``; paths are absolute.

    ``packages`` is the lock of the prefix and ``layer_packages`` that of the kernel layer, version
    by name: together the constraints of ``%pip install``. ``activation`` is that of the commit
    record. ``foreign`` says that the prefix is the user's own. ``cli`` is the argv of mlenv's CLI.
    With ``container`` the paths of prefix, python, site_packages and layer are those in the image.
    """

    format: int = 1
    kernel_name: str
    display_name: str
    name: str
    version: str
    definition_id: str
    digest: str
    lock_digest: str
    prefix: str
    python: str
    site_packages: str
    record: str
    layer: str | None = None
    layer_packages: dict[str, str] = {}
    packages: dict[str, str] = {}
    variables: dict[str, str] = {}
    activation: dict[str, tuple[str, ...]] = {}
    foreign: bool = False
    overlays: str
    uv: str
    cli: tuple[str, ...]
    home: str
    store: str
    container: Container | None = None


def record_path(kernels: Path, kernel_name: str) -> Path:
    """Where the launch record of a kernel is; raises InvalidName."""
    return kernels / f"{check_kernel_name(kernel_name)}.json"


def write_record(kernels: Path, record: LaunchRecord) -> Path:
    """Write a launch record whole, readable by its owner only: it holds the variables."""
    path = record_path(kernels, record.kernel_name)
    kernels.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = msgspec.json.encode(record)
    if not _holds(path, data):
        write_atomically(path, data, mode=0o600)
    return path


def read_record(path: Path) -> LaunchRecord | None:
    """A launch record, or None where there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=LaunchRecord)
    except (OSError, msgspec.DecodeError):
        return None


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data and os.stat(path).st_mode & 0o077 == 0
    except OSError:
        return False
