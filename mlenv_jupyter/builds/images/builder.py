"""From a directory with a Dockerfile to an image: with BuildKit where it is there, else without.

BuildKit is reached through docker's own client, since the SDK's build has neither mounts nor
secrets. Both end what they started when this process is interrupted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlenv_jupyter.builds.resolve import ToolFailed
from mlenv_jupyter.core.build import Progress
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.process import Line, run

if TYPE_CHECKING:
    from docker import DockerClient

_STEP = re.compile(r"#(\d+) \[(?!internal\])([^\]]*?)\s*(\d+)/(\d+)\] (.*)")
_STATE = re.compile(r"#(\d+) (CACHED|DONE|ERROR|CANCELED)\b(.*)")
_TEXT = re.compile(r"#(\d+) \d+\.\d+ ?(.*)")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CLASSIC_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")

REPEATED = ("#", "-----", " > ", "executor failed", "Dockerfile:", "ERROR: failed to solve")
"""How lines begin in which BuildKit's client repeats the end of a failed step."""


class Work:
    """One image that is made: its context, and how its steps are said."""

    def __init__(
        self,
        place: Path | str,
        *,
        tag: str,
        dockerfile: str = "Dockerfile",
        platform: str | None = None,
        network: str | None = None,
        target: str | None = None,
        labels: Mapping[str, str] | None = None,
        pull: bool = False,
        use_cache: bool = True,
        on_line: Callable[[Line], None],
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.place = place
        self.tag = tag
        self.dockerfile = dockerfile
        self.platform = platform
        self.network = network
        self.target = target
        self.labels = dict(labels or {})
        self.pull = pull
        self.use_cache = use_cache
        self.on_line = on_line
        self.on_progress = on_progress


def build_with_buildkit(
    argv: list[str],
    work: Work,
    *,
    secrets: Mapping[str, str | Path],
    environment: Mapping[str, str],
) -> None:
    """Build with ``docker build`` or ``docker buildx build``. Raises ToolFailed.

    ``secrets`` by id are mounted by BuildKit: files as they are, texts handed over in the
    environment of that process alone.
    """
    texts = {name: value for name, value in secrets.items() if isinstance(value, str)}
    files = {name: value for name, value in secrets.items() if isinstance(value, Path)}
    names = {name: f"MLENV_SECRET_{number}" for number, name in enumerate(sorted(texts))}
    inside = isinstance(work.place, Path)
    file = str(work.place / work.dockerfile) if isinstance(work.place, Path) else work.dockerfile
    command = [
        *argv,
        *("--progress", "plain", "--tag", work.tag, "--file", file),
        *(f"--secret=id={name},env={variable}" for name, variable in names.items()),
        *(f"--secret=id={name},src={path}" for name, path in files.items()),
        *(["--platform", work.platform] if work.platform else []),
        *(["--network", work.network] if work.network else []),
        *(["--target", work.target] if work.target else []),
        *(f"--label={name}={value}" for name, value in work.labels.items()),
        *(["--pull"] if work.pull else []),
        *([] if work.use_cache else ["--no-cache"]),
        *("--", str(work.place)),
    ]
    own = {names[name]: value for name, value in texts.items()}
    steps = _Steps(work)
    code, lines = run(
        command,
        env={"BUILDX_BUILDER": "default", **environment, "DOCKER_BUILDKIT": "1", **own},
        cwd=work.place if inside else None,  # type: ignore[arg-type]
        on_line=steps.hear,
    )
    if code != 0:
        raise ToolFailed("docker build", steps.said[-400:] or lines)


class _Steps:
    """Follows the plain output of BuildKit."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.names: dict[str, str] = {}
        self.done: set[str] = set()
        self.total = 0
        self.said: list[Line] = []

    def hear(self, line: Line) -> None:
        text = line.text.rstrip()
        if found := _STEP.match(text):
            number, stage, at, total, what = found.groups()
            if number not in self.names:
                self.names[number] = f"[{stage} {at}/{total}]".replace("[ ", "[")
                self.total = max(self.total, len(self.names))
                self.work.on_line(Line("out", f"{self.names[number]} {_first(what)}"))
        elif found := _STATE.match(text):
            number, state, rest = found.groups()
            name = self.names.get(number)
            if name is None:
                if state == "ERROR":
                    self._keep(f"error: {rest.lstrip(': ')}")
                return
            if state == "ERROR":
                self._keep(f"error: {rest.lstrip(': ')}")
            elif number not in self.done:
                self.done.add(number)
                word = "taken from the cache" if state == "CACHED" else f"done{rest}"
                self.work.on_line(Line("out", f"{name} {word}"))
                self.work.on_progress(Progress(done=len(self.done), total=self.total))
        elif found := _TEXT.match(text):
            self._keep(found[2])
        elif text and not text.startswith(REPEATED):
            self._keep(re.sub(r"^\d+\.\d+ ", "", text), show=not self.names)

    def _keep(self, text: str, *, show: bool = True) -> None:
        # A progress bar rewrites its line: only what it came to is of interest.
        line = Line("err", text.rpartition("\r")[2])
        self.said.append(line)
        del self.said[:-2000]
        if show:
            self.work.on_line(line)


def build_classic(
    client: DockerClient, work: Work, *, arguments: Mapping[str, str] | None = None
) -> None:
    """Build with the engine's own classic builder. Raises ToolFailed, BuildFailed.

    ``arguments`` show in the image's history: no secret may be among them.
    """
    from docker.errors import APIError, DockerException

    local = isinstance(work.place, Path)
    said: list[Line] = []
    try:
        stream: Iterator[dict[str, Any]] = client.api.build(
            path=str(work.place),
            tag=work.tag,
            dockerfile=work.dockerfile,
            rm=True,
            forcerm=True,
            decode=True,
            pull=work.pull,
            nocache=not work.use_cache,
            platform=work.platform,
            network_mode=work.network,
            target=work.target,
            labels=work.labels,
            buildargs=dict(arguments or {}),
        )
        pending = ""
        for event in stream:
            if "error" in event:
                said.append(Line("err", f"error: {event['error']}"))
                raise ToolFailed("docker build", said)
            # The engine sends pieces of lines, each coloured by itself.
            *whole, pending = (pending + str(event.get("stream") or "")).split("\n")
            for line in whole:
                _hear_classic(_ANSI.sub("", line), work, said)
    except (APIError, DockerException, TypeError) as error:
        where = "docker.build_context" if local else str(work.place)
        raise BuildFailed(
            "The engine refused to build the image.", detail=f"{error}", where=where
        ) from error


def _hear_classic(text: str, work: Work, said: list[Line]) -> None:
    if found := _CLASSIC_STEP.match(text):
        at, total, what = found.groups()
        work.on_line(Line("out", f"[{at}/{total}] {_first(what)}"))
        work.on_progress(Progress(done=int(at) - 1, total=int(total)))
    elif text.startswith(" ---> Using cache"):
        work.on_line(Line("out", "taken from the cache"))
    elif text.strip() and not text.startswith((" --->", "Removing intermediate", "Successfully")):
        line = Line("err", text.rpartition("\r")[2])
        said.append(line)
        work.on_line(line)


def secrets_of(dockerfile: str) -> set[str]:
    """The ids of the build secrets that a Dockerfile mounts."""
    found = set()
    for mount in re.findall(r"--mount=(\S*type=secret\S*)", dockerfile):
        options = dict(one.partition("=")[::2] for one in mount.split(","))
        target = options.get("target", "").rpartition("/")[2]
        found.add(options.get("id") or target)
    return found - {""}


def image_id(client: DockerClient, image: str) -> str | None:
    """The id of an image that is in the engine; None where it is not."""
    from docker.errors import APIError

    try:
        return str(client.api.inspect_image(image)["Id"])
    except APIError as error:
        if error.status_code == 404:
            return None
        raise


def _first(text: str) -> str:
    """A step without its mounts, and no longer than a line."""
    shown = re.sub(r"--mount=\S+\s*|\[ ! -r /run/secrets/\S+ \] \|\| \. \S+;\s*|\\$", "", text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= 160 else shown[:159] + "…"
