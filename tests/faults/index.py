"""A package index on a loopback port whose downloads can be cut, changed or refused."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Spoil = Callable[[bytes], "tuple[bytes, int]"]
"""Makes of a file what is sent of it, and the length that is announced."""


def whole(data: bytes) -> tuple[bytes, int]:
    """As it is."""
    return data, len(data)


def cut(at: float) -> Spoil:
    """The connection ends before the file does."""
    return lambda data: (data[: int(len(data) * at)], len(data))


def short(at: float) -> Spoil:
    """The file ends before it should, and nothing says so."""
    return lambda data: (data[: int(len(data) * at)], int(len(data) * at))


def flipped(at: float) -> Spoil:
    """One bit is another."""

    def spoil(data: bytes) -> tuple[bytes, int]:
        place = min(int(len(data) * at), len(data) - 1)
        changed = bytearray(data)
        changed[place] ^= 0x10
        return bytes(changed), len(data)

    return spoil


class Index:
    """Serves the wheels of a directory until it is closed."""

    def __init__(self, wheels: Path) -> None:
        self.spoil: Spoil = whole
        self.sent = 0
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = self.path.strip("/").split("/")
                if parts[0] == "simple" and len(parts) == 2:
                    stem = parts[1].replace("-", "_")
                    links = "".join(
                        f'<a href="/files/{one.name}#sha256='
                        f'{hashlib.sha256(one.read_bytes()).hexdigest()}">{one.name}</a>'
                        for one in wheels.glob(f"{stem}-*.whl")
                    )
                    body = f"<html><body>{links}</body></html>".encode()
                    self._answer(200 if links else 404, "text/html", body, len(body))
                elif parts[0] == "files" and (wheels / parts[-1]).exists():
                    index.sent += 1
                    body, length = index.spoil((wheels / parts[-1]).read_bytes())
                    self._answer(200, "application/octet-stream", body, length)
                else:
                    self._answer(404, "text/html", b"", 0)

            def do_HEAD(self) -> None:
                self.send_response(405)  # no ranges: a file is asked for whole
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

            def _answer(self, status: int, kind: str, body: bytes, length: int) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/simple"

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
