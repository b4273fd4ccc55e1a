"""``mlenv environment …``: environments as directories, in the seed system's own format."""

from __future__ import annotations

COMMANDS = ()
