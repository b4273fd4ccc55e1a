"""What is in an image: its interpreters, and the packages that one of them sees."""

from __future__ import annotations

import contextlib
import io
import re
import tarfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from mlenv_jupyter.builds.python import QUERY, Python, fits
from mlenv_jupyter.core.errors import BuildFailed

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

LABEL = "mlenv.build"
"""Label of every container that a build runs, with the build's id."""

MORE = """
import site
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
except (AttributeError, ValueError, OSError):
    libc = ""
print(json.dumps({"libc": libc, "prefix": sys.prefix, "sites": site.getsitepackages(),
    "executable": sys.executable}))
"""

# Every interpreter on the PATH and where images have them beside it.
FIND = """
code=$1; shift
for place in $(echo "$PATH" | tr : ' ') /usr/local/bin /usr/bin /opt/conda/bin /opt/venv/bin \\
    /opt/mlenv/python/*/bin; do
  for name in "$@"; do
    case $name in /*) one=$name ;; *) one=$place/$name ;; esac
    [ -x "$one" ] && "$one" -I -c "$code" 2>/dev/null
  done
done
exit 0
"""

MACHINE = """
uname -m
getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>&1 | head -n 1
command -v java || true
"""

PACKAGES = """
import importlib.metadata as m, json
found = {}
for one in m.distributions():
    name = one.metadata["Name"]
    if name and name not in found:
        found[name] = {"version": one.version, "requires": one.requires or [],
                       "asked": one.read_text("REQUESTED") is not None}
print(json.dumps(found))
"""


class Machine(NamedTuple):
    """What an image runs on: ``x86_64``, and ``glibc 2.36`` or nothing for another C library.

    ``java`` is where it has Java, if that is known.
    """

    name: str
    libc: str
    java: str = ""

    @property
    def musl(self) -> bool:
        """Whether its C library is taken for musl."""
        return not self.libc


class More(msgspec.Struct, frozen=True):
    """What an interpreter in an image says beside what every interpreter is asked."""

    libc: str
    prefix: str
    sites: tuple[str, ...]
    executable: str


class InImage(msgspec.Struct, frozen=True, kw_only=True):
    """An interpreter in an image; ``sites`` are the directories of its packages."""

    python: Python
    path: str
    prefix: str
    sites: tuple[str, ...]
    machine: Machine


class Installed(msgspec.Struct, frozen=True):
    """One package that an interpreter sees."""

    version: str
    requires: tuple[str, ...] = ()
    asked: bool = False


def find_python(
    client: DockerClient, image: str, wanted: str | None, *, platform: str | None, build: str
) -> InImage | None:
    """The interpreter of an image that fits ``3.11``, ``3.11.7`` or a path; the first where None.

    Raises BuildFailed for an image without a shell.
    """
    names = ["python3", "python"]
    if wanted and wanted.startswith("/"):
        names = [wanted]
    elif wanted:
        names = [f"python{'.'.join(wanted.split('.')[:2])}", *names]
    code, out, err = run_in(
        client,
        image,
        ["/bin/sh", "-c", FIND, "sh", QUERY + MORE, *names],
        platform=platform,
        build=build,
    )
    if code != 0:
        raise _unusable(image, err or out)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    for first, second in zip(lines[::2], lines[1::2], strict=False):
        try:
            python = msgspec.json.decode(first, type=Python)
            more = msgspec.json.decode(second, type=More)
        except (msgspec.DecodeError, msgspec.ValidationError):
            continue
        if wanted is None or wanted.startswith("/") or fits(python.version, wanted):
            return _in_image(python, more)
    return None


def machine_of(client: DockerClient, image: str, *, platform: str | None, build: str) -> Machine:
    """What an image runs on, whether or not it has a Python. Raises BuildFailed."""
    code, out, err = run_in(
        client, image, ["/bin/sh", "-c", MACHINE], platform=platform, build=build
    )
    lines = out.splitlines()
    if code != 0 or not lines:
        raise _unusable(image, err or out)
    said = lines[1] if len(lines) > 1 else ""
    version = re.search(r"(\d+\.\d+)\s*$", said)
    glibc = version is not None and re.search(r"glibc|gnu libc", said, re.IGNORECASE)
    libc = f"glibc {version[1]}" if version and glibc else ""
    return Machine(lines[0].strip(), libc, lines[-1] if lines[-1].startswith("/") else "")


