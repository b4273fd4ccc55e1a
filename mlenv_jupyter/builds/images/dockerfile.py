"""The Dockerfile of an image: text that a person can read, and that builds by itself too.

Layers, first to last: the base, what it is given (a Python, conda's packages), the virtual
environment, the packages in groups (`grouped`), the kernel. With BuildKit, uv, its cache, settings
and secrets are mounted and stay in no layer; the classic builder has no mounts, so uv and the lists
of packages are copied.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from mlenv_jupyter.builds.spark import JARS, arguments, classpath
from mlenv_jupyter.core.lock import LockedPackage

ROOT = "/opt/mlenv"
ENVIRONMENT = f"{ROOT}/env"
KERNEL = f"{ROOT}/kernel"
MOUNTS = "/run/mlenv"
SETTINGS = "mlenv-settings"
"""The secret that has what uv is to know: index settings and the values of references."""
CERTIFICATES = "mlenv-certificates"
BIG = 20_000_000
"""Bytes of a package's file that make it a layer of its own."""
MOST = 16
"""Groups of packages; an engine takes 127 layers in all, base included."""
INSTALL = "pip install --no-deps --compile-bytecode --link-mode copy --color never --no-config"


class Group(msgspec.Struct, frozen=True):
    """Packages that are installed in one layer, as ``name==version --hash=…`` lines."""

    lines: tuple[str, ...]
    wheels: tuple[str, ...] = ()

    @property
    def hashed(self) -> bool:
        """Whether each line has a hash: what comes from a repository has none."""
        return all(" --hash=" in line for line in self.lines)


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """All that a Dockerfile is written from."""

    title: str
    digest: str
    lock_digest: str = ""
    base: str
    python: str
    install_python: str | None = None
    sites: tuple[str, ...] | None = None
    groups: tuple[Group, ...] = ()
    conda: tuple[Group, ...] = ()
    jars: bool = False
    activation: Mapping[str, str] = {}
    options: tuple[str, ...] = ()
    kernel: bool = True
    user: str = ""
    labels: Mapping[str, str] = {}
    variables: tuple[str, ...] = ()
    certificates: bool = False
    buildkit: bool = True
    python_version: str

    @property
    def site_packages(self) -> str:
        """Where the packages of the environment are in the image."""
        return f"{ENVIRONMENT}/lib/python{minor(self.python_version)}/site-packages"


def minor(version: str) -> str:
    """``3.11`` of ``3.11.7``."""
    return ".".join(version.split(".")[:2])


def grouped(
    packages: Sequence[tuple[LockedPackage, str]],
    earlier: Iterable[Sequence[Sequence[str]]] = (),
) -> tuple[tuple[str, ...], ...]:
    """The lines of each layer: what an earlier image has first stays, what is new comes last.

    ``packages`` are pairs of a package and its line; ``earlier`` the groups of images that are
    there. So one more package is one more layer, and nothing else is fetched, built or pushed
    again. Without an earlier image big packages get a layer each, then the others one.
    """
    wanted = {line for _, line in packages}
    kept: tuple[tuple[str, ...], ...] = ()
    best = 0
    for groups in earlier:
        start: list[tuple[str, ...]] = []
        for group in groups:
            if not wanted.issuperset(group):
                break
            start.append(tuple(group))
        held = sum(map(len, start))
        if held > best and len(start) < MOST:
            best, kept = held, tuple(start)
    there = {line for group in kept for line in group}
    rest = [one for one in packages if one[1] not in there]
    room = max(0, MOST - len(kept) - 1)
    by_size = sorted(rest, key=lambda one: -(one[0].size or 0))
    big = {line for one, line in by_size[:room] if (one.size or 0) >= BIG}
    layers = [*kept, *((line,) for _, line in rest if line in big)]
    small = tuple(line for _, line in rest if line not in big)
    return tuple([*layers, small] if small else layers)


def dockerfile(recipe: Recipe) -> str:
    """The text of the Dockerfile; its context is the directory that ``context`` describes."""
    write = _BuildKit(recipe) if recipe.buildkit else _Classic(recipe)
    steps = [*_head(recipe), *_environment(recipe, write)]
    if recipe.kernel:
        steps += ["", *_kernel(recipe, write), "", "FROM environment"]
        steps += [
            "# The kernel: a last layer of its own",
            f"COPY --from=kernel /made/kernel {KERNEL}",
        ]
    if recipe.user:
        steps.append(f"USER {recipe.user}")
    if recipe.labels:
        steps += ["LABEL " + " \\\n      ".join(_labels(recipe.labels))]
    return "\n".join(steps) + "\n"


