"""While kernels are kept ready, what a kernel says is sent at once, on a real socket."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from mlenv_jupyter.server.access import WorkspaceAccess
from mlenv_jupyter.server.prompt import SETTING, PromptConnection, have_prompt_connections


@pytest.mark.parametrize("size", [0, 1])
async def test_a_kernels_socket_does_not_wait_for_acknowledgements(
    size: int, access: WorkspaceAccess, jp_serverapp: Any, jp_fetch: Any, jp_ws_fetch: Any
) -> None:
    body = json.dumps({"size": size})
    await jp_fetch("mlenv", "api", "pool", method="PUT", body=body)
    made = await jp_fetch("api", "kernels", method="POST", body="{}")
    kernel = json.loads(made.body)["id"]
    client = await jp_ws_fetch("api", "kernels", kernel, "channels")
    try:
        (there,) = ZMQChannelsWebsocketConnection._open_sessions.values()
        server_side = there.ws_connection.stream.socket
        assert bool(server_side.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) is (size > 0)
    finally:
        client.close()
        await jp_serverapp.kernel_manager.shutdown_kernel(kernel, now=True)


def test_a_class_that_somebody_chose_stays() -> None:
    class Chosen(ZMQChannelsWebsocketConnection):
        pass

    settings: dict[str, Any] = {SETTING: Chosen}
    have_prompt_connections(settings, wanted=True)
    assert settings[SETTING] is Chosen
    settings[SETTING] = ZMQChannelsWebsocketConnection
    have_prompt_connections(settings, wanted=True)
    assert settings[SETTING] is PromptConnection
    have_prompt_connections(settings, wanted=False)
    assert settings[SETTING] is ZMQChannelsWebsocketConnection
