"""One kernel that was started before anybody asked for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import uuid
from pathlib import Path
from typing import Any

import msgspec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from mlenv_jupyter.core.errors import MlenvError
from mlenv_jupyter.kernels.assets import sweep
from mlenv_jupyter.kernels.assets.overlay import NOTEBOOK_OF, WAITS
from mlenv_jupyter.kernels.overlays import drop_links
from mlenv_jupyter.kernels.pool.candidates import Candidate, Seen, files_as_they_are, look
from mlenv_jupyter.kernels.pool.claim import claim
from mlenv_jupyter.kernels.retire import used_path

SESSION = "JPY_SESSION_NAME"
READY = 60.0
"""Seconds that a kernel may take until it is ready."""
OBEYS = 2.0
"""Seconds that it may take to be somebody's."""
ENDS = 2.0
"""Seconds after which one that does not end by itself is killed."""


class Unfit(MlenvError):
    """A kernel that cannot be started ahead, or could not be handed over."""

    code = "unfit_for_pool"


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What a kernel says when it is ready."""

    unfit: str
    overlay: str
    read: tuple[str, ...]


class Waiting:
    """A kernel that is ready and belongs to nobody.

    It ends by itself when its server does: the other end of its socket is here.
    """

    def __init__(self, candidate: Candidate, kernels: Path, environment: dict[str, str]) -> None:
        self.candidate = candidate
        self.environment = environment
        self.memory = 0
        self.overlay: Path | None = None
        self._kernels = kernels
        self._read: tuple[tuple[str, ...], Seen] = ((), ())
        self._socket: socket.socket | None = None
        self._heard = b""
        self._manager: Any = None

    @property
    def process(self) -> Any:
        """The process, as subprocess has it."""
        return self._manager.provisioner.process

    async def start(self, kernels: Any, cwd: str) -> None:
        """Start it as the server's ``kernels`` would, and wait until it is ready; raises Unfit."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._socket = ours
        manager = AsyncKernelManager(
            kernel_name=self.candidate.kernel_name,
            connection_file=os.path.join(
                kernels.connection_dir, f"mlenv-waiting-{uuid.uuid4()}.json"
            ),
            kernel_spec_manager=kernels.kernel_spec_manager,
            parent=kernels,
        )
        spec = manager.kernel_spec
        manager.provisioner = LocalProvisioner(
            kernel_id=str(uuid.uuid4()), kernel_spec=spec, parent=manager
        )
        self._manager = manager
        encryption = getattr(kernels, "transport_encryption", "disabled")
        more = {} if encryption == "disabled" else {"transport_encryption": encryption}
        try:
            environment = {**self.environment, WAITS: str(theirs.fileno())}
            with theirs:
                await manager.start_kernel(
                    env=environment, cwd=cwd, pass_fds=[theirs.fileno()], **more
                )
            word = msgspec.json.decode(await self._line(READY) or b"null", type=Word | None)
        except (OSError, RuntimeError, msgspec.DecodeError, asyncio.TimeoutError) as error:
            raise Unfit(f"It does not start: {error or type(error).__name__}.") from error
        if word is None:
            raise Unfit("It ended before it was ready.")
        self.overlay = Path(word.overlay)
        if word.unfit:
            raise Unfit(f"Its own start runs code ({word.unfit}).")
        if self.overlay.parent != Path(self.candidate.record.overlays):
            raise Unfit("The store cannot be written.")
        self._read = (word.read, files_as_they_are(word.read))
        self.memory = _memory(self.process.pid)

    def is_same(self) -> bool:
        """Whether it lives, and a kernel that is started now would be the same."""
        paths, seen = self._read
        now = look(self._kernels, self.candidate.kernel_name)
        return (
            self.process is not None
            and self.process.poll() is None
            and now == self.candidate
            and files_as_they_are(paths) == seen
        )

    def doubt(self, manager: Any, arguments: dict[str, Any]) -> str:
        """Why what ``manager`` should start may differ in more than directory and notebook."""
        ours = self._manager
        environment = dict(arguments.get("env") or ())
        notebook = environment.pop(SESSION, "")
        encryption = "transport_encryption"
        same = {
            "it has other arguments": set(arguments) <= {"env", "cwd", "kernel_id"},
            "it has no notebook": os.path.isabs(notebook),
            "its directory is not there": os.path.isdir(arguments.get("cwd") or ""),
            "its variables are others": environment == self.environment,
            "its kernelspec is another": manager.kernel_spec.to_dict()
            == ours.kernel_spec.to_dict(),
            "its connection is of another kind": (manager.transport, manager.ip)
            == (ours.transport, ours.ip)
            and manager.session.signature_scheme == ours.session.signature_scheme
            and getattr(manager, encryption, None) == getattr(ours, encryption, None),
            "what it is made of has changed": self.is_same(),
        }
        return next((why for why, holds in same.items() if not holds), "")

    async def become(self, manager: Any, arguments: dict[str, Any]) -> Any:
        """Be the kernel of ``manager``: its process, with the ports and keys put into ``manager``.

        Raises Unfit where the notebook has packages of its own, or the kernel does not obey.
        """
        notebook, cwd = os.path.abspath(arguments["env"][SESSION]), arguments["cwd"]
        assert self.overlay is not None
        loop = asyncio.get_running_loop()
        text = self.candidate.text
        try:
            claimed = await loop.run_in_executor(None, claim, self.overlay, notebook, text)
        except (OSError, ValueError, KeyError) as error:
            raise Unfit(f"Its overlay cannot be the notebook's: {error}.") from error
        if not claimed:
            raise Unfit("The notebook has packages of its own, or another kernel.")
        word = {
            "cwd": os.fspath(cwd),
            "environment": {SESSION: arguments["env"][SESSION], NOTEBOOK_OF: str(self.process.pid)},
            "connection_file": manager.connection_file,
        }
        assert self._socket is not None
        try:
            await loop.sock_sendall(self._socket, json.dumps(word).encode() + b"\n")
            answer = json.loads(await self._line(OBEYS) or b"{}")
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            raise Unfit(f"It does not answer: {error or type(error).__name__}.") from error
        if answer.get("error") != "":
            raise Unfit(f"It cannot go where it should: {answer.get('error')}.")
        ours = self._manager
        for name in ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port"):
            setattr(manager, name, getattr(ours, name))
        manager.session.key = ours.session.key
        if getattr(ours, "curve_publickey", None) is not None:
            manager.curve_publickey = ours.curve_publickey
            manager.curve_secretkey = ours.curve_secretkey
        process, ours.provisioner.process = self.process, None
        with contextlib.suppress(OSError):
            os.utime(used_path(self._kernels, self.candidate.kernel_name))
        return process

    async def discard(self) -> None:
        """End it; its process and its overlay are gone after that."""
        if self._manager is None:
            return
        if self._socket is not None:
            self._socket.close()  # it ends by itself
        process = self.process
        if process is not None:
            await ended(process, ENDS)
            self._manager.provisioner.process = None
        await self.release()
        if self.overlay is not None and self.overlay.exists():
            sweep.remove(os.fspath(self.overlay))
            drop_links(self.overlay.parent)

    async def release(self) -> None:
        """Give back what its start took in this process."""
        if self._socket is not None:
            self._socket.close()
        await self._manager.cleanup_resources()

    async def _line(self, seconds: float) -> bytes:
        """The next line that it says; b"" where it has ended."""

        async def read() -> bytes:
            assert self._socket is not None
            loop = asyncio.get_running_loop()
            while b"\n" not in self._heard:
                data = await loop.sock_recv(self._socket, 1 << 16)
                if not data:
                    return b""
                self._heard += data
            line, _, self._heard = self._heard.partition(b"\n")
            return line

        return await asyncio.wait_for(read(), seconds)


async def ended(process: Any, seconds: float) -> None:
    """Wait for the end of a process; after so many seconds kill it and what it started."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while process.poll() is None and loop.time() < until:
        await asyncio.sleep(0.02)
    if process.poll() is None:
        with contextlib.suppress(OSError):  # it leads the group of what it started
            os.killpg(process.pid, signal.SIGKILL)
        await loop.run_in_executor(None, process.wait)


def _memory(pid: int) -> int:
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
