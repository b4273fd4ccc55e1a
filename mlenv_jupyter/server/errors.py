"""Every error as JSON with the right status, also those of Jupyter and Tornado themselves."""

from __future__ import annotations

from http.client import responses
from typing import TYPE_CHECKING, Any

import msgspec
from tornado import web

from mlenv_jupyter.core.errors import (
    BuildCancelled,
    BuildFailed,
    Conflict,
    InvalidDefinition,
    InvalidName,
    InvalidRequest,
    MlenvError,
    NotFound,
    Problem,
    RunFailed,
    StoreDamaged,
    TooLarge,
    Unavailable,
    of_disk,
)

STATUS: dict[type[MlenvError], int] = {
    InvalidDefinition: 400,
    InvalidName: 400,
    InvalidRequest: 400,
    NotFound: 404,
    Conflict: 409,
    BuildCancelled: 409,
    TooLarge: 413,
    BuildFailed: 422,
    RunFailed: 422,
    StoreDamaged: 503,
    Unavailable: 503,
}
# What Jupyter and Tornado refuse before a handler is asked.
FOREIGN: dict[int, tuple[str, str, str]] = {
    400: ("invalid_request", "The request cannot be understood.", "Check its address and body."),
    401: ("unauthenticated", "You are not logged in.", "Log in to Jupyter again."),
    403: (
        "forbidden",
        "You may not do this here.",
        "Log in again, or ask who runs this server for the permission.",
    ),
    404: ("not_found", "There is nothing at this address.", "See the API reference of mlenv."),
    405: ("method_not_allowed", "This address does not take that method.", "See `Allow`."),
    413: ("too_large", "The request is too large.", "Send less at once."),
}
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """The Problem of a failed request; ``problems`` where there are several places."""

    code: str
    message: str
    detail: str = ""
    remedy: str = ""
    where: str = ""
    culprits: tuple[Any, ...] = ()
    fixes: tuple[Any, ...] = ()
    problems: tuple[Problem, ...] = ()


def status_of(error: MlenvError) -> int:
    """The HTTP status of an error, by its class."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 500


def body_of(error: MlenvError) -> dict[str, ErrorBody]:
    """The JSON of an error."""
    problems = error.problems if isinstance(error, InvalidDefinition) else ()
    return {"error": ErrorBody(**msgspec.structs.asdict(error.problem()), problems=problems)}


def foreign_body(status: int, reason: str | None = None) -> dict[str, ErrorBody]:
    """The JSON of a refusal that is not mlenv's own; ``reason`` says more where there is more."""
    code, message, remedy = FOREIGN.get(
        status,
        (
            "server_error",
            f"The server failed ({status} {responses.get(status, '')}).".replace(" )", ")"),
            "Try again. If it stays, the server's log says why.",
        ),
    )
    detail = reason if reason and status < 500 else ""
    return {"error": ErrorBody(code=code, message=message, remedy=remedy, detail=detail)}


if TYPE_CHECKING:
    _Base = web.RequestHandler
else:
    _Base = object


class JsonErrors(_Base):
    """A handler's errors in the one form that every client of the API reads."""

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Give an MlenvError the status of its class."""
        error = _raised(kwargs)
        if isinstance(error, OSError) and (refused := of_disk(error)) is not None:
            # A full disk is nothing that a client did, and nothing that mlenv did wrong.
            kwargs["exc_info"] = (type(refused), refused, None)
            error = refused
        if isinstance(error, MlenvError):
            status_code = status_of(error)
        super().send_error(status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the Problem; never with a page or a traceback."""
        error = _raised(kwargs)
        if isinstance(error, MlenvError):
            body = body_of(error)
        else:
            reason = getattr(error, "log_message", None)
            body = foreign_body(status_code, reason)
        if status_code == 405:
            self.set_header("Allow", ", ".join(allowed(type(self))))
        # Straight to Tornado's: a socket that was refused has no APIHandler.finish.
        web.RequestHandler.set_header(self, "Content-Type", "application/json")
        self.finish(msgspec.json.encode(body))

    def log_exception(self, kind: Any, value: Any, trace: Any) -> None:
        """An error that was raised on purpose is the client's to read, not the log's."""
        if isinstance(value, MlenvError) and status_of(value) < 500:
            return
        super().log_exception(kind, value, trace)


def allowed(handler: type[web.RequestHandler]) -> list[str]:
    """The verbs that a handler answers."""
    missing = web.RequestHandler._unimplemented_method
    return [verb for verb in VERBS if getattr(handler, verb.lower()) is not missing]


def _raised(kwargs: dict[str, Any]) -> BaseException | None:
    info = kwargs.get("exc_info")
    return info[1] if info else None
