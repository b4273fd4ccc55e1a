"""Models: files registered under a name, kept by their content."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

from mlenv_jupyter.builds.durable import moment
from mlenv_jupyter.core.errors import InvalidRequest, NotFound
from mlenv_jupyter.core.names import check_name
from mlenv_jupyter.core.service import Model
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.store.contexts import digest_of
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import make_read_only


class Models:
    """The models of a workspace. What is registered never changes."""

    def __init__(self, places: Places, registry: Registry) -> None:
        self._places = places
        self._registry = registry

    def add(
        self,
        name: str,
        path: Path,
        *,
        description: str = "",
        tags: dict[str, str] | None = None,
        properties: dict[str, str] | None = None,
        run: str | None = None,
        author: str = "",
    ) -> Model:
        """Keep a file or directory as the next version of a model.

        Raises NotFound, InvalidName, InvalidRequest for what cannot be copied.
        """
        check_name(name, own=False, where="model_name")
        if not path.exists():
            raise NotFound(f"There is no {path}.", where="model_path")
        file = path.name if path.name not in ("", "..") else path.resolve().name
        self._places.make()
        self._places.models.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._places.models, prefix=".adding-") as work:
            staged = Path(work) / "model"
            staged.mkdir()
            target = staged / file
            try:
                if path.is_dir():
                    shutil.copytree(path, target)
                else:
                    shutil.copyfile(path, target)
            except (OSError, shutil.Error) as error:
                if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise
                raise InvalidRequest(
                    f"{path} cannot be kept as a model.",
                    where="model_path",
                    detail=str(error)[:500],
                    remedy="Name a file, or a directory of files and links to files.",
                ) from error
            size = sum(one.stat().st_size for one in staged.rglob("*") if one.is_file())
            digest = digest_of(staged)
            place = self._places.model(digest)
            if not place.exists():
                try:
                    os.rename(staged, place)
                except OSError:
                    if not place.exists():
                        raise
                else:
                    make_read_only(place)
        return self._registry.models.add(
            Model(
                name=name,
                version=0,
                digest=digest,
                file=file,
                size=size,
                created_at=moment(),
                description=description,
                tags=tags or {},
                properties=properties or {},
                run=run,
                author=author,
            )
        )

    def get(self, name: str, version: int | None = None) -> Model:
        """One model; raises NotFound."""
        return self._registry.models.get(name, version)

    def newest(self, *, limit: int = 50, name: str | None = None) -> tuple[Model, ...]:
        """The newest models."""
        return self._registry.models.newest(limit, name)

    def path(self, model: Model) -> Path:
        """Where its file or directory is; read-only."""
        return self._places.model(model.digest) / model.file
