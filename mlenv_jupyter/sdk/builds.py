"""A build as the SDK shows it."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mlenv_jupyter.core.build import Build, LogRecord
from mlenv_jupyter.core.errors import BuildFailed

if TYPE_CHECKING:
    from mlenv_jupyter.builds.images.details import ImageDetails
    from mlenv_jupyter.workspace import Workspace

STEP = 0.2
"""Seconds between two looks at the log."""

STATUS = {
    "queued": "Queued",
    "resolving": "Running",
    "installing": "Running",
    "verifying": "Running",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "cancelled": "Canceled",
    "interrupted": "Interrupted",
}
"""mlenv's states in the seed's words."""


class EnvironmentBuild:
    """One attempt to build a version of an environment; it goes on without this object."""

    def __init__(self, workspace: Workspace, build: Build) -> None:
        self._workspace = workspace
        self._build = build

    @property
    def build(self) -> Build:
        """The build as it is now."""
        if not self._build.ended:
            self._build = self._workspace.build_of(self._build.id)
        return self._build

    @property
    def status(self) -> str:
        """``Queued``, ``Running``, ``Succeeded``, ``Failed``, ``Canceled`` or ``Interrupted``."""
        return STATUS[self.build.state]

    @property
    def log_url(self) -> str:
        """Where the log is: one JSON record a line."""
        return self._workspace.log_path(self._build.id).as_uri()

    def get_log(self) -> str:
        """What the build has said so far, as text."""
        from mlenv_jupyter.builds.log import read_records

        records = read_records(self._workspace.log_path(self._build.id))
        return "".join(f"{one.x}\n" for one in records if one.x)

    def wait_for_completion(
        self, show_output: bool = True, raise_on_error: bool = False
    ) -> EnvironmentBuild:
        """Wait until the build has ended, its log on standard output; returns this object.

        ``raise_on_error`` raises BuildFailed with the reason for one that made nothing.
        """
        follow = _Follow(self._workspace.log_path(self._build.id)) if show_output else None
        while not self._workspace.wait(self._build.id, STEP).ended:
            if follow is not None:
                follow.show()
        build = self.build
        if follow is not None:
            follow.show()
            if build.error is not None:
                print(f"{build.error.message} {build.error.remedy}".rstrip())
        if raise_on_error and build.state != "succeeded":
            if build.error is not None:
                raise BuildFailed.of(build.error)
            raise BuildFailed(f"The build of {build.name}:{build.version} was {build.state}.")
        return self

    def cancel(self) -> EnvironmentBuild:
        """Ask the build to end; its processes are gone within five seconds."""
        self._build = self._workspace.cancel(self._build.id)
        return self

    def __repr__(self) -> str:
        build = self.build
        return f"EnvironmentBuild({build.name}:{build.version}, {self.status})"


class DockerImageDetails(dict[str, Any]):
    """What is known of an image, by name and as the seed's properties."""

    def __init__(self, details: ImageDetails) -> None:
        super().__init__(msgspec.to_builtins(details))

    @property
    def image_exist(self) -> bool:
        """Whether the engine or the registry has it."""
        return bool(self["exists"])

    @property
    def registry(self) -> str | None:
        """The address of the registry."""
        return self._text("registry")

    @property
    def repository(self) -> str | None:
        """The name without registry and tag."""
        return self._text("repository")

    @property
    def image(self) -> str | None:
        """The whole name."""
        return self._text("pushed") or self._text("image")

    @property
    def dockerfile(self) -> str | None:
        """What it was built from."""
        return self._text("dockerfile")

    @property
    def interpreter_path(self) -> str | None:
        """The Python in it."""
        return self._text("python_path")

    @property
    def environment_path(self) -> str | None:
        """The environment in it."""
        return self._text("environment_path")

    def _text(self, key: str) -> str | None:
        found: str | None = self[key]
        return found


class _Follow:
    """Shows what is new in a log, each line once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: io.BufferedReader | None = None
        self._rest = b""
        self._decode = msgspec.json.Decoder(LogRecord).decode

    def show(self) -> None:
        """Print the lines that came since the last time."""
        if self._file is None:
            try:
                # Kept open: the file may be put away when the build has ended.
                self._file = open(self._path, "rb")  # noqa: SIM115
            except FileNotFoundError:
                return
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            try:
                record = self._decode(line)
            except (msgspec.DecodeError, msgspec.ValidationError):
                continue
            if record.x and record.k != "result":
                print(record.x)
        sys.stdout.flush()

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()
