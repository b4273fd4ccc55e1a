"""Lock → Prefix: link what is on the shelf, let uv install the rest, check, commit."""

from __future__ import annotations

import contextlib
import csv
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path

from packaging.utils import canonicalize_name

from mlenv_jupyter.builds.bytecode import Job, compile_all, distributions, jobs_of, link_tree
from mlenv_jupyter.builds.credentials import guarded_addresses, has_credentials
from mlenv_jupyter.builds.resolve import LineSink, ToolFailed, index_options
from mlenv_jupyter.builds.shelf import NotOnShelf, Owner, Shelf, gather, listed_twice, read_record
from mlenv_jupyter.builds.site import Site
from mlenv_jupyter.builds.verify import check_starts, verify
from mlenv_jupyter.core.build import Progress
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.lock import Lock
from mlenv_jupyter.core.universal import Chosen, hashed_requirements, one_platform_pylock
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.process import Line, run
from mlenv_jupyter.store.files import kept_file
from mlenv_jupyter.store.store import Record
from mlenv_jupyter.store.trees import Size, remove_tree

LINKING = 0.5
"""The part of an installation's progress that fetching and linking is; the rest is bytecode."""


def install_prefix(
    site: Site,
    place: Path,
    lock: Lock,
    lock_digest: str,
    chosen: tuple[Chosen, ...],
    addresses: Mapping[str, str],
    definition: Definition,
    *,
    replace: bool = False,
    verifying: Callable[[], None],
    activate: Callable[[Path, Path], dict[str, tuple[str, ...]]],
) -> Record:
    """Make and commit the prefix of a lock; where it is there already nothing is done.

    ``activate`` is given where it is made and where its packages are, and answers with what is to
    be set to use it.

    Raises ToolFailed, BuildFailed.
    """
    with site.store.making(place, replace=replace) as made:
        if made is None:
            record = site.store.record(place)
            assert record is not None
            return record
        site.store.require_space(_expected_size(chosen, site))
        _uv(site, ["venv", made, "--python", site.python.executable, "--no-project"])
        reach("prefix.venv")
        site_packages = _site_packages(made)
        owner = Owner(made, site_packages, os.fspath(made / "bin" / "python"))
        options, guarded = index_options(definition), guarded_addresses(definition)
        known = _install(site, owner, chosen, addresses, options, guarded)
        verifying()
        packages = verify(site, made, site_packages, lock)
        check_starts(site, made)
        activation = activate(made, site_packages)
        return site.store.commit(
            made,
            Record(
                lock_digest=lock_digest,
                python=lock.python,
                site_packages=str(site_packages.relative_to(made)),
                packages=packages,
                created_at=now(),
                activation=activation,
            ),
            known,
        )


def install_layer(
    site: Site,
    place: Path,
    lock: Lock,
    lock_digest: str,
    chosen: tuple[Chosen, ...],
    addresses: Mapping[str, str],
    options: Iterable[str],
    *,
    finish: Callable[[Path], None],
) -> Record:
    """Make and commit a kernel layer: a directory of packages, which comes last on the path."""
    with site.store.making(place) as made:
        if made is None:
            record = site.store.record(place)
            assert record is not None
            return record
        made.mkdir(parents=True)
        known = _install(
            site,
            Owner(made, made, None),
            chosen,
            addresses,
            options,
            finish=lambda: finish(made),
        )
        return site.store.commit(
            made,
            Record(
                lock_digest=lock_digest,
                python=lock.python,
                site_packages=".",
                packages=verify(site, made, made, lock),
                created_at=now(),
            ),
            known,
        )


def install_wheels(
    site: Site,
    owner: Owner,
    chosen: tuple[Chosen, ...],
    addresses: Mapping[str, str],
    definition: Definition,
) -> None:
    """Put exactly these files into a prefix that somebody else makes. Raises ToolFailed."""
    options, guarded = index_options(definition), guarded_addresses(definition)
    _install(site, owner, chosen, addresses, options, guarded)


