"""How fast does a log reach those who follow it, and what does that do to everybody else?"""

from __future__ import annotations

import json
import os
import resource
import secrets
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

import psutil

from bench import five
from bench.measure import Table, rounds
from mlenv_jupyter.builds.durable import moment, new_id
from mlenv_jupyter.builds.log import LogWriter
from mlenv_jupyter.builds.spec import BuildFiles
from mlenv_jupyter.core.build import Build
from mlenv_jupyter.process import run as run_program

LINES = 1_000_000
FOLLOWERS = 100
CROWD, SILENT, CROWD_LINES = 1_000, 10, 20_000
TERMINAL_LINES = 100_000
RESULT = b'{"t":9.0,"k":"result","s":"verifying","d":{"state":"succeeded","error":null}}\n'
WRITE = "import sys; w = sys.stdout.write\nfor i in range({n}): w('line %8d %s\\n' % (i, 'x' * 85))"


class Server(NamedTuple):
    """A Jupyter server of this benchmark's own."""

    port: int
    token: str
    process: psutil.Process


class Seen(NamedTuple):
    """What a server went through: lines a second for each client, memory, and other requests.

    ``lag`` is for how long its event loop heard nobody, whatever the clients did meanwhile.
    """

    rate: float
    grown: float
    slowest: float
    lag: float


def run(count: int) -> list[Table]:
    """A million lines of 100 bytes, from a program to a file and from a file to browsers."""
    made = five.workspace()
    place = five.scratch()
    with serving(made.places.home, made.places.store) as server:
        seen: dict[int, list[Seen]] = {1: [], FOLLOWERS: []}
        build = _a_log()
        contestants: dict[str, Callable[[], float | None]] = {
            "a plain pipe into a file": lambda: LINES / _pipe(place / "plain"),
            "a program into a build's log": lambda: LINES / _worker(place / "log.jsonl"),
            "a Jupyter terminal, one client": lambda: TERMINAL_LINES / _terminal(server, place),
        }
        for followers in seen:

            def follow(followers: int = followers) -> float:
                seen[followers].append(_follow(server, build, followers))
                return seen[followers][-1].rate

            contestants[f"a log, {followers} client{'s' * (followers > 1)}"] = follow
        # Rates in the place of seconds: nothing is computed from them but medians.
        found = rounds(contestants, count)
    with serving(made.places.home, made.places.store) as server:
        short = _a_log(CROWD_LINES)
        crowds = [_follow(server, short, CROWD, silent=SILENT) for _ in range(count)]
    five.clear()
    rows = []
    for name, samples in found.items():
        rates = [one.seconds for one in samples]
        spread = f"{min(rates):,.0f} … {max(rates):,.0f}"
        rows.append((name, f"{statistics.median(rates):,.0f}", spread))
    others = [
        (
            f"{followers}",
            f"{max(one.grown for one in many):.0f} MB",
            *_waits(many),
        )
        for followers, many in seen.items()
    ]
    took = statistics.median(CROWD_LINES / one.rate for one in crowds)
    others.append(
        (
            f"{CROWD:,}, {SILENT} of which read nothing, of {CROWD_LINES:,} lines",
            f"{max(one.grown for one in crowds):.0f} MB",
            *_waits(crowds),
        )
    )
    return [
        Table("Lines a second", ("", "each client (median)", "spread"), tuple(rows)),
        Table(
            "Beside that, in the same server",
            ("clients", "most memory more", "`GET /status`, p99", "event loop held, p99"),
            tuple(others),
            "Goals: at most 64 MB and 100 ms. All but the silent of the thousand had everything, "
            f"their connecting included, after {took:.1f} s.",
        ),
    ]


def _waits(many: Sequence[Seen]) -> tuple[str, ...]:
    medians = (statistics.median(one[at] for one in many) for at in (2, 3))
    return tuple(f"{one * 1e3:.0f} ms" for one in medians)


