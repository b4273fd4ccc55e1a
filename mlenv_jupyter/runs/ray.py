"""A run on a Ray cluster: a Ray Job, with the locked version as its runtime environment.

Ray carries the environment itself: a pip version by its uv plugin, with the hashes of the lock, a
conda version by its conda plugin, an image by ``image_uri``. The job's id is the run's, so that it
is started once, whoever follows it and however often.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import importlib.util
import os
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.core.errors import InvalidRequest, Unavailable
from mlenv_jupyter.core.secret import secret_names
from mlenv_jupyter.process import Line

if TYPE_CHECKING:
    from mlenv_jupyter.core.definition import Definition
    from mlenv_jupyter.core.universal import UniversalLock
    from mlenv_jupyter.runs.spec import RunFiles, RunSpec
    from mlenv_jupyter.store.store import Record

ASSETS = Path(__file__).with_name("assets")
MARK = "\x1emlenv "
SILENCE = 60.0
"""Seconds without an answer after which a cluster counts as lost."""
SILENT = 5.0
"""Seconds without output after which it is asked whether the job has ended."""
LOOK = 0.3
VARIABLES = ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS")


def is_ray(target: str) -> bool:
    """Whether a compute target is a Ray cluster: ``ray``, ``ray://…`` or ``http(s)://…``."""
    return target == "ray" or target.startswith(("ray://", "http://", "https://"))


def check_ray(target: str, definition: Definition, variables: dict[str, str]) -> None:
    """What can be known before a run is submitted. Raises InvalidRequest, Unavailable."""
    if target != "ray":
        parts = urlsplit(target)
        if parts.username or parts.password or not parts.hostname:
            raise InvalidRequest(
                "The address of a Ray cluster is a host and a port, without a password.",
                where="compute_target",
                remedy="Ray takes a token from RAY_AUTH_TOKEN.",
            )
    if importlib.util.find_spec("ray") is None:
        raise Unavailable(
            "Runs on a Ray cluster need Ray, which is not installed beside mlenv.",
            code="no_ray",
            where="compute_target",
            remedy="Install it: pip install 'mlenv-jupyter[ray]'.",
        )
    named = secret_names([*definition.variables.values(), *variables.values()])
    if named:
        raise InvalidRequest(
            f"The secret {named[0]!r} cannot be sent to a Ray cluster: whoever sees its dashboard "
            "sees the variables of its jobs.",
            where="environment_variables",
            remedy="Set it on the nodes of the cluster, and take it out of the environment.",
        )
    if definition.wheels:
        raise InvalidRequest(
            "Wheels that are files of this machine cannot be sent to a Ray cluster.",
            where="environment",
            remedy="Put them on an index, or use an image.",
        )


def runtime_environment(
    definition: Definition, lock: UniversalLock | None, record: Record
) -> dict[str, Any]:
    """Ray's ``runtime_env`` of a built version. Raises Conflict, InvalidRequest."""
    from mlenv_jupyter.formats.conda_out import as_mapping
    from mlenv_jupyter.formats.requirements_out import hashed_lines, option_lines

    if record.image is not None:
        if not record.image.pushed:
            raise InvalidRequest(
                "The image is on this machine only, where the cluster cannot fetch it.",
                where="compute_target",
                remedy="Configure a registry to push to (c.Workspace.image_repository), "
                "and build again.",
            )
        return {"image_uri": record.image.pushed}
    if definition.kind == "conda":
        return {"conda": as_mapping(definition)}
    if lock is None:
        raise InvalidRequest(
            "The version has no lock that a cluster could install.",
            where="environment",
            remedy="Environments with packages of their own Python run here only.",
        )
    if not lock.packages:
        return {}
    options = [word for line in option_lines(definition) for word in line.split(" ", 1)]
    # All that is needed is in the lock, and Ray's own packages are seen from there.
    return {
        "uv": {"packages": hashed_lines(lock), "uv_pip_install_options": ["--no-deps", *options]}
    }


