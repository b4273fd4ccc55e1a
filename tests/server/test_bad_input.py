"""Wrong input over every route: 4xx in the one JSON form, with the place, and never a 500."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mlenv_jupyter.server.requests import MAX_BODY, MAX_IMPORT

from .conftest import operations

NAMES = (
    "..%2F..%2Fetc%2Fpasswd",
    "..",
    "%00",
    "a%00b",
    "%zz",
    "%",
    "%ff%fe",
    "%C3%28",
    "%20",
    "a" * 300,
    "-n",
    "%E2%80%AEevil",
    "%0A",
    "'%3B%20DROP%20TABLE%20environments%3B--",
    "mlenv-%2E%2E",
)
BODIES = (
    b"",
    b"null",
    b"[]",
    b"1",
    b'"text"',
    b"{",
    b"{'a': 1}",
    b"\xff\xfe\x00",
    b'{"name": "\xff"}',
    b'{"name": "a\x00b", "definition": {}}',
    b'{"name": "a\\u0000b", "definition": {}}',
    b'{"name": "\\ud800", "definition": {}}',
    b'{"name": 1, "definition": {}}',
    b'{"name": null, "definition": null}',
    b'{"name": "ok", "definition": []}',
    b'{"name": "ok", "definition": {"python": 3.11}}',
    b'{"name": "ok", "definition": {"unknown": 1}}',
    b'{"name": "ok", "definition": {"pip": {"requirements": "numpy"}}}',
    b'{"name": "ok", "definition": {"pip": {"requirements": ["numpy ==== 1"]}}}',
    b'{"name": "ok", "definition": {"pip": {"requirements": ["a\\u0000b"]}}}',
    b'{"name": "ok", "definition": {"variables": {"1": "2"}}}',
    b'{"name": "ok", "definition": {"variables": {"A": 2}}}',
    b'{"name": "ok", "definition": {}, "unknown": 1}',
    b'{"name": "../x", "definition": {}}',
    b'{"name": "mlenv-mine", "definition": {}}',
    b'{"name": "not-there"}',
    b'{"name": "not-there", "version": "1"}',
    b'{"name": "ok", "version": 1}',
    b'{"name": "ok", "version": "../1"}',
    b'{"definition": {}, "against": {"name": "not-there"}}',
    b'{"definition": {}, "against": []}',
    b'{"definition": {"python": "99"}}',
    b'{"text": 1, "filename": "requirements.txt"}',
    b'{"text": "numpy ==== 1", "filename": "requirements.txt"}',
    b'{"text": "numpy", "filename": "/etc/passwd"}',
    b'{"text": "-r /etc/passwd", "filename": "requirements.txt"}',
    b'{"text": "numpy", "format": "other"}',
    b'{"text": "{", "filename": "x.json"}',
    b'{"text": "a: [", "filename": "environment.yml"}',
    b'{"name": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"name": "ok", "definition": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"name": "ok", "definition": ' + b'{"pip":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
    b'{"name": 1' + b"0" * 5000 + b"}",
    b'{"name": 1e999}',
)
QUERIES = (
    "limit=0",
    "limit=-1",
    "limit=9999999999999999999999",
    "limit=501",
    "limit=x",
    "limit=1.5",
    "limit=",
    "cursor=nonsense",
    "cursor=%00",
    "cursor=%ff",
    "cursor=" + "a" * 5000,
    "q=%00",
    "q=%ff%fe",
    "q=" + "a" * 5000,
    "source=elsewhere",
    "from=-1",
    "from=x",
    "from=99999999999999999999",
    "from=1&follow=maybe",
    "from=%00&to=b",
    "from=../x&to=y",
    "from=a:b:c&to=:",
    "from=not-there&to=not-there:9",
    "format=exe",
    "format=%00",
)


def filled(path: str, value: str) -> str:
    """A path with a value in the place of each parameter."""
    return re.sub(r"\{\w+\}", lambda _: value, path)


@pytest.mark.parametrize(("verb", "path"), operations())
async def test_no_input_is_an_error_of_the_server(verb: str, path: str, api: Any) -> None:
    await api("POST", "/environments", {"name": "ok", "definition": {"python": "3.11"}})
    wrong: list[tuple[str, bytes | None]] = []
    if "{" in path:
        wrong += [(filled(path, name), None) for name in NAMES]
    if verb == "POST":
        wrong += [(filled(path, "ok"), body) for body in BODIES]
    if verb == "GET":
        wrong += [(f"{filled(path, 'ok')}?{query}", None) for query in QUERIES]
    for where, body in wrong:
        answer = await api(verb, where, raw=body)
        shown = (verb, where[:80], (body or b"")[:80], answer.status)
        assert answer.status < 500 or answer.status == 503, shown
        if answer.status >= 400:
            assert answer.json["error"]["code"] != "server_error", shown
            assert answer.json["error"]["message"], shown
            assert "Traceback" not in answer.response.body.decode(), shown


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "where"),
    [
        ("POST", "/environments", b"{", 400, "body"),
        ("POST", "/environments", b"\xff", 400, "body"),
        ("POST", "/environments", b"[]", 400, "body"),
        ("POST", "/environments", b"{}", 400, "name"),
        ("POST", "/environments", b'{"name":"a"}', 400, "definition"),
        ("POST", "/environments", b'{"name":1,"definition":{}}', 400, "name"),
        ("POST", "/environments", b'{"name":"a","definition":{},"x":1}', 400, "x"),
        ("POST", "/environments", b'{"name":"../a","definition":{}}', 400, "name"),
        ("POST", "/environments", b'{"name":"a","definition":{},"tags":{"a":1}}', 400, "tags[...]"),
        (
            "POST",
            "/environments",
            b'{"name":"a","definition":{},"message":"\\u0000"}',
            400,
            "message",
        ),
        (
            "POST",
            "/environments",
            b'{"name":"a","definition":{"variables":{"1":"2"}}}',
            400,
            "variables.1",
        ),
        (
            "POST",
            "/environments",
            b'{"name":"a","definition":{"pip":{"requirements":["fine","not fine"]}}}',
            400,
            "pip.requirements[1]",
        ),
        ("POST", "/environments/nothing/versions", b'{"definition":{}}', 404, None),
        ("POST", "/builds", b'{"name":"nothing"}', 404, None),
        ("POST", "/builds", b'{"name":"nothing","force":"yes"}', 400, "force"),
        ("POST", "/kernels", b'{"name":"nothing"}', 404, None),
        ("GET", "/environments?limit=501", None, 400, "limit"),
        ("GET", "/environments?cursor=nonsense", None, 400, "cursor"),
        ("GET", "/environments?q=%00", None, 400, "q"),
        ("GET", "/environments?source=elsewhere", None, 400, "source"),
        ("GET", "/builds?limit=-1", None, 400, "limit"),
        ("GET", "/builds/nothing", None, 404, None),
        ("GET", "/diff?from=a", None, 400, "to"),
        ("DELETE", "/kernels/..", None, 400, "kernel_name"),
        ("DELETE", "/kernels/python3", None, 400, "kernel_name"),
        ("DELETE", "/environments/nothing", None, 404, None),
    ],
)
async def test_the_place_is_named(
    verb: str, path: str, body: bytes | None, status: int, where: str | None, api: Any
) -> None:
    answer = await api(verb, path, raw=body)
    assert answer.status == status, answer.json
    if where is not None:
        assert answer.json["error"]["where"] == where


async def test_every_place_of_a_definition_is_told(api: Any) -> None:
    definition = {"python": "three", "variables": {"1": "2"}, "pip": {"requirements": ["!"]}}
    answer = await api("POST", "/environments", {"name": "a", "definition": definition})
    places = [one["where"] for one in answer.json["error"]["problems"]]
    assert sorted(places) == ["pip.requirements[0]", "python", "variables.1"]
    assert (await api("GET", "/environments")).json["items"] == []


@pytest.mark.parametrize(("verb", "path"), [one for one in operations() if one[0] == "POST"])
async def test_a_body_that_is_too_large_is_refused(verb: str, path: str, api: Any) -> None:
    limit = MAX_IMPORT if path == "/import" else MAX_BODY
    body = json.dumps({"text": "#" * limit, "filename": "requirements.txt"}).encode()
    answer = await api(verb, filled(path, "ok"), raw=body)
    assert answer.status == 413
    assert answer.json["error"]["code"] == "too_large"


async def test_others_arguments_are_none_of_ours(api: Any) -> None:
    for path in ("/environments", "/builds", "/kernels", "/status"):
        assert (await api("GET", f"{path}?1732420000000&no_track_activity=1")).status == 200
