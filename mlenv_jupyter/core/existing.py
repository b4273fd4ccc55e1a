"""Environments that are on this machine already and that mlenv did not make."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

ExistingKind = Literal["server", "venv", "conda", "pyenv", "python"]


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """One Python distribution in an environment, as its metadata has it.

    ``requested`` says that somebody named it (PEP 376); ``direct_url`` is PEP 610's.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()
    requested: bool = False
    installer: str = ""
    direct_url: dict[str, Any] | None = None
    editable: str | None = None


class InstalledConda(msgspec.Struct, frozen=True, kw_only=True):
    """One conda package in an environment; ``channel`` is the address that its record has."""

    name: str
    version: str
    build: str = ""
    channel: str = ""
    depends: tuple[str, ...] = ()
    requested: str = ""


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found in one environment."""

    python: str
    markers: dict[str, str] = {}
    distributions: tuple[Installed, ...] = ()
    conda: tuple[InstalledConda, ...] = ()


class Existing(msgspec.Struct, frozen=True, kw_only=True):
    """One environment that can be adopted: what it is called, where it is, who starts it.

    ``id`` stands for the prefix in addresses; ``kernels`` are kernelspecs that run in it.
    """

    id: str
    kind: ExistingKind
    name: str
    prefix: str
    python: str = ""
    packages: int = 0
    kernels: tuple[str, ...] = ()
