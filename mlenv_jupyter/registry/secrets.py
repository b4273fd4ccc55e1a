"""Secrets: values that belong to a person and a machine, kept out of the database on purpose."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from mlenv_jupyter.core.errors import InvalidRequest, SecretMissing, StoreDamaged, Unavailable
from mlenv_jupyter.core.secret import (
    Secret,
    Source,
    check_host,
    check_secret_name,
    replace_references,
)
from mlenv_jupyter.store.trees import write_atomically

SERVICE = "mlenv"
"""Under which service the operating system's keyring has them."""

MAX_VALUE = 64 * 1024


class _Kept(msgspec.Struct, omit_defaults=True):
    hosts: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    updated_at: str = ""
    # Absent where the keyring has it.
    value: str | None = None


class _File(msgspec.Struct):
    format: int = 1
    secrets: dict[str, _Kept] = {}


class Secrets:
    """The secrets of this user: names and uses in ``secrets.json`` (0600), values there or in
    the operating system's keyring.

    A value leaves by ``value`` alone, and only for a use that its owner has declared.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "secrets.json"

    def list(self) -> tuple[Secret, ...]:
        """Every secret, by name, without values."""
        kept = self._read().secrets
        return tuple(_shown(name, kept[name]) for name in sorted(kept))

    def get(self, name: str) -> Secret:
        """One secret without its value; raises SecretMissing."""
        return _shown(name, self._kept(name))

    def set(
        self,
        name: str,
        value: str | None,
        *,
        hosts: Iterable[str] = (),
        environments: Iterable[str] = (),
        keyring: bool | None = None,
    ) -> Secret:
        """Set a secret and what it is for; ``None`` keeps the value there is and adds the uses.

        A name such as ``churn/snowflake`` is for the variables of ``churn``. ``keyring`` forces
        or forbids the operating system's; by default it is used where it works.
        Raises InvalidName, InvalidRequest, SecretMissing, Unavailable.
        """
        check_secret_name(name)
        hosts = {check_host(one) for one in hosts}
        environments = set(environments)
        if hosts and "/" in name:
            raise InvalidRequest(
                f"{name!r} cannot stand in an address, because of its slash.",
                where="secret",
                remedy="Give a secret that is sent to a host a name without one.",
            )
        if value is not None:
            _check_value(value)
        with self._change() as file:
            before = file.secrets.get(name)
            if value is None:
                if before is None:
                    raise _missing(name)
                hosts |= set(before.hosts)
                environments |= set(before.environments)
            elif "/" in name and not hosts:
                environments.add(name.partition("/")[0])
            if not hosts and not environments:
                raise InvalidRequest(
                    f"What is the secret {name!r} for?",
                    where="secret",
                    remedy="Say the host that it is sent to (--host), "
                    "or the environment whose variables hold it (--environment).",
                )
            kept = _Kept(
                hosts=tuple(sorted(hosts)),
                environments=tuple(sorted(environments)),
                updated_at=_now(),
                value=before.value if before else None,
            )
            if value is not None:
                kept.value = None if _to_keyring(name, value, keyring) else value
            file.secrets[name] = kept
        return _shown(name, kept)

    def remove(self, name: str) -> None:
        """Forget a secret and its value; raises SecretMissing."""
        with self._change() as file:
            kept = file.secrets.pop(name, None)
            if kept is None:
                raise _missing(name)
            if kept.value is None:
                _from_keyring(name, delete=True)

    def value(self, name: str, *, host: str | None = None, environment: str | None = None) -> str:
        """The value, for one declared use; raises SecretMissing where it is not for that."""
        kept = self._kept(name)
        if host is not None and host.lower() not in kept.hosts:
            raise SecretMissing(
                f"The secret {name!r} may not be sent to {host}.",
                where=f"secret:{name}",
                remedy=f"If it is meant for that host: mlenv secret allow {name} --host {host}",
            )
        if environment is not None and environment not in kept.environments:
            raise SecretMissing(
                f"The secret {name!r} may not be used by {environment!r}.",
                where=f"secret:{name}",
                remedy="If it is meant for it: "
                f"mlenv secret allow {name} --environment {environment}",
            )
        if kept.value is not None:
            return kept.value
        found = _from_keyring(name)
        if found is None:
            raise SecretMissing(
                f"The keyring has no value for the secret {name!r} any more.",
                where=f"secret:{name}",
                remedy=f"Set it again: mlenv secret set {name}",
            )
        return found

    def variables(self, environment: str, variables: Mapping[str, str]) -> dict[str, str]:
        """An environment's variables with the values of the secrets; raises SecretMissing."""

        def one(name: str) -> str:
            return self.value(name, environment=environment)

        return {key: replace_references(text, one) for key, text in variables.items()}

    def values(self) -> tuple[str, ...]:
        """Every value that can be had, to be taken out of texts."""
        found = []
        for name, kept in self._read().secrets.items():
            one = kept.value if kept.value is not None else _from_keyring(name)
            if one:
                found.append(one)
        return tuple(found)

    def watched(self) -> Callable[[], tuple[str, ...]]:
        """What gives every value whenever it is asked; the file is read again only if it changed.

        A value that was there once stays: what knew it may still print it.
        """
        seen: dict[str, None] = {}
        read: list[tuple[int, int] | None] = [None]

        def values() -> tuple[str, ...]:
            stamp = self._stamp()
            if stamp != read[0]:
                # A file that is damaged meanwhile is said where it is used, not by a log.
                with contextlib.suppress(StoreDamaged):
                    seen.update(dict.fromkeys(self.values()))
                read[0] = stamp
            return tuple(seen)

        return values

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        # It is replaced whenever it changes, so a new one has another inode.
        return found.st_ino, found.st_mtime_ns

    def _kept(self, name: str) -> _Kept:
        kept = self._read().secrets.get(check_secret_name(name))
        if kept is None:
            raise _missing(name)
        return kept

    def _read(self) -> _File:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return _File()
        try:
            return msgspec.json.decode(data, type=_File)
        except msgspec.DecodeError as error:
            raise StoreDamaged(
                "The file of the secrets cannot be read.",
                where=str(self._path),
                remedy="Remove it, and set the secrets again.",
            ) from error

    @contextlib.contextmanager
    def _change(self) -> Any:
        from filelock import FileLock

        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock")):
            file = self._read()
            yield file
            write_atomically(self._path, msgspec.json.encode(file), mode=0o600)


