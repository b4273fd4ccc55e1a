"""The log over HTTP: whole lines, in order, from any byte, until the build has ended."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tornado.simple_httpclient import HTTPTimeoutError

from mlenv_jupyter.builds.oldlogs import pack_old
from mlenv_jupyter.server import builds, logs

from .conftest import HERE


def line(number: int) -> bytes:
    """One record as the worker writes it."""
    record = {"t": number / 10, "k": "line", "s": "installing", "x": f"line {number} é"}
    return json.dumps(record).encode() + b"\n"


RESULT = b'{"t":9.0,"k":"result","s":"verifying","d":{"state":"succeeded","error":null}}\n'


def lines(count: int) -> bytes:
    """That many records."""
    return b"".join(line(number) for number in range(count))


async def test_a_log_is_answered_as_it_is_on_disk(api: Any, running: Any) -> None:
    build, log = await running()
    log.write_bytes(lines(100) + RESULT)
    answer = await api("GET", f"/builds/{build}/log")
    assert answer.response.body == lines(100) + RESULT
    assert answer.response.headers["X-Accel-Buffering"] == "no"
    assert answer.response.headers["Content-Type"] == "application/x-ndjson"


async def test_a_line_that_is_half_written_waits(api: Any, running: Any) -> None:
    build, log = await running()
    log.write_bytes(lines(3) + b'{"t":0.4,"k":"li')
    assert (await api("GET", f"/builds/{build}/log")).response.body == lines(3)


async def test_a_log_goes_on_from_an_offset(api: Any, running: Any) -> None:
    build, log = await running()
    whole = lines(50) + RESULT
    log.write_bytes(whole)
    at = len(lines(20))
    end = len(whole)
    for asked, begins in ((at, at), (at - 5, at), (at + 1, len(lines(21))), (end, end)):
        answer = await api("GET", f"/builds/{build}/log", query={"from": asked, "follow": 1})
        assert answer.response.body == whole[begins:]


async def test_an_offset_beyond_the_end_is_refused(api: Any, running: Any) -> None:
    build, log = await running()
    log.write_bytes(lines(2))
    answer = await api("GET", f"/builds/{build}/log", query={"from": 10_000})
    assert answer.status == 400
    assert answer.json["error"]["where"] == "from"


async def test_a_build_without_a_log_has_an_empty_one(api: Any, running: Any) -> None:
    build, _ = await running()
    answer = await api("GET", f"/builds/{build}/log")
    assert (answer.status, answer.response.body) == (200, b"")


async def test_following_sees_lines_as_they_come_and_ends_with_the_result(
    api: Any, running: Any
) -> None:
    build, log = await running()
    came: list[bytes] = []
    seen = asyncio.Event()

    def receive(chunk: bytes) -> None:
        came.append(chunk)
        seen.set()

    answer = asyncio.ensure_future(
        api("GET", f"/builds/{build}/log", query={"follow": 1}, streaming_callback=receive)
    )
    with log.open("ab", buffering=0) as file:
        for number in range(5):
            seen.clear()
            file.write(line(number))
            await asyncio.wait_for(seen.wait(), 10)
            assert b"".join(came) == lines(number + 1)
        assert not answer.done()
        file.write(RESULT)
    await asyncio.wait_for(answer, 10)
    assert b"".join(came) == lines(5) + RESULT


async def test_silence_is_broken_by_blank_lines(
    api: Any, running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "KEEP_ALIVE", 0.05)
    build, log = await running()
    log.write_bytes(lines(1))
    came = b""
    two = asyncio.Event()

    def receive(chunk: bytes) -> None:
        nonlocal came
        came += chunk
        if came.endswith(b"\n\n\n"):
            two.set()

    answer = asyncio.ensure_future(
        api("GET", f"/builds/{build}/log", query={"follow": 1}, streaming_callback=receive)
    )
    await asyncio.wait_for(two.wait(), 10)
    with log.open("ab") as file:
        file.write(RESULT)
    await asyncio.wait_for(answer, 10)
    assert came.replace(b"\n\n", b"\n").startswith(lines(1))
    assert came.endswith(RESULT)


async def test_a_build_that_ended_without_a_result_ends_its_log(
    api: Any, running: Any, end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "ASK", 0.1)
    build, log = await running()
    log.write_bytes(lines(3))
    answer = asyncio.ensure_future(api("GET", f"/builds/{build}/log", query={"follow": 1}))
    end(build, "interrupted")
    assert (await asyncio.wait_for(answer, 10)).response.body == lines(3)


async def test_followers_share_one_watch_and_leave_nothing(
    api: Any,
    running: Any,
    jp_serverapp: Any,
    http_server_client: Any,
    jp_auth_header: dict[str, str],
) -> None:
    build, log = await running()
    log.write_bytes(lines(1))
    ready = [asyncio.Event() for _ in range(5)]
    gone = asyncio.ensure_future(
        http_server_client.fetch(
            f"{HERE}/builds/{build}/log?follow=1",
            headers=jp_auth_header,
            streaming_callback=lambda _: ready[0].set(),
            request_timeout=0.5,
            raise_error=False,
        )
    )
    stay = [
        asyncio.ensure_future(
            api(
                "GET",
                f"/builds/{build}/log",
                query={"follow": 1},
                streaming_callback=lambda _, one=one: one.set(),
            )
        )
        for one in ready[1:]
    ]
    await asyncio.gather(*(one.wait() for one in ready))
    tails = jp_serverapp.web_app.settings["mlenv_logs"]._tails
    assert len(tails) == 1
    assert tails[build].readers == 5
    # A client that goes away is not waited for.
    with pytest.raises(HTTPTimeoutError):
        await gone
    while tails[build].readers > 4:
        await asyncio.sleep(0.01)
    with log.open("ab") as file:
        file.write(RESULT)
    await asyncio.gather(*stay)
    while tails:
        await asyncio.sleep(0.01)


async def test_whoever_comes_later_asks_the_registry_no_more(
    running: Any, end: Any, access: Any, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, log = await running()
    log.write_bytes(lines(3) + RESULT)
    end(build, "succeeded")
    asked: list[str] = []

    def path(it: Any, build_id: str) -> Path:
        asked.append(build_id)
        return log

    monkeypatch.setattr("mlenv_jupyter.workspace.Workspace.log_path", path)
    tails = logs.LogTails(access)

    async def size() -> int:
        async with tails.open(build, 0) as (tail, at):
            assert tail.ended
            return len(await tail.read(at))

    async with tails.open(build, 0):
        assert await asyncio.gather(*(size() for _ in range(50))) == [len(lines(3) + RESULT)] * 50
        assert asked == [build]
        with log.open("ab") as file:  # as a second attempt would
            file.write(lines(1) + RESULT)
        assert await size() == len(lines(3) + RESULT + lines(1) + RESULT)
    assert asked == [build] * 2
    assert tails._tails == {}


def test_reading_takes_whole_lines_of_any_length(tmp_path: Path) -> None:
    path = tmp_path / "log"
    long = b'{"x":"' + b"a" * 1000 + b'"}\n'
    path.write_bytes(b"1\n2\n" + long + b"3\n")
    end = path.stat().st_size
    assert logs.read_lines(path, 0, end, 5) == b"1\n2\n"
    assert logs.read_lines(path, 4, end, 5).startswith(long)
    assert logs.read_lines(path, 4 + len(long), end, 5) == b"3\n"
    assert logs.read_lines(path, end, end) == b""


@pytest.mark.parametrize(
    ("content", "size", "state"),
    [
        (b"", 0, None),
        (b'{"k":"li', 0, None),
        (b'{"k":"line"}\n', 13, None),
        (b'{"k":"line"}\n' + RESULT, 13 + len(RESULT), "succeeded"),
        (RESULT + b'{"k":"line"}\n', 13 + len(RESULT), None),
        (RESULT, len(RESULT), "succeeded"),
        (b"\n", 1, None),
        (b"not json\n", 9, None),
        (b'{"k":"line","x":"' + b"a" * 100_000 + b'"}\n', 100_020, None),
    ],
)
def test_the_last_line_tells_whether_it_has_ended(
    tmp_path: Path, content: bytes, size: int, state: str | None
) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    assert logs.last_line(path, len(content)) == (size, state)


async def test_a_compressed_log_is_followed_from_the_same_offsets(
    api: Any, running: Any, end: Any, access: Any, workers: dict[str, int]
) -> None:
    build, log = await running()
    whole = lines(500) + RESULT
    log.write_bytes(whole)
    log.with_name("result.json").write_bytes(b"{}")
    end(build, "succeeded")
    os.close(workers.pop(build))
    os.utime(log, (1, 1))
    await access.call(lambda it: pack_old(it.places, 30))
    assert not log.exists()
    at = len(lines(20))
    answer = await api("GET", f"/builds/{build}/log", query={"from": at, "follow": 1})
    assert answer.response.body == whole[at:]
