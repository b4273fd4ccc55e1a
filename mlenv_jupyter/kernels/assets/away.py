"""What `%mlenv` runs in a container, where the command itself is not: says where it is.

Part of the launcher, copied into images; standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import json
import sys

TEXT = "This kernel runs in a container, which has no access to the environments of its host."
REMEDY = "Use the Environments panel, or `mlenv` in a terminal; %pip adds packages until it ends."


def main(argv: list[str]) -> int:
    """Answer like the command does where something is not to be had."""
    if "--json" in argv:
        problem = {"code": "in_container", "message": TEXT, "remedy": REMEDY, "where": ""}
        sys.stderr.write(json.dumps({"error": problem}) + "\n")
        return 3
    sys.stderr.write(f"Error: {TEXT}\n{REMEDY}\n")
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