def _shown(name: str, kept: _Kept) -> Secret:
    source: Source = "keyring" if kept.value is None else "file"
    return Secret(
        name=name,
        hosts=kept.hosts,
        environments=kept.environments,
        source=source,
        updated_at=kept.updated_at,
    )


def _missing(name: str) -> SecretMissing:
    return SecretMissing(
        f"The secret {name!r} is not set on this machine.",
        where=f"secret:{name}",
        remedy=f"Set it: mlenv secret set {name}",
    )


def _check_value(value: str) -> None:
    if not value or "\0" in value or "\n" in value or len(value) > MAX_VALUE:
        raise InvalidRequest(
            "That cannot be the value of a secret.",
            where="value",
            remedy="It is one line of text, at most 64 kB.",
        )


def _to_keyring(name: str, value: str, wanted: bool | None) -> bool:
    """Whether the keyring has taken it."""
    if wanted is False:
        return False
    keyring = _keyring()
    if keyring is not None:
        try:
            keyring.set_password(SERVICE, name, value)
        except Exception as error:
            if wanted:
                raise Unavailable(f"The keyring did not take it: {error}.") from error
        else:
            return True
    if wanted:
        raise Unavailable(
            "There is no keyring that works here.",
            remedy="Install the Python package keyring and unlock it, or leave --keyring out.",
        )
    return False


def _from_keyring(name: str, *, delete: bool = False) -> str | None:
    keyring = _keyring()
    if keyring is None:
        return None
    with contextlib.suppress(Exception):
        if not delete:
            found = keyring.get_password(SERVICE, name)
            return None if found is None else str(found)
        keyring.delete_password(SERVICE, name)
    return None


def _keyring() -> Any:
    """The keyring module where it has a backend that works, else None."""
    if os.environ.get("PYTHON_KEYRING_BACKEND", "").startswith("keyring.backends.null"):
        return None
    try:
        import keyring
    except ImportError:
        return None
    return keyring if getattr(keyring.get_keyring(), "priority", 0) >= 1 else None


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