def on_shelf(site: Site, chosen: Iterable[Chosen], *, layer: bool = False) -> bool:
    """Whether everything can be linked, so that nothing has to be fetched or compiled."""
    shelf = Shelf(site.places.shelf, site.python, layer=layer)
    return all(shelf.has(one) for one in chosen)


def now() -> str:
    """The time, as every record has it: ISO 8601, UTC, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _install(
    site: Site,
    owner: Owner,
    chosen: tuple[Chosen, ...],
    addresses: Mapping[str, str],
    options: Iterable[str],
    guarded: Mapping[str, str] | None = None,
    *,
    finish: Callable[[], None] = lambda: None,
) -> dict[str, Size]:
    """Link what is on the shelf and have uv install the rest, which is on the shelf after that.

    Returns the directories that need no second look, with what is in each.
    """
    shelf = Shelf(site.places.shelf, site.python, layer=owner.interpreter is None)
    found = [(one, shelf.get(one) if site.use_cache else None) for one in chosen]
    there = [(one, entry) for one, entry in found if entry is not None]
    missing = tuple(one for one, entry in found if entry is None)
    if missing and site.shelf_only:
        raise NotOnShelf
    known: dict[str, Size] = {}
    replace = not site.use_cache
    try:
        known = shelf.give(there, owner)
    except FileNotFoundError:
        if site.shelf_only:
            raise NotOnShelf from None
        # Somebody has removed files from the shelf: everything is installed and put there anew.
        site.on_line(Line("err", "The store's shelf is damaged; it is filled again."))
        for _, entry in there:
            remove_tree(owner.site_packages / entry.info)  # for uv to see that it is not installed
        there, missing, replace = [], chosen, True
    reach("prefix.linked")
    count = _Counter(site, chosen, LINKING if missing else 1.0)
    for one, _ in there:
        count(Line("err", f" + {one.package.name}=={one.package.version}"))
    if missing:
        _sync(site, owner, missing, addresses, options, guarded, count)
        reach("prefix.fetched")
    finish()
    if not missing:
        return known
    _fill(site, shelf, owner, missing, of=len(chosen), replace=replace)
    return {}


def _sync(
    site: Site,
    owner: Owner,
    chosen: tuple[Chosen, ...],
    addresses: Mapping[str, str],
    options: Iterable[str],
    guarded: Mapping[str, str] | None,
    on_line: LineSink,
) -> None:
    """Let uv install exactly the chosen files."""
    # Who asks for a password gives files to nobody that comes by their address alone.
    options = list(options)
    closed = bool(guarded) or has_credentials(options)
    # What came in a bundle is installed from there: it is the same, by its hash.
    kept = {
        one.file.sha256: path.as_uri()
        for one in chosen
        if (path := kept_file(site.places, one.file.sha256, one.file.filename)) is not None
    }
    closed = closed and any(one.file.sha256 not in kept for one in chosen)
    pylock = None if closed else one_platform_pylock(chosen, {**addresses, **kept})
    if pylock is not None:
        wanted = site.work / "pylock.here.toml"
        wanted.write_text(pylock)
    else:
        wanted = site.work / "locked.txt"
        here = {one.package.name: addresses.get(one.file.sha256, "") for one in chosen}
        here = {name: one for name, one in here.items() if one.startswith("file:")}
        named = {**here, **(guarded or {})}
        wanted.write_text("\n".join([*options, hashed_requirements(chosen, named)]))
    arguments: list[str | Path] = [
        *("pip", "install", "--no-deps", "--requirements", wanted.name),
        *("--python", owner.interpreter or site.python.executable, "--break-system-packages"),
        *("--link-mode", "hardlink", "--color", "never", "--preview-features", "pylock"),
        *(("--target", owner.prefix) if owner.interpreter is None else ()),
        # A commit is a hash too, but none that uv takes for one.
        *(["--require-hashes"] if pylock is None and not _from_commits(chosen) else []),
        # Said here too: a pylock.toml has no options.
        *(["--only-binary", ":all:"] if "--only-binary :all:" in options else []),
        *([] if site.use_cache else ["--no-cache"]),
    ]
    _uv(site, arguments, on_line)
    (owner.prefix / ".lock").unlink(missing_ok=True)  # uv's own, of no use in a read-only place


def _from_commits(chosen: Iterable[Chosen]) -> bool:
    return any("vcs" in (one.package.source or {}) for one in chosen)


class _Counter:
    """Follows uv's lines and says how far the installation is."""

    def __init__(self, site: Site, chosen: tuple[Chosen, ...], share: float = 1.0) -> None:
        self.site = site
        self.share = share
        self.sizes = {one.package.name: one.file.size or 0 for one in chosen}
        self.total = len(chosen)
        self.bytes_total = sum(self.sizes.values()) or None
        self.fetched: set[str] = set()
        self.linked = 0

    def __call__(self, line: Line) -> None:
        self.site.on_line(line)
        text = line.text.strip()
        if text.startswith(("Downloaded ", "Built ")):
            self.fetched.add(canonicalize_name(text.split()[1].split("==")[0]))
        elif text.startswith("+ "):
            self.linked += 1
        else:
            return
        whole = self.linked > 0
        there = self.bytes_total if whole else sum(self.sizes.get(one, 0) for one in self.fetched)
        done = self.linked if whole else len(self.fetched)
        self.site.on_progress(
            Progress(
                done=int(done * self.share),
                total=self.total,
                bytes_done=there if self.bytes_total else None,
                bytes_total=self.bytes_total,
            )
        )


