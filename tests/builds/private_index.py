"""A package index that asks for a user and password, on a loopback port."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def private_index(wheels: Path, user: str, password: str) -> Iterator[str]:
    """Serve the wheels of a directory; yields the host and port."""
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = self.path.strip("/").split("/")
            if self.headers.get("Authorization") != expected:
                self._answer(401, b"who are you?")
            elif parts[0] == "simple" and len(parts) == 2:
                stem = parts[1].replace("-", "_")
                links = "".join(
                    f'<a href="/files/{one.name}#sha256='
                    f'{hashlib.sha256(one.read_bytes()).hexdigest()}">{one.name}</a>'
                    for one in wheels.glob(f"{stem}-*.whl")
                )
                self._answer(200 if links else 404, f"<html><body>{links}</body></html>".encode())
            elif parts[0] == "files" and (wheels / parts[-1]).exists():
                self._answer(200, (wheels / parts[-1]).read_bytes(), "application/octet-stream")
            else:
                self._answer(404, b"")

        def do_HEAD(self) -> None:
            self._answer(405, b"")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def _answer(self, status: int, body: bytes, kind: str = "text/html") -> None:
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="private"')
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
