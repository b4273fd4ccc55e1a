"""The stream: many logs over one socket, each from an offset, and no client in another's way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from mlenv_jupyter.server import logs, stream

from .conftest import HERE, SPEC, validate
from .test_logs import RESULT, line, lines

REPLY = {"$ref": "#/components/schemas/StreamReply"}
REQUEST = {"$ref": "#/components/schemas/StreamRequest"}


class Client:
    """One open stream."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self.socket = socket

    def say(self, **message: Any) -> None:
        """Send a request."""
        validate(REQUEST, message)
        self.socket.write_message(json.dumps(message))

    async def hear(self, seconds: float = 10) -> dict[str, Any]:
        """The next reply."""
        message = await asyncio.wait_for(self.socket.read_message(), seconds)
        assert message is not None, "the server closed the stream"
        reply: dict[str, Any] = json.loads(message)
        validate(REPLY, reply)
        return reply

    async def log(self, build: str) -> tuple[bytes, dict[str, Any]]:
        """Everything of one build until it ends."""
        came = b""
        while (reply := await self.hear())["type"] == "log":
            assert reply["build"] == build
            assert reply["to"] - reply["from"] == len(reply["data"].encode())
            came += reply["data"].encode()
        return came, reply


@pytest.fixture
def connect(http_server_client: Any, jp_http_port: int, jp_auth_header: dict[str, str]) -> Any:
    """Open a stream."""

    async def open_one() -> Client:
        address = f"ws://127.0.0.1:{jp_http_port}{HERE}/stream"
        request = HTTPRequest(address, headers=jp_auth_header)
        return Client(await websocket_connect(request, max_message_size=64 * 1024 * 1024))

    return open_one


async def test_a_log_comes_whole_and_ends(running: Any, connect: Any) -> None:
    build, log = await running()
    whole = lines(20_000) + RESULT
    log.write_bytes(whole)
    client = await connect()
    client.say(**{"type": "follow", "build": build, "from": 0})
    came, last = await client.log(build)
    assert came == whole
    assert last == {"type": "end", "build": build, "to": len(whole), "state": "succeeded"}


async def test_lines_come_as_they_are_written(running: Any, connect: Any) -> None:
    build, log = await running()
    client = await connect()
    client.say(**{"type": "follow", "build": build, "from": 0})
    at = 0
    with log.open("ab", buffering=0) as file:
        for number in range(5):
            file.write(line(number))
            reply = await client.hear()
            assert reply["from"] == at
            assert reply["data"].encode() == line(number)
            at = reply["to"]
        file.write(RESULT)
    assert (await client.log(build))[0] == RESULT


async def test_a_new_socket_goes_on_where_the_old_one_stopped(running: Any, connect: Any) -> None:
    build, log = await running()
    log.write_bytes(lines(10))
    first = await connect()
    first.say(**{"type": "follow", "build": build, "from": 0})
    at = (await first.hear())["to"]
    first.socket.close()
    with log.open("ab") as file:
        file.write(line(10) + RESULT)
    second = await connect()
    second.say(**{"type": "follow", "build": build, "from": at})
    assert (await second.log(build))[0] == line(10) + RESULT


async def test_one_socket_follows_many_and_leaves_any(running: Any, connect: Any) -> None:
    (one, one_log), (two, two_log) = await running(), await running()
    client = await connect()
    for build, log in ((one, one_log), (two, two_log)):
        log.write_bytes(lines(1))
        client.say(**{"type": "follow", "build": build, "from": 0})
        assert (await client.hear())["build"] == build
    client.say(**{"type": "unfollow", "build": one, "from": 0})
    # The server reads in order: when this is refused, the message before has been heard.
    client.say(**{"type": "follow", "build": "nothing", "from": 0})
    assert (await client.hear())["type"] == "error"
    with one_log.open("ab") as file:
        file.write(line(1))
    with two_log.open("ab") as file:
        file.write(line(2) + RESULT)
    assert (await client.log(two))[0] == line(2) + RESULT


