"""The text of a conda file with its comments, and the parts of its lines."""

from __future__ import annotations

import io
import re
from typing import Any

from mlenv_jupyter.core.matchspec import parse
from mlenv_jupyter.sdk.checked import invalid, warn
from mlenv_jupyter.sdk.lines import without_secret

PIP = "pip"
_EXACT = re.compile(r"={1,2}(\d+(?:\.\d+){0,2})(?:\.\*)?")


def _yaml() -> Any:
    from ruamel.yaml import YAML

    made = YAML(typ="rt")
    made.preserve_quotes = True
    return made


def dump(data: Any) -> str:
    """The file as it is saved."""
    stream = io.StringIO()
    _yaml().dump(data, stream)
    return stream.getvalue()


def load(text: str) -> Any:
    """The file as ruamel keeps it, with comments. Raises InvalidDefinition with its line."""
    from ruamel.yaml.error import YAMLError

    from mlenv_jupyter.formats.yaml_file import Keys
    from mlenv_jupyter.formats.yaml_file import load as load_plain

    # Ours first: it says the line, and knows limits against files made to do harm.
    root = load_plain(text)
    if not isinstance(root, Keys):
        raise invalid("line 1", "The file is YAML, but no conda environment.")
    try:
        data = _yaml().load(text)
    except YAMLError as error:
        raise invalid("", f"The file is not valid YAML: {str(error).splitlines()[0]}.") from None
    for one in data.get("dependencies") or ():
        if isinstance(one, dict) and isinstance(one.get(PIP), list):
            for number, line in reversed(list(enumerate(one[PIP]))):
                clean = clean_line(str(line))
                if clean != str(line):
                    one[PIP][number : number + 1] = [clean] if clean is not None else []
    return data


def clean_line(line: str) -> str | None:
    """A line for pip without comment and secret; None for one that says nothing."""
    from mlenv_jupyter.formats.requirements import without_comment

    bare = without_comment(str(line)).strip()
    if not bare:
        return None
    clean = without_secret(bare)
    if clean != bare:
        warn(
            "A password in the address of an index is left out. Write ${NAME} in its place, and "
            "set NAME where builds run."
        )
    return clean


def flag_of(option: str) -> str:
    """The flag of an option of pip, in one spelling."""
    flag = re.split(r"[\s=]", option, maxsplit=1)[0]
    return "--index-url" if flag in ("-i", "--pypi-url") else flag


def exact_version(spec: str) -> str | None:
    """The version that a spec of Python asks for exactly; None for a range."""
    found = parse(spec)
    exact = _EXACT.fullmatch(found.rest.partition("=[")[0]) if found else None
    if exact is None and found is not None:
        # `python=3.8=hash`: the build is no part of the version.
        exact = _EXACT.fullmatch(found.rest.rpartition("=")[0])
    return exact[1] if exact else None


def spec_name(spec: str, *, strict: bool = True) -> str:
    """The name in a match spec; raises InvalidDefinition for what is none, if ``strict``."""
    found = parse(spec) if isinstance(spec, str) and "\n" not in spec else None
    if found is None:
        if not strict:
            return ""
        raise invalid(
            "conda_package",
            f"{spec!r} is not a conda package.",
            "Write NAME, NAME=1.2 or NAME>=1,<2.",
        )
    return found.name


def remove_item(items: Any, item: str) -> None:
    """Remove the first such line, with the comment that belongs to it."""
    for number, one in enumerate(items):
        if not isinstance(one, dict) and str(one) == item:
            # By its place: a list of ruamel then takes the comment that belongs to it, too.
            items.pop(number)
            return
