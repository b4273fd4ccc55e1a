"""Every error that mlenv raises on purpose.

    MlenvError
    ├── InvalidDefinition      the input is wrong; ``problems`` has one entry a place
    ├── InvalidName            a name that may not be used
    ├── InvalidRequest         a request that cannot be understood
    │   └── UnknownAttribute   an attribute that an object of the SDK does not have
    ├── NotFound               an environment, version, build or kernel that is not there
    │   └── SecretMissing      a secret that is not set here, or not for this use
    ├── Conflict               it exists already, is read-only, or is in use
    ├── TooLarge               an input beyond the limit
    ├── BuildFailed            a build ended without a prefix
    ├── RunFailed              a script that did not succeed
    ├── BuildCancelled         somebody asked for it
    ├── StoreDamaged           what is on disk is not what was committed
    └── Unavailable            an engine, index, interpreter or disk that cannot be had now

Each names what is wrong (``message``), where (``where``) and what to do (``remedy``).
"""

from __future__ import annotations

import errno

import msgspec


class Culprit(msgspec.Struct, frozen=True):
    """One line of a definition at fault, and what is wrong with it."""

    requirement: str
    note: str = ""


class Fix(msgspec.Struct, frozen=True):
    """One press that mends a definition: requirements to take out and to put in."""

    label: str
    remove: tuple[str, ...] = ()
    add: tuple[str, ...] = ()


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, why, where, and the remedy: the wire form of every error."""

    code: str
    message: str
    detail: str = ""
    remedy: str = ""
    where: str = ""
    culprits: tuple[Culprit, ...] = ()
    fixes: tuple[Fix, ...] = ()


class MlenvError(Exception):
    """The root of every error of mlenv."""

    code = "error"

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        where: str = "",
        detail: str = "",
        culprits: tuple[Culprit, ...] = (),
        fixes: tuple[Fix, ...] = (),
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.where = where
        self.detail = detail
        self.culprits = culprits
        self.fixes = fixes
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        tail = f" {self.remedy}" if self.remedy else ""
        return f"{place}{self.message}{tail}"

    def problem(self) -> Problem:
        """The same error as a value, for the wire and for stored builds."""
        return Problem(
            code=self.code,
            message=self.message,
            detail=self.detail,
            remedy=self.remedy,
            where=self.where,
            culprits=self.culprits,
            fixes=self.fixes,
        )

    @classmethod
    def of(cls, problem: Problem) -> MlenvError:
        """An error of this class from its value."""
        return cls(
            problem.message,
            code=problem.code,
            remedy=problem.remedy,
            where=problem.where,
            detail=problem.detail,
            culprits=problem.culprits,
            fixes=problem.fixes,
        )


class InvalidDefinition(MlenvError):
    """The input is wrong in one or more places, each a Problem of its own."""

    code = "invalid_definition"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            first.message + more, remedy=first.remedy, where=first.where, detail=first.detail
        )
        self.problems = problems


class InvalidName(MlenvError):
    """A name that may not be used."""

    code = "invalid_name"


class InvalidRequest(MlenvError):
    """A request that cannot be understood."""

    code = "invalid_request"


class UnknownAttribute(InvalidRequest, AttributeError):
    """An attribute that an object of the SDK does not have."""

    code = "unknown_attribute"


class NotFound(MlenvError):
    """An environment, version, build or kernel that is not there."""

    code = "not_found"


class SecretMissing(NotFound):
    """A secret that is not set on this machine, or not for this use."""

    code = "secret_missing"


class Conflict(MlenvError):
    """It exists already, is read-only, or is in use."""

    code = "conflict"


class TooLarge(MlenvError):
    """An input beyond the limit."""

    code = "too_large"


class BuildFailed(MlenvError):
    """A build ended without a prefix."""

    code = "build_failed"


class RunFailed(MlenvError):
    """A script did not succeed."""

    code = "run_failed"


class BuildCancelled(MlenvError):
    """A build was cancelled on request."""

    code = "cancelled"


class StoreDamaged(MlenvError):
    """What is on disk is not what was committed."""

    code = "store_damaged"


class Unavailable(MlenvError):
    """An engine, index, interpreter or disk that cannot be had now."""

    code = "unavailable"


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DISK = (*_FULL, errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS)


def of_disk(error: OSError) -> Unavailable | None:
    """What a disk refused, in our own words; None where it was none that did."""
    where = str(error.filename or "")
    if error.errno in _FULL:
        return Unavailable(
            "The disk is full.",
            code="disk_full",
            detail=f"{error.strerror}. Nothing was kept.",
            remedy="Free disk space, or set MLENV_STORE to a directory on a larger disk.",
            where=where,
        )
    if error.errno in _DISK:
        return Unavailable(
            f"A file could not be used: {error.strerror}.",
            code="io_error",
            remedy="Check that MLENV_HOME and MLENV_STORE are yours to write to.",
            where=where,
        )
    return None
