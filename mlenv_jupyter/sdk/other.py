"""Spark, R and Databricks: what the seed has for them.

Spark's packages are part of what is installed; R and Databricks are kept and not honoured.
"""

from __future__ import annotations

from typing import Any

from traitlets import Bool, Instance, List, Unicode

from mlenv_jupyter.sdk.checked import Section


def _text() -> Any:
    return Unicode(None, allow_none=True)


class SparkPackage(Section):
    """A Maven package for Spark."""

    group = _text()
    artifact = _text()
    version = _text()

    def __init__(
        self, group: str | None = None, artifact: str | None = None, version: str | None = None
    ) -> None:
        super().__init__(group=group, artifact=artifact, version=version)


class SparkSection(Section):
    """Packages for Spark, and the repositories that have them."""

    repositories = List(Unicode())
    packages = List(Instance(SparkPackage))
    precache_packages = Bool(True)


class RCranPackage(Section):
    """A package of CRAN."""

    name = _text()
    version = _text()
    repository = _text()


class RGitHubPackage(Section):
    """A package of a Git repository; ``auth_token`` is a reference, ``${secret:NAME}``."""

    repository = _text()
    auth_token = _text()


class RSection(Section):
    """What R would be made of; kept, not honoured."""

    r_version = _text()
    user_managed = Bool(False)
    rscript_path = _text()
    snapshot_date = _text()
    cran_packages = List(Instance(RCranPackage), None, allow_none=True)
    github_packages = List(Instance(RGitHubPackage), None, allow_none=True)
    custom_url_packages = List(Unicode(), None, allow_none=True)
    bioconductor_packages = List(Unicode(), None, allow_none=True)


class MavenLibrary(Section):
    """A Maven library for Databricks."""

    coordinates = _text()
    repo = _text()
    exclusions = List(Unicode())


class PyPiLibrary(Section):
    """A Python library for Databricks."""

    package = _text()
    repo = _text()


class RCranLibrary(Section):
    """A CRAN library for Databricks."""

    package = _text()
    repo = _text()


class JarLibrary(Section):
    """A jar for Databricks."""

    library = _text()


class EggLibrary(Section):
    """An egg for Databricks."""

    library = _text()


class DatabricksSection(Section):
    """What a Databricks cluster would be given; kept, not honoured."""

    maven_libraries = List(Instance(MavenLibrary))
    pypi_libraries = List(Instance(PyPiLibrary))
    rcran_libraries = List(Instance(RCranLibrary))
    jar_libraries = List(Instance(JarLibrary))
    egg_libraries = List(Instance(EggLibrary))
