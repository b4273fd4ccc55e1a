"""The one door to other programs: argv lists in, tagged lines out, no process left behind."""

from __future__ import annotations

import codecs
import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Literal, NamedTuple

MAX_LINE = 64 * 1024
"""Characters of one line that are kept; the rest is cut and said."""

Stream = Literal["out", "err"]

LOOK = 0.2
"""Seconds between two looks whether a program has ended that says nothing."""
LEFT = 5.0
"""Seconds in which what a program has left running may still say something."""
VARIABLE_OF_BUILDS = "MLENV_BUILD"
"""Carries a build's id in all processes that it starts."""
# What a build may see of the environment of whoever started it (design.md, Kernel): enough to
# find tools, the network and the user's package indexes, and nothing that is a server's secret.
ALLOWED = frozenset(
    [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "TEMP",
        "TMP",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "all_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NETRC",
        "SYSTEMROOT",
        "CONDA_OVERRIDE_CUDA",
        "CONDA_OVERRIDE_GLIBC",
        "CONDA_OVERRIDE_OSX",
        "CONDA_OVERRIDE_ARCHSPEC",
        "RATTLER_AUTH_FILE",
        "UV_DEFAULT_INDEX",
        "UV_INDEX",
        "UV_INDEX_URL",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_NO_INDEX",
        "UV_INDEX_STRATEGY",
        "UV_KEYRING_PROVIDER",
        "UV_HTTP_RETRIES",
        "UV_HTTP_TIMEOUT",
        "UV_NATIVE_TLS",
        "UV_SYSTEM_CERTS",
        "UV_OFFLINE",
        "UV_PYTHON_INSTALL_MIRROR",
        "UV_PYTHON_DOWNLOADS",
        "UV_PYTHON_DOWNLOADS_JSON_URL",
        "UV_INSECURE_HOST",
        "UV_CONCURRENT_DOWNLOADS",
        "UV_EXCLUDE_NEWER",
        "CC",
        "CXX",
        "CFLAGS",
        "CXXFLAGS",
        "LDFLAGS",
        "MAKEFLAGS",
        "CUDA_HOME",
    ]
)
PIP_TO_UV = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_CERT": "SSL_CERT_FILE",
}


class Line(NamedTuple):
    """One line that a program wrote, without its end."""

    stream: Stream
    text: str


def build_environment(
    source: Mapping[str, str], *, also: Iterable[str] = (), **extra: str
) -> dict[str, str]:
    """The environment of a build: an allow-list of ``source``, the names in ``also``, ``extra``.

    pip's own index settings are passed on under uv's names.
    """
    wanted = ALLOWED | set(also)
    made = {k: v for k, v in source.items() if k in wanted or k.startswith("LC_")}
    for pip_name, uv_name in PIP_TO_UV.items():
        if pip_name in source:
            made.setdefault(uv_name, source[pip_name])
    made.setdefault("PATH", os.defpath)
    return {**made, **extra}


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    input: str | None = None,  # the name that subprocess uses
    on_line: Callable[[Line], None] | None = None,
    on_left: Callable[[], None] | None = None,
) -> tuple[int, list[Line]]:
    """Run a program to its end; its exit code, and its last 2,000 lines.

    ``on_line`` sees every line as it comes, in this thread. If it raises, or this thread is
    interrupted, the program and what it started are ended first. With ``on_left`` the program is in
    a session of its own, which ends with it: at once, or after ``LEFT`` seconds where something
    still holds its output; then ``on_left`` ends what has left that session. Raises
    FileNotFoundError where the program is not there.
    """
    arguments = [os.fspath(one) for one in argv]
    child = subprocess.Popen(
        arguments,
        env=None if env is None else dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=on_left is not None,
    )
    assert child.stdout is not None and child.stderr is not None
    # What one read has brought, since handing over takes longer than a line does.
    lines: queue.Queue[list[Line] | None] = queue.Queue(maxsize=64)
    readers = [
        threading.Thread(target=_read, args=(pipe, tag, lines), daemon=True)
        for pipe, tag in ((child.stdout, "out"), (child.stderr, "err"))
    ]
    for reader in readers:
        reader.start()
    if input is not None:
        threading.Thread(target=_write, args=(child, input), daemon=True).start()
    kept: list[Line] = []
    try:
        ended, until = 0, 0.0
        while ended < len(readers):
            several: list[Line] | None = []
            with contextlib.suppress(queue.Empty):
                several = lines.get(timeout=None if on_left is None else LOOK)
            if on_left is not None and child.poll() is not None:
                now = time.monotonic()
                if until and now > until:
                    end_group(child.pid, hard=True)
                    on_left()
                    on_left = None  # now the output ends
                until = until or now + LEFT
            if several is None:
                ended += 1
                continue
            kept += several
            if len(kept) > 4000:
                del kept[:-2000]
            if on_line is not None:
                for line in several:
                    on_line(line)
        code = child.wait()
        if on_left is not None:
            end_group(child.pid, hard=True)
        return code, kept[-2000:]
    except BaseException:
        if on_left is not None:
            end_group(child.pid)
        end(child)
        if on_left is not None:
            end_group(child.pid, hard=True)
            on_left()
        raise


