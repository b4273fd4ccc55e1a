"""rattler, as builds use it: it and ``target.py`` are the only modules that import it.

Its calls are coroutines; each runs to its end here. A panic of rattler is no Exception, so every
call turns whatever comes into a RattlerFailed.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import difflib
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from mlenv_jupyter.builds.conda.channels import Channels
from mlenv_jupyter.builds.conda.reporter import Reporter
from mlenv_jupyter.builds.conda.target import Target, rattlers, this_machine
from mlenv_jupyter.builds.conda.tree import read_report
from mlenv_jupyter.core.build import Progress
from mlenv_jupyter.core.errors import Unavailable
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.store.trees import remove_tree

if TYPE_CHECKING:
    from rattler import Gateway, RepoDataRecord

T = TypeVar("T")
ENVIRONMENT = "default"
PATIENCE = 3.0
"""Seconds that threads of rattler are given to end after an installation was broken off."""


class RattlerFailed(Exception):
    """rattler could not do it; explained before a user sees it. ``kind`` is what it was about.

    ``known`` are the versions that channels have of what there is none of, newest first; ``names``
    are like those that are not there at all.
    """

    def __init__(self, kind: Literal["solve", "channel", "install", "spec"], text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.known: dict[str, tuple[str, ...]] = {}
        self.names: tuple[str, ...] = ()


def installed_version() -> str | None:
    """The version of rattler that is installed, or None."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("py-rattler")
    except PackageNotFoundError:
        return None


def require_rattler() -> None:
    """Raise Unavailable unless rattler is installed; imports nothing."""
    from importlib.util import find_spec

    if find_spec("rattler") is None:
        raise Unavailable(
            "This environment has conda packages, and what builds those is not installed.",
            code="no_builder",
            where="conda",
            remedy="Install it beside mlenv: `pip install 'mlenv-jupyter[conda]'`.",
        )


class Engine:
    """rattler with the channels, the credentials and the caches of one build."""

    def __init__(
        self,
        channels: Channels,
        cache: Path,
        *,
        use_cache: bool = True,
        target: Target | None = None,
    ) -> None:
        from rattler import Client
        from rattler.networking.middleware import (
            AddHeadersMiddleware,
            AuthenticationMiddleware,
            MirrorMiddleware,
            RetryMiddleware,
        )

        self._channels = channels
        self._cache = cache
        self._use_cache = use_cache
        self.target = target or this_machine()

        def headers(host: str, path: str) -> dict[str, str] | None:
            for one in channels.headers:
                if host == one.host and path.startswith(one.path + "/"):
                    return {"Authorization": one.value}
            return None

        parts: list[Any] = [RetryMiddleware(3)]
        if channels.mirrors:
            parts.append(MirrorMiddleware({k: [v] for k, v in channels.mirrors.items()}))
        # The user's own credentials (`rattler auth login`, .netrc) serve where we have none.
        parts += [AddHeadersMiddleware(headers)] if channels.headers else []
        parts.append(AuthenticationMiddleware())
        self._client = Client(parts)

    def solve(self, specs: Sequence[str]) -> list[RepoDataRecord]:
        """The packages that fit specs and the target, by name. Raises RattlerFailed."""
        from rattler import Channel, MatchSpec, Subdir, solve

        wanted = []
        for spec in specs:
            with _failures(self._channels, f"spec:{spec}"):
                wanted.append(MatchSpec(spec, strict=False))
        gateway = self._gateway()

        def found_in(gateway: Gateway) -> list[RepoDataRecord]:
            with _failures(self._channels, "solve"):
                return _run(
                    lambda: solve(
                        [Channel(name) for name in self._channels.names],
                        wanted,
                        gateway=gateway,
                        platforms=[Subdir(self.target.platform), Subdir("noarch")],
                        virtual_packages=rattlers(self.target),
                        # Only the channels that were asked for, in their order.
                        channel_relations="disabled",
                    )
                )

        anew: list[str] = []
        try:
            while True:
                try:
                    found = found_in(gateway)
                    break
                except RattlerFailed as failed:
                    # One failure names one channel: the others have their turn after it.
                    stale = [one for one in self._unchanged(failed) if one not in anew]
                    if not stale:
                        raise
                    anew += stale
                    gateway = self._gateway(anew)
        except RattlerFailed as failed:
            if failed.kind == "solve":
                with contextlib.suppress(RattlerFailed):
                    self._look_around(gateway, failed)
            raise
        reach("conda.solved")
        return sorted(found, key=lambda one: one.name.normalized)

    def _gateway(self, asked_anew: Sequence[str] = ()) -> Gateway:
        """What channels say, from the cache where that is as new; some without it."""
        from rattler import Gateway, SourceConfig

        with _failures(self._channels, "solve"):
            anew = SourceConfig(cache_action="no-cache")
            return Gateway(
                cache_dir=self._cache / "repodata",
                default_config=SourceConfig() if self._use_cache else anew,
                per_channel_config=dict.fromkeys(asked_anew, anew),
                client=self._client,
            )

    def _unchanged(self, failed: RattlerFailed) -> list[str]:
        """The channels that said «not modified» in a way that rattler takes for an error.

        It does with the index of a sharded channel whose 304 repeats neither ETag nor
        Last-Modified, as plain file servers send it (conda/rattler#2719).
        """
        if failed.kind != "channel" or "304 Not Modified" not in failed.text:
            return []
        return [one for one in self._addresses() if one.rstrip("/") + "/" in failed.text]

    def _look_around(self, gateway: Any, failed: RattlerFailed) -> None:
        """Find out what there is in place of what there is none of."""
        from rattler import Channel, Subdir

        sources = [Channel(name) for name in self._channels.names]
        platforms = [Subdir(self.target.platform), Subdir("noarch")]
        for name, _ in read_report(failed.text).none:
            if name.startswith("__"):
                continue
            with _failures(self._channels, "solve"):
                found = _run(
                    lambda name=name: gateway.query(  # type: ignore[misc]
                        sources, platforms, [name], recursive=False, channel_relations="disabled"
                    )
                )
                records = [one for some in found for one in some]
                newest_first = sorted(records, key=lambda one: one.version, reverse=True)
                failed.known[name] = tuple(dict.fromkeys(str(one.version) for one in newest_first))
                if not records:
                    names = _run(lambda: gateway.names(sources, platforms))
                    failed.names += tuple(
                        difflib.get_close_matches(
                            name, (one.normalized for one in names), n=3, cutoff=0.7
                        )
                    )

    def install(
        self,
        records: Sequence[RepoDataRecord],
        prefix: Path,
        on_progress: Callable[[Progress], None],
    ) -> None:
        """Link packages into a prefix, which must be at its final place. Raises RattlerFailed."""
        from rattler import Subdir, install

        (self._cache / "packages").mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with _failures(self._channels, "install"):
                _run(
                    lambda: install(
                        list(records),
                        prefix,
                        cache_dir=self._cache / "packages",
                        installed_packages=[],
                        platform=Subdir(self.target.platform),
                        alternative_target_prefix=self.target.prefix,
                        execute_link_scripts=False,
                        client=self._client,
                        reporter=Reporter(records, on_progress),  # type: ignore[arg-type]
                    )
                )
        except BaseException:
            _clear(prefix)
            raise
        reach("conda.linked")

    def write_lock(self, records: Sequence[RepoDataRecord], work: Path) -> str:
        """rattler's lock file of these packages, for the target's platform."""
        from rattler import LockChannel, LockFile, LockPlatform

        here = LockPlatform(self.target.platform)
        lock = LockFile([here])
        lock.set_channels(ENVIRONMENT, [LockChannel(str(name)) for name in self._addresses()])
        for record in records:
            lock.add_conda_package(ENVIRONMENT, here, record)
        path = work / "conda.lock"
        lock.to_path(path)
        return path.read_text()

    def read_lock(self, text: str, work: Path) -> list[RepoDataRecord]:
        """The packages in rattler's lock file, for this platform."""
        from rattler import LockFile

        path = work / "conda.lock"
        path.write_text(text)
        with _failures(self._channels, "install"):
            environment = LockFile.from_path(path).environment(ENVIRONMENT)
            assert environment is not None
            found = environment.conda_repodata_records()[self.target.platform]
        return sorted(found, key=lambda one: one.name.normalized)

    def _addresses(self) -> list[str]:
        from rattler import Channel

        return [Channel(name).base_url for name in self._channels.names]


