"""The launcher of a container kernel: from a launch record to a container, and its end.

Runs in mlenv's own Python in place of the kernel process that a Jupyter client knows: signals that
it gets are the kernel's, and it ends when the container does. Standard input of the container is
held open by it alone; ``inside.py`` ends the kernel when that closes, so that nothing stays behind
even if this process is killed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import tarfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from mlenv_jupyter.core.errors import MlenvError, NotFound, Unavailable
from mlenv_jupyter.engine.connect import connect, host, is_remote
from mlenv_jupyter.engine.transfer import Moved, pull
from mlenv_jupyter.kernels.assets.inside import NOT_MOUNTED, NOT_STARTED
from mlenv_jupyter.kernels.containers.door import Door
from mlenv_jupyter.kernels.containers.mounted import NOTEBOOK, Mounted
from mlenv_jupyter.kernels.containers.sweep import KERNEL, LAUNCHER, sweep, this_launcher
from mlenv_jupyter.kernels.launcher import assets
from mlenv_jupyter.kernels.record import Container, LaunchRecord
from mlenv_jupyter.kernels.starting import Teller

if TYPE_CHECKING:
    from docker import DockerClient

PLACE = "/run/mlenv"
DOOR = "/run/mlenv-host"
HERE = f"{PLACE}/launcher"
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
PATIENCE = 3.0
ENTRIES = 50
"""Names of the working directory by which the container sees whether it has the same one."""
PASSED = ("LANG", "LANGUAGE", "TZ", "TERM", "COLUMNS", "LINES", "MLENV_WIDGETS")


def main(argv: list[str]) -> NoReturn:
    """``RECORD LAUNCHER -f CONNECTION_FILE``: run the kernel, or become the fallback kernel."""
    path, launcher, rest = argv[0], argv[1], argv[2:]
    try:
        record = msgspec.json.decode(Path(path).read_bytes(), type=LaunchRecord)
        assert record.container is not None
        # The variables' values: start.py has resolved the secrets among them.
        variables = json.loads(os.environ.pop("MLENV_KERNEL_VARIABLES", "{}"))
        code = ContainerKernel(record, record.container, variables, Path(rest[1])).run()
        sys.exit(code)
    except MlenvError as error:
        problem = {
            "code": error.code,
            "message": f"{error.message} {error.detail}".strip(),
            "remedy": error.remedy,
        }
    python = os.path.join(launcher, "bin", "python")
    fallback = os.path.join(launcher, "fallback.py")
    sys.stderr.flush()
    os.execv(python, [python, "-I", fallback, path, json.dumps(problem), *rest])  # noqa: S606


class ContainerKernel:
    """One kernel in one container."""

    def __init__(
        self,
        record: LaunchRecord,
        container: Container,
        variables: dict[str, str],
        connection_file: Path,
    ) -> None:
        self.record = record
        self.container = container
        self.variables = variables
        self.connection = json.loads(connection_file.read_bytes())
        self.directory = os.getcwd()
        self.id = ""
        self.stopping = False
        self.tail = bytearray()
        self.door: Door | None = None
        self.overlay: Mounted | None = None
        self.teller = Teller(Path(record.home), record.kernel_name, record.name, record.version)

    def run(self) -> int:
        """Until the kernel ends; its exit code. Raises MlenvError where it could not start."""
        for note in self.container.notes:
            self._say(note)
        self._require_tcp()
        self._require_mount()
        client = connect()
        with contextlib.suppress(Exception):  # cleaning up must not keep a kernel from starting
            sweep(client)
        image = self._image(client)
        self._catch_signals(client)
        self._open_door()
        if self.container.mount and not is_remote():
            self.overlay = Mounted.of(self.record, os.environ.pop(NOTEBOOK, ""))
        try:
            self.id = self._create(client, image)
            client.api.put_archive(self.id, "/", self._files())
            code = self._follow(client)
        finally:
            if self.id:
                self._remove(client)
            if self.door is not None:
                self.door.close()
            if self.overlay is not None:
                self.overlay.close()
        if code in (NOT_MOUNTED, NOT_STARTED) and not self.stopping:
            self._explain(code)
        return code

    # Before the start.

    def _require_tcp(self) -> None:
        if self.connection.get("transport", "tcp") != "tcp":
            raise Unavailable(
                "A kernel in a container needs the TCP transport.",
                code="transport",
                remedy="Leave c.KernelManager.transport as it is: tcp.",
            )

    def _require_mount(self) -> None:
        """Say before the start that a distant engine cannot see the working directory."""
        if self.container.mount and is_remote() and not _is_loopback(host() or ""):
            raise Unavailable(
                f"The working directory {self.directory} cannot be mounted: the container engine "
                f"is on another machine ({host()}).",
                code="not_mounted",
                remedy="Use an engine of this machine (DOCKER_HOST), or set "
                "c.Workspace.container_mount = False and install the kernel again.",
            )

    def _image(self, client: DockerClient) -> str:
        """The image's id, pulled where the engine does not have it."""
        from docker.errors import ImageNotFound

        wanted = self.container
        for name in filter(None, (wanted.image, wanted.tag, wanted.pushed)):
            with contextlib.suppress(ImageNotFound):
                return str(client.api.inspect_image(name)["Id"])
        label = f"{self.record.name} {self.record.version}"
        if wanted.pushed is None:
            raise NotFound(
                f"The image of {label} is not in this container engine any more.",
                code="no_image",
                remedy=f"mlenv build {self.record.name}:{self.record.version}",
            )
        self._say(f"Pulling {wanted.pushed}")
        self.teller.tell("pulling the image", at_once=True)
        try:
            pull(client, wanted.pushed, say=self._say, on_moved=self._moved)
        finally:
            self.teller.end()
        return str(client.api.inspect_image(wanted.pushed)["Id"])

    def _open_door(self) -> None:
        """Let ``%mlenv`` in the container ask this machine, as far as that is allowed."""
        if not self.container.verbs or not self.container.mount:
            return
        places = {"MLENV_HOME": self.record.home, "MLENV_STORE": self.record.store}
        door = Door(self.record.cli, self.container.verbs, {**os.environ, **places}, self.directory)
        with contextlib.suppress(OSError):  # no place for it: the kernel starts all the same
            door.open()
            self.door = door

    def _create(self, client: DockerClient, image: str) -> str:
        from docker.errors import APIError

        options = dict(self.container.options)
        binds = list(options.pop("binds", ()))
        if self.container.mount:
            binds.append(f"{self.directory}:{self.directory}:rw")
        if self.door is not None:
            binds.append(f"{self.door.place}:{DOOR}:rw")
        if self.overlay is not None:
            binds.append(f"{self.overlay.place}:{self.overlay.place}:rw")
        own = self.container.network == "host"
        ports = [] if own else [self.connection[name] for name in PORTS]
        address = self.connection.get("ip") or "127.0.0.1"
        try:
            config = client.api.create_host_config(
                binds=binds,
                auto_remove=True,
                network_mode=self.container.network,
                port_bindings={port: (address, port) for port in ports},
                log_config={"Type": "none"},
                **options,
            )
            made = client.api.create_container(
                image,
                [self.record.python, "-IS", f"{HERE}/inside.py", f"{PLACE}/config.json"],
                entrypoint="",
                user=f"{os.getuid()}:{os.getgid()}",
                working_dir=self.directory if self.container.mount else "/tmp",  # noqa: S108
                environment={**_passed(), "HOME": "/tmp"},  # noqa: S108
                labels={KERNEL: self.record.kernel_name, LAUNCHER: this_launcher()},
                ports=ports,
                stdin_open=True,
                host_config=config,
            )
        except (APIError, TypeError, ValueError) as error:
            raise _refused(error) from error
        return str(made["Id"])

    def _files(self) -> bytes:
        """What the kernel reads, and the code that starts it; it shows in no inspection."""
        inside = {**self.connection}
        if self.container.network != "host":
            inside["ip"] = "0.0.0.0"  # noqa: S104 - of the container, published on one address
        record = msgspec.to_builtins(self.record)
        record.update(
            resolved=f"{PLACE}/variables.json",  # not in the record, which its overlay keeps
            mounted=self.overlay.described if self.overlay else None,
            record="",
            overlays="/tmp/mlenv",  # noqa: S108
            cli=[self.record.python, "-IS", f"{HERE}/away.py"],
            container=None,
        )
        entries = sorted(os.listdir(self.directory))[:ENTRIES] if self.container.mount else []
        start = [
            *(self.record.python, "-IS", f"{HERE}/launch.py"),
            *(f"{PLACE}/record.json", "-f", f"{PLACE}/connection.json"),
        ]
        config = {
            "argv": start,
            "directory": self.directory,
            "entries": entries,
            "port": self.connection["shell_port"],
        }
        files = {"config": config, "connection": inside, "record": record}
        files["variables"] = self.variables
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            _add(archive, PLACE.lstrip("/"), None)
            for name, value in files.items():
                _add(archive, f"{PLACE}/{name}.json".lstrip("/"), json.dumps(value).encode())
            if self.door is not None:
                _add(archive, f"{PLACE}/word".lstrip("/"), self.door.word.encode())
            # By hand at each start: an image outlives the mlenv that built it.
            for place in (HERE, f"{HERE}/magics"):
                _add(archive, place.lstrip("/"), None)
            for name, data in assets().items():
                _add(archive, f"{HERE}/{name}".lstrip("/"), data)
        return buffer.getvalue()

    # While it runs.

    def _follow(self, client: DockerClient) -> int:
        """Start the container, hand on what it prints, and wait until it is gone; its exit code."""
        from docker.errors import APIError
        from docker.utils.socket import frames_iter

        sock = client.api.attach_socket(
            self.id, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        )
        ended: list[int] = []
        waiting = threading.Thread(target=self._wait, args=(client, ended), daemon=True)
        waiting.start()
        try:
            client.api.start(self.id)
        except APIError as error:
            raise _refused(error) from error
        with contextlib.suppress(OSError, ValueError):
            for stream, data in frames_iter(sock, tty=False):
                self.tail += data
                del self.tail[:-4000]
                os.write(2 if stream == 2 else 1, data)
        waiting.join(60)
        sock.close()
        return ended[0] if ended else 0

    def _wait(self, client: DockerClient, ended: list[int]) -> None:
        with contextlib.suppress(Exception):  # the engine went away: so did the container's pipe
            found = client.api.wait(self.id, timeout=None, condition="removed")
            ended.append(int(found["StatusCode"]))

    def _catch_signals(self, client: DockerClient) -> None:
        def hand_on(number: int, _: Any) -> None:
            if number != signal.SIGINT:
                self.stopping = True
                timer = threading.Timer(PATIENCE, self._remove, (client,))
                timer.daemon = True
                timer.start()
            if self.id:
                name = signal.Signals(number).name
                threading.Thread(target=self._kill, args=(client, name), daemon=True).start()
            elif self.stopping:
                os._exit(128 + number)

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, hand_on)

    def _kill(self, client: DockerClient, name: str) -> None:
        with contextlib.suppress(Exception):  # it has ended meanwhile
            client.api.kill(self.id, name)

    def _remove(self, client: DockerClient) -> None:
        with contextlib.suppress(Exception):  # the engine has removed it by itself
            client.api.remove_container(self.id, force=True, v=True)

    # What is said.

    def _explain(self, code: int) -> NoReturn:
        if code == NOT_MOUNTED:
            raise Unavailable(
                f"The working directory {self.directory} is not the same one in the container.",
                code="not_mounted",
                detail="The engine sees other files than this machine: it runs elsewhere.",
                remedy="Use an engine of this machine (DOCKER_HOST), or set "
                "c.Workspace.container_mount = False and install the kernel again.",
            )
        said = self.tail.decode(errors="replace").strip().splitlines()
        raise Unavailable(
            "The kernel did not start in its container.",
            code="cannot_start",
            detail=" ".join(said[-3:])[-400:],
            remedy=f"mlenv build --force {self.record.name}:{self.record.version}",
        )

    def _say(self, text: str) -> None:
        sys.stderr.write(f"mlenv: {text}\n")
        sys.stderr.flush()

    def _moved(self, moved: Moved) -> None:
        if not moved.bytes_total:
            return
        done, total = moved.bytes_done / 1e6, moved.bytes_total / 1e6
        self.teller.tell(f"{done:.0f} of {total:.0f} MB")
        if sys.stderr.isatty():
            sys.stderr.write(f"\rmlenv: {done:.0f} of {total:.0f} MB")


