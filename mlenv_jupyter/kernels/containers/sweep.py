"""Containers whose launcher is gone: found by their labels, and removed."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient

KERNEL = "mlenv.kernel"
"""Label of every kernel's container, with the kernel's name."""
LAUNCHER = "mlenv.launcher"
"""Label with the host, process and start of the launcher that it belongs to."""


def this_launcher() -> str:
    """Who this process is, as no other process ever was or will be."""
    return launcher_of(os.getpid())


def launcher_of(pid: int) -> str:
    """The same of another process of this machine; '' where there is none."""
    import psutil

    try:
        return f"{socket.gethostname()}:{pid}:{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return ""


def is_gone(launcher: str) -> bool:
    """Whether a launcher of this machine has ended; of other machines nothing is known."""
    import psutil

    host, _, rest = launcher.rpartition(":")[0].rpartition(":")
    started = launcher.rpartition(":")[2]
    if host != socket.gethostname() or not rest.isdigit():
        return False
    try:
        return f"{psutil.Process(int(rest)).create_time():.2f}" != started
    except psutil.Error:
        return True


def sweep(client: DockerClient) -> list[str]:
    """Remove the containers of launchers that are gone; their names."""
    from docker.errors import APIError

    removed = []
    found = client.api.containers(all=True, filters={"label": KERNEL})
    for one in found:
        if is_gone((one.get("Labels") or {}).get(LAUNCHER, "")):
            with contextlib.suppress(APIError):
                client.api.remove_container(one["Id"], force=True, v=True)
                removed.append(str((one.get("Names") or [one["Id"]])[0]).lstrip("/"))
    return removed