async def test_a_request_that_is_wrong_is_answered(
    running: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, log = await running()
    log.write_bytes(lines(1))
    client = await connect()
    for message, where in (
        ("{", "body"),
        ("[]", "body"),
        (b"\xff\xfe", "body"),
        ('{"type":"follow"}', "build"),
        ('{"type":"dance","build":"x"}', "type"),
        (json.dumps({"type": "follow", "build": build, "from": -1}), "from"),
        (json.dumps({"type": "follow", "build": build, "from": "1"}), "from"),
        (json.dumps({"type": "follow", "build": build, "from": 10_000}), "from"),
        (json.dumps({"type": "follow", "build": "../../etc"}), None),
        (json.dumps({"type": "follow", "build": "20200101-000000-abcdef"}), None),
    ):
        client.socket.write_message(message, binary=isinstance(message, bytes))
        reply = await client.hear()
        assert reply["type"] == "error", message
        if where is not None:
            assert reply["error"]["where"] == where, message
        else:
            assert reply["error"]["code"] == "not_found"
    monkeypatch.setattr(stream, "MAX_FOLLOWED", 0)
    client.say(**{"type": "follow", "build": build, "from": 0})
    assert (await client.hear())["error"]["code"] == "conflict"


async def test_a_quiet_stream_is_pinged(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PING", 0.05)
    client = await connect()
    assert await client.hear() == {"type": "ping"}


async def test_a_client_that_does_not_read_delays_nobody(
    running: Any,
    connect: Any,
    api: Any,
    jp_http_port: int,
    jp_auth_header: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build, log = await running()
    whole = lines(200_000) + RESULT
    log.write_bytes(whole)
    opened: list[stream.StreamHandler] = []
    started = stream.StreamHandler.open

    def remember(self: stream.StreamHandler, *args: Any) -> None:
        opened.append(self)
        started(self, *args)

    monkeypatch.setattr(stream.StreamHandler, "open", remember)
    async for _ in stalled(jp_http_port, jp_auth_header, build):
        # It has taken what the system buffers, and waits with one chunk in hand.
        handler = opened[0]
        while not handler._turn.locked():
            await asyncio.sleep(0.01)
        client = await connect()
        client.say(**{"type": "follow", "build": build, "from": 0})
        assert (await client.log(build))[0] == whole
        assert (await api("GET", f"/builds/{build}/log")).response.body == whole
        assert handler._turn.locked()
        assert handler.ws_connection is not None
        waiting = handler.ws_connection.stream._write_buffer
        assert len(waiting) < 1024 * 1024


async def test_many_followers_of_one_log_share_what_is_read(
    running: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, log = await running()
    whole = lines(20_000) + RESULT
    log.write_bytes(whole)
    reads: list[int] = []
    read = logs.read_lines

    def count(path: Any, start: int, *args: Any) -> bytes:
        reads.append(start)
        return read(path, start, *args)

    monkeypatch.setattr(logs, "read_lines", count)
    clients = [await connect() for _ in range(20)]
    for client in clients:
        client.say(**{"type": "follow", "build": build, "from": 0})
    for came, last in await asyncio.gather(*(client.log(build) for client in clients)):
        assert came == whole
        assert last["type"] == "end"
    assert len(reads) <= 2 * len(set(reads))
    assert len(set(reads)) <= len(whole) // logs.CHUNK + 2


async def test_a_hundred_followers_and_ten_who_read_nothing(
    running: Any, connect: Any, api: Any, jp_http_port: int, jp_auth_header: dict[str, str]
) -> None:
    build, log = await running()
    whole = lines(2_000)
    log.write_bytes(whole)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(10):
            one = contextlib.asynccontextmanager(stalled)(jp_http_port, jp_auth_header, build)
            await stack.enter_async_context(one)
        clients = [await connect() for _ in range(100)]
        for client in clients:
            client.say(**{"type": "follow", "build": build, "from": 0})
        followed = asyncio.gather(*(client.log(build) for client in clients))
        assert (await api("GET", "/status")).status == 200
        with log.open("ab", buffering=0) as file:
            for number in range(50):
                file.write(line(number))
            file.write(RESULT)
        for came, last in await followed:
            assert came == whole + lines(50) + RESULT
            assert last["state"] == "succeeded"


async def stalled(port: int, headers: dict[str, str], build: str) -> AsyncIterator[None]:
    """A client that asks for a log and then reads none of it."""
    loop = asyncio.get_running_loop()
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        await loop.sock_connect(raw, ("127.0.0.1", port))
        ask = {
            "Host": f"127.0.0.1:{port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Version": "13",
            **headers,
        }
        head = "".join(f"{key}: {value}\r\n" for key, value in ask.items())
        await loop.sock_sendall(raw, f"GET {HERE}/stream HTTP/1.1\r\n{head}\r\n".encode())
        assert b" 101 " in await loop.sock_recv(raw, 1024)
        text = json.dumps({"type": "follow", "build": build, "from": 0}).encode()
        # One masked frame, with a mask of zeros.
        await loop.sock_sendall(raw, bytes((0x81, 0x80 | len(text))) + bytes(4) + text)
        yield


def test_replies_are_described() -> None:
    described = SPEC["components"]["schemas"]["StreamReply"]["oneOf"]
    kinds = {one["properties"]["type"]["const"] for one in described}
    assert kinds == {"log", "end", "error", "ping"}
