"""Every address of the API. What is here is in openapi.yml, and the other way round."""

from __future__ import annotations

from tornado import web

from mlenv_jupyter.server import (
    adoptable,
    builds,
    collect,
    definitions,
    drift,
    environments,
    kernels,
    lifecycle,
    notebooks,
    packages,
    runs,
    secrets,
    status,
)
from mlenv_jupyter.server.access import PREFIX
from mlenv_jupyter.server.base import Unknown
from mlenv_jupyter.server.stream import StreamHandler

ROUTES: dict[str, type[web.RequestHandler]] = {
    "/environments": environments.EnvironmentsHandler,
    "/environments/{name}": environments.EnvironmentHandler,
    "/environments/{name}/labels": lifecycle.LabelsHandler,
    "/environments/{name}/labels/{label}": lifecycle.LabelHandler,
    "/environments/{name}/history": lifecycle.HistoryHandler,
    "/environments/{name}/rollback": lifecycle.RollbackHandler,
    "/environments/{name}/archive": lifecycle.ArchiveHandler,
    "/environments/{name}/restore": lifecycle.RestoreHandler,
    "/environments/{name}/versions": environments.VersionsHandler,
    "/environments/{name}/versions/{version}": environments.VersionHandler,
    "/environments/{name}/versions/{version}/image": environments.ImageHandler,
    "/environments/{name}/versions/{version}/archive": lifecycle.ArchiveHandler,
    "/environments/{name}/versions/{version}/restore": lifecycle.RestoreHandler,
    "/environments/{name}/versions/{version}/refresh": lifecycle.RefreshHandler,
    "/environments/{name}/versions/{version}/export": definitions.ExportHandler,
    "/catalogue": environments.CatalogueHandler,
    "/validate": definitions.ValidateHandler,
    "/resolve": definitions.ResolveHandler,
    "/packages/names": packages.NamesHandler,
    "/packages/releases": packages.ReleasesHandler,
    "/diff": definitions.DiffHandler,
    "/import": definitions.ImportHandler,
    "/builds": builds.BuildsHandler,
    "/builds/{id}": builds.BuildHandler,
    "/builds/{id}/log": builds.BuildLogHandler,
    "/runs": runs.RunsHandler,
    "/runs/{id}": runs.RunHandler,
    "/runs/{id}/log": runs.RunLogHandler,
    "/runs/{id}/again": runs.RunAgainHandler,
    "/services": runs.ServicesHandler,
    "/services/{name}": runs.ServiceHandler,
    "/services/{name}/log": runs.ServiceLogHandler,
    "/services/{name}/score": runs.ServiceScoreHandler,
    "/services/{name}/keys": runs.ServiceKeysHandler,
    "/stream": StreamHandler,
    "/adoptable": adoptable.AdoptableHandler,
    "/adoptable/{id}": adoptable.AdoptableOneHandler,
    "/kernels": kernels.KernelsHandler,
    "/kernels/{kernel_name}": kernels.KernelHandler,
    "/pool": kernels.PoolHandler,
    "/drift/{kernel_id}": drift.DriftHandler,
    "/environments/{name}/versions/{version}/stamp": notebooks.StampHandler,
    "/notebooks/nearby": notebooks.NearbyHandler,
    "/notebooks/inspect": notebooks.InspectHandler,
    "/notebooks/restore": notebooks.RestoreHandler,
    "/secrets": secrets.SecretsHandler,
    "/secrets/{name}": secrets.SecretHandler,
    "/python": kernels.PythonsHandler,
    "/collect": collect.CollectHandler,
    "/status": status.StatusHandler,
}


def handlers() -> list[tuple[str, type[web.RequestHandler]]]:
    """The routes as Tornado takes them; base_url comes before them."""
    made = [(_pattern(path), handler) for path, handler in ROUTES.items()]
    return [*made, (rf"/{PREFIX}(?:/(.*))?", Unknown)]


def _pattern(path: str) -> str:
    parts = ["([^/]+)" if part.startswith("{") else part for part in path.split("/")]
    return "/" + PREFIX + "/".join(parts)
