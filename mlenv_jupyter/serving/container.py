"""A revision answered by a container, of an image that needs no mlenv to run."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.images.builder import Work, build_classic, image_id
from mlenv_jupyter.builds.pipeline import environment_for
from mlenv_jupyter.builds.resolve import ToolFailed, index_options
from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.engine.connect import connect
from mlenv_jupyter.process import run
from mlenv_jupyter.runs.snapshot import copy_snapshot
from mlenv_jupyter.serving.layer import WANTED
from mlenv_jupyter.serving.local import ASSETS, STARTING, Output
from mlenv_jupyter.store.trees import remove_tree

if TYPE_CHECKING:
    from mlenv_jupyter.builds.log import LogWriter
    from mlenv_jupyter.core.service import Revision
    from mlenv_jupyter.serving.spec import ServiceFiles
    from mlenv_jupyter.store.places import Places
    from mlenv_jupyter.store.store import BuiltImage, Record

PLACE = "/opt/mlenv-service"
KEYS = "/run/mlenv-keys"
PORT = 5001
LABEL = "mlenv.service"
PATIENCE = 35
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


class Box:
    """One container that answers, and the revision that it answers with."""

    def __init__(self, revision: Revision, container: Any, port: int) -> None:
        self.revision = revision
        self.container = container
        self.port: int | None = port
        self._code: int | None = None
        threading.Thread(target=self._wait, daemon=True).start()

    def ended(self) -> int | None:
        """Its exit code; None while it answers."""
        return self._code

    def end(self) -> None:
        """Let it answer what it has, then end it."""
        with contextlib.suppress(Exception):  # the engine, or the container, is gone already
            self.container.stop(timeout=PATIENCE)
        with contextlib.suppress(Exception):
            self.container.remove(force=True, v=True)

    def _wait(self) -> None:
        try:
            self._code = int(self.container.wait(timeout=None)["StatusCode"])
        except Exception:
            self._code = -1


class Boxes:
    """Makes images and containers for one service."""

    def __init__(self, name: str, files: ServiceFiles, places: Places, log: LogWriter) -> None:
        self.name = name
        self.files = files
        self.places = places
        self.log = log

    def start(
        self,
        revision: Revision,
        record: Record,
        image: BuiltImage,
        variables: Mapping[str, str],
        *,
        alone: bool,
    ) -> Box:
        """Start a container for a revision, and wait until it is ready. Raises MlenvError.

        ``alone`` where nothing answers: what a supervisor that was killed has left is removed.
        """
        from docker.errors import DockerException

        client = connect()
        self.files.boxed.touch(mode=0o600)
        if alone:
            remove_containers(client, self.files.place.name)
        tag = service_image(client, self.name, revision, record, image, self.places, self._say)
        try:
            container, lifeline = self._run(client, tag, revision, variables)
        except DockerException as error:
            raise Unavailable(
                "The container could not be started.", code="no_container", detail=str(error)
            ) from error
        threading.Thread(target=self._follow, args=(container, lifeline), daemon=True).start()
        try:
            port = self._ready(container)
        except BaseException:
            with contextlib.suppress(Exception):
                container.remove(force=True, v=True)
            raise
        return Box(revision, container, port)

    def _run(
        self, client: Any, tag: str, revision: Revision, variables: Mapping[str, str]
    ) -> tuple[Any, Any]:
        """The container, and its standard input, which is its lifeline."""
        options = dict(revision.container)
        own = {"MLENV_SERVICE_KEYS_FILE": f"{KEYS}/keys.json", "MLENV_SERVICE_LIFELINE": "0"}
        container = client.containers.create(
            tag,
            stdin_open=True,
            environment={**variables, **own},
            ports={f"{PORT}/tcp": ("127.0.0.1", None)},
            volumes=[
                *([f"{self.files.keys.parent}:{KEYS}:ro"] if revision.authenticated else []),
                *options.pop("binds", ()),
            ],
            user=f"{os.getuid()}:{os.getgid()}",
            labels={LABEL: self.files.place.name},
            init=True,
            network=revision.network,
            **options,
        )
        try:
            lifeline = container.attach_socket(params={"stdin": 1, "stream": 1})
            container.start()
        except BaseException:
            container.remove(force=True, v=True)
            raise
        return container, lifeline

    def _ready(self, container: Any) -> int:
        until = time.monotonic() + STARTING
        while time.monotonic() < until:
            container.reload()
            if container.status == "exited":
                break
            ports = container.ports.get(f"{PORT}/tcp") or ()
            if ports and _answers(int(ports[0]["HostPort"])):
                return int(ports[0]["HostPort"])
            time.sleep(0.1)
        raise Unavailable(
            "The entry script did not start.",
            code="init_failed",
            detail="Its last lines in the log say why.",
            remedy="Mend it, and deploy or update again.",
        )

    def _follow(self, container: Any, lifeline: Any) -> None:
        # docker's own object reads only; what it wraps writes.
        writing = getattr(lifeline, "_sock", lifeline)
        output = Output(self.log, lambda: writing.sendall(b"."))
        with contextlib.suppress(Exception):  # ends with the container
            for data in container.logs(stream=True, follow=True):
                output.feed(data)
            output.end()

    def _say(self, text: str) -> None:
        self.log.line(text, "note")


def forget(client: Any, name: str, key: str) -> None:
    """Remove every container and image of a service."""
    remove_containers(client, key)
    for one in client.images.list(filters={"label": f"{LABEL}={name}"}):
        with contextlib.suppress(Exception):
            client.images.remove(one.id, force=True)


def remove_containers(client: Any, key: str) -> None:
    """Remove every container of a service."""
    for one in client.containers.list(all=True, filters={"label": f"{LABEL}={key}"}):
        with contextlib.suppress(Exception):
            one.remove(force=True, v=True)


def service_image(
    client: Any,
    name: str,
    revision: Revision,
    record: Record,
    image: BuiltImage,
    places: Places,
    say: Any,
) -> str:
    """The tag of an image of a revision: the environment's, with server, sources and models.

    Raises MlenvError, ToolFailed.
    """
    tag = tag_of(name, revision)
    if image_id(client, tag) is not None:
        return tag
    say("Making an image of the environment, the entry script and the models")
    with tempfile.TemporaryDirectory(dir=places.home, prefix=".service-") as work:
        context = Path(work)
        write_context(context, name, revision, record, image, places)
        build_classic(
            client,
            Work(context, tag=tag, on_line=lambda line: None, on_progress=lambda progress: None),
        )
    return tag


def tag_of(name: str, revision: Revision) -> str:
    """What the image of a revision is called: by what is in it."""
    import hashlib

    text = json.dumps(
        [
            *(name, revision.definition.variables, revision.build, revision.snapshot),
            *(revision.entry_script, revision.authenticated, msgspec.to_builtins(revision.limits)),
            [[one.name, one.version, one.digest] for one in revision.models],
            (ASSETS / "score.py").read_text(),
        ],
        sort_keys=True,
    )
    return f"mlenv/service_{hashlib.sha256(text.encode()).hexdigest()[:32]}:{revision.number}"


def write_context(
    context: Path,
    name: str,
    revision: Revision,
    record: Record,
    image: BuiltImage,
    places: Places,
) -> None:
    """Write what ``docker build`` makes the image from."""
    inside = context / "service"
    inside.mkdir()
    copy_snapshot(places.snapshot(revision.snapshot), inside / "code")
    models = [inside / "models" / one.name / str(one.version) for one in revision.models]
    (inside / "models").mkdir()
    for one, place in zip(revision.models, models, strict=True):
        shutil.copytree(places.model(one.digest), place)
    (inside / "path" / "mlenv_jupyter").mkdir(parents=True)
    shutil.copyfile(ASSETS / "raw.py", inside / "path" / "mlenv_jupyter" / "__init__.py")
    shutil.copyfile(ASSETS / "score.py", inside / "score.py")
    _install_layer(inside / "layer", revision, record, image, places)
    settings = {
        "name": name,
        "revision": revision.number,
        "entry_script": f"{PLACE}/code/{revision.entry_script}",
        "layers": [f"{PLACE}/layer"],
        "authenticated": revision.authenticated,
        "port": PORT,
        **msgspec.to_builtins(revision.limits),
    }
    (inside / "service.json").write_bytes(msgspec.json.encode(settings))
    for path in inside.rglob("*"):
        if not path.is_symlink():
            # Whoever the container runs as may read it.
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    one_model = f"{PLACE}/models"
    if len(models) == 1:
        one_model += f"/{models[0].parent.name}/{models[0].name}"
    environment = {
        "AZUREML_MODEL_DIR": one_model,
        "AZUREML_ENTRY_SCRIPT": revision.entry_script,
        "MLENV_MODEL_ROOT": f"{PLACE}/models",
        "PYTHONPATH": f"{PLACE}/path",
        "PYTHONUNBUFFERED": "1",
        "HOME": "/tmp",  # noqa: S108 - in the container
    }
    lines = [
        f"FROM {image.tag}",
        f"LABEL {LABEL}={json.dumps(name)}",
        f"COPY service {PLACE}",
        *(f"ENV {key}={json.dumps(value)}" for key, value in environment.items()),
        f"WORKDIR {PLACE}/code",
        f"EXPOSE {PORT}",
        "STOPSIGNAL SIGTERM",
        f"ENTRYPOINT {json.dumps([image.interpreter, f'{PLACE}/score.py'])}",
        "CMD []",
    ]
    (context / "Dockerfile").write_text("\n".join(lines) + "\n")


def _install_layer(
    place: Path, revision: Revision, record: Record, image: BuiltImage, places: Places
) -> None:
    """What the server needs, as far as the environment's own packages leave it open."""
    definition = revision.definition
    work = place.parent.parent
    constraints = [f"{name}=={version}" for name, version in record.versions.items()]
    (work / "constraints.txt").write_text("\n".join(constraints) + "\n")
    (work / "wanted.txt").write_text("\n".join([*index_options(definition), *WANTED]) + "\n")
    machine = MACHINES.get(image.platform.rpartition("/")[2], "x86_64")
    code, lines = run(
        [
            *(pythons.find_uv(), "pip", "install", "--quiet", "--target", place),
            *("--python-version", record.python, "--python-platform", f"{machine}-manylinux2014"),
            *("--only-binary", ":all:", "--constraint", work / "constraints.txt"),
            *("--requirement", work / "wanted.txt"),
        ],
        env=environment_for(definition, places),
        cwd=work,
    )
    if code:
        raise ToolFailed("uv pip install", lines)
    for name in ("constraints.txt", "wanted.txt"):
        (work / name).unlink()
    if (place / "bin").exists():
        remove_tree(place / "bin")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