def conda_packages_of(
    client: DockerClient, image: str, prefix: str, *, platform: str | None, build: str
) -> set[str]:
    """The conda packages in an image, as ``name-version-build``."""
    _, out, _ = run_in(
        client, image, ["/bin/ls", f"{prefix}/conda-meta"], platform=platform, build=build
    )
    return {one.removesuffix(".json") for one in out.split() if one.endswith(".json")}


def packages_of(
    client: DockerClient, image: str, python: str, *, platform: str | None, build: str
) -> dict[str, Installed]:
    """The packages that an interpreter of an image sees, by their name. Raises BuildFailed."""
    code, out, err = run_in(
        client, image, [python, "-I", "-c", PACKAGES], platform=platform, build=build
    )
    try:
        if code == 0:
            return msgspec.json.decode(out.strip().splitlines()[-1], type=dict[str, Installed])
    except (IndexError, msgspec.DecodeError, msgspec.ValidationError):
        pass
    raise BuildFailed(
        f"{python} does not run in the image.",
        code="image_unusable",
        detail=(err or out).strip()[-400:],
        where="docker",
    )


def run_in(
    client: DockerClient, image: str, command: Sequence[str], *, platform: str | None, build: str
) -> tuple[int, str, str]:
    """Run a command in a container of an image, without network; exit code, output, errors."""
    from docker.errors import APIError

    try:
        with _container(
            client, image, list(command), platform=platform, labels={LABEL: build}
        ) as made:
            made.start()
            code = int(made.wait()["StatusCode"])
            out = made.logs(stdout=True, stderr=False)
            err = made.logs(stdout=False, stderr=True)
            return code, out.decode(errors="replace"), err.decode(errors="replace")
    except APIError as error:
        return 125, "", str(error.explanation or error)


def read_file(client: DockerClient, image: str, path: str, *, build: str) -> bytes | None:
    """A file of an image, or None where it has none there; nothing is run for it."""
    from docker.errors import APIError

    with _container(client, image, ["none"], platform=None, labels={LABEL: build}) as made:
        try:
            chunks, _ = made.get_archive(path)
        except APIError:
            return None
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            member = archive.next()
            file = archive.extractfile(member) if member is not None else None
            return file.read() if file is not None else None


@contextlib.contextmanager
def _container(
    client: DockerClient, image: str, command: list[str], **options: Any
) -> Iterator[Container]:
    from docker.errors import APIError

    made = client.containers.create(
        image, command, entrypoint="", network_mode="none", user="0", **options
    )
    try:
        yield made
    finally:
        with contextlib.suppress(APIError):
            made.remove(force=True, v=True)


def _unusable(image: str, said: str) -> BuildFailed:
    return BuildFailed(
        f"No command could be run in {image}.",
        code="image_unusable",
        detail=said.strip()[-400:],
        where="docker",
        remedy="Choose a base image with a shell (/bin/sh) for the right platform.",
    )


def _in_image(python: Python, more: More) -> InImage:
    machine = python.markers.get("platform_machine", "x86_64")
    tags = platform_tags(more.libc, machine)
    return InImage(
        python=msgspec.structs.replace(
            python, platform=f"image-{python.platform}", platform_tags=tags
        ),
        path=more.executable or python.executable,
        prefix=more.prefix,
        sites=more.sites,
        machine=Machine(machine, more.libc),
    )


def platform_tags(libc: str, machine: str) -> tuple[str, ...]:
    """The platform tags that pip would take there, best first (PEP 600, PEP 656).

    ``libc`` is ``glibc 2.36``; without it the C library is taken for musl 1.2.
    """
    name, _, version = libc.partition(" ")
    if name != "glibc":
        return (*(f"musllinux_1_{minor}_{machine}" for minor in (2, 1, 0)), f"linux_{machine}")
    digits = version.split(".")
    newest = int(digits[1]) if len(digits) > 1 and digits[1].isdigit() else 17
    older = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    made = []
    for minor in range(newest, 4 if machine in ("x86_64", "i686") else 16, -1):
        made.append(f"manylinux_2_{minor}_{machine}")
        if minor in older:
            made.append(f"{older[minor]}_{machine}")
    return (*made, f"linux_{machine}")