Child = subprocess.Popen[bytes]
"""A program that was started and goes on."""


def start(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    output: IO[bytes] | None = None,
    input: str | None = None,
    separate: bool = False,
    pass_fds: Sequence[int] = (),
    own_session: bool = False,
) -> Child:
    """Start a program and do not wait for it.

    Its two streams go into ``output``, else into the pipe ``stdout`` of what is returned, or
    ``separate`` into that and ``stderr``. ``input`` is what it reads. In a
    session of its own it lives on when this process, or its terminal, ends.
    """
    into = subprocess.PIPE if output is None else output
    other = subprocess.PIPE if separate else subprocess.STDOUT
    child = subprocess.Popen(
        [os.fspath(one) for one in argv],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
        stdout=into,
        stderr=other if output is None else into,
        pass_fds=pass_fds,
        start_new_session=own_session,
    )
    if input is not None:
        threading.Thread(target=_write, args=(child, input), daemon=True).start()
    return child


def end(child: Child, patience: float = 2.0) -> None:
    """Ask a program to end, and end it where it has not after ``patience`` seconds."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def text_of(lines: Iterable[Line], stream: Stream | None = None) -> str:
    """The lines as one text, of one stream or of both."""
    return "\n".join(line.text for line in lines if stream is None or line.stream == stream)


def end_group(group: int, *, hard: bool = False) -> bool:
    """Signal every process of a process group; False where there is none left."""
    try:
        os.killpg(group, signal.SIGKILL if hard else signal.SIGTERM)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write(child: Child, text: str) -> None:
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
        pipe.write(text.encode())


class Lines:
    """Cuts what a program writes into lines, and a line without end before it fills the memory."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._cut = 0

    def feed(self, data: bytes) -> list[str]:
        """The lines that have an end now."""
        *whole, self._pending = (self._pending + self._decoder.decode(data)).split("\n")
        made = []
        if whole:
            # Only the first may be longer than a read, and so than what is kept.
            first, *others = whole
            made = [_shorten(first, self._cut), *(text.rstrip("\r") for text in others)]
            self._cut = 0
        if len(self._pending) > MAX_LINE:
            # Its head is kept, the rest counted.
            self._cut += len(self._pending) - MAX_LINE
            self._pending = self._pending[:MAX_LINE]
        return made

    def rest(self) -> list[str]:
        """What came after the last end of a line."""
        return [_shorten(self._pending, self._cut)] if self._pending else []


def _read(pipe: IO[bytes], tag: Stream, lines: queue.Queue[list[Line] | None]) -> None:
    cutter = Lines()
    with pipe:
        while chunk := os.read(pipe.fileno(), 65536):
            several = [Line(tag, text) for text in cutter.feed(chunk)]
            if several:
                lines.put(several)
        lines.put([Line(tag, text) for text in cutter.rest()])
    lines.put(None)


def _shorten(text: str, cut: int) -> str:
    text = text.rstrip("\r")
    if len(text) > MAX_LINE:
        cut += len(text) - MAX_LINE
        text = text[:MAX_LINE]
    return f"{text} … ({cut} characters more)" if cut else text
