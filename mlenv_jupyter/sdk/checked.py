"""What every object of the SDK has in common: attributes that are checked when they are set."""

from __future__ import annotations

import difflib
import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from traitlets import HasTraits, Instance, List, TraitError, TraitType

from mlenv_jupyter.core.checks import check_variables
from mlenv_jupyter.core.errors import InvalidDefinition, InvalidRequest, Problem, UnknownAttribute

_INSIDE = ("mlenv_jupyter.", "traitlets.")
S = TypeVar("S", bound="Section")


class Section(HasTraits):
    """An object with checked attributes; others than its own are refused.

    A wrong value raises InvalidDefinition, an unknown name UnknownAttribute, which is an
    AttributeError as well.
    """

    _kept: ClassVar[tuple[str, ...]] = ()
    """Attributes that are no part of the JSON form."""

    def __init__(self, **given: Any) -> None:
        super().__init__()
        self._more: dict[str, Any] = {}
        self._given: frozenset[str] | None = None
        for name, value in given.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and name not in self.attributes():
            raise unknown(self, name)
        if isinstance(value, (str, bytes)) and isinstance(getattr(type(self), name, None), List):
            # traitlets would take it for the list of its letters.
            raise invalid(f"{type(self).__name__}.{name}", f"{value!r} is no list of values.")
        try:
            super().__setattr__(name, value)
        except TraitError as error:
            raise invalid(f"{type(self).__name__}.{name}", str(error)) from None

    @classmethod
    def attributes(cls) -> list[str]:
        """The names that can be set, in the order in which they are written down."""
        named = [name for one in reversed(cls.__mro__) for name in vars(one)]
        public = (name for name in named if not name.startswith("_"))
        return [
            name
            for name in dict.fromkeys(public)
            if isinstance(getattr(cls, name, None), TraitType)
        ]

    def as_json(self) -> dict[str, Any]:
        """The object in the seed's JSON form, its keys in camel case."""
        made = {
            camel(name): _plain(getattr(self, name))
            for name in self.attributes()
            if name not in self._kept
        }
        if self._given is not None:
            # What was read is written as it was: no key more, except for what was set since.
            plain = type(self)().as_json()
            made = {
                key: one for key, one in made.items() if key in self._given or one != plain[key]
            }
        return {**made, **self._more}

    @classmethod
    def from_json(cls: type[S], data: Mapping[str, Any]) -> S:
        """The object of that form; keys that it has no attribute for are kept beside them."""
        made = cls()
        made._given = frozenset(data)
        names = {camel(name): name for name in cls.attributes()}
        for key, value in data.items():
            name = names.get(key)
            if name is None:
                made._more[key] = value
            elif value is not None:
                setattr(made, name, _made(getattr(cls, name), value))
        return made

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.attributes())
        return f"{type(self).__name__}({inside})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.as_json() == self.as_json()

    __hash__ = HasTraits.__hash__


class Variables(dict[str, str]):
    """Environment variables; each is checked when it is set, however that is done."""

    def __init__(self, given: Any = (), **more: str) -> None:
        super().__init__()
        self.update(given, **more)

    def __setitem__(self, name: str, value: str) -> None:
        if not isinstance(name, str):
            raise invalid("environment_variables", f"The name {name!r} is not text.")
        check(check_variables({name: value}), "environment_variables")
        super().__setitem__(name, value)

    def update(self, *given: Any, **more: str) -> None:
        try:
            new = dict(*given, **more)
        except (TypeError, ValueError):
            message = "Environment variables are a mapping of names to values."
            raise invalid("environment_variables", message) from None
        checked = {str(name): value for name, value in new.items()}
        check(check_variables(checked), "environment_variables")
        for name, value in new.items():
            self[name] = value

    def setdefault(self, name: str, value: str = "") -> str:
        if name not in self:
            self[name] = value
        return self[name]

    def __ior__(self, other: Any) -> Variables:  # type: ignore[override,misc]
        self.update(other)
        return self

    def copy(self) -> Variables:
        return Variables(self)


def warn(message: str) -> None:
    """Warn, with the line of the person's own code that has led to it."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_INSIDE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level + 1)


def check(problems: Iterable[Problem], where: str = "") -> None:
    """Raise InvalidDefinition where there are problems."""
    found = tuple(problems)
    if found:
        raise InvalidDefinition(found)


def invalid(where: str, message: str, remedy: str = "") -> InvalidDefinition:
    """The error of one wrong value."""
    problem = Problem(code="invalid_definition", message=message, remedy=remedy, where=where)
    return InvalidDefinition((problem,))


def unknown(of: Section, name: str) -> UnknownAttribute:
    """The error of an attribute that is not there, with the one that may be meant."""
    near = difflib.get_close_matches(name, of.attributes(), 1)
    return UnknownAttribute(
        f"{type(of).__name__} has no attribute {name!r}.",
        where=name,
        remedy=f"Is it {near[0]!r}?" if near else f"It has {', '.join(of.attributes())}.",
    )


def refuse(given: Mapping[str, Any], of: str) -> None:
    """Raise InvalidRequest for arguments of the seed system that mean nothing here."""
    names = [name for name, value in given.items() if value is not None]
    if names:
        raise InvalidRequest(
            f"{of} takes no {', '.join(names)} here.",
            where=names[0],
            remedy="Leave it out: nothing here would honour it.",
        )


def camel(name: str) -> str:
    """``shm_size`` → ``shmSize``."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def _plain(value: Any) -> Any:
    if isinstance(value, Section):
        return value.as_json()
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return {key: _plain(one) for key, one in value.items()} if isinstance(value, dict) else value


def _made(trait: Any, value: Any) -> Any:
    inner = getattr(trait, "_trait", None)
    if isinstance(trait, List) and isinstance(inner, Instance) and isinstance(value, (list, tuple)):
        return [_object(inner, one) for one in value]
    return _object(trait, value)


def _object(trait: Any, value: Any) -> Any:
    klass = getattr(trait, "klass", None)
    if isinstance(klass, type) and issubclass(klass, Section) and isinstance(value, Mapping):
        return klass.from_json(value)
    return list(value) if isinstance(value, tuple) else value
