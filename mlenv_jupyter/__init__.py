"""mlenv: reproducible ML environments inside JupyterLab. Public names, Jupyter's entry points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlenv_jupyter._version import __version__

if TYPE_CHECKING:
    from mlenv_jupyter.core.definition import Definition
    from mlenv_jupyter.core.errors import MlenvError
    from mlenv_jupyter.sdk.conda_dependencies import CondaDependencies
    from mlenv_jupyter.sdk.docker import (
        BaseImageRegistry,
        ContainerRegistry,
        DockerBuildContext,
        DockerImagePlatform,
        DockerSection,
        RegistryIdentity,
    )
    from mlenv_jupyter.sdk.environment import Environment
    from mlenv_jupyter.sdk.experiment import Experiment, ScriptRunConfig
    from mlenv_jupyter.sdk.model import InferenceConfig, Model
    from mlenv_jupyter.sdk.other import (
        DatabricksSection,
        RCranPackage,
        RGitHubPackage,
        RSection,
        SparkPackage,
        SparkSection,
    )
    from mlenv_jupyter.sdk.python import PythonSection
    from mlenv_jupyter.sdk.run import Run
    from mlenv_jupyter.sdk.runconfig import DockerConfiguration, RunConfiguration
    from mlenv_jupyter.sdk.webservice import ContainerWebservice, LocalWebservice, Webservice
    from mlenv_jupyter.workspace import Workspace

__all__ = [
    "BaseImageRegistry",
    "CondaDependencies",
    "ContainerRegistry",
    "ContainerWebservice",
    "DatabricksSection",
    "Definition",
    "DockerBuildContext",
    "DockerConfiguration",
    "DockerImagePlatform",
    "DockerSection",
    "Environment",
    "Experiment",
    "InferenceConfig",
    "LocalWebservice",
    "MlenvError",
    "Model",
    "PythonSection",
    "RCranPackage",
    "RGitHubPackage",
    "RSection",
    "RegistryIdentity",
    "Run",
    "RunConfiguration",
    "ScriptRunConfig",
    "SparkPackage",
    "SparkSection",
    "Webservice",
    "Workspace",
    "__version__",
]

_PLACES = {
    "BaseImageRegistry": "mlenv_jupyter.sdk.docker",
    "CondaDependencies": "mlenv_jupyter.sdk.conda_dependencies",
    "ContainerRegistry": "mlenv_jupyter.sdk.docker",
    "DatabricksSection": "mlenv_jupyter.sdk.other",
    "Definition": "mlenv_jupyter.core.definition",
    "DockerBuildContext": "mlenv_jupyter.sdk.docker",
    "DockerImagePlatform": "mlenv_jupyter.sdk.docker",
    "DockerSection": "mlenv_jupyter.sdk.docker",
    "ContainerWebservice": "mlenv_jupyter.sdk.webservice",
    "DockerConfiguration": "mlenv_jupyter.sdk.runconfig",
    "Environment": "mlenv_jupyter.sdk.environment",
    "Experiment": "mlenv_jupyter.sdk.experiment",
    "InferenceConfig": "mlenv_jupyter.sdk.model",
    "LocalWebservice": "mlenv_jupyter.sdk.webservice",
    "MlenvError": "mlenv_jupyter.core.errors",
    "Model": "mlenv_jupyter.sdk.model",
    "PythonSection": "mlenv_jupyter.sdk.python",
    "RCranPackage": "mlenv_jupyter.sdk.other",
    "RGitHubPackage": "mlenv_jupyter.sdk.other",
    "RSection": "mlenv_jupyter.sdk.other",
    "RegistryIdentity": "mlenv_jupyter.sdk.docker",
    "Run": "mlenv_jupyter.sdk.run",
    "RunConfiguration": "mlenv_jupyter.sdk.runconfig",
    "ScriptRunConfig": "mlenv_jupyter.sdk.experiment",
    "SparkPackage": "mlenv_jupyter.sdk.other",
    "SparkSection": "mlenv_jupyter.sdk.other",
    "Webservice": "mlenv_jupyter.sdk.webservice",
    "Workspace": "mlenv_jupyter.workspace",
}


def __getattr__(name: str) -> Any:
    """Public names, imported when they are first used: a server's start must not pay for them."""
    if name in _PLACES:
        from importlib import import_module

        found = getattr(import_module(_PLACES[name]), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "mlenv-jupyter"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from mlenv_jupyter.server.extension import MlenvExtension

    return [{"module": "mlenv_jupyter.server.extension", "app": MlenvExtension}]


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext mlenv_jupyter``: the ``%mlenv`` magic in a kernel that mlenv did not make."""
    from mlenv_jupyter.magics import load_ipython_extension as load

    load(ipython)
