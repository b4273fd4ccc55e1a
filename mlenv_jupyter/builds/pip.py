"""The stages of a pip build, in order: Python, lock, prefix, kernel layer."""

from __future__ import annotations

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.install import install_prefix
from mlenv_jupyter.builds.layer import resolve_layer
from mlenv_jupyter.builds.pipeline import Outcome, Pipeline, count
from mlenv_jupyter.builds.resolve import choose, lock_for, resolve, storable
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.universal import Chosen, chosen_before


class PipPipeline(Pipeline):
    """Builds a Version of kind ``pip`` into a prefix, with uv."""

    def run(self) -> Outcome:
        """From Definition to committed prefix. Raises MlenvError, ToolFailed, OSError."""
        definition = self.spec.definition
        self.store.require_space(0)
        wanted = definition.python or pythons.default_version()
        self.voice.stage("resolving", f"resolve Python {wanted}, {count(definition)}")
        python = pythons.find(
            definition.python,
            uv=self.uv,
            directory=self.places.pythons,
            env=self.env,
            on_line=self.voice.line,
        )
        lock_id, chosen, addresses = self._lock(python)
        lock = lock_for(definition, chosen, python)
        digest = identity.lock_digest(lock)
        self.registry.locks.set_on_platform(lock_id, digest, lock)
        prefix = self.places.prefix(digest)
        site = self.site(python)
        layer = resolve_layer(site, lock, digest, definition)
        self.voice.say(f"Resolved {len(lock.packages)} packages with Python {python.version}")

        size = sum(one.file.size or 0 for one in chosen)
        self.voice.stage("installing", f"install {len(chosen)} packages ({size / 1e6:.1f} MB)")
        self.install_layer(site, layer)
        self.make(
            prefix,
            lambda: install_prefix(
                site,
                prefix,
                lock,
                digest,
                chosen,
                addresses,
                definition,
                replace=self.spec.force,
                verifying=self.verifying,
            ),
        )
        self.finish(prefix, layer.digest, lock_id)
        return Outcome(digest, len(lock.packages))

    def _lock(self, python: pythons.Python) -> tuple[int, tuple[Chosen, ...], dict[str, str]]:
        """The lock of this version: the one that it has, one with the same digest, or a new one."""
        locks = self.registry.locks
        found = locks.get(self.spec.lock_id) if self.spec.lock_id is not None else None
        found = found or locks.find(self.spec.digest, python.minor)
        if found is None:
            universal, addresses = resolve(
                self.spec.definition,
                python,
                uv=self.uv,
                work=self.files.place,
                env=self.env,
                on_line=self.voice.line,
                refresh=not self.spec.use_cache,
            )
            choose(universal, python)  # a lock that cannot be installed here is not kept
            lock_id = locks.add(self.spec.digest, python.minor, universal, storable(addresses))
            found = locks.get(lock_id)
            assert found is not None
        else:
            self.voice.say(f"Locked before: {len(found.lock.packages)} packages for all platforms")
            known = locks.on_platform(found.id, python.platform)
            if known is not None and known.lock.python == python.version:
                return found.id, chosen_before(found.lock, known.lock), found.addresses
        return found.id, choose(found.lock, python), found.addresses
