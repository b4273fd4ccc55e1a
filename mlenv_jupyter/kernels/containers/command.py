"""A command in a container of a version's image, by docker's own client."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence

from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.kernels.containers.policy import Granted
from mlenv_jupyter.store.store import BuiltImage

LIMITS = {
    "mem_limit": "--memory",
    "memswap_limit": "--memory-swap",
    "cpuset_cpus": "--cpuset-cpus",
    "shm_size": "--shm-size",
    "pids_limit": "--pids-limit",
}


def container_command(
    image: BuiltImage,
    variables: Mapping[str, str],
    command: Sequence[str],
    granted: Granted,
    source: Mapping[str, str],
) -> tuple[list[str], dict[str, str]]:
    """What to ``exec``: argv, and its environment, which has the variables' values.

    The container sees the working directory, runs as this user, and is removed when it ends.
    Raises Unavailable without docker's client.
    """
    client = shutil.which("docker", path=source.get("PATH", os.defpath))
    if client is None:
        raise Unavailable(
            "Commands in an image are run by docker's client, which is not here.",
            code="no_docker_client",
            remedy="Install docker's command line client.",
        )
    here = os.getcwd()
    limits = [
        f"{flag}={granted.options[name]}"
        for name, flag in LIMITS.items()
        if name in granted.options
    ]
    if "nano_cpus" in granted.options:
        limits.append(f"--cpus={granted.options['nano_cpus'] / 1e9:g}")
    argv = [
        *(client, "run", "--rm", "--interactive", "--entrypoint", ""),
        *(["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []),
        *("--user", f"{os.getuid()}:{os.getgid()}", "--network", granted.network),
        *(["--volume", f"{here}:{here}", "--workdir", here] if granted.mount else []),
        *limits,
        # By name: a value in an argument could be read in the list of processes.
        *("--env", "HOME=/tmp"),
        *(word for name in variables for word in ("--env", name)),
        *(image.id, *command),
    ]
    return argv, {**source, **variables}
