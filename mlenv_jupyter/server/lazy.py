"""Routes whose handlers are imported by the first request that needs one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import PathMatches, Rule, RuleRouter
from tornado.web import Application, RequestHandler


class LazyRoutes(RuleRouter):
    """Everything below one address; a server that nobody asks for it pays nothing for it.

    ``load`` returns pairs of a pattern below the server's base address and a handler's class.
    """

    # jupyter_server asks every target which of its methods go unauthenticated: this one has none,
    # and jupyter_server asks each handler again when it is called.
    SUPPORTED_METHODS = ()

    def __init__(
        self,
        application: Application,
        load: Callable[[], Sequence[tuple[str, type[RequestHandler]]]],
    ) -> None:
        super().__init__()
        self._application = application
        self._load = load

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate | None:
        """The handler of a request's address; the first request imports them all."""
        if not self.rules:
            self.add_rules([Rule(PathMatches(path), handler) for path, handler in self._load()])
        return super().find_handler(request, **kwargs)

    def get_target_delegate(
        self, target: Any, request: HTTPServerRequest, **target_params: Any
    ) -> HTTPMessageDelegate | None:
        """A handler of the server's application, as if it were among its own."""
        return self._application.get_handler_delegate(request, target, **target_params)
