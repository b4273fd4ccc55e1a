"""What goes over the wire and is no value of core: bodies, queries, lists."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from mlenv_jupyter.core.build import Form
from mlenv_jupyter.server.requests import Body, Query

Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
ShortText = Annotated[str, msgspec.Meta(max_length=4096)]
# Decoded by the Workspace's own rules, in its thread: core.definition takes 10 ms to import.
Raw = msgspec.Raw


class ListQuery(Query, frozen=True):
    """A page of environments."""

    q: ShortText = ""
    source: Literal["", "registry", "catalogue"] = ""
    limit: Limit = 50
    cursor: ShortText | None = None
    archived: bool = False


class PageQuery(Query, frozen=True):
    """A page of a list, archived ones if asked."""

    limit: Limit = 50
    cursor: ShortText | None = None
    archived: bool = False


class LimitQuery(Query, frozen=True):
    """How many of the newest."""

    limit: Limit = 50


class RunsQuery(Query, frozen=True):
    """How many of the newest runs, of one environment or of all."""

    limit: Limit = 50
    name: ShortText = ""


class LogQuery(Query, frozen=True):
    """From which byte, and whether to wait for more until the build ends."""

    from_: Offset = msgspec.field(default=0, name="from")
    follow: bool = False


class DiffQuery(Query, frozen=True):
    """Two versions as ``NAME:VERSION``."""

    from_: ShortText = msgspec.field(name="from")
    to: ShortText


class ExportQuery(Query, frozen=True):
    """The format of the file."""

    format: Literal[
        "requirements",
        "requirements-unpinned",
        "requirements-hashed",
        "conda",
        "pixi",
        "pylock",
        "script",
        "dockerfile",
        "devcontainer",
        "azureml",
        "sbom",
        "json",
    ] = "requirements"


class NewEnvironment(Body, frozen=True):
    """A new name with its first definition; ``version`` is what it was called elsewhere."""

    name: str
    definition: Raw
    description: ShortText | None = None
    tags: dict[str, str] | None = None
    message: ShortText = ""
    version: str | None = None


class NewVersion(Body, frozen=True):
    """The next definition of a name; ``base`` is the version that was edited.

    ``version`` is what it was called elsewhere.
    """

    definition: Raw
    message: ShortText = ""
    base: str | None = None
    version: str | None = None


class ToDescribe(Body, frozen=True):
    """What an environment is; what is left out stays."""

    description: ShortText | None = None
    tags: dict[str, str] | None = None
    message: ShortText = ""


class ToLabel(Body, frozen=True):
    """The version that a label means from now on, and the one that it must mean until now."""

    version: str | None = None
    expected: str | None = None
    message: ShortText = ""


class ToRollBack(Body, frozen=True):
    """The version that ``latest`` is to mean; the one before the present where none is named."""

    version: str | None = None
    message: ShortText = ""


class ToRefresh(Body, frozen=True):
    """Why; ``dry_run`` only tells what would change."""

    message: ShortText = ""
    dry_run: bool = False


class Why(Body, frozen=True):
    """Why; it stands in the history."""

    message: ShortText = ""


class ToValidate(Body, frozen=True):
    """A definition, or the text of a requirements file."""

    name: str | None = None
    definition: Raw = Raw(b"null")
    text: str | None = None
    format: Literal["requirements"] | None = None


class AskedIndexes(Body, frozen=True):
    """The indexes of the definition that is written; others are those of this machine."""

    index_url: ShortText | None = None
    extra_index_urls: tuple[ShortText, ...] = ()


class ToComplete(AskedIndexes, frozen=True, kw_only=True):
    """The beginning of a name."""

    text: Annotated[str, msgspec.Meta(max_length=128)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class ToListReleases(AskedIndexes, frozen=True, kw_only=True):
    """The package whose versions are wanted."""

    name: Annotated[str, msgspec.Meta(max_length=128)]


class ToCollect(Body, frozen=True):
    """Whether only to say what would go."""

    dry_run: bool = False


class ToAdopt(Body, frozen=True):
    """What an adopted environment is to be called."""

    name: str
    description: ShortText | None = None
    message: ShortText = ""


class Reference(Body, frozen=True):
    """A version of an environment; the newest where none is named."""

    name: str
    version: str | None = None


class PoolSize(Body, frozen=True):
    """How many kernels are kept ready, and the MB they take; None is what was configured."""

    size: Annotated[int, msgspec.Meta(ge=0, le=1000)] | None = None
    memory: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] | None = None


class ToResolve(Body, frozen=True):
    """A definition to resolve, and the version to compare it with."""

    definition: Raw
    against: Reference | None = None


class ToImport(Body, frozen=True):
    """A file's text, or as base64 its bytes; name and content tell the format unless it is named.

    ``files`` are the texts beside it by their paths: without a text, those of a directory.
    ``directory`` is the one of this server that it is in: which Python it is for may stand there.
    """

    text: str | None = None
    data: bytes | None = None
    filename: ShortText = ""
    files: dict[str, str] | None = None
    directory: str | None = None
    name: str | None = None
    format: ShortText | None = None
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class ToBuild(Body, frozen=True):
    """The version to build; ``force`` builds what is built again, no ``cache`` downloads anew.

    ``form`` asks for a prefix or an image, whatever the definition takes by itself.
    """

    name: str
    version: str | None = None
    force: bool = False
    cache: bool = True
    push: bool = False
    form: Form | None = None


class ToInstall(Reference, frozen=True):
    """The version to install as a kernel, and in which form where it is built in both."""

    form: Form | None = None


class ToRun(Body, frozen=True):
    """A command to run in a version, on a copy of a directory of the server."""

    name: str
    source_directory: ShortText
    command: tuple[ShortText, ...]
    version: str | None = None
    experiment: str | None = None
    target: ShortText | None = None


class ToAsk(Body, frozen=True):
    """What a service is asked with: the body, as text."""

    data: str


class ToRenew(Body, frozen=True):
    """Which key of a service is made anew."""

    key: Literal["primary", "secondary"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a service has answered; ``cut`` where it was more than is shown."""

    status: int
    content_type: str
    body: str
    cut: bool
    seconds: float


class ServiceKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The two keys of a service."""

    primary: str
    secondary: str


class StreamRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a client says on the stream."""

    type: Literal["follow", "unfollow"]
    build: Annotated[str, msgspec.Meta(max_length=80)]
    from_: Offset = msgspec.field(default=0, name="from")


class Items(msgspec.Struct, frozen=True, kw_only=True):
    """A list that has no pages."""

    items: tuple[Any, ...]


class NewSecret(Body, frozen=True):
    """A value and what it is for; without a value the uses are added."""

    value: Annotated[str, msgspec.Meta(max_length=65536)] | None = None
    hosts: tuple[ShortText, ...] = ()
    environments: tuple[ShortText, ...] = ()


class StampQuery(Query, frozen=True):
    """Which label the notebook goes with, if with one."""

    follows: ShortText | None = None


class NearbyQuery(Query, frozen=True):
    """A directory as Jupyter names it; the root is empty."""

    directory: ShortText = ""


class NotebookStamp(Body, frozen=True):
    """What a notebook has in ``metadata.mlenv``, and the lock beside it where it has one."""

    stamp: Raw
    lock: Raw | None = None


class ToRestore(Body, frozen=True):
    """A stamp, what of it its reader has ticked, and another name for it."""

    stamp: Raw
    lock: Raw | None = None
    ticked: tuple[ShortText, ...] = ()
    name: ShortText | None = None
