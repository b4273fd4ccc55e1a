"""pip in a cell: what it says as it says it, and how it ended.

Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys

from .command import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COMMANDS = {"add": ["install"], "remove": ["uninstall", "--yes"]}
FORCED = ("FORCE_COLOR", "CLICOLOR_FORCE")
"""By these a kernel has tools behave as in a terminal."""
DONE_TO = {"add": "installed", "remove": "removed"}


def change(verb: str, words: list[str], *, attended: bool = True) -> None:
    """Add or remove packages in this kernel's overlay; raises Refused.

    ``python -m pip`` is the overlay's own way in, so the version behind it is never touched.
    Where nobody looks there are no colours and no bars: every step of one would be saved.
    """
    if not any(not word.startswith("-") for word in words) and "-r" not in words:
        message = f"Nothing is named that should be {DONE_TO[verb]}."
        raise Refused({"message": message, "remedy": f"`%mlenv {verb} PACKAGE`"})
    argv = [sys.executable, "-m", "pip", "--disable-pip-version-check", *COMMANDS[verb], *words]
    code = stream(argv, plain=not attended)
    importlib.invalidate_caches()
    if code:
        # pip has said why, just above.
        message = f"Not everything was {DONE_TO[verb]} (pip ended with exit code {code})."
        raise Refused({"message": message, "shown": True})


def discard(record: dict[str, Any]) -> None:
    """Take out of this kernel's overlay all that was added; raises Refused."""
    tool, overlay = (os.path.join(record["launcher"], "tool.py"), record["overlay"])
    done = subprocess.run(
        [sys.executable, "-IS", tool, "discard", overlay],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    importlib.invalidate_caches()
    if done.returncode:
        message = "What was added could not be taken out."
        detail = done.stderr.decode("utf-8", "replace")[-2000:]
        raise Refused({"message": message, "detail": detail, "remedy": "Restart the kernel."})


def stream(argv: list[str], *, plain: bool = False) -> int:
    """Run a command to its end and print its lines as they come; its exit code.

    In a session of its own: an interrupt of the cell is handed on, and what it answers waited for.
    """
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    for name in FORCED if plain else ():
        environment.pop(name, None)
    child = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )
    interrupted = False
    while True:
        try:
            assert child.stdout is not None
            for line in child.stdout:
                print(line.decode("utf-8", "replace"), end="", flush=True)
            code = child.wait()
            break
        except KeyboardInterrupt:
            interrupted = True
            try:
                os.killpg(child.pid, signal.SIGINT)
            except OSError:
                pass
    if interrupted:
        raise KeyboardInterrupt
    return code
