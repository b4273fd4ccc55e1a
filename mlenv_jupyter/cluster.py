"""The one door to a Ray cluster: its address, its job server, and what that says of a job.

Ray is imported where a cluster is asked, never before: it takes seconds.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import time
from typing import Any
from urllib.parse import urlsplit

from mlenv_jupyter.core.errors import InvalidRequest, Unavailable

PATIENCE = "RAY_MLENV_SILENCE"
TRIES = 4
"""How often a cluster is asked for a server for its ``ray://`` clients."""
# The head forks one for each client while its gRPC threads are at work, and about one in ten
# dies of that before it is anything (ray-project/ray#63202). The next one knows nothing of it.
_STILLBORN = "Initialization failure from server"
ADDRESSES = ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS")
VARIABLES = frozenset(
    (*ADDRESSES, PATIENCE, "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
)
"""What a process has to know to be let into a cluster, and to follow its jobs."""


def is_ray(target: str) -> bool:
    """Whether a target is a Ray cluster: ``ray``, ``ray://…`` or ``http(s)://…``."""
    return target == "ray" or target.startswith(("ray://", "http://", "https://"))


def silence() -> float:
    """Seconds without an answer after which a cluster counts as lost: 60, or what is told.

    Raises InvalidRequest.
    """
    told = os.environ.get(PATIENCE) or "60"
    try:
        return float(told)
    except ValueError:
        raise InvalidRequest(
            f"{told[:40]!r} is no number of seconds.", where=PATIENCE, remedy="Such as 60."
        ) from None


def check_cluster(target: str, where: str) -> None:
    """What can be known before a cluster is asked; ``where`` is what named it.

    Raises InvalidRequest, Unavailable.
    """
    if target != "ray":
        parts = urlsplit(target)
        if parts.username or parts.password or not parts.hostname:
            raise InvalidRequest(
                "The address of a Ray cluster is a host and a port, without a password.",
                where=where,
                remedy="Ray takes a token from RAY_AUTH_TOKEN.",
            )
    if importlib.util.find_spec("ray") is None:
        raise Unavailable(
            "Work on a Ray cluster needs Ray, which is not installed beside mlenv.",
            code="no_ray",
            where=where,
            remedy="Install it: pip install 'mlenv-jupyter[ray]'.",
        )


def connect(target: str) -> Any:
    """A client of the cluster's job server. Raises Unavailable."""
    # The sources are a snapshot already: nothing more is left out of them.
    os.environ["RAY_RUNTIME_ENV_IGNORE_GITIGNORE"] = "1"
    from ray.job_submission import JobSubmissionClient

    if target != "ray":
        for name in ADDRESSES:
            os.environ.pop(name, None)  # they would take the place of what was asked for
    tries = 1
    while True:
        try:
            return JobSubmissionClient(None if target == "ray" else target)
        except (RuntimeError, OSError, ValueError) as error:
            if _STILLBORN in str(error) and tries < TRIES:
                tries += 1
                continue
            raise Unavailable(
                "No Ray cluster answers.",
                code="no_cluster",
                where=target,
                detail=last(error),
                remedy="Name its job server, such as http://HOST:8265, or set RAY_ADDRESS.",
            ) from error


def job_info(client: Any, job_id: str) -> Any:
    """What Ray says of a job; None where it knows no such job. Raises Unavailable when lost."""
    until = time.monotonic() + silence()
    while True:
        try:
            return client.get_job_info(job_id)
        except (RuntimeError, OSError) as error:
            if "404" in str(error) or "does not exist" in str(error):
                return None
            if time.monotonic() > until:
                raise Unavailable(
                    "The Ray cluster does not answer any more.",
                    code="ray_lost",
                    detail=last(error),
                    remedy="The job may still run: look at the cluster's dashboard.",
                ) from error
        time.sleep(1)


def state_of(info: Any) -> str:
    """Ray's word for what a job does: ``PENDING``, ``RUNNING``, ``SUCCEEDED`` …"""
    return str(getattr(info.status, "value", info.status))


def stop_job(target: str, job_id: str) -> None:
    """Have a cluster end a job, if it can be reached."""
    with contextlib.suppress(Exception):
        connect(target).stop_job(job_id)


def last(error: BaseException) -> str:
    """The end of what Ray says: its errors are whole tracebacks."""
    lines = [line for line in str(error).splitlines() if line.strip(" .")]
    return (lines[-1] if lines else type(error).__name__)[-600:]
