"""What `%mlenv` runs in a container, where the command itself is not: asks the host's.

Part of the launcher, copied into images; standard library only, Python 3.8 and later. The other
side is `containers/door.py`; without it this says where the kernel is.
"""

from __future__ import annotations

import json
import os
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DOOR = "/run/mlenv-host/mlenv.sock"
TEXT = "This kernel runs in a container, which has no access to the environments of its host."
REMEDY = "Use the Environments panel, or `mlenv` in a terminal; %pip adds packages until it ends."
REFUSED = "`mlenv {}` is not run for a kernel in a container."
ALLOWED = "Use the Environments panel, or have c.Workspace.container_verbs allow it."


def main(argv: list[str]) -> int:
    """Run one command of the host; its exit code."""
    word = _word()
    if not word or not os.path.exists(DOOR):
        return refuse(argv, TEXT, REMEDY)
    text = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        client.connect(DOOR)
        request = {"word": word, "argv": argv, "text": text}
        client.sendall(json.dumps(request).encode() + b"\n")
        with client.makefile("rb") as lines:
            for line in lines:
                message: dict[str, Any] = json.loads(line)
                if "refused" in message:
                    return refuse(argv, REFUSED.format(message["refused"]), ALLOWED)
                if "code" in message:
                    return int(message["code"])
                os.write(int(message["to"]), message["text"].encode("latin-1"))
    except OSError:
        pass
    finally:
        client.close()
    return refuse(argv, TEXT, REMEDY)


def refuse(argv: list[str], message: str, remedy: str) -> int:
    """Answer like the command does where something is not to be had."""
    if "--json" in argv:
        problem = {"code": "in_container", "message": message, "remedy": remedy, "where": ""}
        sys.stderr.write(json.dumps({"error": problem}) + "\n")
    else:
        sys.stderr.write("Error: " + message + "\n" + remedy + "\n")
    return 3


def _word() -> str:
    """What this kernel is known by."""
    try:
        with open("/run/mlenv/word", encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
