"""Model and InferenceConfig: what is served, and how it is asked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlenv_jupyter.core.errors import InvalidRequest
from mlenv_jupyter.core.service import Model as Record
from mlenv_jupyter.sdk.checked import refuse
from mlenv_jupyter.sdk.environment import Environment

if TYPE_CHECKING:
    from mlenv_jupyter.sdk.webservice import DeploymentConfiguration, Webservice
    from mlenv_jupyter.workspace import Workspace


class Model:
    """Files under a name and a number; they never change."""

    def __init__(
        self,
        workspace: Workspace,
        name: str | None = None,
        id: str | None = None,
        *,
        version: int | None = None,
        **unknown: Any,
    ) -> None:
        """A registered model: the newest of its name, or that of ``NAME:VERSION``."""
        refuse(unknown, "Model")
        wanted, _, number = (id or name or "").partition(":")
        version = version or (int(number) if number.isdigit() else None)
        self._workspace = workspace
        self._record = workspace.models.get(wanted, version)

    @classmethod
    def _of(cls, workspace: Workspace, record: Record) -> Model:
        made = cls.__new__(cls)
        made._workspace, made._record = workspace, record
        return made

    @staticmethod
    def register(
        workspace: Workspace,
        model_path: str | os.PathLike[str],
        model_name: str,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        description: str | None = None,
        *,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        _run: str | None = None,
        **unknown: Any,
    ) -> Model:
        """Keep a file or directory as the next version of a model. Raises NotFound.

        The framework and its version are kept among the properties.
        """
        refuse(unknown, "register")
        said = {"model_framework": model_framework, "framework_version": model_framework_version}
        record = workspace.models.add(
            model_name,
            Path(model_path),
            tags=dict(tags or {}),
            properties={
                **{key: value for key, value in said.items() if value is not None},
                **(properties or {}),
            },
            description=description or "",
            run=_run,
        )
        return Model._of(workspace, record)

    @staticmethod
    def list(
        workspace: Workspace,
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
        *,
        run_id: str | None = None,
        latest: bool = False,
    ) -> list[Model]:
        """Models, newest first: with these tags, of a run, or the ``latest`` of each name."""
        found = [Model._of(workspace, one) for one in workspace.models.newest(limit=500, name=name)]
        wanted = dict(tags or {}).items()
        found = [one for one in found if wanted <= one.tags.items()]
        found = [one for one in found if run_id in (None, one.run_id)]
        if latest:
            found = [*{one.name: one for one in reversed(found)}.values()][::-1]
        return found

    @staticmethod
    def deploy(
        workspace: Workspace,
        name: str,
        models: Sequence[Model],
        inference_config: InferenceConfig | None = None,
        deployment_config: DeploymentConfiguration | None = None,
        deployment_target: object = None,
        overwrite: bool = False,
        show_output: bool = False,
    ) -> Webservice:
        """Serve models; answers at once. The environment is registered first where it is not."""
        from mlenv_jupyter.sdk.webservice import LocalWebservice, Webservice, deployment_of

        del deployment_target
        if inference_config is None:
            raise InvalidRequest(
                "A service needs an entry script.",
                where="inference_config",
                remedy="Give InferenceConfig(entry_script=…, environment=…).",
            )
        config = deployment_config or LocalWebservice.deploy_configuration()
        wanted = deployment_of(workspace, models, inference_config, config)
        workspace.services.deploy(name, wanted, port=config.port, overwrite=overwrite)
        service = Webservice(workspace, name)
        if show_output:
            service.wait_for_deployment(show_output=True)
        return service

    @staticmethod
    def get_model_path(
        model_name: str, version: int | None = None, _workspace: Workspace | None = None
    ) -> str:
        """Where the file or directory of a registered model is."""
        from mlenv_jupyter.workspace import Workspace

        workspace = _workspace or Workspace.from_config()
        return str(workspace.models.path(workspace.models.get(model_name, version)))

    @property
    def name(self) -> str:
        """Its name."""
        return self._record.name

    @property
    def version(self) -> int:
        """Its number."""
        return self._record.version

    @property
    def id(self) -> str:
        """``NAME:VERSION``."""
        return f"{self.name}:{self.version}"

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return dict(self._record.tags)

    @property
    def properties(self) -> dict[str, str]:
        """Its properties."""
        return dict(self._record.properties)

    @property
    def description(self) -> str:
        """What it is."""
        return self._record.description

    @property
    def run_id(self) -> str | None:
        """The run that made it."""
        return self._record.run

    def download(self, target_dir: str = ".", exist_ok: bool = False) -> str:
        """Copy it into a directory; the path of the copy."""
        source = self._workspace.models.path(self._record)
        target = Path(target_dir) / source.name
        if target.exists() and not exist_ok:
            raise InvalidRequest(f"{target} is there already.", where="target_dir")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)
        return str(target)

    def __repr__(self) -> str:
        return f"Model({self.id})"


class InferenceConfig:
    """The entry script with ``init()`` and ``run(data)``, and the environment that it needs."""

    def __init__(
        self,
        entry_script: str,
        environment: Environment | None = None,
        source_directory: str | os.PathLike[str] | None = None,
        description: str | None = None,
    ) -> None:
        if environment is None:
            raise InvalidRequest("A service needs an environment.", where="environment")
        self.entry_script = entry_script
        self.environment = environment
        self.source_directory = os.fspath(source_directory or ".")
        self.description = description