def _run(call: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await call()

    _let_threads_end_before_python()
    return asyncio.run(main())


@cache
def _let_threads_end_before_python() -> None:
    """Wait a moment at exit: rattler's threads still let go of Python's objects after a call.

    One process in six that ended right after a call crashed in that (py-rattler 0.28); the library
    below it cannot be told to end (PyO3/pyo3-async-runtimes#40). A worker, which is only ours, ends
    without Python's own end instead.
    """
    atexit.register(threading.Event().wait, 0.05)


@contextlib.contextmanager
def _failures(channels: Channels, kind: str) -> Iterator[None]:
    from rattler import exceptions

    about, _, spec = kind.partition(":")
    try:
        yield
    except exceptions.SolverError as error:
        raise RattlerFailed("solve", channels.redact(str(error))) from None
    except (exceptions.GatewayError, exceptions.FetchRepoDataError) as error:
        raise RattlerFailed("channel", channels.redact(str(error))) from None
    except exceptions.InvalidChannelError as error:
        raise RattlerFailed("channel", channels.redact(str(error))) from None
    except (RattlerFailed, OSError):
        raise
    except BaseException as error:
        ours = type(error).__module__ in ("exceptions", "pyo3_runtime") or isinstance(
            error, (TypeError, ValueError, AttributeError)
        )
        if not ours:
            raise
        text = f"{spec}: {error}" if spec else str(error)
        raise RattlerFailed(about, channels.redact(text)) from None  # type: ignore[arg-type]


def _clear(prefix: Path) -> None:
    """Remove a prefix that was broken off, after the threads that still write to it have ended."""
    wait = threading.Event().wait
    quiet = 0
    for _ in range(int(PATIENCE / 0.05)):
        with contextlib.suppress(OSError):
            if not prefix.exists():
                quiet += 1
            else:
                quiet = 0
                remove_tree(prefix)
        if quiet >= 3:
            return
        wait(0.05)
