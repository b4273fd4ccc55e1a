"""Promote a thin overlay to a private clone of its prefix, before the first write into it.

Standard library only, Python 3.8 and later. Files are hard links into the prefix: whatever a tool
replaces is replaced in the clone alone. What tools are known to edit in place is copied. In a
container they are links by name, since the image is another file system than the overlay.

The clone is made aside and moved in entry by entry. Until the marker is written the overlay still
chains the prefix, so a crash at any point leaves one that works and can be promoted again.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat

import overlay as overlays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

EDITED = (".pth", ".egg-link")
SKIPPED = frozenset(["bin", "pyvenv.cfg", "lib64", ".lock", ".gitignore", "CACHEDIR.TAG"])


def promote(overlay: str, described: dict[str, Any]) -> bool:
    """Promote an overlay; False if it was already. Two tools at once promote it once."""
    lock = os.open(os.path.join(overlay, "promote.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:
            pass  # a file system without locks: nothing is lost but the order of two writers
        if overlays.is_promoted(overlay):
            return False
        _promote(overlay, described)
        return True
    finally:
        os.close(lock)


def _promote(overlay: str, described: dict[str, Any]) -> None:
    record, launcher = described["record"], described["launcher"]
    prefix = record["prefix"]
    link = os.symlink if record.get("mounted") else _link
    inside = os.path.relpath(record["site_packages"], prefix)
    staged = os.path.join(overlay, ".clone")
    shutil.rmtree(staged, ignore_errors=True)
    os.mkdir(staged)
    if record.get("foreign"):
        # Its files may be written to, and much more than packages may be in it: copies, of those.
        shutil.copytree(record["site_packages"], os.path.join(staged, inside), symlinks=True)
    for entry in () if record.get("foreign") else os.scandir(prefix):
        if entry.name in SKIPPED:
            continue
        if entry.is_dir(follow_symlinks=False):
            clone_tree(entry.path, os.path.join(staged, entry.name), link)
        else:
            link(entry.path, os.path.join(staged, entry.name))
    if not record.get("foreign"):
        clone_programs(prefix, os.path.join(staged, "bin"), link)
    # A real pip or uv in the prefix becomes the clone's own, with our way in.
    packages = os.path.join(staged, inside)
    for name in overlays.SHIMMED:
        place = os.path.join(packages, name)
        if os.path.exists(os.path.join(place, "__init__.py")):
            shim = os.path.join(overlay, inside, name, "__init__.py")
            if os.path.exists(shim):
                os.unlink(shim)
            if os.path.exists(os.path.join(place, "__main__.py")):
                os.unlink(os.path.join(place, "__main__.py"))
    merge(staged, overlay)
    shutil.rmtree(staged, ignore_errors=True)
    overlays.write_module_shims(
        os.path.join(overlay, inside), overlay, record, os.path.join(launcher, "tool.py")
    )
    overlays.write(
        os.path.join(overlay, inside, overlays.CHAIN), overlays.chain(record, promoted=True)
    )
    mark(overlay, record, [])


def mark(overlay: str, record: dict[str, Any], changes: list[dict[str, Any]]) -> None:
    """Write the marker: the overlay is promoted, and these were the last changes."""
    marker = {
        "prefix": record["prefix"],
        "site_packages": record["site_packages"],
        "changes": changes,
    }
    overlays.write(os.path.join(overlay, "promoted"), json.dumps(marker))


def clone_tree(source: str, target: str, link: Callable[[str, str], None]) -> None:
    """A tree of real, writable directories with links to the same files."""
    os.mkdir(target, 0o755)
    # Links by directory descriptors: half of the time would go into looking up long paths.
    from_there = os.open(source, os.O_RDONLY | os.O_DIRECTORY)
    to_here = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
    below = []
    try:
        with os.scandir(source) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_symlink():
                    os.symlink(os.readlink(entry.path), name, dir_fd=to_here)
                elif entry.is_dir():
                    below.append(name)
                elif name.endswith(EDITED):
                    _copy(entry.path, os.path.join(target, name))
                elif link is not _link:
                    link(entry.path, os.path.join(target, name))
                else:
                    try:
                        os.link(name, name, src_dir_fd=from_there, dst_dir_fd=to_here)
                    except OSError:
                        _link(entry.path, os.path.join(target, name))
    finally:
        os.close(from_there)
        os.close(to_here)
    for name in below:
        clone_tree(os.path.join(source, name), os.path.join(target, name), link)


def clone_programs(prefix: str, target: str, link: Callable[[str, str], None]) -> None:
    """The programs of a prefix which are no scripts of it: those are in the overlay already."""
    os.mkdir(target, 0o755)
    source = os.path.join(prefix, "bin")
    if not os.path.isdir(source):
        return
    for entry in os.scandir(source):
        if entry.is_symlink() or overlays.is_own_command(entry.name) or not entry.is_file():
            continue
        if entry.name.lower().startswith(("activate", "deactivate", "pydoc.bat")):
            continue  # they name the prefix
        link(entry.path, os.path.join(target, entry.name))


def merge(source: str, target: str) -> None:
    """Move what is in one tree into another; what is there already stays."""
    for entry in os.scandir(source):
        there = os.path.join(target, entry.name)
        if not os.path.lexists(there):
            os.rename(entry.path, there)
        elif entry.is_dir(follow_symlinks=False) and os.path.isdir(there):
            merge(entry.path, there)


def _link(source: str, target: str) -> None:
    """A hard link, or a copy where there can be none (another file system, too many links)."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        _copy(source, target)


def _copy(source: str, target: str) -> None:
    shutil.copy2(source, target, follow_symlinks=False)
    if not os.path.islink(target):
        os.chmod(target, stat.S_IMODE(os.stat(target).st_mode) | stat.S_IWUSR)
