"""Asking a service on this machine, as any client would."""

from __future__ import annotations

import time
import urllib.error
import urllib.request

from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.core.service import Answer, Service


def ask(service: Service, key: str | None, data: bytes, timeout: float = 300.0) -> Answer:
    """What it answers, whatever the status. Raises Unavailable where nothing answers."""
    headers = {"Content-Type": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    address = f"http://127.0.0.1:{service.port}/score"
    request = urllib.request.Request(address, data, headers)
    # No proxy: it is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    began = time.monotonic()
    try:
        with opener.open(request, timeout=timeout) as answer:
            status, kind, body = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        status, kind, body = error.code, error.headers, error.read()
    except OSError as error:
        raise Unavailable(
            f"The service does not answer: {error}.",
            code="no_answer",
            where=service.name,
            remedy="Its state and its log say more.",
        ) from error
    return Answer(
        status=status,
        content_type=kind.get("Content-Type", ""),
        body=body,
        seconds=round(time.monotonic() - began, 4),
    )
