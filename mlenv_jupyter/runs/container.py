"""A run in a container of the environment's image."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from mlenv_jupyter.core.errors import NotFound, Unavailable
from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.kernels.containers.policy import Granted, Policy, granted
from mlenv_jupyter.process import Line, Lines, Stream

if TYPE_CHECKING:
    from mlenv_jupyter.core.definition import Definition
    from mlenv_jupyter.runs.spec import RunFiles, RunSpec
    from mlenv_jupyter.store.store import BuiltImage

HERE = "/run/mlenv-run"
LABEL = "mlenv.run"


def container_options(
    definition: Definition,
    policy: Policy,
    arguments: Sequence[str] = (),
    shm_size: str | None = None,
) -> Granted:
    """What the policy grants of what a definition and whoever uses it ask for their container."""
    docker = definition.docker or DockerSection()
    asked = msgspec.structs.replace(
        docker, arguments=(*docker.arguments, *arguments), shm_size=shm_size or docker.shm_size
    )
    found = granted(asked, policy)
    # Sources and results are mounted whatever the policy says of a kernel's directory.
    return found._replace(notes=tuple(one for one in found.notes if "mounted" not in one))


def run_in_container(
    spec: RunSpec,
    files: RunFiles,
    image: BuiltImage,
    variables: Mapping[str, str],
    on_line: Callable[[Line], None],
) -> int:
    """Run the command to its end; its exit code. The container is gone when this returns.

    The run's directory is mounted, and what the script writes there is its submitter's. Raises
    Unavailable, NotFound where the image is gone.
    """
    from docker.errors import APIError, ImageNotFound
    from docker.errors import NotFound as ContainerNotFound

    from mlenv_jupyter.engine.connect import connect

    client = connect()
    command = list(spec.command)
    if command[0] == "python":
        command[0] = image.interpreter
    environment = {
        "HOME": f"{HERE}/work",
        **variables,
        "MLENV_RUN_DIRECTORY": HERE,
        "PYTHONPATH": os.pathsep.join(filter(None, (variables.get("PYTHONPATH"), f"{HERE}/path"))),
    }
    options = dict(spec.container)
    try:
        container = client.containers.create(
            image.id,
            entrypoint=[],
            command=command,
            environment=environment,
            working_dir=f"{HERE}/work",
            volumes=[
                *(
                    f"{files.place / name}:{HERE}/{name}:{mode}"
                    for name, mode in (("work", "rw"), ("files", "rw"), ("path", "ro"))
                ),
                f"{_metrics(files)}:{HERE}/metrics.jsonl:rw",
                *options.pop("binds", ()),
            ],
            user=f"{os.getuid()}:{os.getgid()}",
            labels={LABEL: spec.id},
            init=True,
            network=spec.network,
            **options,
        )
    except ImageNotFound:
        raise NotFound(
            f"The image of {spec.name}:{spec.version} is not in this container engine any more.",
            code="no_image",
            remedy=f"mlenv build {spec.name}:{spec.version} --as image --force",
        ) from None
    except APIError as error:
        raise Unavailable(
            "The container could not be made.", code="no_container", detail=str(error)
        ) from error
    try:
        attached = container.attach(stream=True, logs=True, demux=True)
        container.start()
        cutters: dict[Stream, Lines] = {"out": Lines(), "err": Lines()}
        for pair in attached:
            for (name, cutter), data in zip(cutters.items(), pair, strict=True):
                for text in cutter.feed(data or b""):
                    on_line(Line(name, text))
        for name, cutter in cutters.items():
            for text in cutter.rest():
                on_line(Line(name, text))
        return int(container.wait()["StatusCode"])
    finally:
        with contextlib.suppress(APIError, ContainerNotFound):
            container.remove(force=True, v=True)
        client.close()


def _metrics(files: RunFiles) -> object:
    files.metrics.touch(mode=0o600)
    return files.metrics
