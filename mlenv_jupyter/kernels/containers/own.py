"""What a kernel in a container has for itself: its engine runs the launcher's code beside it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from mlenv_jupyter.core.build import Form
from mlenv_jupyter.core.errors import MlenvError, NotFound, Unavailable
from mlenv_jupyter.engine.connect import connect
from mlenv_jupyter.kernels.assets.outside import NO_KERNEL
from mlenv_jupyter.kernels.containers.run import HERE
from mlenv_jupyter.kernels.containers.sweep import LAUNCHER, launcher_of
from mlenv_jupyter.kernels.drift import Found, not_discarded
from mlenv_jupyter.kernels.overlays import read
from mlenv_jupyter.kernels.record import LaunchRecord
from mlenv_jupyter.store.store import Record

TIMEOUT = 30
"""Seconds in which a container answers: it reads some directories, or copies and removes some."""
GONE = "The container of this kernel is gone."


class InContainer:
    """The packages of a kernel that runs in a container; without a notebook they go with it."""

    form: Form = "image"

    def __init__(
        self, record: LaunchRecord, container: str, image: str, notebook: str | None
    ) -> None:
        self._python = record.python
        self._container = container
        self.notebook = notebook
        self.name = record.name
        self.version = record.version
        self.rebuilt = _differs(record, image)

    @classmethod
    def of(cls, record: LaunchRecord, pid: int | None) -> InContainer:
        """Found by the process of its launcher; raises NotFound, Unavailable without an engine."""
        launcher = launcher_of(pid) if pid else ""
        found = []
        if launcher:
            label = f"{LAUNCHER}={launcher}"
            client = connect(timeout=TIMEOUT)
            try:
                found = client.api.containers(filters={"label": label, "status": "running"})
            finally:
                client.close()
        if not found:
            raise NotFound("This kernel runs in no container here.", code="no_overlay")
        one = found[0]
        notebook = _notebook(record, [each["Destination"] for each in one.get("Mounts", ())])
        return cls(record, str(one["Id"]), str(one["ImageID"]), notebook)

    def look(self) -> Found:
        code, out, err = self._ask("drift")
        try:
            if code:
                raise ValueError(err)
            # Whoever writes there may write anything: it is decoded, and checked when it is used.
            return msgspec.json.decode(out, type=Found)
        except (ValueError, msgspec.MsgspecError):
            raise Unavailable(
                "The container of this kernel does not say what it has.",
                code="no_answer",
                detail=err[-500:],
                remedy="`%mlenv drift` in a cell tells it.",
            ) from None

    def discard(self) -> None:
        code, _, err = self._ask("discard")
        if code:
            raise not_discarded(err)

    def _ask(self, verb: str) -> tuple[int, bytes, str]:
        """Run the launcher's code in the container; exit code and output. Raises NotFound."""
        from docker.errors import APIError
        from docker.errors import NotFound as NoContainer

        client = connect(timeout=TIMEOUT)
        client.api.timeout = TIMEOUT
        argv = [self._python, "-IS", f"{HERE}/outside.py", verb]
        try:
            asked = client.api.exec_create(self._container, argv)["Id"]
            out, err = client.api.exec_start(asked, demux=True)
            code = client.api.exec_inspect(asked)["ExitCode"]
        except NoContainer:
            raise NotFound(GONE, code="no_overlay") from None
        except APIError as error:
            if error.status_code == 409:  # it is just ending
                raise NotFound(GONE, code="no_overlay") from None
            raise _silent(error) from error
        except OSError as error:
            raise _silent(error) from error
        finally:
            client.close()
        if code == NO_KERNEL:
            raise NotFound("This kernel is only starting.", code="no_overlay")
        return int(code or 0), out or b"", (err or b"").decode(errors="replace").strip()


def _notebook(record: LaunchRecord, mounted: list[str]) -> str | None:
    """Whose overlay is mounted, by the name that it has now."""
    inside = os.path.realpath(record.overlays)
    for one in mounted:
        found = read(Path(one)) if os.path.dirname(one) == inside else None
        if found is not None:
            return found.notebook
    return None


def _differs(record: LaunchRecord, image: str) -> bool:
    """Whether the version has another image now than a kernel runs in."""
    try:
        committed = msgspec.json.decode(Path(record.record).read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError):
        return False
    return committed.image is not None and committed.image.id != image


def _silent(error: Exception) -> MlenvError:
    return Unavailable(
        "The container of this kernel does not answer.",
        code="no_answer",
        detail=str(error)[-500:],
        remedy="Try again; `mlenv doctor` checks the container engine.",
    )
