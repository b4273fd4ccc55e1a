"""The door between a container kernel's ``%mlenv`` and the command of its host.

A socket in a directory that only this user and the container see, with a word that is this
kernel's alone (`assets/away.py` has both). Only the verbs that the policy allows are run, as the
user whom the kernel belongs to.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from mlenv_jupyter.process import end, start

SOCKET = "mlenv.sock"
MOST = 16 * 1024 * 1024
"""Bytes of a request: a definition in a cell is smaller."""


class Door:
    """Serves one kernel, from ``open`` to ``close``."""

    def __init__(
        self, cli: Sequence[str], verbs: Sequence[str], env: Mapping[str, str], directory: str
    ) -> None:
        self.cli = tuple(cli)
        self.verbs = frozenset(verbs)
        self.env = dict(env)
        self.directory = directory
        self.word = secrets.token_urlsafe(32)
        self.place: Path | None = None
        self._socket: socket.socket | None = None

    def open(self) -> Path:
        """Begin to serve; the directory with the socket. Raises OSError."""
        # Short: the path of a socket has no more than 107 bytes.
        self.place = Path(tempfile.mkdtemp(prefix="mlenv-"))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(os.fspath(self.place / SOCKET))
        os.chmod(self.place / SOCKET, 0o600)
        self._socket.listen(16)
        threading.Thread(target=self._serve, args=(self._socket,), daemon=True).start()
        return self.place

    def close(self) -> None:
        """Serve no longer, and leave nothing."""
        if self._socket is not None:
            self._socket.close()
        if self.place is not None:
            shutil.rmtree(self.place, ignore_errors=True)

    def _serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed: the kernel has ended
            while True:
                client, _ = listening.accept()
                threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with (
            client,
            client.makefile("rb") as stream,
            contextlib.suppress(OSError, ValueError, KeyError, TypeError),
        ):
            asked = json.loads(stream.readline(MOST))
            if not hmac.compare_digest(str(asked["word"]), self.word):
                return
            argv, text = [str(one) for one in asked["argv"]], str(asked.get("text") or "")
            if not argv or argv[0] not in self.verbs:
                _send(client, {"refused": argv[0] if argv else ""})
                return
            self._run(client, stream, argv, text)

    def _run(
        self, client: socket.socket, stream: IO[bytes], argv: Sequence[str], text: str
    ) -> None:
        child = start(
            [*self.cli, *argv],
            env=self.env,
            cwd=Path(self.directory),
            input=text,
            separate=True,
        )
        sending = threading.Lock()

        def pass_on(pipe: IO[bytes], number: int) -> None:
            with contextlib.suppress(OSError, ValueError):
                while data := os.read(pipe.fileno(), 65536):
                    with sending:
                        _send(client, {"to": number, "text": data.decode("latin-1")})

        def watch() -> None:
            # Nothing more is said on the other side: its end is that of the cell.
            with contextlib.suppress(OSError, ValueError):
                stream.read(1)
            end(child)

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        assert child.stdout is not None and child.stderr is not None
        readers = [
            threading.Thread(target=pass_on, args=pair, daemon=True)
            for pair in ((child.stdout, 1), (child.stderr, 2))
        ]
        with child.stdout, child.stderr:
            for one in readers:
                one.start()
            for one in readers:
                one.join()
        with contextlib.suppress(OSError):
            _send(client, {"code": child.wait()})
            client.shutdown(socket.SHUT_RDWR)
        watching.join()


def _send(client: socket.socket, message: dict[str, Any]) -> None:
    client.sendall(json.dumps(message).encode() + b"\n")