@contextmanager
def serving(home: Path, store: Path) -> Iterator[Server]:
    """A Jupyter server with mlenv and terminals, on loopback, in a process of its own."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    extensions = {"bench.lag": True, "mlenv_jupyter": True, "jupyter_server_terminals": True}
    argv = [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"]
    argv += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    argv += [f"--ServerApp.jpserver_extensions={extensions}", "--ServerApp.log_level=ERROR"]
    env = {**os.environ, "MLENV_HOME": str(home), "MLENV_STORE": str(store)}
    env["PYTHONPATH"] = str(Path(__file__).parent.parent)
    child = subprocess.Popen(argv, env={**env, "JUPYTER_TOKEN": token}, cwd=home)
    server = Server(port, token, psutil.Process(child.pid))
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with suppress(URLError, OSError):
                _get(server, "/mlenv/api/status")
                break
            time.sleep(0.05)
        yield server
    finally:
        child.terminate()
        child.wait()


def _pipe(target: Path) -> float:
    """Seconds from a program through a pipe into a file."""
    began = time.perf_counter()
    with target.open("wb") as file:
        program = subprocess.Popen(
            [sys.executable, "-c", WRITE.format(n=LINES)], stdout=subprocess.PIPE
        )
        subprocess.run(["cat"], stdin=program.stdout, stdout=file, check=True)
        program.wait()
    return time.perf_counter() - began


def _worker(target: Path) -> float:
    """Seconds from a program into a log as the worker writes it: decoded, cleaned, encoded."""
    target.unlink(missing_ok=True)
    began = time.perf_counter()
    log = LogWriter(target, time.time())
    run_program(
        [sys.executable, "-c", WRITE.format(n=LINES)], on_line=lambda line: log.line(line.text)
    )
    log.close()
    return time.perf_counter() - began


def _a_log(lines: int = LINES) -> str:
    """A build that has ended, with so many lines."""
    made = five.workspace()
    build = Build(
        id=new_id(),
        name="log",
        version="1",
        digest="0" * 64,
        state="installing",
        created_at=moment(),
    )
    files = BuildFiles(made.places, build.id)
    files.place.mkdir(parents=True)
    with files.log.open("wb") as file:
        for number in range(lines):
            text = f'{{"t":{number / 1e4:.3f},"k":"line","s":"installing","x":"{number:036d}"}}\n'
            file.write(text.encode())
        file.write(RESULT)
    made.registry.builds.add(build)
    made.registry.builds.update(build.id, state="succeeded", finished_at=moment())
    return build.id


def _follow(server: Server, build: str, followers: int, *, silent: int = 0) -> Seen:
    """Have so many follow a log to its end, beside some who ask for it and read nothing."""
    before = server.process.memory_info().rss
    most, waits, done = before, [0.0], threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.is_set():
            began = time.perf_counter()
            _get(server, "/mlenv/api/status")
            waits.append(time.perf_counter() - began)
            most = max(most, server.process.memory_info().rss)
            done.wait(0.02)

    _get(server, "/lag")
    watching = threading.Thread(target=watch)
    watching.start()
    began = time.perf_counter()
    ask = json.dumps({"type": "follow", "build": build, "from": 0}).encode()
    quiet = [_connect(server, "/mlenv/api/stream", ask) for _ in range(silent)]
    clients = [_connect(server, "/mlenv/api/stream", ask) for _ in range(followers - silent)]
    _read_all(clients, lambda text: b'"type":"end"' in text)
    seconds = time.perf_counter() - began
    for one in quiet:
        one.close()
    done.set()
    watching.join()
    lags: list[float] = json.loads(_get(server, "/lag"))
    lines = CROWD_LINES if followers == CROWD else LINES
    return Seen(lines / seconds, (most - before) / 1e6, _p99(waits), _p99(lags))


def _p99(waits: Sequence[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.99) - 1]


def _terminal(server: Server, place: Path) -> float:
    """Seconds for a file to come out of a Jupyter terminal."""
    text = place / "terminal.txt"
    text.write_text("".join(f"line {n:8d} {'x' * 85}\n" for n in range(TERMINAL_LINES)))
    name = json.loads(_get(server, "/api/terminals", b"{}"))["name"]
    began = time.perf_counter()
    ask = json.dumps(["stdin", f"cat {text}; echo E''ND\r"]).encode()
    client = _connect(server, f"/terminals/websocket/{name}", ask)
    _read_all([client], lambda text: b"END" in text, 1 << 24)
    return time.perf_counter() - began


def _get(server: Server, path: str, body: bytes | None = None) -> bytes:
    address = f"http://127.0.0.1:{server.port}{path}"
    headers = {"Authorization": f"token {server.token}", "Content-Type": "application/json"}
    with urlopen(Request(address, body, headers), timeout=60) as answer:
        data: bytes = answer.read()
        return data


def _connect(server: Server, path: str, ask: bytes) -> socket.socket:
    """Open a WebSocket and send one message."""
    client = socket.create_connection(("127.0.0.1", server.port))
    head = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nAuthorization: token {server.token}\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    client.sendall(head.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += client.recv(1)
    assert b" 101 " in answer, answer
    client.sendall(b"\x81\xfe" + len(ask).to_bytes(2, "big") + bytes(4) + ask)  # masked with zeros
    return client


def _read_all(
    clients: list[socket.socket], is_last: Callable[[bytes], bool], longest: int = 4096
) -> None:
    """Read from all until each has had its last message; longer ones are counted, not kept."""
    ready = selectors.DefaultSelector()
    for client in clients:
        client.setblocking(False)
        ready.register(client, selectors.EVENT_READ, bytearray())
    left: dict[socket.socket, int] = dict.fromkeys(clients, 0)
    while left:
        for key, _ in ready.select():
            assert isinstance(key.fileobj, socket.socket)
            client, held = key.fileobj, key.data
            data = client.recv(1 << 20)
            assert data, "the server closed a stream"
            skipped = min(left[client], len(data))
            left[client] -= skipped
            held += data[skipped:]
            if _take(held, left, client, is_last, longest):
                ready.unregister(client)
                client.close()
                del left[client]


def _take(
    held: bytearray,
    left: dict[socket.socket, int],
    client: socket.socket,
    is_last: Callable[[bytes], bool],
    longest: int,
) -> bool:
    """Take whole frames from what has come; whether the last one was among them."""
    while len(held) >= 2:
        length, head = held[1] & 127, 2
        if length >= 126:
            head = 4 if length == 126 else 10
            if len(held) < head:
                return False
            length = int.from_bytes(held[2:head], "big")
        if length > longest:
            left[client] = max(0, head + length - len(held))
            del held[: head + length]
            continue
        if len(held) < head + length:
            return False
        if held[0] & 15 == 9:
            client.sendall(b"\x8a\x80" + bytes(4))  # a ping that stays unanswered ends the socket
        text = bytes(held[head : head + length])
        del held[: head + length]
        if is_last(text):
            return True
    return False
