"""A run on a Ray cluster: a Ray Job, with the locked version as its runtime environment.

Ray carries the environment itself: a pip version by its uv plugin, with the hashes of the lock, a
conda version by its conda plugin, an image by ``image_uri``. The job's id is the run's, so that it
is started once, whoever follows it and however often.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mlenv_jupyter.cluster import check_cluster, connect, job_info, last, state_of
from mlenv_jupyter.core.errors import InvalidRequest, Unavailable
from mlenv_jupyter.core.secret import secret_names
from mlenv_jupyter.process import Line
from mlenv_jupyter.runs.carried import carried
from mlenv_jupyter.runs.returned import Reader

if TYPE_CHECKING:
    from mlenv_jupyter.core.definition import Definition
    from mlenv_jupyter.core.universal import UniversalLock
    from mlenv_jupyter.runs.spec import RunFiles, RunSpec
    from mlenv_jupyter.store.store import Record

ASSETS = Path(__file__).with_name("assets")
SILENT = 5.0
"""Seconds without output after which it is asked whether the job has ended."""
LOOK = 0.3


def check_ray(target: str, definition: Definition, variables: dict[str, str]) -> None:
    """What can be known before a run is submitted. Raises InvalidRequest, Unavailable."""
    check_cluster(target, "compute_target")
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
        record: Record,
        say: Callable[[str], None],
        on_line: Callable[[Line], None],
    ) -> None:
        self.spec = spec
        self.files = files
        self.record = record
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
        variables, resources = self._variables(), dict(spec.resources)
        entrypoint = shlex.join(["python", ".mlenv/enter.py"])
        if self.record.image is None:
            environment = {**environment, "working_dir": str(self.files.work)}
        else:  # Ray takes no directory along with an image
            entrypoint, sources = carried(self.files.work, self.record.image.interpreter)
            variables |= sources
        try:
            self.client.submit_job(
                entrypoint=entrypoint,
                submission_id=spec.id,
                # For tasks and actors too; enter.py gives them to the script as they are.
                runtime_env={**environment, "env_vars": variables},
                metadata={"mlenv": f"{spec.name}:{spec.version}", "experiment": spec.experiment},
                entrypoint_num_cpus=resources.pop("CPU", None),
                entrypoint_num_gpus=resources.pop("GPU", None),
                entrypoint_memory=int(resources.pop("memory", 0)) or None,
                entrypoint_resources=resources or None,
            )
        except (RuntimeError, ValueError, TypeError, OSError) as error:
            raise Unavailable(
                "Ray did not take the job.", code="ray_refused", detail=last(error)
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
            "python": _minor(self.record.python) if spec.definition.kind == "pip" else "",
        }
        (own / "run.json").write_bytes(msgspec.json.encode(told))

    def _status(self) -> Any:
        return job_info(self.client, self.spec.id)

    def _follow(self, on_start: Callable[[], None]) -> None:
        """Read what it says until it has ended; a connection that breaks is made again."""
        said = ""
        while True:
            info = self._status()
            if info is None:
                raise Unavailable("Ray does not know the job any more.", code="ray_lost")
            state = state_of(info)
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
            return last(error)
        return ""

    def _ending(self) -> int:
        info = self._status()
        state = state_of(info)
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


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])
