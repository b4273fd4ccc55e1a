"""The ``mlenv`` command. ``exec`` goes a way of its own that imports next to nothing."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["exec"]:
        from mlenv_jupyter.cli.execute import execute_quickly

        execute_quickly(words[1:])
    from mlenv_jupyter.cli.app import run

    return run(words)
