"""The stages of a pip build, in order: Python, lock, prefix, kernel layer."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from mlenv_jupyter.builds import python as pythons
from mlenv_jupyter.builds.install import install_prefix, on_shelf
from mlenv_jupyter.builds.layer import Layer, known_layer, resolve_layer
from mlenv_jupyter.builds.pipeline import Outcome, Pipeline, count
from mlenv_jupyter.builds.resolve import lock_for, spark_of
from mlenv_jupyter.builds.site import Site
from mlenv_jupyter.core import identity
from mlenv_jupyter.core.lock import Lock
from mlenv_jupyter.core.universal import Chosen


class Plan(NamedTuple):
    """What is to be installed, all of it resolved."""

    site: Site
    lock_id: int
    chosen: tuple[Chosen, ...]
    addresses: dict[str, str]
    lock: Lock
    digest: str
    layer: Layer


class PipPipeline(Pipeline):
    """Builds a Version of kind ``pip`` into a prefix, with uv."""

    _known: Plan | None = None

    def is_at_once(self) -> bool:
        """Whether lock, kernel layer and every installed wheel are here."""
        if not self.spec.use_cache or spark_of(self.spec.definition):
            return False
        python = pythons.present(self.spec.definition.python, self.places.pythons)
        found = self.found_lock(python) if python is not None else None
        if python is None or found is None or self.is_of_elsewhere(found, python):
            return False
        site = replace(self.site(python), shelf_only=True)
        chosen = self.choose_files(found, python)
        lock = lock_for(self.spec.definition, chosen, python)
        digest = identity.lock_digest(lock)
        layer = known_layer(site, lock, digest, self.spec.definition)
        if layer is None or not on_shelf(site, chosen):
            return False
        made = self.store.record(self.places.layer(layer.digest)) is not None
        if not made and not on_shelf(site, layer.chosen, layer=True):
            return False
        self._known = Plan(site, found.id, chosen, found.addresses, lock, digest, layer)
        return True

    def run(self) -> Outcome:
        """From Definition to committed prefix. Raises MlenvError, ToolFailed, OSError."""
        definition = self.spec.definition
        self.store.require_space(0)
        wanted = definition.python or pythons.default_version()
        self.voice.stage("resolving", f"resolve Python {wanted}, {count(definition)}")
        plan = self._known or self._plan()
        lock, chosen = plan.lock, plan.chosen
        self.registry.locks.set_on_platform(plan.lock_id, plan.digest, lock)
        self.voice.say(f"Resolved {len(lock.packages)} packages with Python {lock.python}")

        size = sum(one.file.size or 0 for one in chosen)
        self.voice.stage("installing", f"install {len(chosen)} packages ({size / 1e6:.1f} MB)")
        self.install_layer(plan.site, plan.layer)
        prefix = self.places.prefix(plan.digest)
        self.make(
            prefix,
            lambda: install_prefix(
                plan.site,
                prefix,
                lock,
                plan.digest,
                chosen,
                plan.addresses,
                definition,
                replace=self.spec.force,
                verifying=self.verifying,
                activate=self.spark,
            ),
        )
        self.finish(prefix, plan.layer.digest, plan.lock_id)
        return Outcome(plan.digest, len(lock.packages))

    def _plan(self) -> Plan:
        definition = self.spec.definition
        python = pythons.find(
            definition.python,
            uv=self.uv,
            directory=self.places.pythons,
            env=self.env,
            on_line=self.voice.line,
        )
        site = self.site(python)
        found = self.found_lock(python)
        if found is not None:
            self.voice.say(f"Locked before: {len(found.lock.packages)} packages for all platforms")
            if self.is_of_elsewhere(found, python):
                found = self.completed_lock(found, python)
        else:
            found = self.resolved_lock(python)
        chosen = self.choose_files(found, python)
        lock = lock_for(definition, chosen, python)
        digest = identity.lock_digest(lock)
        self.registry.locks.set_on_platform(found.id, digest, lock)
        layer = resolve_layer(site, lock, digest, definition)
        return Plan(site, found.id, chosen, self.addresses_of(found), lock, digest, layer)
