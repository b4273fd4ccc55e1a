"""Variables in files: what looks secret becomes a reference."""

from __future__ import annotations

from mlenv_jupyter.core.checks import REFERENCE, check_variables
from mlenv_jupyter.core.redact import redact
from mlenv_jupyter.formats.report import Notes

_NO_SECRETS = frozenset(("true", "false", "yes", "no", "on", "off", "none", "0", "1", "****"))


def add_variable(
    name: str, value: object, line: int | str, variables: dict[str, str], notes: Notes
) -> None:
    """Add one variable, or say what is wrong with it; what looks secret is not stored."""
    if notes.adopt(check_variables({name: value}), line):
        return
    assert isinstance(value, str)
    if value and not REFERENCE.fullmatch(value) and looks_secret(name, value):
        reference = f"${{secret:{name.strip('_') or 'secret'}}}"
        variables[name] = reference
        notes.refuse(
            line,
            f"The value of {name} looks like a secret and is not stored.",
            f"It became {reference}: set that with `mlenv secret set`.",
            "secret",
        )
        return
    variables[name] = value
    notes.take(f"variable {name}")


def looks_secret(name: str, value: str) -> bool:
    """Whether the name or the value speaks of a password, token or key."""
    if value.lower() in _NO_SECRETS:
        return False
    return redact(f"{name}={value}") != f"{name}={value}" or redact(value) != value
