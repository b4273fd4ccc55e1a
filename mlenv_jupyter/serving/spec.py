"""The files of one service: ``services/<id>/``."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

import msgspec

from mlenv_jupyter.builds.spec import WorkFiles
from mlenv_jupyter.core.service import Revision
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import write_atomically

VARIABLE = "MLENV_SERVICE_DIRECTORY"
"""Tells whose a process is: all that a service starts here carries its directory."""


class ServiceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor needs to know and what stays the same in every revision."""

    name: str
    port: int
    home: str
    store: str
    offline: bool = False


class ServiceFiles(WorkFiles):
    """The directory of one service: ``wanted.json`` is the newest revision, ``keys`` its keys."""

    def __init__(self, places: Places, name: str) -> None:
        # By a digest: the name is a user's.
        key = hashlib.sha256(name.encode()).hexdigest()[:24]
        super().__init__(places.services / key)
        self.wanted = self.place / "wanted.json"
        # In a directory of its own: a container sees it, and a change of what is in it.
        self.keys = self.place / "keys" / "keys.json"
        # A container has answered: there are images of the service to be removed with it.
        self.boxed = self.place / "boxed"

    def make(self, spec: ServiceSpec) -> None:
        """Make the directory, and write down what there is to know."""
        self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self.spec, msgspec.json.encode(spec))

    def read_spec(self) -> ServiceSpec:
        """What the supervisor needs to know."""
        return msgspec.json.decode(self.spec.read_bytes(), type=ServiceSpec)

    def write_wanted(self, revision: Revision) -> None:
        """Have the supervisor serve this revision next."""
        write_atomically(self.wanted, msgspec.json.encode(revision))

    def read_wanted(self) -> Revision:
        """The newest revision."""
        return msgspec.json.decode(self.wanted.read_bytes(), type=Revision)

    def read_keys(self) -> tuple[str, ...]:
        """The primary and the secondary key; made on first use, readable by their owner alone."""
        try:
            return msgspec.json.decode(self.keys.read_bytes(), type=tuple[str, ...])
        except FileNotFoundError:
            return self.write_keys((secrets.token_urlsafe(32), secrets.token_urlsafe(32)))

    def write_keys(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Have these keys asked for from now on."""
        self.keys.parent.mkdir(mode=0o700, exist_ok=True)
        write_atomically(self.keys, msgspec.json.encode(keys), mode=0o600)
        return keys

    def models(self, revision: int) -> Path:
        """Where the models of a revision are linked from."""
        return self.place / "models" / str(revision)

    def code(self, revision: int) -> Path:
        """The copy of the sources of a revision."""
        return self.place / "code" / str(revision)

    def link_models(self, revision: Revision, places: Places) -> Path:
        """Link the models of a revision; what AZUREML_MODEL_DIR is to be.

        One model is that directory itself; of several each is in ``NAME/VERSION``.
        """
        top = self.models(revision.number)
        made = []
        for one in revision.models:
            place = top / one.name / str(one.version)
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.is_symlink():
                os.symlink(places.model(one.digest), place)
            made.append(place)
        top.mkdir(parents=True, exist_ok=True)
        return made[0] if len(made) == 1 else top
