"""What may stand in each part of a Definition; every check answers with a Problem a place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from mlenv_jupyter.core.errors import Problem
from mlenv_jupyter.core.matchspec import parse
from mlenv_jupyter.core.sections import DockerSection, ImageRegistry, SparkSection, Wheel

PYTHON = re.compile(r"3\.\d{1,2}(\.\d{1,3})?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SHA256 = re.compile(r"[0-9a-f]{64}")
TORCH_BACKEND = re.compile(r"auto|cpu|cu\d{2,3}|rocm[\d.]+|xpu")
REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_:./-]*\}")
MAX_ITEMS = 2000
MAX_TEXT = 256 * 1024
SECRET = "${secret:NAME}"  # noqa: S105
"""How a person refers to a secret."""

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:[/:@][A-Za-z0-9._-]+)*")
_REGISTRY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9_])?(?::\d{1,5})?(?:/[\w./-]+)?")
_PLATFORM = re.compile(r"(?:linux|windows|osx)/[a-z0-9_]+(?:/v\d+)?")
_SHM_SIZE = re.compile(r"\d{1,15}(?:\.\d{1,3})?[bkmgBKMG]?")
_CHANNEL_TOKEN = re.compile(r"/t/([^/]*)/")
_SECRET_KEY = re.compile(r"token|secret|passw(?:or)?d|credential|api[_-]?key", re.IGNORECASE)
_WHEEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,250}\.whl")
_PIP_LINE = re.compile(r"[-.~]|[^\s#].*(?:[/\\:]|\s-|\.(?:whl|zip|gz|tgz|bz2|tbz|xz|txz|tar))")
_HASH = re.compile(r"(?:sha256|sha384|sha512):[^\s#\\\"']{1,128}")
_DEPTH = 12


def _invalid(where: str, message: str, remedy: str = "", code: str = "") -> Problem:
    return Problem(
        code=code or "invalid_definition", message=message, remedy=remedy, where=where[:200]
    )


def check_python(python: object) -> list[Problem]:
    """Whether it is a Python version that can be asked for."""
    if python is None or (isinstance(python, str) and PYTHON.fullmatch(python)):
        return []
    remedy = "Write 3.11, or 3.11.7 for an exact one."
    return [
        _invalid("python", f"{python!r} is not a Python version.", remedy, code="invalid_python")
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
        where = f"variables.{name[:80]}"
        problems.append(_invalid(where, message, remedy, code="invalid_variable"))
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
    return [_invalid(where, message, remedy, code="invalid_address")]


def check_torch_backend(backend: str | None) -> list[Problem]:
    """Whether uv knows such a torch backend."""
    if backend is None or TORCH_BACKEND.fullmatch(backend):
        return []
    remedy = "Use auto, cpu, or cu128 and the like."
    return [_invalid("torch_backend", f"{backend!r} is not a torch backend.", remedy)]


def check_count(items: Iterable[object], where: str, what: str) -> list[Problem]:
    """Whether a list is within the limit."""
    count = len(tuple(items))
    if count <= MAX_ITEMS:
        return []
    message = f"{count} {what} are more than the limit of {MAX_ITEMS}."
    return [_invalid(where, message, "Split the environment.", code="too_large")]


def check_channels(channels: Iterable[object]) -> list[Problem]:
    """Whether conda can look there, and no token is in clear."""
    problems: list[Problem] = []
    for number, channel in enumerate(channels):
        where = f"conda.channels[{number}]"
        if not _one_line(channel) or not str(channel).strip() or str(channel)[0] == "-":
            remedy = "Write conda-forge, or an address."
            problems.append(
                _invalid(where, f"{channel!r} is not a channel.", remedy, code="invalid_address")
            )
            continue
        token = _CHANNEL_TOKEN.search(str(channel))
        if token and not REFERENCE.fullmatch(token[1]):
            message = "The channel has a token in it, which would be stored with every version."
            remedy = "Write /t/${NAME}/ in its place, and set NAME where builds run."
            problems.append(_invalid(where, message, remedy, code="invalid_address"))
        problems += check_address(channel, where)
    return problems


def normalise_specs(specs: Iterable[object]) -> tuple[tuple[str, ...], list[Problem]]:
    """Match specs in one spelling, sorted, with a Problem for each that is none."""
    made: set[str] = set()
    problems = []
    for number, one in enumerate(specs):
        if isinstance(one, str) and not one.strip():
            continue
        spec = parse(one) if isinstance(one, str) and "\n" not in one.strip() else None
        if spec is None:
            shown = repr(one.strip()[:200] if isinstance(one, str) else one)
            problems.append(
                _invalid(
                    f"conda.packages[{number}]",
                    f"{shown} is not a conda package.",
                    "Write NAME, NAME=1.2 or NAME>=1,<2; one package a line.",
                    code="invalid_requirement",
                )
            )
        else:
            made.add(spec.text)
    return tuple(sorted(made)), problems


def check_options(options: Iterable[object]) -> list[Problem]:
    """Whether each is one line for pip: an option, a place, or a package with an option."""
    return [
        _invalid(f"pip.options[{number}]", f"{one!r} is no line for pip.", "Write --NAME VALUE.")
        for number, one in enumerate(options)
        if not _one_line(one) or not _PIP_LINE.match(str(one))
    ]


def check_hashes(hashes: Mapping[str, Iterable[object]]) -> list[Problem]:
    """Whether each is the hash of a file, as pip writes it."""
    return [
        _invalid(
            f"pip.hashes.{name[:80]}",
            f"{str(one)[:100]!r} is not the hash of a file.",
            "Write sha256: and 64 hex.",
            code="invalid_hash",
        )
        for name, several in hashes.items()
        for one in several
        if not isinstance(one, str) or not _HASH.fullmatch(one)
    ]


def check_wheels(wheels: Iterable[Wheel]) -> list[Problem]:
    """Whether each is a wheel of which the content is known, and there is one of each package."""
    problems = []
    seen: dict[str, str] = {}
    for number, wheel in enumerate(wheels):
        where = f"wheels[{number}]"
        if not SHA256.fullmatch(wheel.sha256):
            problems.append(_invalid(where, f"The wheel {wheel.name[:200]!r} has no valid sha256."))
        name = wheel_package(wheel.name)
        if name is None:
            message = f"{wheel.name[:200]!r} is not the file name of a wheel."
            remedy = "Wheels are named NAME-VERSION-PYTHON-ABI-PLATFORM.whl."
            problems.append(_invalid(where, message, remedy))
        elif name in seen:
            message = f"There are two wheels of {name}: {seen[name]} and {wheel.name}."
            problems.append(_invalid(where, message, "Take one of them out."))
        else:
            seen[name] = wheel.name
    return problems


def wheel_package(filename: str) -> str | None:
    """The canonical name of the package in a wheel, by its file name; None if it is none."""
    if not _WHEEL.fullmatch(filename):
        return None
    try:
        return str(canonicalize_name(parse_wheel_filename(filename)[0]))
    except InvalidWheelFilename:
        return None


def check_docker(docker: DockerSection) -> list[Problem]:
    """Whether an image can be made so: one base, and nothing that a container cannot take."""
    problems = []
    bases = [
        name for name in ("base_image", "dockerfile", "build_context") if getattr(docker, name)
    ]
    if len(bases) > 1:
        problems.append(
            _invalid(
                f"docker.{bases[1]}",
                f"An image has one base, and here are {' and '.join(bases)}.",
                f"Take out all but one of {', '.join(bases)}.",
            )
        )
    for name, pattern, remedy in (
        ("base_image", _IMAGE, "Write REPOSITORY:TAG or REPOSITORY@sha256:…"),
        ("platform", _PLATFORM, "Write linux/amd64 or linux/arm64."),
        ("shm_size", _SHM_SIZE, "Write a number with k, m or g, such as 2g."),
    ):
        value = getattr(docker, name)
        if value is not None and not (len(value) <= 512 and pattern.fullmatch(value)):
            message = f"{value[:200]!r} cannot be the {name.replace('_', ' ')}."
            problems.append(_invalid(f"docker.{name}", message, remedy))
    problems += _check_text(docker.dockerfile, "docker.dockerfile", "The Dockerfile")
    problems += check_count(docker.arguments, "docker.arguments", "arguments")
    for number, one in enumerate(docker.arguments):
        problems += _check_text(one, f"docker.arguments[{number}]", "The argument")
    context = docker.build_context
    if context is not None:
        where = "docker.build_context"
        if not _one_line(context.location):
            problems.append(_invalid(f"{where}.location", "The build context is nowhere."))
        if context.location_type == "git":
            problems += check_address(context.location, f"{where}.location")
        if context.sha256 is not None and not SHA256.fullmatch(context.sha256):
            problems.append(_invalid(f"{where}.sha256", "The build context has no valid sha256."))
        path = context.dockerfile_path
        if not _one_line(path) or path.startswith("/") or ".." in path.split("/"):
            message = f"{path[:200]!r} is outside of the build context."
            remedy = "Name the Dockerfile by its path from the context's root."
            problems.append(_invalid(f"{where}.dockerfile_path", message, remedy))
    if docker.base_image_registry is not None:
        problems += check_registry(docker.base_image_registry)
    return problems


def check_registry(registry: ImageRegistry) -> list[Problem]:
    """Whether it is the address of an image registry, and the password a reference."""
    where = "docker.base_image_registry"
    problems = []
    address = registry.address
    if address is not None and not (len(address) <= 256 and _REGISTRY.fullmatch(address)):
        remedy = "Write HOST or HOST:PORT, without https:// and without a user."
        message = f"{address[:200]!r} is not the address of an image registry."
        if "@" in address:
            message = "The address of the image registry has a user or a password in it."
        problems.append(_invalid(f"{where}.address", message, remedy, code="invalid_address"))
    if registry.username is not None and not _one_line(registry.username):
        problems.append(_invalid(f"{where}.username", "The user is not one line of text."))
    problems += check_secret(registry.password, f"{where}.password")
    return problems


def check_secret(value: str | None, where: str) -> list[Problem]:
    """Whether a secret is a reference, not the secret itself; its text is not repeated."""
    if not value or REFERENCE.fullmatch(value):
        return []
    message = "A secret in clear would be stored with every version."
    remedy = f"Write {SECRET} in its place, and declare NAME where it is used."
    return [_invalid(where, message, remedy, code="secret_in_clear")]


def check_spark(spark: SparkSection) -> list[Problem]:
    """Whether each package has its three names, and no repository a password."""
    problems = check_count(spark.packages, "spark.packages", "packages")
    for number, package in enumerate(spark.packages):
        for name in ("group", "artifact", "version"):
            value = getattr(package, name)
            if not value or not re.fullmatch(r"[^\s:/\\]{1,256}", value):
                message = f"{value[:200]!r} cannot be the {name} of a Spark package."
                where = f"spark.packages[{number}].{name}"
                problems.append(_invalid(where, message, "Write it as in GROUP:ARTIFACT:VERSION."))
    for number, repository in enumerate(spark.repositories):
        problems += check_address(repository, f"spark.repositories[{number}]")
    return problems


def check_verbatim(value: object, where: str) -> list[Problem]:
    """Whether what is kept as it came is JSON of a reasonable size, with no secret in clear."""
    if value is None:
        return []
    if not isinstance(value, dict):
        return [_invalid(where, f"{where} is not a mapping.")]
    problems: list[Problem] = []
    _walk(value, where, problems, _DEPTH)
    if not problems and len(msgspec.json.encode(value)) > MAX_TEXT:
        problems.append(_invalid(where, f"{where} is larger than 256 kB.", code="too_large"))
    return problems


def _walk(value: Any, where: str, problems: list[Problem], depth: int) -> None:
    if depth == 0:
        problems.append(_invalid(where, "It is nested too deeply."))
    elif isinstance(value, dict):
        for key, one in value.items():
            place = f"{where}.{str(key)[:80]}"
            if not isinstance(key, str):
                problems.append(_invalid(place, f"The key {key!r} is not text."))
            elif isinstance(one, str) and _SECRET_KEY.search(key):
                problems.extend(check_secret(one, place))
            else:
                _walk(one, place, problems, depth - 1)
    elif isinstance(value, (list, tuple)):
        for number, one in enumerate(value):
            _walk(one, f"{where}[{number}]", problems, depth - 1)
    elif not isinstance(value, (str, int, float, bool, type(None))):
        problems.append(_invalid(where, f"{type(value).__name__} is not a JSON value."))


def check_line(value: str | None, where: str) -> list[Problem]:
    """Whether it is one line of text, where there is any."""
    if value is None or _one_line(value):
        return []
    return [_invalid(where, f"{value[:200]!r} is not one line of text.")]


def _check_text(value: str | None, where: str, what: str) -> list[Problem]:
    if value is None or ("\0" not in value and len(value) <= MAX_TEXT):
        return []
    remedy = "Remove NUL characters, and keep it under 256 kB."
    return [_invalid(where, f"{what} cannot be used.", remedy)]


def _one_line(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 4096 and not re.search(r"[\0\r\n]", value)
