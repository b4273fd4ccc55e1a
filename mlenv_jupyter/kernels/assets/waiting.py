"""A kernel of the pool: started before anybody asked for it, it waits to be told whose it is.

Loaded by file in the kernel (3.8 and later). The server has the other end of the socket: when it
ends, however it does, the kernel ends too.
"""

from __future__ import annotations

import json
import os
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CONFIGURATIONS = ("ipython_config", "ipython_kernel_config")


def wait(
    application: Any, descriptor: int, overlay: str, keep_overlay: Callable[[], object]
) -> None:
    """Say over the socket that this kernel is ready, once its loop runs; then obey one word.

    ``keep_overlay`` has the overlay outlive this process.
    """
    from tornado.ioloop import IOLoop

    server = socket.socket(fileno=descriptor)
    server.set_inheritable(False)
    server.setblocking(False)
    loop: Any = IOLoop.current()
    heard = bytearray()

    def end() -> None:
        loop.remove_handler(server)
        server.close()

    def say(word: dict[str, Any]) -> None:
        server.sendall(json.dumps(word).encode() + b"\n")

    def listen(*_: Any) -> None:
        try:
            data = server.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:  # the server has gone, or has no use for this kernel
            end()
            loop.stop()
            return
        heard.extend(data)
        if not heard.endswith(b"\n"):
            return
        try:
            become(application, json.loads(heard.decode()))
            keep_overlay()
        except Exception as error:  # whatever it is, this kernel is not to be used
            say({"error": f"{type(error).__name__}: {error}"})
            return
        say({"error": ""})
        end()

    def ready() -> None:
        say({"unfit": unfit(application), "overlay": overlay, "read": read(application)})

    loop.add_handler(server, listen, loop.READ)
    loop.add_callback(ready)


def become(application: Any, word: dict[str, Any]) -> None:
    """Be as if it had been started now: where, for which notebook, on which connection file."""
    os.chdir(word["cwd"])
    os.environ.update(word["environment"])
    shell = application.shell
    shell.starting_dir = os.getcwd()
    history = getattr(shell.history_manager, "dir_hist", None)
    if history:
        history[:] = [type(history[0])(os.getcwd())]
    before, now = application.abs_connection_file, word["connection_file"]
    application.connection_file = now
    sys.argv[:] = [now if one == before else one for one in sys.argv]


def unfit(application: Any) -> str:
    """What has run at this kernel's start and should run when it is asked for; '' for nothing."""
    for name in ("exec_lines", "exec_files", "code_to_run", "module_to_run", "file_to_run"):
        if getattr(application, name, None):
            return name
    if os.environ.get("PYTHONSTARTUP"):
        return "PYTHONSTARTUP"
    place = os.path.join(application.profile_dir.location, "startup")
    files = os.listdir(place) if os.path.isdir(place) else []
    return "startup files" if any(one.endswith((".py", ".ipy")) for one in files) else ""


def read(application: Any) -> list[str]:
    """The files that decide how a kernel starts, those that are not there included."""
    places = [*application.config_file_paths, application.profile_dir.location]
    names = [one + end for one in CONFIGURATIONS for end in (".py", ".json")]
    files = [os.path.join(place, name) for place in places for name in names]
    startup = os.path.join(application.profile_dir.location, "startup")
    return [*sorted({os.path.abspath(one) for one in files}), startup]
