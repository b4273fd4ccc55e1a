"""What the kernel of this container has beyond its Version, asked by who stands outside.

`python -IS outside.py drift|discard`, run by the engine beside the kernel, which may be busy.
Part of the launcher; standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

NO_KERNEL = 4
"""What this ends with where no kernel has come to its overlay yet."""


def main(argv: list[str]) -> int:
    """Print the drift as JSON, or empty the overlay; the exit code."""
    try:
        overlay = find()
        with open(os.path.join(overlay, "overlay.json"), encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return NO_KERNEL
    described = json.loads(text)
    if argv[1] == "discard":
        from discard import discard

        discard(overlay, described, text)
    else:
        from drift import of_overlay, told

        print(json.dumps(told(of_overlay(described, overlay))))
    return 0


def find() -> str:
    """The overlay that the kernel runs in; raises FileNotFoundError."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/" + name + "/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            if not any(one.endswith(b"/launcher/kernel_app.py") for one in words):
                continue
            with open("/proc/" + name + "/environ", "rb") as file:
                pairs = file.read().split(b"\0")
        except OSError:
            continue  # it has ended meanwhile
        for pair in pairs:
            if pair.startswith(b"VIRTUAL_ENV="):
                return os.fsdecode(pair.partition(b"=")[2])
    raise FileNotFoundError("kernel_app.py")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
