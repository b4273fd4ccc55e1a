"""Reading what a client sent: bodies and queries into structs, with the place of what is wrong."""

from __future__ import annotations

import re
from typing import Any, NoReturn, TypeVar

import msgspec

from mlenv_jupyter.core.errors import InvalidRequest, TooLarge

T = TypeVar("T")

MAX_BODY = 1024 * 1024
MAX_IMPORT = 5 * 1024 * 1024

PLACE = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
FIELD = re.compile(r"field `(?P<field>[^`]*)`")


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON body; a field that is not known is an error, never ignored."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """The query of an address; Jupyter's clients add arguments of their own, so others pass."""


def decode(body: bytes, kind: type[T], *, limit: int = MAX_BODY) -> T:
    """The body as one of the structs of wire.py; raises TooLarge and InvalidRequest."""
    if len(body) > limit:
        raise TooLarge(
            f"The request has {len(body):,} bytes, more than the {limit:,} that are taken.",
            where="body",
            remedy="Send less at once.",
        )
    try:
        if b"\\u0000" in body:
            _refuse_nul(msgspec.json.decode(body))
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        _refuse(error)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            "The body is not JSON.",
            where="body",
            detail=str(error),
            remedy="Send a JSON object in UTF-8.",
        ) from error
    except RecursionError as error:
        raise InvalidRequest(
            "The body is nested too deeply.", where="body", remedy="Send a flat JSON object."
        ) from error


def read_query(arguments: dict[str, str], kind: type[T]) -> T:
    """The arguments of an address as one of the structs of wire.py; raises InvalidRequest."""
    for name, value in arguments.items():
        if "\0" in value:
            _nul(name)
    try:
        return msgspec.convert(arguments, kind, strict=False)
    except msgspec.ValidationError as error:
        _refuse(error)


def _refuse(error: msgspec.ValidationError) -> NoReturn:
    text = str(error)
    place = PLACE.search(text)
    field = FIELD.search(text)
    path = place["path"] if place else ""
    if field:
        path = f"{path}.{field['field']}" if path else field["field"]
    message = text[: place.start()] if place else text
    if "missing required field" in message:
        message = f"{path!r} is missing"
    elif "unknown field" in message:
        message = f"{path!r} is not known"
    raise InvalidRequest(
        f"{message}.", where=path or "body", remedy="See the API reference of mlenv."
    ) from error


def _refuse_nul(value: Any, path: str = "") -> None:
    if isinstance(value, str):
        if "\0" in value:
            _nul(path)
    elif isinstance(value, dict):
        for key, one in value.items():
            _refuse_nul(key, path)
            _refuse_nul(one, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            _refuse_nul(one, f"{path}[{index}]")


def _nul(where: str) -> NoReturn:
    raise InvalidRequest(
        "There is a NUL character in the text.",
        where=where.replace("\0", "\\0") or "body",
        remedy="Remove it.",
    )