def _uv(
    site: Site, arguments: Iterable[str | Path], on_line: Callable[[Line], None] | None = None
) -> None:
    argv = [site.uv, *arguments]
    code, lines = run(argv, env=site.env, cwd=site.work, on_line=on_line)
    if code != 0:
        raise ToolFailed(" ".join(map(str, argv[:3])), lines)


def _fill(
    site: Site, shelf: Shelf, owner: Owner, chosen: tuple[Chosen, ...], *, of: int, replace: bool
) -> None:
    """Compile what uv has just installed, and put it on the shelf; ``of`` are all packages."""

    def progress(done: int, files: int) -> None:
        share = LINKING + (1 - LINKING) * done / files
        site.on_progress(Progress(done=int(of * share), total=of))

    infos = {name: one.info for name, one in distributions(owner.site_packages).items()}
    staged = [
        (one, infos[one.package.name], shelf.stage(one))
        for one in chosen
        if one.package.name in infos
    ]
    try:
        jobs: list[Job] = []
        for _, info, place in staged:
            with contextlib.suppress(OSError, ValueError, csv.Error):
                paths = [row.path for row in read_record(info)]
                into = place / "files"
                jobs += jobs_of(paths, owner.site_packages, into, site.python.cache_tag)
        compile_all(
            jobs,
            python=site.python.executable,
            work=site.work,
            env=site.env,
            on_progress=progress,
        )
        progress(1, 1)
        twice = listed_twice(infos.values(), owner.site_packages)
        for one, info, place in staged:
            link_tree(place / "files", owner.site_packages)
            entry = gather(info, owner, place, twice)
            if entry is not None:
                shelf.put(one, place, entry, replace=replace)
    finally:
        for _, _, place in staged:
            remove_tree(place)
    if jobs:
        site.on_line(Line("out", f"Compiled {len(jobs)} files to bytecode"))


def _site_packages(place: Path) -> Path:
    return next((place / "lib").glob("python3*")) / "site-packages"


def _expected_size(chosen: tuple[Chosen, ...], site: Site) -> int:
    """Bytes that linking will not save: what is not here yet, unpacked, and its bytecode."""
    shelf = Shelf(site.places.shelf, site.python)
    return 5 * sum(one.file.size or 0 for one in chosen if not shelf.has(one))
