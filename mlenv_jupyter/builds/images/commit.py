"""From an image that is in the engine to its record in the store."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from mlenv_jupyter.builds.images import layers, probe
from mlenv_jupyter.builds.images.dockerfile import ENVIRONMENT, Group, minor
from mlenv_jupyter.builds.images.ground import Resolved
from mlenv_jupyter.builds.images.names import DOCKERFILE, repository_of, unpacked
from mlenv_jupyter.builds.images.verify import verified
from mlenv_jupyter.builds.install import now
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.store.store import BuiltImage, Record

if TYPE_CHECKING:
    from mlenv_jupyter.builds.images.maker import Maker
    from mlenv_jupyter.builds.pipeline import Pipeline

INTERPRETER = f"{ENVIRONMENT}/bin/python"


class Built(NamedTuple):
    """An image, what is to be in it, and the context that it was made of, if it was made here."""

    id: str
    tag: str
    found: Resolved
    made_of: Path | None = None
    groups: tuple[Group, ...] = ()


def commit_image(pipeline: Pipeline, maker: Maker, built: Built) -> Record:
    """Look into an image, and write down what it is. Raises BuildFailed."""
    spec, store, found, client = pipeline.spec, pipeline.store, built.found, maker.client
    has_conda = any(one.installer == "conda" for one in found.lock.packages)
    platform = maker.platform
    installed = probe.packages_of(client, built.id, INTERPRETER, platform=platform, build=spec.id)
    packages = verified(
        found.lock,
        installed,
        own=spec.definition.user_managed_dependencies,
        conda=probe.conda_packages_of(
            client, built.id, ENVIRONMENT, platform=platform, build=spec.id
        )
        if has_conda
        else (),
    )
    inspected = client.api.inspect_image(built.id)
    client.api.tag(built.id, repository_of(spec.digest), "latest")
    reach("image.tagged")
    place = pipeline.places.image(found.digest)
    pipeline.files.note_making(place)
    with store.making(place, replace=True) as made:
        assert made is not None
        made.mkdir()
        for one in built.made_of.iterdir() if built.made_of else ():
            if one.suffix == ".txt" or one.name in ("Dockerfile", layers.CONDA_GROUPS):
                shutil.copyfile(one, made / one.name)
        labels = (inspected.get("Config") or {}).get("Labels") or {}
        if built.made_of is None and (text := unpacked(labels.get(DOCKERFILE))):
            (made / "Dockerfile").write_text(text, encoding="utf-8")
        if built.groups:
            kept = [group.lines for group in built.groups]
            (made / layers.GROUPS).write_bytes(msgspec.json.encode(kept))
        record = Record(
            lock_digest=found.digest,
            python=found.lock.python,
            site_packages=f"{ENVIRONMENT}/lib/python{minor(found.lock.python)}/site-packages",
            packages=packages,
            created_at=now(),
            distributions={name: one.version for name, one in installed.items()}
            if has_conda
            else None,
            image=BuiltImage(
                id=built.id,
                tag=built.tag,
                base=found.lock.base or "",
                platform=f"{inspected.get('Os')}/{inspected.get('Architecture')}",
                interpreter=INTERPRETER,
                environment=ENVIRONMENT,
                size=int(inspected.get("Size") or 0),
                layers=len((inspected.get("RootFS") or {}).get("Layers") or ()),
            ),
        )
        return store.commit(made, record)