class Job:
    """One job of a cluster, and how to follow it."""

    def __init__(
        self,
        spec: RunSpec,
        files: RunFiles,
        python: str,
        say: Callable[[str], None],
        on_line: Callable[[Line], None],
    ) -> None:
        self.spec = spec
        self.files = files
        self.python = python
        self.say = say
        self.reader = Reader(files, on_line)
        self.client = connect(spec.target)

    def run(self, environment: dict[str, Any], on_start: Callable[[], None]) -> int:
        """Submit it, or find it again, and follow it to its end; the exit code.

        Raises Unavailable where the cluster is lost, MlenvError where it cannot be started; what
        the job has said until then is kept.
        """
        try:
            if self._status() is None:
                self._submit(environment)
            self._follow(on_start)
        except BaseException:
            # Where this process alone is ended, another one follows the job later.
            if self.files.cancel.exists():
                with contextlib.suppress(Exception):
                    self.client.stop_job(self.spec.id)
            raise
        return self._ending()

    def _submit(self, environment: dict[str, Any]) -> None:
        spec = self.spec
        self._pack()
        resources = dict(spec.resources)
        try:
            self.client.submit_job(
                entrypoint=shlex.join(["python", ".mlenv/enter.py"]),
                submission_id=spec.id,
                runtime_env={
                    **environment,
                    "working_dir": str(self.files.work),
                    # For tasks and actors too; enter.py gives them to the script as they are.
                    "env_vars": self._variables(),
                },
                metadata={"mlenv": f"{spec.name}:{spec.version}", "experiment": spec.experiment},
                entrypoint_num_cpus=resources.pop("CPU", None),
                entrypoint_num_gpus=resources.pop("GPU", None),
                entrypoint_memory=int(resources.pop("memory", 0)) or None,
                entrypoint_resources=resources or None,
            )
        except (RuntimeError, ValueError, TypeError, OSError) as error:
            raise Unavailable(
                "Ray did not take the job.", code="ray_refused", detail=_last(error)
            ) from error
        self.say(f"Submitted to the Ray cluster as job {spec.id}")

    def _variables(self) -> dict[str, str]:
        spec = self.spec
        return {
            **spec.definition.variables,
            **spec.variables,
            "MLENV_RUN_ID": spec.id,
            "MLENV_RUN_EXPERIMENT": spec.experiment,
            "PYTHONUNBUFFERED": "1",
        }

    def _pack(self) -> None:
        """What goes along with the sources."""
        spec, own = self.spec, self.files.work / ".mlenv"
        package = own / "path" / "mlenv_jupyter"
        package.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ASSETS / "context.py", package / "__init__.py")
        shutil.copyfile(ASSETS / "enter.py", own / "enter.py")
        told = {
            "command": spec.command,
            "variables": self._variables(),
            "reference": f"{spec.name}:{spec.version}",
            # A conda environment and an image bring their own.
            "python": _minor(self.python) if spec.definition.kind == "pip" else "",
        }
        (own / "run.json").write_bytes(msgspec.json.encode(told))

    def _status(self) -> Any:
        """What Ray says of it; None where it knows no such job. Raises Unavailable when lost."""
        until = time.monotonic() + SILENCE
        while True:
            try:
                return self.client.get_job_info(self.spec.id)
            except (RuntimeError, OSError) as error:
                if "404" in str(error) or "does not exist" in str(error):
                    return None
                if time.monotonic() > until:
                    raise Unavailable(
                        "The Ray cluster does not answer any more.",
                        code="ray_lost",
                        detail=_last(error),
                        remedy="The job may still run: look at the cluster's dashboard.",
                    ) from error
            time.sleep(1)

    def _follow(self, on_start: Callable[[], None]) -> None:
        """Read what it says until it has ended; a connection that breaks is made again."""
        said = ""
        while True:
            info = self._status()
            if info is None:
                raise Unavailable("Ray does not know the job any more.", code="ray_lost")
            state = str(getattr(info.status, "value", info.status))
            if state == "PENDING":
                if info.message and info.message != said:
                    said = info.message
                    self.say(f"Ray: {said}")
                time.sleep(LOOK)
                continue
            if state == "RUNNING":
                on_start()
            broken = self._tail()
            if not broken and self._is_over():
                return
            if info.status.is_terminal():
                self.say(f"The end of the job's output is lost: {broken}")
                return
            time.sleep(LOOK)

    def _is_over(self) -> bool:
        info = self._status()
        return info is None or info.status.is_terminal()

    def _tail(self) -> str:
        """Read its output to the end or until the connection breaks; says why it broke."""
        import aiohttp

        async def read() -> None:
            self.reader.begin()
            loop = asyncio.get_running_loop()
            texts = self.client.tail_job_logs(self.spec.id)
            while True:
                more = asyncio.ensure_future(anext(texts))
                while not (await asyncio.wait({more}, timeout=SILENT))[0]:
                    # A node that is gone says nothing more, not even that it is.
                    if await loop.run_in_executor(None, self._is_over):
                        more.cancel()
                        raise ConnectionError("its node says nothing more")
                try:
                    self.reader.feed(more.result())
                except StopAsyncIteration:
                    self.reader.feed("", last=True)
                    return

        try:
            asyncio.run(read())
        except (aiohttp.ClientError, RuntimeError, OSError) as error:
            return _last(error)
        return ""

    def _ending(self) -> int:
        info = self._status()
        state = str(getattr(info.status, "value", info.status))
        if state == "SUCCEEDED":
            return 0
        if state == "STOPPED":
            raise Unavailable("The job was stopped on the cluster.", code="ray_stopped")
        if self.reader.code:
            return self.reader.code
        raise Unavailable(
            "Ray could not run the job to its end.",
            code="ray_failed",
            detail=(info.message or "")[-1000:],
            remedy="The log has what the job said until then. If a node was lost, submit again.",
        )


