"""Sockets of kernels that send a result at once."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

SETTING = "kernel_websocket_connection_class"
"""The name under which the server's settings hold the class of these connections."""


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Jupyter's own, without Nagle's algorithm.

    With it, a result that follows `busy` waits until the browser has acknowledged that, up to
    40 ms for every cell: https://www.rfc-editor.org/rfc/rfc1122#page-96.
    """

    def connect(self) -> Any:
        """Connect, with every message sent when it is there; what Jupyter's own answers."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


def have_prompt_connections(settings: dict[str, Any], wanted: bool) -> None:
    """Have a server's kernels connected so, or not; a class that somebody chose stays."""
    here, there = ZMQChannelsWebsocketConnection, PromptConnection
    before, after = (here, there) if wanted else (there, here)
    if settings.get(SETTING) is before:
        settings[SETTING] = after