def context(recipe: Recipe, kernel_lines: Sequence[str] = ()) -> dict[str, str]:
    """The text files of the build context, by name; wheels and uv come beside them."""
    made = {"Dockerfile": dockerfile(recipe)}
    for number, group in enumerate(recipe.groups, 1):
        made[f"packages-{number}.txt"] = "\n".join([*recipe.options, *group.lines]) + "\n"
    if recipe.kernel:
        made["kernel.txt"] = "\n".join(kernel_lines) + "\n"
    return made


def _head(recipe: Recipe) -> list[str]:
    return [
        f"# {recipe.title}, by mlenv",
        f"# Definition {recipe.digest[:32]}"
        + (f", lock {recipe.lock_digest[:32]}" if recipe.lock_digest else ""),
        "",
    ]


def _environment(recipe: Recipe, write: _Writer) -> list[str]:
    made = [f"FROM {recipe.base} AS base", "USER root"]
    made += write.tools()
    if recipe.install_python:
        made += write.uv(
            f"python install --no-bin --install-dir {ROOT}/python {recipe.install_python}",
            f"Python {recipe.install_python}, which the base image does not have",
        )
    if recipe.conda:
        made += _conda(recipe)
    made += ["", "FROM base AS environment"]
    if recipe.conda:
        made.append(f"ENV PATH={ENVIRONMENT}/bin:$PATH CONDA_PREFIX={ENVIRONMENT}")
    else:
        made += write.uv(f"venv --no-project --no-config --python {recipe.python} {ENVIRONMENT}")
        made.append(f"ENV PATH={ENVIRONMENT}/bin:$PATH VIRTUAL_ENV={ENVIRONMENT}")
    if recipe.sites is not None:
        chain = "; ".join(f"site.addsitedir('{place}')" for place in recipe.sites)
        made += [
            "# What the base image has installed itself is seen, and nothing is added to it",
            f'RUN echo "import site; {chain}" > {recipe.site_packages}/base_image.pth',
        ]
    for number, group in enumerate(recipe.groups, 1):
        made += write.packages(number, group)
    if recipe.jars:
        made += write.jars()
    made += [f"ENV {name}={_quoted(value)}" for name, value in recipe.activation.items()]
    return made


def _conda(recipe: Recipe) -> list[str]:
    """conda's packages, linked outside for their place in the image: no conda is needed in it."""
    made = []
    for number, group in enumerate(recipe.conda, 1):
        names = [one.split()[0] for one in group.lines]
        said = f"{len(names)} packages" if len(names) > 1 else names[0]
        made += [
            f"# conda, {number} of {len(recipe.conda)}: {said}",
            f"COPY conda-{number} {ENVIRONMENT}",
        ]
    # What has bytecode keeps it; some files of a Python are not meant to compile.
    compiled = f"{ENVIRONMENT}/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash"
    made.append(f"RUN {compiled} {ENVIRONMENT}/lib >/dev/null 2>&1 || true")
    return made


def _kernel(recipe: Recipe, write: _Writer) -> list[str]:
    return [
        "FROM base AS kernel",
        *write.kernel(recipe.python),
    ]


class _Writer:
    """How a builder is told to run uv."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def tools(self) -> list[str]:
        raise NotImplementedError

    def uv(self, command: str, comment: str = "") -> list[str]:
        raise NotImplementedError

    def packages(self, number: int, group: Group) -> list[str]:
        """One layer of packages."""
        count = (
            f"{len(group.lines)} packages" if len(group.lines) > 1 else group.lines[0].split()[0]
        )
        return self.install(
            f"packages-{number}.txt",
            f"--python {ENVIRONMENT}/bin/python"
            + (" --break-system-packages" if self.recipe.conda else ""),
            group,
            f"{number} of {len(self.recipe.groups)}: {count}",
            f"wheels-{number}" if group.wheels else None,
        )

    def kernel(self, python: str) -> list[str]:
        """The kernel layer, whose scripts run with whatever Python is first on PATH."""
        made = self.install(
            "kernel.txt",
            f"--python {python} --target /made/kernel",
            Group(("x --hash=",)),
            "The kernel, beside the environment and last on its path",
            None,
        )
        made[-1] += (
            " && \\\n    { [ ! -d /made/kernel/bin ] || "
            "sed -i '1s|^#!.*python.*|#!/usr/bin/env python|' /made/kernel/bin/*; }"
        )
        return made

    def install(
        self, file: str, target: str, group: Group, comment: str, wheels: str | None
    ) -> list[str]:
        raise NotImplementedError

    def jars(self) -> list[str]:
        """The layer of Spark's packages, fetched by the Ivy that is there by then."""
        raise NotImplementedError

    def _ivy(self, place: str, cache: str) -> str:
        words = arguments(
            ":".join(classpath(self.recipe.site_packages)), place, f"{ENVIRONMENT}/{JARS}"
        )
        # Nobody needs the rest of the cache, and a failed package is said with its name.
        return f"java -Divy.cache.dir={cache} " + " ".join(map(shlex.quote, words))


