"""A conda channel of real packages: Pythons of this machine, wheels from PyPI, and small ones.

``python tests/conda_channel.py PORT`` packs what is not packed yet (kept in ``.cache/conda``) and
serves it on loopback. A Python keeps the rpath of where it was built, so the channel is good on
this machine only.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import csv
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FORMAT = 3
"""Counts up with every change of what is packed, so that an old channel is packed anew."""
CACHE = Path(__file__).parent.parent / ".cache" / "conda"
SUBDIR = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}.get(platform.machine(), "linux-64")
PLACEHOLDER = "/" + "placehold_" * 24 + "prefix"
"""Stands for the prefix in a package; it is replaced by the real one when that is installed."""
LEFT_OUT = ("test", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "site-packages")
WHEELS = ("ipykernel", "six", "python-dateutil", "numpy<2.4")
TOKEN = "tk-0123456789-canary"
USER, PASSWORD = "reader", "pw-canary-987"
STAMP = 1700000000


@dataclass
class Package:
    """One package: what is in its index, and its files (text and bytes as they are, or a path)."""

    name: str
    version: str
    build: str = "0"
    number: int = 0
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    subdir: str = "noarch"
    noarch: str | None = None
    files: Mapping[str, str | bytes | Path] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def filename(self) -> str:
        return f"{self.name}-{self.version}-{self.build}.tar.bz2"


def write(package: Package, channel: Path) -> Path:
    """Pack a package into a channel."""
    target = channel / package.subdir / package.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    placeholder = PLACEHOLDER.encode()
    paths: list[dict[str, object]] = []
    index: dict[str, object] = {
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "build_number": package.number,
        "depends": list(package.depends),
        "constrains": list(package.constrains),
        "subdir": package.subdir,
        "timestamp": STAMP * 1000,
        "license": "test",
    }
    if package.noarch:
        index["noarch"] = package.noarch
    staged = target.with_name(f".{target.name}.{os.getpid()}")
    with tarfile.open(staged, "w:bz2", compresslevel=1) as tar:
        for name, content in package.files.items():
            if isinstance(content, Path):
                data = content.read_bytes()
                executable = os.access(content, os.X_OK)
                stamp = int(content.stat().st_mtime)
            else:
                data = content.encode() if isinstance(content, str) else content
                executable, stamp = name.startswith("bin/"), STAMP
            one: dict[str, object] = {
                "_path": name,
                "path_type": "hardlink",
                "sha256": hashlib.sha256(data).hexdigest(),
                "size_in_bytes": len(data),
            }
            if placeholder in data:
                one["prefix_placeholder"] = PLACEHOLDER
                one["file_mode"] = "binary" if b"\0" in data else "text"
            paths.append(one)
            _add(tar, name, data, stamp, executable)
        for name, to in package.links.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mtime = tarfile.SYMTYPE, to, STAMP
            tar.addfile(info)
            paths.append({"_path": name, "path_type": "softlink"})
        for name, value in (
            ("index.json", index),
            ("paths.json", {"paths_version": 1, "paths": paths}),
        ):
            _add(tar, f"info/{name}", json.dumps(value).encode(), STAMP, False)
    staged.rename(target)
    return target


def _add(tar: tarfile.TarFile, name: str, data: bytes, stamp: int, executable: bool) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(data), stamp, 0o755 if executable else 0o644
    tar.addfile(info, io.BytesIO(data))


def pythons() -> list[Path]:
    """A Python of the server's minor version on this machine, and one of another, if there is."""
    found = {sys.version_info[:2]: Path(sys.base_prefix)}
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for place in sorted(root.glob("3.*")) if root.is_dir() else ():
        minor = tuple(int(part) for part in place.name.split(".")[:2])
        if (3, 9) <= minor <= (3, 13):
            found.setdefault(minor, place)  # type: ignore[arg-type]
    other = [one for one in found if one != sys.version_info[:2]]
    # The nearest: PyPI has wheels for it for as long as for the server's own.
    other.sort(key=lambda one: (abs(one[1] - sys.version_info[1]), -one[1]))
    return [found[sys.version_info[:2]], *(found[one] for one in other[:1])]


