"""A real Jupyter server with the extension, under a base_url that needs quoting."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import yaml
from pytest_jupyter.jupyter_server import *  # noqa: F403 - its fixtures and hooks, for this folder only
from tornado.httpclient import HTTPResponse
from tornado.httputil import url_concat

import mlenv_jupyter.server
from mlenv_jupyter.builds.durable import moment, new_id
from mlenv_jupyter.builds.spec import BuildFiles
from mlenv_jupyter.core.build import Build
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.server.access import ACCESS, WorkspaceAccess
from mlenv_jupyter.store.places import Places

SPEC: dict[str, Any] = yaml.safe_load(
    Path(mlenv_jupyter.server.__file__).with_name("openapi.yml").read_text()
)
HERE = "/a%40b/mlenv/api"
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Answer(NamedTuple):
    """What the server said."""

    status: int
    json: Any
    response: HTTPResponse


@pytest.fixture(autouse=True)
def own_home(homes: Path) -> None:
    """No test may see the user's own home."""


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    """mlenv is enabled, and a handler without its decorators would be refused."""
    return {
        "ServerApp": {
            "jpserver_extensions": {"mlenv_jupyter": True, "jupyter_server_terminals": False},
            "allow_unauthenticated_access": False,
            "reraise_server_extension_failures": True,
        },
        "Workspace": {"max_concurrent_builds": 3},
    }


@pytest.fixture
def access(jp_serverapp: Any) -> WorkspaceAccess:
    """The server's own Workspace."""
    found: WorkspaceAccess = jp_serverapp.web_app.settings[ACCESS]
    return found


@pytest.fixture
def api(http_server_client: Any, jp_auth_header: dict[str, str]) -> Callable[..., Any]:
    """Ask the API; every answer is held to openapi.yml."""

    async def ask(
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 60,
        **kwargs: Any,
    ) -> Answer:
        sent = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if sent is None and method in ("POST", "PUT", "PATCH"):
            sent = b""
        response = await http_server_client.fetch(
            url_concat(HERE + path, query or {}),
            method=method,
            headers=jp_auth_header if headers is None else headers,
            body=sent,
            raise_error=False,
            allow_nonstandard_methods=True,
            request_timeout=timeout,
            **kwargs,
        )
        check(method, path.partition("?")[0], response)
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return Answer(
            response.code,
            json.loads(response.body) if is_json and response.body else None,
            response,
        )

    return ask


@pytest.fixture
def workers() -> Iterator[dict[str, int]]:
    """The lock of each build of ``running`` that says its worker is alive."""
    locks: dict[str, int] = {}
    yield locks
    for lock in locks.values():
        os.close(lock)


@pytest.fixture
def running(homes: Path, workers: dict[str, int]) -> Iterator[Callable[..., Any]]:
    """Make a build whose worker is this test, seen by the server as any other process's."""
    registry = Registry(homes)

    async def make() -> tuple[str, Path]:
        build = Build(
            id=new_id(),
            name="demo",
            version=str(len(workers) + 1),
            digest="0" * 64,
            state="installing",
            created_at=moment(),
        )
        files = BuildFiles(Places(homes, homes.parent / "store"), build.id)
        lock = files.try_lock()
        assert lock is not None
        workers[build.id] = lock
        registry.builds.add(build)
        return build.id, files.log

    yield make
    registry.close()


@pytest.fixture
def end(homes: Path) -> Iterator[Callable[..., Any]]:
    """Give a build of ``running`` its last state, as whoever finds its worker dead does."""
    registry = Registry(homes)
    yield lambda build_id, state: registry.builds.update(build_id, state=state)
    registry.close()


@pytest.fixture
def release(workers: dict[str, int]) -> Callable[[str], None]:
    """Let the worker of a build of ``running`` die."""
    return lambda build_id: os.close(workers.pop(build_id))


def check(method: str, path: str, response: HTTPResponse) -> None:
    """Hold an answer to openapi.yml: its status, its media type and its body."""
    if response.code >= 400:
        validate({"$ref": "#/components/schemas/Error"}, json.loads(response.body))
        return
    operation = next(
        (
            item[method.lower()]
            for template, item in SPEC["paths"].items()
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method.lower() in item
        ),
        None,
    )
    assert operation is not None, f"{method} {path} is answered but not described"
    described = operation["responses"].get(str(response.code))
    assert described is not None, f"{method} {path} answers {response.code}, which is not described"
    if "$ref" in described:
        described = SPEC["components"]["responses"][described["$ref"].rpartition("/")[2]]
    if "headers" in described:
        assert set(described["headers"]) <= set(response.headers)
    if "content" not in described:
        assert not response.body
        return
    media = response.headers["Content-Type"].partition(";")[0]
    schema = described["content"][media]["schema"]
    if media == "application/json":
        validate(schema, json.loads(response.body))
    elif media == "application/x-ndjson":
        for line in response.body.splitlines():
            if line:
                validate(schema, json.loads(line))


def validate(schema: dict[str, Any], value: Any) -> None:
    """Hold a value to a schema of openapi.yml."""
    jsonschema.Draft202012Validator({**schema, "components": SPEC["components"]}).validate(value)


def operations() -> list[tuple[str, str]]:
    """Every verb of every path that is described."""
    paths = SPEC["paths"].items()
    return [(verb, path) for path, item in paths for verb in VERBS if verb.lower() in item]
