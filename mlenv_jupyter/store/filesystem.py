"""What kind of file system a path is on, and whether it is shared over a network."""

from __future__ import annotations

import os
import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")

NETWORK = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb2",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "lustre",
        "gpfs",
        "beegfs",
        "panfs",
        "wekafs",
        "ocfs2",
        "gfs2",
        "orangefs",
        "pvfs2",
        "ncpfs",
        "davfs",
        "glusterfs",
        "acfs",
        "afpfs",
        "webdav",
    ]
)
"""Where the shared memory that SQLite's write-ahead log needs is none: another machine may write.

Of FUSE all but what is known to be of this machine: nobody can list the others.
"""

LOCAL_FUSE = frozenset(
    [
        "fuse.fuse-overlayfs",
        "fuse.lxcfs",
        "fuse.ntfs",
        "fuse.ntfs-3g",
        "fuse.bindfs",
        "fuse.encfs",
        "fuse.gocryptfs",
        "fuse.mergerfs",
        "fuse.portal",
        "fuse.gvfsd-fuse",
        "fuseblk",
    ]
)


def kind_of(path: Path) -> str:
    """The kind of the file system, such as ``ext4`` or ``nfs4``; empty where it is not known."""
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return _kind_elsewhere(path)
    place = os.path.realpath(path)
    longest, kind = -1, ""
    for line in mounts.splitlines():
        own, _, rest = line.partition(" - ")
        fields = own.split(" ")
        if len(fields) < 5 or not rest:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda one: chr(int(one[1], 8)), fields[4])
        # Of two at the same place the later one is what is seen.
        if _is_in(place, point) and len(point) >= longest:
            longest, kind = len(point), rest.split(" ")[0]
    return kind


def is_network(kind: str) -> bool:
    """Whether another machine may write to a file system of this kind."""
    return kind in NETWORK or (kind.startswith("fuse.") and kind not in LOCAL_FUSE)


def _kind_elsewhere(path: Path) -> str:
    """The same where there is no /proc, as on macOS."""
    import psutil

    try:
        parts = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ""
    place = os.path.realpath(path)
    there = [one for one in parts if _is_in(place, one.mountpoint)]
    return max(there, key=lambda one: len(one.mountpoint)).fstype if there else ""


def _is_in(path: str, point: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")