def python_package(prefix: Path) -> Package:
    """The Python in a prefix, without tests, Tk and what installs packages."""
    (executable,) = [one for one in (prefix / "bin").glob("python3.*") if one.name[8:].isdigit()]
    minor = executable.name[6:]
    said = subprocess.check_output(
        [executable, "-Ic", "import platform; print(platform.python_version())"], text=True
    )
    files: dict[str, str | bytes | Path] = {f"bin/{executable.name}": executable}
    for place in sorted((prefix / "lib").glob("libpython3*")):
        files[f"lib/{place.name}"] = place
    library = prefix / "lib" / executable.name
    for place, folders, names in os.walk(library):
        inside = os.path.relpath(place, library)
        top = inside.split(os.sep)[0]
        if top in LEFT_OUT or top.startswith("config-"):
            folders.clear()
            continue
        for name in sorted(names):
            path = Path(place, name)
            if ".opt-" in name or (name.endswith(".pyc") and "__pycache__" not in inside):
                continue
            files[os.path.normpath(f"lib/{executable.name}/{inside}/{name}")] = path
    files[f"lib/{executable.name}/site-packages/README.txt"] = "Packages are put here.\n"
    return Package(
        "python",
        said.strip(),
        build=f"h{minor.replace('.', '')}_0_cpython",
        depends=("__glibc >=2.17",) if sys.platform == "linux" else (),
        subdir=SUBDIR,
        files=files,
        links={"bin/python": executable.name, "bin/python3": executable.name},
    )


