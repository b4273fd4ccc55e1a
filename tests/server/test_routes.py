"""Every route and verb: described, authenticated, authorized, and under any base_url."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from openapi_spec_validator import validate as validate_spec
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from mlenv_jupyter.server.errors import allowed
from mlenv_jupyter.server.routes import ROUTES

from .conftest import HERE, SPEC, operations

ASKED: list[tuple[str, str]] = []


class Denies(Authorizer):
    """Refuses everything, and remembers what it was asked."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """No."""
        ASKED.append((action, resource))
        return False


def test_the_file_is_valid() -> None:
    validate_spec(SPEC)


def test_the_file_describes_what_there_is() -> None:
    routed = {(verb, path) for path, handler in ROUTES.items() for verb in allowed(handler)}
    assert routed == set(operations())


@pytest.mark.parametrize(("verb", "path"), operations())
async def test_every_verb_asks_who_it_is_and_whether_he_may(
    verb: str,
    path: str,
    api: Any,
    jp_serverapp: Any,
    jp_auth_header: dict[str, str],
    jp_http_port: int,
) -> None:
    where = re.sub(r"\{\w+\}", "some", path)
    settings = jp_serverapp.web_app.settings

    async def status(headers: dict[str, str]) -> int:
        if path != "/stream":
            return int((await api(verb, where, headers=headers)).status)
        address = f"ws://127.0.0.1:{jp_http_port}{HERE}{where}"
        try:
            (await websocket_connect(HTTPRequest(address, headers=headers))).close()
        except HTTPClientError as error:
            return error.code
        return 101

    assert await status({}) in (401, 403)
    assert await status({"Authorization": "token wrong"}) in (401, 403)
    settings["allow_unauthenticated_access"] = True
    assert await status({}) in (401, 403)
    settings["allow_unauthenticated_access"] = False
    allows = settings["authorizer"]
    ASKED.clear()
    settings["authorizer"] = Denies(parent=jp_serverapp)
    assert await status(jp_auth_header) == 403
    action = "execute" if path == "/stream" else "read" if verb == "GET" else "write"
    assert [(action, "mlenv")] == ASKED
    settings["authorizer"] = allows
    assert await status(jp_auth_header) not in (401, 403, 405, 500)


async def test_a_cookie_needs_the_xsrf_token(api: Any, jp_serverapp: Any) -> None:
    identity = jp_serverapp.identity_provider
    identity.token = ""
    answer = await api("POST", "/validate", {}, headers={"Cookie": "a=b"})
    assert answer.status == 403
    assert "XSRF" in answer.json["error"]["detail"].upper()


async def test_what_is_not_there_says_so_in_json(api: Any) -> None:
    for path in ("", "/", "/nothing", "/environments/", "/drift/x", "/builds/a/b/c/d"):
        answer = await api("GET", path)
        assert answer.status == 404, path
        assert answer.json["error"]["code"] == "not_found"
    assert (await api("GET", "/nothing", headers={})).status == 403


async def test_a_verb_that_is_not_there_says_which_are(api: Any) -> None:
    for path, handler in ROUTES.items():
        where = re.sub(r"\{\w+\}", "some", path)
        for verb in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(allowed(handler)):
            answer = await api(verb, where)
            assert answer.status == 405, (verb, path)
            assert answer.response.headers["Allow"] == ", ".join(allowed(handler))


async def test_the_stream_is_a_socket(api: Any) -> None:
    assert (await api("GET", "/stream")).status == 400
