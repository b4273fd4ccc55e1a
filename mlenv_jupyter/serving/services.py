"""Services: deployed, updated without a pause, stopped, and looked after."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mlenv_jupyter.builds.durable import end_orphans, moment, start_worker
from mlenv_jupyter.core.builder import form_of
from mlenv_jupyter.core.errors import Conflict, InvalidRequest, MlenvError, NotFound, Unavailable
from mlenv_jupyter.core.names import check_name
from mlenv_jupyter.core.service import Answer, Limits, Model, ModelReference, Revision, Service
from mlenv_jupyter.process import Child, end_group
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.runs.container import container_options
from mlenv_jupyter.runs.environment import inherited
from mlenv_jupyter.runs.request import is_within
from mlenv_jupyter.runs.snapshot import add_snapshot
from mlenv_jupyter.serving.ask import ask
from mlenv_jupyter.serving.spec import VARIABLE, ServiceFiles, ServiceSpec
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import remove_tree

if TYPE_CHECKING:
    from mlenv_jupyter.core.build import Form
    from mlenv_jupyter.kernels.containers.policy import Policy
    from mlenv_jupyter.runs.runs import BuildVersion

KEYS = ("primary", "secondary")
PAUSE = 2.0
"""Seconds between two supervisors of a service, so that one that cannot start is not started on."""
PATIENCE = 40.0
"""Seconds for a service to answer what it has before it is ended."""


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be served."""

    environment: str
    version: str | None
    models: tuple[Model, ...]
    entry_script: str
    source_directory: str
    limits: Limits = Limits()
    variables: dict[str, str] = {}
    authenticated: bool = False
    arguments: tuple[str, ...] = ()
    """For the container: docker's, such as ``--memory``."""
    form: Form | None = None
    """What it answers from: a process of a prefix or a container; the version's own if unsaid."""