def wheel_packages(prefix: Path, work: Path, wheels: tuple[str, ...] = WHEELS) -> Iterator[Package]:
    """The wheels that ipykernel and others come to for the Python in a prefix, as conda packages.

    Pure ones of the second Python are ``noarch: python``; all others are for one Python.
    """
    (executable,) = [one for one in (prefix / "bin").glob("python3.*") if one.name[8:].isdigit()]
    minor = executable.name[6:]
    target = work / minor
    uv = Path(sys.executable).with_name("uv")
    subprocess.check_call(
        [uv, "pip", "install", "--quiet", "--target", target, "--python", executable, *wheels],
    )
    from packaging.requirements import Requirement

    marked = {
        "extra": "",
        "python_version": minor,
        "python_full_version": f"{minor}.1",
        "sys_platform": sys.platform,
        "platform_system": platform.system(),
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "platform_machine": platform.machine(),
        "os_name": os.name,
    }
    from packaging.utils import canonicalize_name

    for info in sorted(target.glob("*.dist-info")):
        name, version = info.name[: -len(".dist-info")].split("-")[:2]
        metadata = (info / "METADATA").read_text().partition("\n\n")[0]
        depends = [f"python {minor}.*"]
        for line in metadata.splitlines():
            if line.startswith("Requires-Dist:"):
                one = Requirement(line.partition(":")[2].strip())
                if one.marker is None or one.marker.evaluate(marked):
                    spec = str(one.specifier).replace("~=", ">=")
                    depends.append(f"{canonicalize_name(one.name)} {spec}".strip())
        files: dict[str, str | bytes | Path] = {}
        with open(info / "RECORD", newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                place = target / row[0]
                if row[0].startswith("bin/") or not place.is_file():
                    continue
                files[f"lib/python{minor}/site-packages/{row[0]}"] = place
        files[f"lib/python{minor}/site-packages/{info.name}/INSTALLER"] = "conda\n"
        tag = "py" + minor.replace(".", "")
        yield Package(
            canonicalize_name(name),
            version,
            build=f"{tag}_0",
            depends=tuple(depends),
            subdir=SUBDIR,
            files=files,
        )


def small_packages() -> Iterator[Package]:
    """Packages that are made up, to have conflicts, builds, priorities and activation with."""

    def data(name: str, version: str) -> dict[str, str]:
        return {f"share/{name}/version.txt": version + "\n"}

    for version, build, number in (
        ("1.0", "h1_0", 0),
        ("1.0", "h1_1", 1),
        ("2.0", "h1_0", 0),
    ):
        yield Package(
            "padding", version, build, number, noarch="generic", files=data("padding", build)
        )
    yield Package("oldapp", "1.0", depends=("padding <2",), files=data("oldapp", "1.0"))
    yield Package("oldapp", "1.1", depends=("padding <2",), files=data("oldapp", "1.1"))
    yield Package("newapp", "2.0", depends=("padding >=2",), files=data("newapp", "2.0"))
    yield Package("wrapper", "1.0", depends=("newapp",), files=data("wrapper", "1.0"))
    yield Package("needs-gpu", "1.0", depends=("__cuda >=12",), files=data("needs-gpu", "1.0"))
    yield Package("needs-py27", "1.0", depends=("python 2.7.*",), files=data("needs-py27", "1.0"))
    yield Package(
        "pure",
        "1.0",
        depends=("python",),
        noarch="python",
        files={
            "site-packages/pure/__init__.py": "__version__ = '1.0'\n",
            "site-packages/pure-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: pure\n"
            "Version: 1.0\nRequires-Dist: six\n",
            "site-packages/pure-1.0.dist-info/RECORD": "pure/__init__.py,,\n"
            "pure-1.0.dist-info/METADATA,,\npure-1.0.dist-info/RECORD,,\n",
        },
    )
    probe = f"""#!{PLACEHOLDER}/bin/python
import sys
print(sys.prefix, "{PLACEHOLDER}")
"""
    yield Package(
        "probe",
        "1.0",
        subdir=SUBDIR,
        files={
            "bin/probe": probe,
            "share/probe.bin": b"\0head\0" + PLACEHOLDER.encode() + b"/lib\0tail\0",
            "etc/conda/activate.d/probe.sh": 'export PROBE_HOME="$CONDA_PREFIX/share"\n'
            'export PROBE_PATH="$CONDA_PREFIX/probe${PROBE_PATH:+:$PROBE_PATH}"\n'
            'export PROBE_TEXT="it costs \\$5"\n',
            "etc/conda/env_vars.d/probe.json": '{"PROBE_JSON": "from json"}',
        },
    )


def build(place: Path) -> Path:
    """Pack ``main`` and ``second`` below a directory, and index them; the directory."""
    from rattler.index import index_fs

    main = place / "main"
    packages = list(small_packages())
    chosen = pythons()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for prefix in chosen:
            packages.append(python_package(prefix))
        work = place / ".wheels"
        packages += wheel_packages(chosen[-1], work)
        list(pool.map(lambda one: write(one, main), packages))
    # Another channel with a newer version of one package: priority decides.
    write(
        Package("padding", "3.0", noarch="generic", files={"share/padding.txt": "3"}),
        place / "second",
    )
    write(
        Package("secret-sauce", "1.0", noarch="generic", files={"share/s.txt": "s"}),
        place / "private",
    )
    for channel in ("main", "second", "private"):
        for subdir in ("noarch", SUBDIR):
            (place / channel / subdir).mkdir(parents=True, exist_ok=True)
        asyncio.run(index_fs(place / channel))
    shutil.rmtree(work)
    return place


def ensure() -> Path:
    """The channels, packed at the first call on this machine; two processes pack them once."""
    from filelock import FileLock

    CACHE.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(
        json.dumps([FORMAT, sys.version, [str(one) for one in pythons()], WHEELS]).encode()
    ).hexdigest()[:12]
    place = CACHE / key
    with FileLock(CACHE / f"{key}.lock"):
        if not (place / "done").exists():
            build(place)
            (place / "done").touch()
    return place


class Handler(SimpleHTTPRequestHandler):
    """Serves files; what is below ``private`` only to who has the password or the token."""

    def do_GET(self) -> None:
        self._guarded(super().do_GET)

    def do_HEAD(self) -> None:
        self._guarded(super().do_HEAD)

    def _guarded(self, serve: object) -> None:
        server: Server = self.server  # type: ignore[assignment]
        server.asked.append((self.path, dict(self.headers)))
        if server.held and server.held in self.path:
            server.reached.set()
            server.go.wait(60)
        token = f"/t/{TOKEN}/"
        if self.path.startswith(token):
            self.path = self.path[len(token) - 1 :]
        elif self.path.startswith("/private/"):
            wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            if self.headers.get("Authorization") != f"Basic {wanted}":
                self.send_error(401)
                return
        if server.spoil is not None and f"/{server.spoilt}" in self.path:
            data, length = server.spoil(Path(self.translate_path(self.path)).read_bytes())
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(data)
            return
        serve()  # type: ignore[operator]

    def end_headers(self) -> None:
        if self.server.stale:  # type: ignore[attr-defined]
            self.send_header("Cache-Control", "max-age=0")
        super().end_headers()

    def handle(self) -> None:
        # A client that has seen enough goes away; that is no fault of the server.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            super().handle()

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Remembers what was asked of it: paths and headers.

    A request whose path contains ``held`` waits for ``go``, after setting ``reached``. What is
    ``stale`` at once has to be asked about each time. What ``spoil`` makes of a file is sent of it
    where its name begins with ``spoilt``: the bytes, and the length that is announced. Like many a
    file server it answers 304 without the headers that rattler looks for in one.
    """

    daemon_threads = True
    # rattler opens many connections at once; on a busy machine five would be too few to wait.
    request_queue_size = 128

    def __init__(self, port: int, place: Path) -> None:
        super().__init__(("127.0.0.1", port), partial(Handler, directory=os.fspath(place)))
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.held = ""
        self.stale = False
        self.spoilt = ""
        self.spoil: Callable[[bytes], tuple[bytes, int]] | None = None
        self.reached, self.go = threading.Event(), threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> Server:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self


if __name__ == "__main__":
    sys.path.insert(0, os.fspath(Path(__file__).parent.parent))
    server = Server(int(sys.argv[1]), ensure())
    print(f"Serving on {server.address}", flush=True)
    server.serve_forever()
