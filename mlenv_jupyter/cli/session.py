"""One run of the command: its common options and its Workspace."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlenv_jupyter.core.names import canonical_name, split_reference

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])


class Session:
    """What every verb is given."""

    def __init__(self, *, json: bool = False, debug: bool = False) -> None:
        self.json = json
        self.debug = debug
        self._workspace: Workspace | None = None

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Session:
        """The options of a command line that may turn out to be wrong: its errors need them too."""
        own = list(arguments)
        if "--" in own:
            own = own[: own.index("--")]
        return cls(json="--json" in own, debug="--debug" in own)

    @property
    def workspace(self) -> Workspace:
        """The Workspace, opened on first use."""
        if self._workspace is None:
            from mlenv_jupyter.workspace import Workspace

            self._workspace = Workspace.from_config()
        return self._workspace

    def close(self) -> None:
        """Nothing of a run stays open."""
        if self._workspace is not None:
            self._workspace.close()


def common(function: F) -> F:
    """The options that every verb has: ``--json`` and ``--debug``."""

    def remember(context: click.Context, option: click.Parameter, value: bool) -> None:
        if value:
            setattr(context.ensure_object(Session), option.name or "", True)

    for name, text in (
        ("--debug", "Show the traceback of an error."),
        ("--json", "Answer in JSON, errors too."),
    ):
        function = click.option(
            name, is_flag=True, expose_value=False, is_eager=True, callback=remember, help=text
        )(function)
    return function


def verb(name: str, **settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with the common options; its function gets the Session first."""

    def make(function: Callable[..., Any]) -> click.Command:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            return function(click.get_current_context().find_object(Session), *args, **kwargs)

        decorate: Any = click.command(name, **settings)
        made: click.Command = decorate(common(call))
        return made

    return make


class Reference(click.ParamType):  # type: ignore[type-arg]  # generic in new versions only
    """``NAME`` or ``NAME:VERSION``, as a pair; completes the names that there are."""

    name = "name[:version]"

    def convert(
        self, value: Any, _: click.Parameter | None, __: click.Context | None
    ) -> tuple[str, str | None]:
        if isinstance(value, tuple):
            return value
        name, version = split_reference(value)
        return canonical_name(name), version

    def shell_complete(self, _: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in names(incomplete)]


def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    """The names that there are, for an argument that may be something else, too."""
    return REFERENCE.shell_complete(_, __, incomplete)


def names(start: str) -> list[str]:
    """The environments, or after a colon the versions, that begin so."""
    from mlenv_jupyter.core.errors import MlenvError

    session = Session()
    try:
        name, colon, _ = start.partition(":")
        if colon:
            found = [version.reference for version in session.workspace.versions(name)]
        else:
            page = session.workspace.environments(limit=500)
            found = [one.name for one in (*page.items, *session.workspace.catalogue())]
    except MlenvError:
        return []
    finally:
        session.close()
    return [one for one in found if one.startswith(start)]


REFERENCE = Reference()
AS = click.option(
    "--as",
    "form",
    type=click.Choice(("prefix", "image")),
    help="As a directory or as an image; what its definition takes if left out.",
)
