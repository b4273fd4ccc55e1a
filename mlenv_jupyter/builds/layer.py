"""The kernel layer: what a kernel needs beside a lock, resolved with that lock as constraints."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from mlenv_jupyter.builds.resolve import ToolFailed, choose, index_options, lock_for, storable
from mlenv_jupyter.builds.site import Site
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import BuildFailed, Culprit, Fix
from mlenv_jupyter.core.lock import Lock
from mlenv_jupyter.core.requirements import name_of
from mlenv_jupyter.core.universal import Chosen, from_pylock
from mlenv_jupyter.failpoints import reach
from mlenv_jupyter.kernels.layer import layer_requirements
from mlenv_jupyter.process import Line, run
from mlenv_jupyter.store.places import Places
from mlenv_jupyter.store.trees import write_atomically

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


ANSWERS = 50
"""How many are remembered for one Python and one set of indexes, newest first."""

T = TypeVar("T")


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """What a kernel layer consists of: the packages that the prefix does not have itself."""

    lock: Lock
    digest: str
    chosen: tuple[Chosen, ...]
    addresses: dict[str, str]
    options: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """A layer, and what it was resolved beside: the version in the lock, or None, of each package
    that ipykernel and what it needs consist of. No other pin of a lock can matter."""

    beside: dict[str, str | None]
    layer: Layer

    def fits(self, versions: Mapping[str, str]) -> bool:
        """Whether the resolver would be asked the same by a lock with these versions."""
        return all(versions.get(name) == version for name, version in self.beside.items())


def resolve_layer(site: Site, lock: Lock, lock_digest: str, definition: Definition) -> Layer:
    """The kernel layer of a lock; the same one every time once it is known on this machine.

    Raises BuildFailed, which names the pin that no kernel fits beside; ToolFailed.
    """
    known = known_layer(site, lock, lock_digest, definition)
    if known is not None:
        reach("layer.resolved")
        return known
    answer = _resolve(site, lock, layer_requirements(lock.python), definition)
    answers = _answers(site, lock, definition)
    others = [one for one in _read(answers, list[Answer]) or [] if one.beside != answer.beside]
    write_atomically(answers, msgspec.json.encode([answer, *others][:ANSWERS]))
    write_atomically(_memo(site.places, lock, [lock_digest]), msgspec.json.encode(answer.layer))
    reach("layer.resolved")
    return answer.layer


def resolve_beside(
    site: Site, lock: Lock, lock_digest: str, wanted: list[str], definition: Definition
) -> Layer:
    """What is missing beside a lock for other requirements than a kernel's, the same every time.

    Raises BuildFailed, ToolFailed.
    """
    memo = _memo(site.places, lock, [lock_digest, *wanted])
    layer = _read(memo, Layer)
    if layer is None:
        layer = _resolve(site, lock, wanted, definition).layer
        write_atomically(memo, msgspec.json.encode(layer))
    return layer


def known_layer(site: Site, lock: Lock, lock_digest: str, definition: Definition) -> Layer | None:
    """The kernel layer of a lock where nothing has to be resolved for it."""
    memo = _memo(site.places, lock, [lock_digest])
    layer = _read(memo, Layer)
    if layer is None and site.use_cache:
        # Most locks differ in packages that no kernel needs: what was resolved beside one of them
        # holds beside the next.
        versions = lock.versions()
        answers = _read(_answers(site, lock, definition), list[Answer]) or []
        layer = next((one.layer for one in answers if one.fits(versions)), None)
        if layer is not None:
            write_atomically(memo, msgspec.json.encode(layer))
    return layer


def remembered_layer(places: Places, lock: Lock, lock_digest: str) -> Layer | None:
    """The kernel layer that a lock was built with on this machine."""
    return _read(_memo(places, lock, [lock_digest]), Layer)


def remember_layer(places: Places, lock: Lock, lock_digest: str, layer: Layer) -> None:
    """Let a lock have this kernel layer, as it came with the lock from another machine."""
    write_atomically(_memo(places, lock, [lock_digest]), msgspec.json.encode(layer))


def _answers(site: Site, lock: Lock, definition: Definition) -> Path:
    python = (lock.python, lock.implementation, lock.platform, *site.python.platform_tags[:1])
    return _memo(site.places, lock, ["answers", *python, *index_options(definition)])


def _memo(places: Places, lock: Lock, key: Iterable[str]) -> Path:
    key = [*key, *layer_requirements(lock.python)]
    name = hashlib.sha256("\n".join(key).encode()).hexdigest()[:32]
    return places.layers / "resolved" / f"{name}.json"


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError, msgspec.ValidationError):
        return None


def _resolve(site: Site, lock: Lock, wanted: list[str], definition: Definition) -> Answer:
    asked = site.work / "layer.in"
    own = tuple(index_options(definition))
    pins = site.work / "layer.constraints.txt"
    versions = lock.versions()
    pins.write_text("".join(f"{name}=={version}\n" for name, version in versions.items()))
    made = site.work / "pylock.layer.toml"
    lines: list[Line] = []
    # What is known already is good enough for a kernel, and needs no network. The definition's own
    # index may have nothing but its own packages (PyTorch's, a team's): then the usual is asked.
    ways = [(True, own), (False, own), *([(False, ())] if own else [])]
    for offline, options in ways if site.use_cache else ways[1:]:
        asked.write_text("\n".join([*options, *wanted]) + "\n")
        code, said = run(
            [
                *(site.uv, "pip", "compile", asked.name, "--constraint", pins.name),
                *("--format", "pylock.toml", "--python", site.python.executable),
                *("--output-file", made.name, "--no-header", "--color", "never", "--quiet"),
                *("--preview-features", "pylock", "--only-binary", ":all:"),
                # In an image: uv cannot ask its interpreter, so all platforms are resolved for.
                *(
                    ["--universal", "--python-version", site.python.version]
                    if site.python.platform_tags
                    else []
                ),
                *(["--offline"] if offline else []),
            ],
            env=site.env,
            cwd=site.work,
        )
        # What the definition's own index says is what there is to mend.
        lines = lines if lines and not options else said
        if code == 0:
            break
    else:
        raise _explained(definition, versions, lines) or ToolFailed("uv pip compile", lines)
    universal, addresses = from_pylock(tomllib.loads(made.read_text()))
    chosen = tuple(
        one for one in choose(universal, site.python) if one.package.name not in versions
    )
    lock = lock_for(definition, chosen, site.python)
    layer = Layer(
        lock=lock,
        digest=identity.lock_digest(lock),
        chosen=chosen,
        addresses=storable(addresses),
        options=options,
    )
    return Answer({one.name: versions.get(one.name) for one in universal.packages}, layer)


def _explained(
    definition: Definition, versions: dict[str, str], lines: list[Line]
) -> BuildFailed | None:
    """The pin of the lock that the resolver names; None where it speaks of something else."""
    text = " ".join(line.text for line in lines)
    if "No solution found" not in text:
        return None
    pinned = [one for one in versions if f"{one}=={versions[one]}" in text]
    if not pinned:
        return None
    name = pinned[0]
    asked = [one for one in definition.pip.requirements if name_of(one) == name]
    return BuildFailed(
        f"No kernel can run beside {name} {versions[name]}.",
        code="kernel_conflict",
        detail=f"ipykernel and what it needs do not work with {name}=={versions[name]}.",
        remedy=f"Allow another version of {name}.",
        where=name,
        culprits=tuple(Culprit(one, "no kernel fits beside this version") for one in asked),
        fixes=tuple(
            Fix(label=f"Use {name} (any version)", remove=(one,), add=(name,)) for one in asked
        ),
    )
