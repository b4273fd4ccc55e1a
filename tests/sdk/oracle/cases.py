"""Generated definitions: calls and attributes on which mlenv and the oracle are to agree."""

from __future__ import annotations

import random
from typing import Any

Case = dict[str, Any]

STARTS = [
    "dependencies:\n- python=3.10\n",
    "# ours\nname: mine\ndependencies:\n  # the interpreter\n- python=3.9\n\n- pip:\n"
    "  - six\n  - --pre\nchannels:\n- conda-forge\n",
    "name: x\nchannels:\n  - defaults\n  - conda-forge # second\ndependencies:\n  - python=3.8.13\n"
    "  - numpy=1.19\n  - pip=20.1\n  - pip:\n    - requests>=2\n    - pandas==1.1\n",
    "name: more\ndependencies:\n- python=3.7\n- zlib\nprefix: /opt/x\nvariables:\n  A: other\n",
]
CHANNELS = ["conda-forge", "defaults", "bioconda", "https://h.example/c"]
CONDA = ["scipy=1.5", "zlib", "bzip2>=1", "cmake=3.*", "blas=*=openblas", "c::toolz=0.11"]
PIP = ["six", "six==1.16", "attrs>=20,<23", "requests[socks]~=2.1", "pandas", "idna!=3"]
OPTIONS = ["--index-url https://a.example/simple", "--index-url https://b.example/simple", "--pre"]
PYTHONS = ["3.8", "3.9.7", "3.11"]


def dependencies(number: int) -> list[Case]:
    """So many lists of calls on a conda file."""
    return [_dependencies(random.Random(seed)) for seed in range(number)]


def _dependencies(pick: random.Random) -> Case:
    start = pick.choice(STARTS)
    calls: list[tuple[str, list[Any]]] = []
    for _ in range(pick.randint(1, 8)):
        calls.append(
            pick.choice(
                [
                    ("add_channel", [pick.choice(CHANNELS)]),
                    ("remove_channel", [pick.choice(CHANNELS)]),
                    ("add_conda_package", [pick.choice(CONDA)]),
                    ("remove_conda_package", [pick.choice(CONDA)]),
                    ("add_conda_package", [f"python={pick.choice(PYTHONS)}"]),
                    ("set_python_version", [pick.choice(PYTHONS)]),
                    ("add_pip_package", [pick.choice(PIP)]),
                    ("remove_pip_package", [pick.choice(PIP)]),
                    ("set_pip_option", [pick.choice(OPTIONS)]),
                    ("remove_pip_option", [pick.choice(["--index-url", "--pre"])]),
                    # What both refuse.
                    ("add_pip_package", ["--pre"]),
                    ("remove_pip_package", ["--pre"]),
                    ("set_pip_option", ["six"]),
                    ("remove_pip_option", ["six"]),
                    ("save", ["/"]),
                    ("save", ["/nowhere/at/all.yml"]),
                ]
            )
        )
    return {"start": start, "calls": calls}


IMAGES = ["debian:12", "h.example:5000/a/b:1", "mcr.microsoft.com/azureml/base@sha256:" + "0" * 64]
CHOICES: list[list[tuple[str, Any]]] = [
    [("python.user_managed_dependencies", True), ("python.interpreter_path", "/opt/python")],
    [("python.conda_dependencies_file", "other.yml")],
    [("docker.enabled", True)],
    [("docker.arguments", ["-v", "/a:/b", "--env=X=1"])],
    [("docker.shm_size", "4g")],
    [("docker.shared_volumes", False)],
    [
        ("docker.base_image_registry.address", "r.example:5000"),
        ("docker.base_image_registry.username", "u"),
        ("docker.base_image_registry.password", "${secret:R}"),
    ],
    [
        (
            "docker.base_image_registry",
            {"new": "ContainerRegistry", "set": {"address": "other.example"}},
        )
    ],
    [("docker.platform.architecture", "arm64")],
    [("docker.base_dockerfile", "FROM debian:12\nRUN true\n")],
    [
        (
            "docker.build_context",
            {
                "new": "DockerBuildContext",
                "with": {"location": "https://h.example/x.git"},
                "set": {"location_type": "git"},
            },
        )
    ],
    [
        ("spark.repositories", ["https://maven.example"]),
        ("spark.precache_packages", False),
        (
            "spark.packages",
            [{"new": "SparkPackage", "with": {"group": "g", "artifact": "a", "version": "1"}}],
        ),
    ],
    [("databricks.egg_libraries", [{"new": "EggLibrary", "with": {"library": "x.egg"}}])],
    [
        (
            "r",
            {
                "new": "RSection",
                "set": {
                    "r_version": "4.0",
                    "cran_packages": [{"new": "RCranPackage", "set": {"name": "dplyr"}}],
                    "custom_url_packages": ["https://h.example/x.tar.gz"],
                },
            },
        )
    ],
    [("inferencing_stack_version", "latest")],
    [("asset_id", "azureml://registries/x")],
    [("version", "Autosave_2021-03-20T17:38:44Z_adda0f97")],
    # What both refuse.
    [("pyhton", 1)],
    [("docker.base_imag", "x")],
    [("docker.base_image_registry.adress", "x")],
    [("python.conda_dependency", None)],
    [("spark.package", [])],
]


def environments(number: int) -> list[Case]:
    """So many environments; what the seed and mlenv begin with differently is always set."""
    return [_environment(random.Random(1000 + seed)) for seed in range(number)]


def _environment(pick: random.Random) -> Case:
    set_: list[tuple[str, Any]] = [
        ("environment_variables", {f"V{n}": str(n) for n in range(pick.randint(0, 3))}),
        ("docker.base_image", pick.choice(IMAGES)),
    ]
    for chosen in pick.sample(CHOICES, pick.randint(0, 6)):
        set_ += chosen
    return {"name": pick.choice(["myenv", "a.b-c_1"]), "conda": pick.choice(STARTS), "set": set_}


def merges() -> list[list[str]]:
    """Requirements to be merged."""
    pick = random.Random(7)
    lines = ["six", "six==1", "attrs>=20", "attrs<23", "idna!=3", "requests[socks]~=2.1"]
    return [pick.sample(lines, pick.randint(0, len(lines))) for _ in range(40)]