def _passed() -> dict[str, str]:
    """What of this process's environment is the user's own way of seeing things."""
    found = {name: value for name, value in os.environ.items() if name.startswith("LC_")}
    found.update({name: os.environ[name] for name in PASSED if name in os.environ})
    user = os.environ.get("USER") or os.environ.get("LOGNAME") or str(os.getuid())
    return {**found, "USER": user, "LOGNAME": user}


def _add(archive: tarfile.TarFile, name: str, data: bytes | None) -> None:
    info = tarfile.TarInfo(name)
    info.uid, info.gid, info.mtime = os.getuid(), os.getgid(), int(time.time())
    if data is None:
        info.type, info.mode = tarfile.DIRTYPE, 0o700
        archive.addfile(info)
    else:
        info.size, info.mode = len(data), 0o600
        archive.addfile(info, io.BytesIO(data))


def _is_loopback(place: str) -> bool:
    return any(one in place for one in ("//127.", "//localhost", "//[::1]"))


def _refused(error: Exception) -> Unavailable:
    said = str(getattr(error, "explanation", "") or error).strip().rstrip(".")
    return Unavailable(
        "The container engine did not start the kernel's container.",
        code="container_refused",
        detail=f"{said}.",
        remedy="Restart the kernel: a port may have been taken meanwhile. "
        "`mlenv doctor` looks at the engine.",
    )
