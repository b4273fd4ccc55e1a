"""Names and versions for whoever types: from the indexes, from disk, from what is known here."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError
from urllib.request import (
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

import msgspec
from packaging.utils import canonicalize_name

from mlenv_jupyter.builds.index.places import IndexPlace, places_of
from mlenv_jupyter.builds.index.simple import (
    ACCEPT,
    NotAnIndex,
    Release,
    read_names,
    read_releases,
)
from mlenv_jupyter.builds.settings import passed_on
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidRequest, NotFound, Unavailable
from mlenv_jupyter.core.popular import IMPORTED_AS, POPULAR
from mlenv_jupyter.store.places import Places

T = TypeVar("T")

NAMES_FOR = 24 * 3600.0
"""Seconds that a list of names is taken as it is."""
RELEASES_FOR = 15 * 60.0
PATIENCE = 1.5
"""Seconds that somebody who types waits for a list of names; it goes on being fetched."""
AGAIN_AFTER = 60.0
"""Seconds after which an index that did not answer is asked again."""
TIMEOUT = 20.0
MAX_PAGE = 96 * 1024 * 1024
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
BEGINNING = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
MOST = 500
"""Versions that are answered."""


class Name(msgspec.Struct, frozen=True, omit_defaults=True):
    """A package that may be meant; ``imported_as`` is what was typed where that is no package."""

    name: str
    imported_as: str = ""


class Names(msgspec.Struct, frozen=True):
    """Names for what was typed. ``asked_at`` is when the oldest list used was fetched."""

    items: tuple[Name, ...]
    asked_at: str | None = None
    complete: bool = False
    """Every index is in it; else there may be more than these."""


class Releases(msgspec.Struct, frozen=True):
    """The versions of one package, newest first, and how old that knowledge is."""

    name: str
    items: tuple[Release, ...]
    index: str
    asked_at: str
    offline: bool = False
    """The index did not answer now: it is what was known before."""


class PackageIndex:
    """What the configured indexes have. Nothing is sent before somebody types or asks.

    The list of an index of one's own is fetched and kept for a day, that of the public one never:
    it is too long. For that, popular names and those that were asked for before are known.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._fetching: dict[str, threading.Thread] = {}
        self._failed: dict[str, float] = {}
        self._lists: dict[Path, tuple[float, list[str]]] = {}

    def names(self, text: str, definition: Definition, limit: int = 20) -> Names:
        """Names that begin with a text, then those that hold it; from one letter on."""
        typed = canonicalize_name(text.strip())
        if not BEGINNING.fullmatch(text.strip()):
            return Names(items=())
        lists = [self._listed(one) for one in places_of(definition, self._places)]
        there = [one for one in lists if one is not None]
        own = sorted(self._asked_before())
        found: dict[str, Name] = {}
        meant = IMPORTED_AS.get(typed)
        if meant:
            found[meant] = Name(meant, imported_as=text.strip())
        sources = (own, *(names for _, names in there), sorted(POPULAR))
        for fits in (typed.__eq__, lambda one: one.startswith(typed), lambda one: typed in one):
            if len(found) < limit:
                for names in sources:
                    found |= {one: Name(one) for one in names if fits(one) and one not in found}
        return Names(
            items=tuple([*found.values()][:limit]),
            asked_at=_moment(min((at for at, _ in there), default=None)),
            complete=bool(lists) and len(there) == len(lists),
        )

    def releases(self, name: str, definition: Definition) -> Releases:
        """The versions of a package in the first index that has it.

        Raises InvalidRequest for what is no name, NotFound, Unavailable where no index answers
        and nothing is known of before.
        """
        if not NAME.fullmatch(name):
            raise InvalidRequest(
                f"{name[:80]!r} is no name of a package.", where="name", remedy="Write one name."
            )
        wanted = canonicalize_name(name)
        failed: Unavailable | None = None
        for place in places_of(definition, self._places):
            kept = self._file(place, wanted + ".json")
            known = _read(kept, Releases)
            if known is not None and time.time() - _age(kept) < RELEASES_FOR:
                return known
            try:
                content, media = self._fetch(place, wanted)
                made = Releases(
                    name=wanted,
                    items=read_releases(content, media)[:MOST],
                    index=place.shown,
                    asked_at=_moment(time.time()) or "",
                )
            except NotFound:
                continue
            except (Unavailable, NotAnIndex) as error:
                if known is not None:
                    return msgspec.structs.replace(known, offline=True)
                failed = (
                    error if isinstance(error, Unavailable) else _unavailable(place, str(error))
                )
                continue
            _write(kept, msgspec.json.encode(made))
            return made
        if failed is not None:
            raise failed
        raise NotFound(
            f"No index that is asked here has {wanted}.",
            where=wanted,
            remedy="Check how it is written, or add the index that has it.",
        )

    def _listed(self, place: IndexPlace) -> tuple[float, list[str]] | None:
        """The names of an index and when they came; ``None`` while they are not known."""
        kept = self._file(place, "names.txt")
        old = time.time() - _age(kept) > NAMES_FOR
        if old and not place.is_public and not self._places.offline:
            self._begin(place, kept).join(PATIENCE)
        return self._names_in(kept)

    def _begin(self, place: IndexPlace, kept: Path) -> threading.Thread:
        """The thread that fetches a list of names; one at a time for each index."""
        with self._lock:
            running = self._fetching.get(place.address)
            if running is not None and running.is_alive():
                return running
            wait = time.monotonic() - self._failed.get(place.address, -AGAIN_AFTER) < AGAIN_AFTER
            made = threading.Thread(
                target=(lambda: None) if wait else lambda: self._fetch_names(place, kept),
                name="mlenv-names",
                daemon=True,
            )
            self._fetching[place.address] = made
            made.start()
            return made

    def _fetch_names(self, place: IndexPlace, kept: Path) -> None:
        try:
            names = read_names(*self._fetch(place, ""))
        except (NotFound, Unavailable, NotAnIndex):
            # An index need not have a list; what is typed in full is looked up all the same.
            self._failed[place.address] = time.monotonic()
            return
        _write(kept, "\n".join(names).encode())

    def _names_in(self, kept: Path) -> tuple[float, list[str]] | None:
        at = _age(kept)
        if at == 0:
            return None
        known = self._lists.get(kept)
        if known is None or known[0] != at:
            known = (at, kept.read_text(encoding="utf-8").split("\n"))
            self._lists[kept] = known
        return known

    def _asked_before(self) -> set[str]:
        return {one.stem for one in self._places.index.glob("*/*.json")}

    def _fetch(self, place: IndexPlace, name: str) -> tuple[bytes, str]:
        if self._places.offline:
            raise _unavailable(place, "the network is switched off")
        request = Request(f"{place.address}/{name}/" if name else f"{place.address}/")  # noqa: S310
        request.add_header("Accept", ACCEPT)
        if place.authorization:
            # Not carried along to another host.
            request.add_unredirected_header("Authorization", place.authorization)
        try:
            with _opener().open(request, timeout=TIMEOUT) as answer:
                content = answer.read(MAX_PAGE + 1)
                media = answer.headers.get_content_type()
        except HTTPError as error:
            if error.code in (404, 410):
                raise NotFound(f"{place.shown} does not have {name or 'a list'}.") from error
            raise _unavailable(place, f"it answered {error.code}") from error
        except (OSError, ValueError) as error:
            raise _unavailable(place, str(getattr(error, "reason", error))) from error
        if len(content) > MAX_PAGE:
            raise _unavailable(place, "its answer is too long")
        return content, media

    def _file(self, place: IndexPlace, name: str) -> Path:
        return self._places.index / hashlib.sha256(place.address.encode()).hexdigest()[:16] / name