class Reader:
    """Tells what the job's program says from what ``enter.py`` says of it.

    Each connection begins with the first line again: what is kept already is passed over.
    """

    def __init__(self, files: RunFiles, on_line: Callable[[Line], None]) -> None:
        self.files = files
        self.on_line = on_line
        self.lines = sum(1 for one in read_records(files.log) if one.k == "line" and one.l == "out")
        self.metrics = len(files.read_metrics())
        self.code: int | None = None

    def begin(self) -> None:
        """The output comes from its beginning."""
        self._rest = ""
        self._lines = self._metrics = 0
        self._file: tuple[str, bytearray] | None = None

    def feed(self, text: str, *, last: bool = False) -> None:
        """More of the output."""
        *whole, self._rest = (self._rest + text).split("\n")
        if last and self._rest:
            whole.append(self._rest)
        for line in whole:
            said, mark, told = line.partition(MARK)
            if said or not mark:
                self._lines += 1
                if self._lines > self.lines:
                    self.lines += 1
                    self.on_line(Line("out", said.rstrip("\r")))
            if mark:
                with contextlib.suppress(ValueError, KeyError, TypeError, OSError):
                    self._heed(msgspec.json.decode(told))

    def _heed(self, told: dict[str, Any]) -> None:
        if "metric" in told:
            self._metrics += 1
            if self._metrics > self.metrics:
                self.metrics += 1
                with open(self.files.metrics, "ab") as file:
                    file.write(msgspec.json.encode(told["metric"]) + b"\n")
        elif "file" in told:
            self._file = str(told["file"]), bytearray()
        elif "data" in told and self._file is not None:
            self._file[1].extend(base64.b64decode(told["data"]))
        elif "kept" in told and self._file is not None:
            (name, data), self._file = self._file, None
            whole = hashlib.sha256(data).hexdigest() == told["sha256"]
            target = (self.files.files / name).resolve()
            # The name comes from the job: it may not leave the run's directory.
            if whole and target.is_relative_to(self.files.files.resolve()):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        elif "code" in told:
            self.code = int(told["code"])


def connect(target: str) -> Any:
    """A client of the cluster's job server. Raises Unavailable."""
    # The sources are a snapshot already: nothing more is left out of them.
    os.environ["RAY_RUNTIME_ENV_IGNORE_GITIGNORE"] = "1"
    from ray.job_submission import JobSubmissionClient

    if target != "ray":
        for name in VARIABLES:
            os.environ.pop(name, None)  # they would take the place of what was asked for
    try:
        return JobSubmissionClient(None if target == "ray" else target)
    except (RuntimeError, OSError, ValueError) as error:
        raise Unavailable(
            "No Ray cluster answers.",
            code="no_cluster",
            where=target,
            detail=_last(error),
            remedy="Name its job server, such as http://HOST:8265, or set RAY_ADDRESS.",
        ) from error


def stop_job(target: str, run_id: str) -> None:
    """Have a cluster end the job of a run, if it can be reached."""
    with contextlib.suppress(Exception):
        connect(target).stop_job(run_id)


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])


def _last(error: BaseException) -> str:
    """The end of what Ray says: its errors are whole tracebacks."""
    lines = [line for line in str(error).splitlines() if line.strip(" .")]
    return (lines[-1] if lines else type(error).__name__)[-600:]
