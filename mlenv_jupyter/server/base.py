"""What every handler of the API shares: parse, ask the Workspace in a thread, answer in JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.escape import url_escape

from mlenv_jupyter.server.access import ACCESS, PREFIX, TAILS, WorkspaceAccess
from mlenv_jupyter.server.errors import JsonErrors
from mlenv_jupyter.server.logs import LogTails
from mlenv_jupyter.server.requests import MAX_BODY, decode, read_query

if TYPE_CHECKING:
    from mlenv_jupyter.workspace import Workspace

T = TypeVar("T")

AUTH_RESOURCE = "mlenv"
# The name that Jupyter invents for whoever has the token: it says nothing about who that is.
INVENTED = re.compile(r"Anonymous \w+")


class ApiHandler(JsonErrors, APIHandler):
    """One resource of the API. Its verbs are three lines: parse, ask, answer."""

    auth_resource = AUTH_RESOURCE

    @property
    def access(self) -> WorkspaceAccess:
        """The server's Workspace."""
        return cast(WorkspaceAccess, self.settings[ACCESS])

    @property
    def tails(self) -> LogTails:
        """The server's logs."""
        return cast(LogTails, self.settings[TAILS])

    @property
    def author(self) -> str:
        """Who asks, where the server knows; else "" and the Workspace names the system's user."""
        user = self.current_user
        name = getattr(user, "name", None) or getattr(user, "username", None) or ""
        return "" if INVENTED.fullmatch(name) else str(name)

    async def may_write(self) -> bool:
        """Whether who asks may change what mlenv keeps."""
        user = self.current_user
        asked = self.authorizer.is_authorized(self, user, "write", AUTH_RESOURCE)
        return bool(await ensure_async(asked))

    def update_api_activity(self) -> None:
        """Reading is no activity, or an open panel would keep an idle server for ever."""
        if self.request.method not in ("GET", "HEAD"):
            super().update_api_activity()

    async def ask(self, function: Callable[[Workspace], T], *, slow: bool = False) -> T:
        """What the Workspace answers, asked in a thread."""
        return await self.access.call(function, slow=slow)

    def body(self, kind: type[T], *, limit: int = MAX_BODY) -> T:
        """The body, decoded."""
        return decode(self.request.body, kind, limit=limit)

    def query(self, kind: type[T]) -> T:
        """The arguments of the address, decoded; the last of several of one name counts."""
        # Not get_query_argument(): Tornado's replaces control characters instead of refusing them.
        found = self.request.query_arguments
        texts = {name: self.decode_argument(values[-1], name) for name, values in found.items()}
        return read_query(texts, kind)

    def answer(self, value: Any, status: int = 200, *, location: tuple[str, ...] = ()) -> None:
        """Answer with a value as JSON; ``location`` is the path of what was made, in parts."""
        self.set_status(status)
        if location:
            self.set_header("Location", self.address(*location))
        self.finish(msgspec.json.encode(value))

    def nothing(self) -> None:
        """Answer that it is done, with no body."""
        self.set_status(204)
        self.finish()

    def address(self, *parts: str) -> str:
        """The path of a resource of the API, under whatever base_url this server has."""
        quoted = [url_escape(part, plus=False) for part in parts]
        return url_path_join(self.base_url, PREFIX, *quoted)


class Unknown(ApiHandler):
    """Everything under the API's address that is not in the API."""

    async def _nothing(self, _path: str) -> None:
        raise web.HTTPError(404)

    get = head = post = put = patch = delete = web.authenticated(authorized(_nothing))