def _opener() -> OpenerDirector:
    """What asks as uv does on this machine: by its proxy, with its certificates."""
    given = {**passed_on(os.environ), **os.environ}
    cert = given.get("SSL_CERT_FILE")
    context = ssl.create_default_context(cafile=cert if cert and os.path.isfile(cert) else None)
    proxy = given.get("HTTPS_PROXY") if "HTTPS_PROXY" not in os.environ else None
    # Without one that pip's settings name, urllib finds those of the environment itself.
    proxies = ProxyHandler({"https": proxy, "http": proxy} if proxy else None)
    return build_opener(proxies, HTTPSHandler(context=context))


def _unavailable(place: IndexPlace, why: str) -> Unavailable:
    return Unavailable(
        f"The index {place.shown} could not be asked: {why}.",
        where=place.shown,
        remedy="Write the version yourself, or check the network (`mlenv doctor`).",
    )


def _age(path: Path) -> float:
    """When a file was written, in seconds since the epoch; 0 where there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None


def _write(path: Path, content: bytes) -> None:
    """Keep an answer; a disk that is full costs the next question, not this one."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        made.write_bytes(content)
        os.replace(made, path)
    except OSError:
        return


def _moment(at: float | None) -> str | None:
    return datetime.fromtimestamp(at, timezone.utc).isoformat() if at is not None else None