class Services:
    """The services of a workspace."""

    def __init__(
        self,
        places: Places,
        registry: Registry,
        database: str | None,
        build: BuildVersion,
        policy: Policy,
    ) -> None:
        self._places = places
        self._registry = registry
        self._database = database
        self._build = build
        self._policy = policy

    def deploy(
        self,
        name: str,
        wanted: Deployment,
        *,
        port: int | None = None,
        overwrite: bool = False,
        author: str = "",
    ) -> Service:
        """Start a service; answers at once, and it goes on without this process.

        Raises Conflict for a name that is there, unless ``overwrite``, which updates it;
        InvalidName, InvalidRequest, NotFound, Unavailable where the port is taken.
        """
        check_name(name, own=False)
        with contextlib.suppress(NotFound):
            self.get(name)
            if not overwrite:
                raise Conflict(
                    f"There is a service {name!r} already.",
                    where="name",
                    remedy="Update or delete it, or deploy with overwrite=True.",
                )
            return self.update(name, wanted)
        port = _free(port)
        revision = self._revision(wanted, 1)
        now = moment()
        service = Service(
            name=name,
            state="deploying",
            port=port,
            environment=revision.environment,
            version=revision.version,
            models=revision.models,
            created_at=now,
            updated_at=now,
            author=author,
            authenticated=wanted.authenticated,
        )
        files = ServiceFiles(self._places, name)
        files.make(
            ServiceSpec(
                name=name,
                port=port,
                home=str(self._places.home),
                store=str(self._places.store),
                offline=self._places.offline,
            )
        )
        files.write_wanted(revision)
        self._registry.services.put(service)
        self._start(files, name)
        return service

    def update(self, name: str, wanted: Deployment) -> Service:
        """Have a service answer with something else; no request fails while it changes."""
        service = self.get(name)
        revision = self._revision(wanted, service.wanted + 1)
        ServiceFiles(self._places, name).write_wanted(revision)
        made = self._registry.services.change(
            name, state="deploying", wanted=revision.number, updated_at=moment()
        )
        self._look(made)
        return made

    def reload(self, name: str) -> Service:
        """Start a service anew with what it serves; no request fails while it changes."""
        files = ServiceFiles(self._places, name)
        number = self.get(name).wanted + 1
        files.write_wanted(msgspec.structs.replace(files.read_wanted(), number=number))
        made = self._registry.services.change(
            name, state="deploying", wanted=number, updated_at=moment()
        )
        self._look(made)
        return made

    def get(self, name: str) -> Service:
        """One service; raises NotFound. One whose supervisor died is started again."""
        return self._look(self._registry.services.get(name))

    def all(self) -> tuple[Service, ...]:
        """Every service; those whose supervisor died are started again."""
        return tuple(self._look(one) for one in self._registry.services.all())

    def ask(self, name: str, data: bytes) -> Answer:
        """What a service answers, asked with its own key. Raises NotFound, Unavailable."""
        service = self.get(name)
        return ask(service, self.keys(name)[0] if service.authenticated else None, data)

    def wait(self, name: str, timeout: float | None = None) -> Service:
        """Wait until the newest revision answers, or will not."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            service = self.get(name)
            if service.settled or (until is not None and time.monotonic() > until):
                return service
            time.sleep(0.05)

    def delete(self, name: str) -> None:
        """Stop a service and forget it; models stay. Raises NotFound."""
        self._registry.services.get(name)
        files = ServiceFiles(self._places, name)
        files.cancel.touch(mode=0o600)
        pid = files.read_pid()
        if pid is not None and files.is_held():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, 15)
            until = time.monotonic() + PATIENCE
            while files.is_held() and time.monotonic() < until:
                time.sleep(0.02)
            if files.is_held():
                end_group(pid, hard=True)
        # What it has started may have left its group, and still listen.
        end_orphans(VARIABLE, str(files.place))
        self._remove_containers(files, name)
        self._registry.services.remove(name)
        remove_tree(files.place)

    def _remove_containers(self, files: ServiceFiles, name: str) -> None:
        """Containers do not end with a supervisor that was killed."""
        if files.boxed.exists() or (files.wanted.exists() and files.read_wanted().boxed):
            from mlenv_jupyter.engine.connect import connect
            from mlenv_jupyter.serving.container import forget

            with contextlib.suppress(MlenvError):
                forget(connect(), name, files.place.name)

    def log_path(self, name: str) -> Path:
        """Where its log is. Raises NotFound."""
        self._registry.services.get(name)
        return ServiceFiles(self._places, name).log

    def export(self, name: str, target: Path, image: str | None = None) -> tuple[str, ...]:
        """Write what runs a service elsewhere without mlenv; the names of the files.

        Raises NotFound, InvalidRequest, Conflict, and Unavailable where it is no container.
        """
        from mlenv_jupyter.runs.built import built_record
        from mlenv_jupyter.serving.export import export_service

        service, revision = self._registry.services.get(name), self.wanted(name)
        record = built_record(
            self._places, self._registry, self._database, revision.build, lambda text: None
        )
        if record.image is None:
            raise Unavailable(
                f"{name} answers from a process of this machine, which is no image.",
                code="no_image",
                where="name",
                remedy="Deploy it with ContainerWebservice.deploy_configuration(), "
                "or with `mlenv serve --container`.",
            )
        return export_service(service, revision, record, record.image, self._places, target, image)

    def keys(self, name: str) -> tuple[str, ...]:
        """Its primary and secondary key. Raises NotFound."""
        self.get(name)
        return ServiceFiles(self._places, name).read_keys()

    def renew_key(self, name: str, which: str) -> tuple[str, ...]:
        """Make the ``primary`` or ``secondary`` key anew; the old one is refused from now on.

        Raises NotFound, InvalidRequest.
        """
        keys = list(self.keys(name))
        if which.lower() not in KEYS:
            raise InvalidRequest(
                f"There is no key {which[:40]!r}.", where="key", remedy="primary or secondary"
            )
        keys[KEYS.index(which.lower())] = secrets.token_urlsafe(32)
        return ServiceFiles(self._places, name).write_keys(tuple(keys))

    def wanted(self, name: str) -> Revision:
        """The newest revision. Raises NotFound."""
        self.get(name)
        return ServiceFiles(self._places, name).read_wanted()

    def reconcile(self) -> None:
        """Start the services again whose supervisor died."""
        self.all()

    def _look(self, service: Service) -> Service:
        """The service; where its supervisor is dead another one is started, not all the time."""
        files = ServiceFiles(self._places, service.name)
        with contextlib.suppress(MlenvError, OSError):
            if files.cancel.exists() or not files.wanted.exists() or files.is_held():
                return service
            if time.time() - _modified(files.pid) < PAUSE:
                return service
            service = self._registry.services.change(
                service.name, state="deploying", updated_at=moment()
            )
            self._start(files, service.name)
        return service

    def _revision(self, wanted: Deployment, number: int) -> Revision:
        row = self._registry.find(wanted.environment, wanted.version)
        form = wanted.form or form_of(row.definition)
        if wanted.arguments and form != "image":
            raise InvalidRequest(
                "A process on this machine has no limits of processor and memory.",
                where="deployment_config",
                remedy="Use ContainerWebservice, or `mlenv serve --container`.",
            )
        given = container_options(row.definition, self._policy, wanted.arguments)
        top = Path(wanted.source_directory).absolute()
        if not is_within(wanted.source_directory, wanted.entry_script):
            raise NotFound(
                f"There is no {wanted.entry_script!r} in {wanted.source_directory}.",
                where="entry_script",
                remedy="The entry script is named by its path from source_directory.",
            )
        script = (top / wanted.entry_script).resolve()
        snapshot = add_snapshot(self._places, top)
        return Revision(
            number=number,
            environment=row.name,
            version=row.version,
            definition=row.definition,
            build=self._build(row.name, row.version, form=form).id,
            form=form,
            models=_references(wanted.models),
            entry_script=script.relative_to(top.resolve()).as_posix(),
            snapshot=snapshot,
            limits=wanted.limits,
            variables=wanted.variables,
            authenticated=wanted.authenticated,
            arguments=wanted.arguments,
            container=given.options if form == "image" else {},
            network=given.network,
        )

    def _start(self, files: ServiceFiles, name: str) -> None:
        lock = files.try_lock()
        if lock is None:
            return
        try:
            env = {**inherited(os.environ), "MLENV_SERVICE_NAME": name}
            module = "mlenv_jupyter.serving.supervisor"
            child = start_worker(module, files, lock, env, self._database)
        finally:
            os.close(lock)
        threading.Thread(target=self._reap, args=(child, files, name), daemon=True).start()

    def _reap(self, child: Child, files: ServiceFiles, name: str) -> None:
        if child.wait() == 0 or files.cancel.exists():
            return
        with contextlib.suppress(MlenvError, OSError):
            service = self.get(name)
            if service.revision == 0 and service.state == "deploying":
                said = (files.place / "worker.err").read_text(errors="replace")[-400:]
                problem = Unavailable("The service did not start.", detail=said).problem()
                self._registry.services.change(name, state="failed", error=problem)


def _references(models: Sequence[Model]) -> tuple[ModelReference, ...]:
    return tuple(ModelReference(one.name, one.version, one.digest) for one in models)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _free(port: int | None) -> int:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port or 0))
        except (OSError, OverflowError) as error:
            raise Unavailable(
                f"Port {port} cannot be used.",
                code="port_taken",
                detail=str(error),
                where="port",
                remedy="Choose another one, or none for any that is free.",
            ) from error
        return int(trial.getsockname()[1])
