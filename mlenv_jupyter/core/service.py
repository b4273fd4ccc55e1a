"""Models, and Services: a model answering HTTP in a Version."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mlenv_jupyter.core.build import Form
from mlenv_jupyter.core.builder import form_of
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import Problem

ServiceState = Literal["deploying", "healthy", "unhealthy", "failed", "stopped"]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """Files under a name and a number, kept by their content and never changed.

    ``file`` is what is in them: the name of the file or directory that was registered.
    """

    name: str
    version: int
    digest: str
    file: str
    size: int
    created_at: str
    description: str = ""
    tags: dict[str, str] = {}
    properties: dict[str, str] = {}
    run: str | None = None
    author: str = ""


class ModelReference(msgspec.Struct, frozen=True):
    """One model that a service has."""

    name: str
    version: int
    digest: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a service takes: requests at a time, waiting, bytes of a body, seconds for a score."""

    concurrency: int = 1
    max_waiting: int = 1000
    max_body: int = 100 * 1024 * 1024
    timeout: float = 60.0


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """What a service serves now or is to serve next; each deployment or update makes one.

    ``form`` is what it answers from, unknown for a revision of long ago. ``arguments`` are
    docker's, as they were asked for; ``container`` is what was granted of them.
    """

    number: int
    environment: str
    version: str
    definition: Definition
    build: str
    form: Form | None = None
    models: tuple[ModelReference, ...]
    entry_script: str
    snapshot: str
    limits: Limits = Limits()
    variables: dict[str, str] = {}
    authenticated: bool = False
    arguments: tuple[str, ...] = ()
    container: dict[str, Any] = {}
    network: str = "bridge"

    @property
    def boxed(self) -> bool:
        """Whether it answers from a container."""
        return (self.form or form_of(self.definition)) == "image"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a service has answered, and how many seconds it took."""

    status: int
    content_type: str
    body: bytes
    seconds: float


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service as it is: ``revision`` is the one that answers, ``wanted`` the newest one."""

    name: str
    state: ServiceState
    port: int
    environment: str
    version: str
    models: tuple[ModelReference, ...]
    created_at: str
    updated_at: str
    revision: int = 0
    wanted: int = 1
    restarts: int = 0
    error: Problem | None = None
    author: str = ""
    authenticated: bool = False

    @property
    def settled(self) -> bool:
        """Whether the newest revision answers, or will not."""
        return self.state != "deploying"