class _BuildKit(_Writer):
    def tools(self) -> list[str]:
        return []

    def uv(self, command: str, comment: str = "") -> list[str]:
        said = [f"# {comment}"] if comment else []
        return [*said, f"RUN {self._mounts()} \\\n    {self._settings()}{MOUNTS}/uv {command}"]

    def install(
        self, file: str, target: str, group: Group, comment: str, wheels: str | None
    ) -> list[str]:
        more = [f"--mount=type=bind,source={file},target={MOUNTS}/packages.txt"]
        more += [f"--mount=type=bind,source={wheels},target={MOUNTS}/wheels"] if wheels else []
        more.append(f"--mount=type=cache,id=mlenv-uv,target={MOUNTS}/cache")
        options = " --require-hashes" if group.hashed else ""
        options += f" --find-links {MOUNTS}/wheels" if wheels else ""
        return [
            f"# {comment}",
            f"RUN {self._mounts(*more)} \\\n    {self._settings()}UV_CACHE_DIR={MOUNTS}/cache "
            f"{MOUNTS}/uv {INSTALL}{options} \\\n    {target} -r {MOUNTS}/packages.txt",
        ]

    def jars(self) -> list[str]:
        mounts = self._mounts(
            f"--mount=type=bind,source=spark,target={MOUNTS}/spark",
            f"--mount=type=cache,id=mlenv-ivy,target={MOUNTS}/ivy",
        )
        return [
            "# Spark's packages, with what they need",
            f"RUN {mounts} \\\n    {self._ivy(f'{MOUNTS}/spark', f'{MOUNTS}/ivy')}",
        ]

    def _mounts(self, *more: str) -> str:
        mounts = [f"--mount=type=bind,source=uv,target={MOUNTS}/uv", *more]
        mounts.append(f"--mount=type=secret,id={SETTINGS}")
        if self.recipe.certificates:
            mounts.append(f"--mount=type=secret,id={CERTIFICATES}")
        return " \\\n    ".join(mounts)

    def _settings(self) -> str:
        return f"[ ! -r /run/secrets/{SETTINGS} ] || . /run/secrets/{SETTINGS}; "


class _Classic(_Writer):
    def tools(self) -> list[str]:
        made = [f"COPY uv {ROOT}/tools/uv"]
        if self.recipe.certificates:
            made.append(f"COPY certificates.crt {ROOT}/tools/certificates.crt")
        # Only names: their values are in no file, and a secret is refused before.
        return [*made, *(f"ARG {name}" for name in self.recipe.variables)]

    def uv(self, command: str, comment: str = "") -> list[str]:
        said = [f"# {comment}"] if comment else []
        return [*said, f"RUN {self._environment()}{ROOT}/tools/uv {command}"]

    def install(
        self, file: str, target: str, group: Group, comment: str, wheels: str | None
    ) -> list[str]:
        options = " --require-hashes" if group.hashed else ""
        options += f" --find-links {ROOT}/tools/{wheels}" if wheels else ""
        copied = [f"COPY {wheels} {ROOT}/tools/{wheels}"] if wheels else []
        return [
            f"# {comment}",
            *(f"ARG {name}" for name in self.recipe.variables),
            *copied,
            f"COPY {file} {ROOT}/tools/{file}",
            f"RUN {self._environment()}{ROOT}/tools/uv {INSTALL} --no-cache{options} \\\n"
            f"    {target} -r {ROOT}/tools/{file}",
        ]

    def jars(self) -> list[str]:
        return [
            "# Spark's packages, with what they need",
            f"COPY spark {ROOT}/tools/spark",
            f"RUN {self._ivy(f'{ROOT}/tools/spark', f'{ROOT}/ivy')} && rm -rf {ROOT}/ivy",
        ]

    def _environment(self) -> str:
        if not self.recipe.certificates:
            return ""
        return f"SSL_CERT_FILE={ROOT}/tools/certificates.crt "


def _labels(labels: Mapping[str, str]) -> list[str]:
    return [f"{name}={_quoted(value)}" for name, value in labels.items()]


def _quoted(value: str) -> str:
    """A Dockerfile word: quoted, one line, nothing expanded."""
    plain = " ".join(value.split())
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
