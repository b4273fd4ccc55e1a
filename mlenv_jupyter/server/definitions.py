"""Definitions: validate, resolve, compare, and as files that people have or want."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from mlenv_jupyter.core.errors import InvalidDefinition, InvalidRequest, Problem
from mlenv_jupyter.server.base import ApiHandler
from mlenv_jupyter.server.contents import directory_of
from mlenv_jupyter.server.requests import MAX_IMPORT
from mlenv_jupyter.server.wire import DiffQuery, ExportQuery, ToImport, ToResolve, ToValidate

if TYPE_CHECKING:
    from pathlib import Path

    from mlenv_jupyter.core.definition import Definition
    from mlenv_jupyter.core.version import Preview, Validation
    from mlenv_jupyter.formats import Imported
    from mlenv_jupyter.workspace import Workspace


class ValidateHandler(ApiHandler):
    """``/validate``"""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """What is wrong with a definition, and its normalised form."""
        body = self.body(ToValidate)
        self.answer(await self.ask(lambda it: _validate(it, body)))


class ResolveHandler(ApiHandler):
    """``/resolve``"""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """What a definition would install, and what that changes."""
        body = self.body(ToResolve)
        self.answer(await self.ask(lambda it: _resolve(it, body), slow=True))


class DiffHandler(ApiHandler):
    """``/diff``"""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """What differs between two versions."""
        query = self.query(DiffQuery)
        self.answer(await self.ask(lambda it: _diff(it, query)))


class ImportHandler(ApiHandler):
    """``/import``"""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Read a file that people already have; nothing is registered."""
        body = self.body(ToImport, limit=MAX_IMPORT)
        inside = body.directory
        place = None if inside is None else directory_of(self.contents_manager, inside)
        self.answer(await self.ask(lambda it: _import(it, body, place)))


class ExportHandler(ApiHandler):
    """``/environments/{name}/versions/{version}/export``"""

    @web.authenticated
    @authorized
    async def get(self, name: str, version: str) -> None:
        """A version as a file."""
        form = self.query(ExportQuery).format
        # A pylock.toml has to ask the index.
        answer = self.ask(lambda it: _export(it, name, version, form), slow=form == "pylock")
        filename, content, media = await answer
        self.set_header("Content-Disposition", f'attachment; filename="{filename}"')
        self.finish(content, set_content_type=media)


def _validate(it: Workspace, body: ToValidate) -> Validation:
    from mlenv_jupyter.core.version import Validation

    definition = _plain(body.definition)
    if body.text is not None and definition is not None:
        raise InvalidRequest(
            "There are both a text and a definition.",
            where="text",
            remedy="Send one of them.",
        )
    if body.text is None:
        return it.validate(body.name, definition if definition is not None else {})
    try:
        imported = _read("requirements.txt", body.text)
    except InvalidDefinition as error:
        return Validation(ok=False, problems=error.problems)
    # A line that is left out or has no effect is no error of an import, but of a text that is
    # being written.
    idle = tuple(
        Problem(code="no_effect", message=message, where=place)
        for place, _, message in (one.partition(": ") for one in imported.report.kept)
        if ": kept, not honoured" in message
    )
    if problems := imported.problems + idle:
        return Validation(ok=False, problems=problems, definition=imported.definition)
    return it.validate(body.name, msgspec.to_builtins(imported.definition))


def _resolve(it: Workspace, body: ToResolve) -> Preview:
    from mlenv_jupyter.core.definition import Definition

    against = body.against
    known = (against.name, against.version) if against is not None else None
    return it.resolve(Definition.parse(_plain(body.definition)), known)


def _diff(it: Workspace, query: DiffQuery) -> dict[str, Any]:
    from mlenv_jupyter.core.names import split_reference

    found = it.diff(split_reference(query.from_), split_reference(query.to))
    return {**msgspec.structs.asdict(found.definition), "packages": found.packages}


def _plain(definition: msgspec.Raw) -> Any:
    return msgspec.json.decode(definition)


def _import(it: Workspace, body: ToImport, place: Path | None) -> dict[str, Any]:
    from mlenv_jupyter.core.names import check_name

    if body.format == "":
        raise InvalidRequest("The format is empty.", where="format", remedy="Leave it out.")
    read = _imported(body, place)
    name = check_name(body.name) if body.name else read.name or ""
    return {
        "name": name,
        "version": read.version,
        "format": read.format,
        "definition": read.definition,
        "here": here_of(it, read.definition),
        "report": read.report,
        "problems": read.problems,
    }


def here_of(it: Workspace, definition: Definition) -> dict[str, str] | None:
    """The version that is registered here and asks for the very same."""
    found = it.notebooks.of_definition(definition)
    return {"name": found.name, "version": found.version} if found else None


def _imported(body: ToImport, place: Path | None) -> Imported:
    from mlenv_jupyter.files import python_beside
    from mlenv_jupyter.formats import decode_text, read_text

    files = body.files or {}
    if place is not None and body.text is not None:
        # Jupyter hides one of them, so that no browser can send it.
        files = {**python_beside(place), **files}
    chosen: dict[str, Any] = {"form": body.format, "extras": body.extras, "groups": body.groups}
    if body.data is not None:
        if body.text is not None:
            raise InvalidRequest(
                "There are both a text and data.", where="data", remedy="Send one of them."
            )
        return read_text(body.filename, decode_text(body.data), files.get, **chosen)
    if body.text is not None:
        return read_text(body.filename, body.text, files.get, **chosen)
    if body.files is None:
        raise InvalidRequest(
            "There is no text.",
            where="text",
            remedy="Send text, data, or the files of a directory.",
        )
    from mlenv_jupyter.formats.directory import read_directory

    return read_directory(files, files.get, **chosen)


def _export(it: Workspace, name: str, version: str, form: str) -> tuple[str, bytes, str]:
    from mlenv_jupyter.formats import EXPORTS

    filename, content = it.exports.file(name, version, form)
    media = "application/zip" if filename.endswith(".zip") else EXPORTS[form].media
    return filename, content, f"{media}; charset=utf-8" if media == "text/plain" else media


def _read(filename: str, text: str) -> Imported:
    from mlenv_jupyter.formats import read_text

    return read_text(filename, text)
