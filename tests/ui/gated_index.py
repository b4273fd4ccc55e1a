"""A package index whose downloads wait until a test lets them through.

``GET /simple/`` lists two names, ``GET /simple/NAME/`` one wheel for every name that begins with
``gated-``; its metadata is served at once (PEP 658), the wheel itself not before
``POST /open/NAME``. So a test can look at a build in the middle of it, for as long as it wants to.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import threading
import zipfile
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "1.0"
LONGEST_WAIT = 120.0
"""Seconds after which a download is let through anyway, so that no forgotten one hangs for ever."""

_gates: dict[str, threading.Event] = defaultdict(threading.Event)


def metadata(name: str) -> bytes:
    """The METADATA of a wheel that needs nothing."""
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\n".encode()


def wheel(name: str) -> bytes:
    """A wheel with one module that knows its version; the same bytes every time."""
    module = name.replace("-", "_")
    info = f"{module}-{VERSION}.dist-info"
    files = {
        f"{module}.py": f'__version__ = "{VERSION}"\n'.encode(),
        f"{info}/METADATA": metadata(name),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_hash(data)},{len(data)}\n" for path, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), data)
    return buffer.getvalue()


def _hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


class Handler(BaseHTTPRequestHandler):
    """One request; the path says what for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A list of files, a file, or its metadata."""
        parts = self.path.strip("/").split("/")
        if parts == ["simple"]:
            self._answer(_names(), "text/html")
        elif parts[0] == "simple" and len(parts) == 2 and parts[1].startswith("gated-"):
            self._answer(_page(parts[1]), "text/html")
        elif parts[0] == "files" and len(parts) == 3:
            if parts[2].endswith(".metadata"):
                self._answer(metadata(parts[1]))
            else:
                _gates[parts[1]].wait(LONGEST_WAIT)
                self._answer(wheel(parts[1]))
        elif self.path == "/":
            self._answer(b"ready")
        else:
            self._answer(b"no such package", status=404)

    def do_HEAD(self) -> None:
        """No ranges and no sizes: the metadata is served by itself."""
        self._answer(b"", status=405)

    def do_POST(self) -> None:
        """``/open/NAME`` lets the downloads of a package through."""
        _gates[self.path.removeprefix("/open/")].set()
        self._answer(b"open")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what is asked for is in the build's log."""

    def _answer(
        self, body: bytes, kind: str = "application/octet-stream", status: int = 200
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the build was cancelled


def _names() -> bytes:
    links = "".join(f'<a href="/simple/{one}/">{one}</a>' for one in ("gated-one", "gated-two"))
    return f"<!DOCTYPE html><html><body>{links}</body></html>".encode()


def _page(name: str) -> bytes:
    file = f"{name.replace('-', '_')}-{VERSION}-py3-none-any.whl"
    sums = [hashlib.sha256(data).hexdigest() for data in (wheel(name), metadata(name))]
    return (
        f'<!DOCTYPE html><html><body><a href="/files/{name}/{file}#sha256={sums[0]}"'
        f' data-core-metadata="sha256={sums[1]}">{file}</a></body></html>'
    ).encode()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
