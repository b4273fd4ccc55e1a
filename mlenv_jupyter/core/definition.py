"""What is wanted: the Definition, an immutable value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from mlenv_jupyter.core.errors import InvalidDefinition, Problem
from mlenv_jupyter.core.sections import (
    CondaSection,
    DockerSection,
    PipSection,
    ReadOnlyDict,
    SparkSection,
    Wheel,
    frozen,
)

Kind = Literal["pip", "conda", "image"]


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wanted: Python, packages, image, variables. Make one with ``create``.

    ``r``, ``databricks``, ``inferencing_stack_version`` and ``asset_id`` are the seed's, kept as
    they came and not honoured.
    """

    python: str | None = None
    pip: PipSection = PipSection()
    conda: CondaSection = CondaSection()
    wheels: tuple[Wheel, ...] = ()
    docker: DockerSection | None = None
    variables: dict[str, str] = {}
    user_managed_dependencies: bool = False
    interpreter_path: str | None = None
    torch_backend: str | None = None
    spark: SparkSection | None = None
    r: dict[str, Any] | None = None
    databricks: dict[str, Any] | None = None
    inferencing_stack_version: str | None = None
    asset_id: str | None = None

    def __post_init__(self) -> None:
        variables = ReadOnlyDict(sorted(self.variables.items()))
        msgspec.structs.force_setattr(self, "variables", variables)
        msgspec.structs.force_setattr(self, "r", frozen(self.r))
        msgspec.structs.force_setattr(self, "databricks", frozen(self.databricks))

    @property
    def kind(self) -> Kind:
        """Which builder it takes."""
        if self.docker is not None and (self.docker.base or self.docker.enabled):
            return "image"
        return "conda" if self.conda.packages else "pip"

    @property
    def wanted(self) -> tuple[str, ...]:
        """The names that were asked for, sorted."""
        from mlenv_jupyter.core.checks import wheel_package
        from mlenv_jupyter.core.matchspec import parse
        from mlenv_jupyter.core.requirements import name_of

        names = {name_of(line) for line in self.pip.requirements}
        names |= {spec.name for one in self.conda.packages if (spec := parse(one))}
        names |= {name for one in self.wheels if (name := wheel_package(one.name))}
        return tuple(sorted(names))

    @classmethod
    def create(
        cls,
        python: str | None = None,
        requirements: Iterable[str] = (),
        *,
        index_url: str | None = None,
        extra_index_urls: Iterable[str] = (),
        find_links: Iterable[str] = (),
        pre: bool = False,
        no_binary: Iterable[str] = (),
        only_binary: Iterable[str] = (),
        constraints: Iterable[str] = (),
        hashes: Mapping[str, Iterable[str]] | None = None,
        pip_options: Iterable[str] = (),
        conda_channels: Iterable[str] = (),
        conda_packages: Iterable[str] = (),
        conda_dependencies_file: str | None = None,
        base_conda_environment: str | None = None,
        wheels: Iterable[Wheel] = (),
        docker: DockerSection | None = None,
        variables: Mapping[str, str] | None = None,
        user_managed_dependencies: bool = False,
        interpreter_path: str | None = None,
        torch_backend: str | None = None,
        spark: SparkSection | None = None,
        r: Mapping[str, Any] | None = None,
        databricks: Mapping[str, Any] | None = None,
        inferencing_stack_version: str | None = None,
        asset_id: str | None = None,
    ) -> Definition:
        """A valid, normalised Definition.

        Raises InvalidDefinition with one Problem for each place that is wrong.
        """
        return cls(
            python=python,
            pip=PipSection(
                requirements=requirements,  # type: ignore[arg-type]
                index_url=index_url or None,
                extra_index_urls=tuple(extra_index_urls),
                find_links=tuple(find_links),
                pre=pre,
                no_binary=tuple(no_binary),
                only_binary=tuple(only_binary),
                constraints=tuple(constraints),
                hashes={name: tuple(some) for name, some in (hashes or {}).items()},
                options=tuple(pip_options),
            ),
            conda=CondaSection(
                channels=tuple(conda_channels),
                packages=tuple(conda_packages),
                dependencies_file=conda_dependencies_file or None,
                base_environment=base_conda_environment or None,
            ),
            wheels=tuple(wheels),
            docker=docker,
            variables=dict(variables or {}),
            user_managed_dependencies=user_managed_dependencies,
            interpreter_path=interpreter_path or None,
            torch_backend=torch_backend,
            spark=spark,
            r=dict(r) if r else None,
            databricks=dict(databricks) if databricks else None,
            inferencing_stack_version=inferencing_stack_version or None,
            asset_id=asset_id or None,
        ).checked()

    @classmethod
    def parse(cls, data: Any) -> Definition:
        """A Definition from its decoded JSON form; the same checks as ``create``.

        Raises InvalidDefinition.
        """
        try:
            raw = msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `$.")
            raise InvalidDefinition(
                (
                    Problem(
                        code="invalid_definition",
                        message=f"{message}.",
                        where=path.rstrip("`"),
                        remedy="See the reference of the Definition in the documentation.",
                    ),
                )
            ) from error
        return raw.checked()

    def checked(self) -> Definition:
        """The same Definition, validated and normalised; raises InvalidDefinition."""
        # Imported here: a run's worker and the command read what was checked before, and packaging
        # takes longer to import than all else that they need of a Definition.
        from packaging.utils import canonicalize_name

        from mlenv_jupyter.core import checks
        from mlenv_jupyter.core.requirements import normalise_all

        pip, conda = self.pip, self.conda
        requirements, problems = normalise_all(pip.requirements, "pip.requirements")
        constraints, wrong_limits = normalise_all(pip.constraints, "pip.constraints")
        problems += wrong_limits
        packages, wrong_specs = checks.normalise_specs(conda.packages)
        problems += checks.check_python(self.python)
        problems += checks.check_variables(self.variables)
        for place, address in (
            ("pip.index_url", pip.index_url),
            *((f"pip.extra_index_urls[{i}]", one) for i, one in enumerate(pip.extra_index_urls)),
            *((f"pip.find_links[{i}]", one) for i, one in enumerate(pip.find_links)),
        ):
            problems += checks.check_address(address, place)
        problems += checks.check_hashes(pip.hashes)
        problems += checks.check_options(pip.options)
        problems += checks.check_torch_backend(self.torch_backend)
        problems += checks.check_count(requirements, "pip.requirements", "requirements")
        problems += checks.check_channels(conda.channels)
        problems += wrong_specs
        problems += checks.check_count(packages, "conda.packages", "packages")
        problems += checks.check_wheels(self.wheels)
        if self.docker is not None:
            problems += checks.check_docker(self.docker)
        if self.spark is not None:
            problems += checks.check_spark(self.spark)
        problems += checks.check_verbatim(self.r, "r")
        problems += checks.check_verbatim(self.databricks, "databricks")
        for place, line in (
            ("conda.dependencies_file", conda.dependencies_file),
            ("conda.base_environment", conda.base_environment),
            ("interpreter_path", self.interpreter_path),
            ("inferencing_stack_version", self.inferencing_stack_version),
            ("asset_id", self.asset_id),
        ):
            problems += checks.check_line(line, place)
        if problems:
            raise InvalidDefinition(tuple(problems))
        change = msgspec.structs.replace
        return change(
            self,
            pip=change(
                pip,
                requirements=requirements,
                no_binary=tuple(sorted(set(pip.no_binary))),
                only_binary=tuple(sorted(set(pip.only_binary))),
                constraints=constraints,
                hashes={
                    canonicalize_name(name): tuple(sorted(set(some)))
                    for name, some in pip.hashes.items()
                    if some
                },
            ),
            conda=change(conda, packages=packages),
            wheels=tuple(sorted(self.wheels, key=lambda one: (one.name, one.sha256))),
            docker=self.docker if self.docker != DockerSection() else None,
            spark=self.spark if self.spark != SparkSection() else None,
        )
