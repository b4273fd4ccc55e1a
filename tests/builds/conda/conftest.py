"""Channels on loopback with a Python of another minor version than the server's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mlenv_jupyter.core.build import Build
from mlenv_jupyter.core.version import Version
from tests import conda_channel
from tests.conda_channel import Server


@pytest.fixture(scope="session")
def channels() -> Iterator[Server]:
    """A server of ``main``, ``second`` and (with a password or token) ``private``."""
    server = Server(0, conda_channel.ensure()).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def conda(
    built: Callable[..., tuple[Version, Build]], channels: Server
) -> Callable[..., tuple[Version, Build]]:
    """Register and build an environment of conda packages from ``main``."""

    def make(name: str, *packages: str, pip: tuple[str, ...] = (), **fields: Any) -> Any:
        fields.setdefault("conda_channels", [f"{channels.address}/main"])
        return built(name, *pip, conda_packages=packages, **fields)

    return make
