"""How a version is built when somebody asks for it: which form, where, or not at all."""

from __future__ import annotations

import msgspec

from mlenv_jupyter.builds.choice import cluster_of, definition_in
from mlenv_jupyter.builds.durable import moment, new_id
from mlenv_jupyter.builds.images.details import ImageDetails, image_details, is_there
from mlenv_jupyter.builds.queue import Queue
from mlenv_jupyter.builds.spec import BuildSpec
from mlenv_jupyter.core.build import Build, Form
from mlenv_jupyter.core.builder import asked_for, builder_of, form_of
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.notebooks.restore import Notebooks
from mlenv_jupyter.options import WorkspaceOptions
from mlenv_jupyter.registry.registry import Registry
from mlenv_jupyter.registry.rows import VersionRow
from mlenv_jupyter.views import Views


class Building:
    """Makes the spec of a build out of a version and the options, or finds that it is built."""

    def __init__(
        self,
        options: WorkspaceOptions,
        registry: Registry,
        views: Views,
        notebooks: Notebooks,
        queue: Queue,
    ) -> None:
        self._options = options
        self._registry = registry
        self._views = views
        self._notebooks = notebooks
        self._queue = queue

    def start(
        self,
        row: VersionRow,
        *,
        force: bool,
        cache: bool,
        push: bool,
        author: str,
        form: Form | None,
    ) -> Build:
        """The build that runs, or made what is there, or is queued now; see ``Workspace.build``."""
        options, registry = self._options, self._registry
        form = form or form_of(row.definition)
        wanted = definition_in(row.definition, form, options.base_image)
        if not force and not push:
            reused = self._reused(row, form)
            if reused is not None:
                return reused
        cluster = cluster_of(options.build_executor, wanted, options.database)
        curated = row.source == "catalogue"
        if curated:
            python = row.definition.python or options.default_python
            row = msgspec.structs.replace(row, lock_id=registry.lock_of_curated(row, python))
        spec = BuildSpec(
            id=new_id(),
            name=row.name,
            version=row.version,
            digest=row.digest,
            definition=self._definition(row, form),
            form=form,
            note=asked_for(row.definition, form),
            version_id=None if curated else row.id,
            lock_id=row.lock_id,
            home=str(options.places.home),
            store=str(options.places.store),
            # Told in its environment, except on another machine: an address may hold a password.
            database=(options.database or None) if cluster else None,
            force=force,
            use_cache=cache,
            max_concurrent_builds=options.max_concurrent_builds,
            images=options.image_settings(push=push),
            offline=options.offline,
            cluster=cluster,
        )
        return self._queue.submit(spec, author)

    def image_details(self, row: VersionRow) -> ImageDetails:
        """What is known of a version's image, built or not; Conflict for what can be no image."""
        record = self._views.made(row, "image")
        place = self._options.places.image(record.lock_digest) if record else None
        registry = self._options.image_registry.partition("/")[0] or None
        builder = str(builder_of(row.definition, "image"))
        return image_details(row.digest, record, place, registry=registry, builder=builder)

    def _definition(self, row: VersionRow, form: Form) -> Definition:
        """What is built of a version in a form."""
        restored = row.source != "catalogue"
        definition = self._notebooks.to_build(row) if restored else row.definition
        made = definition_in(definition, form, self._options.base_image)
        both = form != form_of(definition) or self._views.has_other_form(row, form)
        if both and row.lock_id is not None and not (made.python or made.conda.packages):
            # One lock serves both forms, and it is of one Python; conda brings its own.
            python = self._registry.locks.python_of(row.lock_id)
            made = msgspec.structs.replace(made, python=python)
        return made

    def _reused(self, row: VersionRow, form: Form) -> Build | None:
        """The build that made what is there of a version in a form; None where it is to be built"""
        record = self._views.made(row, form)
        if record is None:
            return None
        (version,) = self._views.versions([row])
        build = version.build
        if build is not None and not build.ended and build.form in (form, None):
            return None
        # People prune: the engine may not have the image any more.
        if record.image is not None and not is_there(record):
            return None
        if build is not None and build.lock_digest == record.lock_digest:
            return msgspec.structs.replace(build, reused=True)
        # Another version with the same lock was built: this one is ready without a build.
        now = moment()
        made = Build(
            id="",
            name=version.name,
            version=version.version,
            digest=version.digest,
            state="succeeded",
            created_at=now,
            finished_at=now,
            reused=True,
            lock_digest=record.lock_digest,
            form=form,
        )
        return self._queue.record_reused(made)
