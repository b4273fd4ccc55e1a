"""The first process of a container: starts the kernel, forwards signals, ends with it.

Part of the launcher, copied into images; standard library only, Python 3.8 and later. It reads
standard input, which the launcher on the other side holds open and never writes to: when that
ends, the launcher is gone, however it died, and the kernel ends too.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

NOT_MOUNTED, NOT_STARTED = 97, 98
"""What the container ends with where the directory is another one, and where no kernel ever ran."""
PATIENCE = 3.0
"""Seconds that a kernel has to end by itself once its launcher is gone."""


def main(argv: list[str]) -> NoReturn:
    """``inside.py CONFIG``: run the kernel; its exit code, 128 + N for a signal."""
    with open(argv[1], encoding="utf-8") as file:
        config = json.load(file)
    check_mounted(config)
    os.umask(0o022)
    asked: list[int] = []
    child = 0

    def forward(number: int, _: Any) -> None:
        asked.append(number)
        if child:
            _send(child, number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, forward)
    child = start(config["argv"])
    if signal.SIGTERM in asked:
        _send(child, signal.SIGTERM)
    watching, until, started = True, 0.0, False
    while True:
        code = reap(child)
        if code is not None:
            sys.exit(code if started or not code else NOT_STARTED)
        started = started or listens(config.get("port", 0))
        if until and time.monotonic() > until:
            _send(child, signal.SIGKILL)
        if watching and _ended(0.2):
            watching, until = False, time.monotonic() + PATIENCE
            _send(child, signal.SIGTERM)
        elif not watching:
            time.sleep(0.05)


def check_mounted(config: dict[str, Any]) -> None:
    """End at once where the working directory is not the one of the notebook."""
    there, expected = config.get("directory"), set(config.get("entries", ()))
    if not there or not expected:
        return
    try:
        found = set(os.listdir(there))
    except OSError:
        found = set()
    if not expected & found:
        sys.stderr.write(there + " is not the same directory here.\n")
        sys.stderr.flush()
        os._exit(NOT_MOUNTED)


def listens(port: int) -> bool:
    """Whether something listens on a port here, as a kernel does from its start on."""
    wanted = ":%04X" % port  # noqa: UP031 - as /proc has it
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                rows = [line.split() for line in file]
        except OSError:
            continue
        if any(row[1].endswith(wanted) and row[3] == "0A" for row in rows[1:]):
            return True
    return False


def start(arguments: list[str]) -> int:
    """Start the kernel in a process group of its own; its process id."""
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.execv(arguments[0], arguments)
    except OSError as error:
        sys.stderr.write(f"{arguments[0]}: {error}\n")
        sys.stderr.flush()
    os._exit(127)


def reap(child: int) -> int | None:
    """Collect every process that has ended: orphans come to the first process of a container."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 0
        if pid == 0:
            return None
        if pid == child:
            if os.WIFSIGNALED(status):
                return 128 + os.WTERMSIG(status)
            return os.WEXITSTATUS(status)


def _ended(seconds: float) -> bool:
    """Whether standard input has come to its end; waits for at most ``seconds``."""
    try:
        ready, _, _ = select.select([0], [], [], seconds)
        return bool(ready) and not os.read(0, 4096)
    except InterruptedError:
        return False
    except OSError as error:
        return error.errno != errno.EAGAIN


def _send(child: int, number: int) -> None:
    try:
        os.killpg(child, number)
    except OSError:
        pass


if __name__ == "__main__":
    main(sys.argv)
