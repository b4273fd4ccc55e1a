"""What is wanted: the Definition, an immutable value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NoReturn
from urllib.parse import urlsplit

import msgspec

from mlenv_jupyter.core.errors import InvalidDefinition, Problem
from mlenv_jupyter.core.requirements import name_of, normalise_all

Kind = Literal["pip", "conda", "image"]

PYTHON = re.compile(r"3\.\d{1,2}(\.\d{1,3})?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SHA256 = re.compile(r"[0-9a-f]{64}")
TORCH_BACKEND = re.compile(r"auto|cpu|cu\d{2,3}|rocm[\d.]+|xpu")
REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_:./-]*\}")
MAX_ITEMS = 2000
MAX_TEXT = 256 * 1024


class ReadOnlyDict(dict[str, str]):
    """A mapping that cannot be changed after it is made (msgspec encodes it as an object)."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a Definition is immutable; make a new one with Definition.create()")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


class PipSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requirements (normalised, sorted) and where they are looked for, in order."""

    requirements: tuple[str, ...] = ()
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    pre: bool = False
    no_binary: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()


class CondaSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conda channels in order, and match specs, sorted."""

    channels: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


class Wheel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A private wheel, known by its content."""

    name: str
    sha256: str


class DockerSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The image that an environment is built on, and how its containers run."""

    base_image: str | None = None
    dockerfile: str | None = None
    build_context: str | None = None
    platform: str | None = None
    arguments: tuple[str, ...] = ()
    shm_size: str | None = None


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wanted: Python, packages, image, variables. Make one with ``create``."""

    python: str | None = None
    pip: PipSection = PipSection()
    conda: CondaSection = CondaSection()
    wheels: tuple[Wheel, ...] = ()
    docker: DockerSection | None = None
    variables: dict[str, str] = {}
    user_managed_dependencies: bool = False
    interpreter_path: str | None = None
    torch_backend: str | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(
            self, "variables", ReadOnlyDict(sorted(self.variables.items()))
        )

    @property
    def kind(self) -> Kind:
        """Which builder it takes."""
        if self.docker is not None and (
            self.docker.base_image or self.docker.dockerfile or self.docker.build_context
        ):
            return "image"
        return "conda" if self.conda.packages else "pip"

    @property
    def wanted(self) -> tuple[str, ...]:
        """The names that were asked for, sorted."""
        return tuple(sorted({name_of(line) for line in self.pip.requirements}))

    @classmethod
    def create(
        cls,
        python: str | None = None,
        requirements: Iterable[str] = (),
        *,
        index_url: str | None = None,
        extra_index_urls: Iterable[str] = (),
        find_links: Iterable[str] = (),
        pre: bool = False,
        no_binary: Iterable[str] = (),
        only_binary: Iterable[str] = (),
        conda_channels: Iterable[str] = (),
        conda_packages: Iterable[str] = (),
        wheels: Iterable[Wheel] = (),
        docker: DockerSection | None = None,
        variables: Mapping[str, str] | None = None,
        user_managed_dependencies: bool = False,
        interpreter_path: str | None = None,
        torch_backend: str | None = None,
    ) -> Definition:
        """A valid, normalised Definition.

        Raises InvalidDefinition with one Problem for each place that is wrong.
        """
        extra_index_urls, find_links = tuple(extra_index_urls), tuple(find_links)
        wheels = tuple(wheels)
        wanted, problems = normalise_all(requirements, "pip.requirements")
        problems += check_python(python)
        problems += check_variables(variables or {})
        for place, address in [
            ("pip.index_url", index_url),
            *((f"pip.extra_index_urls[{i}]", u) for i, u in enumerate(extra_index_urls)),
            *((f"pip.find_links[{i}]", u) for i, u in enumerate(find_links)),
        ]:
            problems += check_address(address, place)
        if torch_backend is not None and not TORCH_BACKEND.fullmatch(torch_backend):
            problems.append(
                Problem(
                    code="invalid_definition",
                    message=f"{torch_backend!r} is not a torch backend.",
                    remedy="Use auto, cpu, or cu128 and the like.",
                    where="torch_backend",
                )
            )
        if len(wanted) > MAX_ITEMS:
            problems.append(
                Problem(
                    code="too_large",
                    message=f"{len(wanted)} requirements are more than the limit of {MAX_ITEMS}.",
                    remedy="Split the environment.",
                    where="pip.requirements",
                )
            )
        for wheel in wheels:
            if not SHA256.fullmatch(wheel.sha256):
                problems.append(
                    Problem(
                        code="invalid_definition",
                        message=f"The wheel {wheel.name!r} has no valid sha256.",
                        where="wheels",
                    )
                )
        if problems:
            raise InvalidDefinition(tuple(problems))
        return cls(
            python=python,
            pip=PipSection(
                requirements=wanted,
                index_url=index_url or None,
                extra_index_urls=extra_index_urls,
                find_links=find_links,
                pre=pre,
                no_binary=tuple(sorted(set(no_binary))),
                only_binary=tuple(sorted(set(only_binary))),
            ),
            conda=CondaSection(
                channels=tuple(conda_channels), packages=tuple(sorted(set(conda_packages)))
            ),
            wheels=tuple(sorted(wheels, key=lambda wheel: (wheel.name, wheel.sha256))),
            docker=docker,
            variables=dict(variables or {}),
            user_managed_dependencies=user_managed_dependencies,
            interpreter_path=interpreter_path,
            torch_backend=torch_backend,
        )

    @classmethod
    def parse(cls, data: Any) -> Definition:
        """A Definition from its decoded JSON form; the same checks as ``create``.

        Raises InvalidDefinition.
        """
        try:
            raw = msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `$.")
            raise InvalidDefinition(
                (
                    Problem(
                        code="invalid_definition",
                        message=f"{message}.",
                        where=path.rstrip("`"),
                        remedy="See the reference of the Definition in the documentation.",
                    ),
                )
            ) from error
        return raw.checked()

    def checked(self) -> Definition:
        """The same Definition, validated and normalised; raises InvalidDefinition."""
        return Definition.create(
            self.python,
            self.pip.requirements,
            index_url=self.pip.index_url,
            extra_index_urls=self.pip.extra_index_urls,
            find_links=self.pip.find_links,
            pre=self.pip.pre,
            no_binary=self.pip.no_binary,
            only_binary=self.pip.only_binary,
            conda_channels=self.conda.channels,
            conda_packages=self.conda.packages,
            wheels=self.wheels,
            docker=self.docker,
            variables=self.variables,
            user_managed_dependencies=self.user_managed_dependencies,
            interpreter_path=self.interpreter_path,
            torch_backend=self.torch_backend,
        )


def check_python(python: object) -> list[Problem]:
    """Whether it is a Python version that can be asked for."""
    if python is None or (isinstance(python, str) and PYTHON.fullmatch(python)):
        return []
    return [
        Problem(
            code="invalid_python",
            message=f"{python!r} is not a Python version.",
            remedy="Write 3.11, or 3.11.7 for an exact one.",
            where="python",
        )
    ]


def check_variables(variables: Mapping[str, object]) -> list[Problem]:
    """Whether every name can be exported by a shell and every value can be passed to a process."""
    problems = []
    for name, value in variables.items():
        if not VARIABLE.fullmatch(name):
            message = f"{name!r} cannot be the name of a variable."
            remedy = "Use letters, digits and underscores, not beginning with a digit."
        elif not isinstance(value, str):
            message = f"The value of {name} is not text."
            remedy = "Put it in quotes."
        elif "\0" in value or len(value) > MAX_TEXT:
            message = f"The value of {name} cannot be passed to a process."
            remedy = "Remove NUL characters, and keep it under 256 kB."
        else:
            continue
        problems.append(
            Problem(
                code="invalid_variable",
                message=message,
                remedy=remedy,
                where=f"variables.{name[:80]}",
            )
        )
    return problems


def check_address(address: object, where: str) -> list[Problem]:
    """Whether an index or link address can be used, and carries no secret in clear."""
    if address is None or address == "":
        return []
    message = remedy = ""
    try:
        parts = urlsplit(address) if isinstance(address, str) else None
        password = parts.password if parts else None
    except ValueError:
        parts = password = None
    if parts is None or "\n" in str(address):
        message, remedy = f"{address!r} is not an address.", "Write https://… or a directory."
    elif password and not REFERENCE.fullmatch(password):
        message = "The address has a password in it, which would be stored with every version."
        remedy = "Write ${NAME} in its place, and set NAME where builds run."
    if not message:
        return []
    return [Problem(code="invalid_address", message=message, remedy=remedy, where=where)]
