"""Spark's packages: fetched with the build by a real Ivy from a Maven repository on loopback."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mlenv_jupyter.builds import spark
from mlenv_jupyter.builds.log import read_records
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.sections import BuildContext, DockerSection, SparkPackage, SparkSection
from mlenv_jupyter.workspace import Workspace
from tests.conftest import REQUIRED

Built = Callable[..., Any]
FOO = SparkPackage(group="com.example", artifact="foo_2.12", version="1.0")
POM = """<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId>
<artifactId>{}</artifactId><version>1.0</version><dependencies>{}</dependencies></project>"""
NEEDS = """<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>1.0</version>
</dependency>"""


@pytest.fixture
def maven(tmp_path: Path) -> Iterator[str]:
    """A repository with ``foo``, which needs ``bar`` and a Spark that is there already."""
    if shutil.which("java") is None or not spark.has_ivy(spark.classpath("none")):
        if "java" in REQUIRED:
            pytest.fail("MLENV_REQUIRE has java, and there is no Java or no Ivy")
        pytest.skip("needs Java and Ivy (Debian: openjdk-17-jre-headless, ivy)")
    place = tmp_path / "maven"
    needs = NEEDS.format("com.example", "bar") + NEEDS.format("org.apache.spark", "spark-sql_2.12")
    for name, depends in (("foo_2.12", needs), ("bar", "")):
        there = place / "com/example" / name / "1.0"
        there.mkdir(parents=True)
        (there / f"{name}-1.0.pom").write_text(POM.format(name, depends))
        jar = io.BytesIO()
        with zipfile.ZipFile(jar, "w") as made:
            made.writestr("META-INF/MANIFEST.MF", f"Name: {name}\n")
        (there / f"{name}-1.0.jar").write_bytes(jar.getvalue())
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=os.fspath(place))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_jars_are_in_the_prefix_and_spark_is_told(
    workspace: Workspace, built: Built, maven: str
) -> None:
    plain, _ = built("plain", "six==1.17.0")
    section = SparkSection(repositories=(maven,), packages=(FOO,))
    version, build = built("sparkling", "six==1.17.0", spark=section)
    said = [one.x for one in read_records(workspace.log_path(build.id)) if one.k != "progress"]
    assert (build.state, build.error) == ("succeeded", None), said
    assert version.lock_digest != plain.lock_digest
    prefix = workspace.places.prefix(version.lock_digest)
    assert sorted(one.name for one in (prefix / spark.JARS).iterdir()) == [
        "com.example_bar-1.0.jar",
        "com.example_foo_2.12-1.0.jar",
    ]
    wanted = f"--jars {prefix}/{spark.JARS}/*.jar pyspark-shell"
    argv, env = workspace.exec_plan("sparkling", None, ["printenv", spark.VARIABLE])
    assert subprocess.check_output(argv, env=env, text=True).strip() == wanted
    assert env["VIRTUAL_ENV"] == str(prefix)
    quick = subprocess.check_output(
        ["mlenv", "exec", "sparkling", "--", "printenv", spark.VARIABLE], text=True
    )
    assert quick.strip() == wanted
    kernel = workspace.install_kernel("sparkling")
    record = (workspace.places.kernels / f"{kernel.kernel_name}.json").read_text()
    assert wanted in record
    # What is prepared elsewhere is not: the other version has no such thing.
    assert spark.VARIABLE not in workspace.exec_plan("plain", None, ["true"])[1]


def test_a_package_that_no_repository_has_is_named(
    built: Built, maven: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # where Maven's own would be asked
    monkeypatch.setenv("UV_OFFLINE", "1")
    nothing = SparkPackage(group="com.example", artifact="nothing", version="2.0")
    section = SparkSection(repositories=(maven,), packages=(FOO, nothing))
    _, build = built("sparkling", "six==1.17.0", spark=section)
    assert build.error.code == "spark_package_missing"
    assert "com.example:nothing:2.0" in build.error.message
    assert build.error.where == "spark.packages[1]"


@pytest.fixture
def java_context(tmp_path: Path) -> Path:
    """A build context that gives the tests' base image this machine's Java and Ivy."""
    place = tmp_path / "java"
    home = Path(os.path.realpath(str(shutil.which("java")))).parent.parent
    shutil.copytree(home, place / "jvm", ignore_dangling_symlinks=True)
    (place / "jars").mkdir()
    for one in spark.IVY:
        shutil.copy(one, place / "jars")
    (place / "Dockerfile").write_text(
        "FROM mlenv/test-base:1\nCOPY jvm /opt/jvm\nCOPY jars /usr/share/java/\n"
        "ENV PATH=/opt/jvm/bin:$PATH\n"
    )
    return place


@pytest.mark.docker
@pytest.mark.slow
def test_jars_are_in_the_image_with_its_own_java(
    built: Built, maven: str, engine: Any, java_context: Path
) -> None:
    version, build = built(
        "image",
        "six==1.17.0",
        docker=DockerSection(build_context=BuildContext(location=str(java_context))),
        spark=SparkSection(repositories=(maven,), packages=(FOO,)),
    )
    assert (build.state, build.error) == ("succeeded", None)
    out = engine.containers.run(
        f"mlenv/mlenv_{version.digest[:32]}",
        ["sh", "-c", f"ls /opt/mlenv/env/{spark.JARS}; echo ${spark.VARIABLE}"],
        remove=True,
    )
    assert out.decode().split()[:4] == [
        "com.example_bar-1.0.jar",
        "com.example_foo_2.12-1.0.jar",
        "--jars",
        f"/opt/mlenv/env/{spark.JARS}/com.example_bar-1.0.jar",
    ]


def test_without_java_it_is_said_and_spark_fetches_them(
    workspace: Workspace, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = Path(str(shutil.which("uv"))).parent
    monkeypatch.setenv("PATH", str(uv))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    section = SparkSection(repositories=("https://maven.example.org",), packages=(FOO,))
    _, build = built("sparkling", "six==1.17.0", spark=section)
    assert (build.state, build.error) == ("succeeded", None)
    said = [one.x for one in read_records(workspace.log_path(build.id)) if one.k != "progress"]
    assert spark.NO_JAVA in said
    env = workspace.exec_plan("sparkling", None, ["true"])[1]
    assert env[spark.VARIABLE] == (
        "--packages com.example:foo_2.12:1.0 --repositories https://maven.example.org pyspark-shell"
    )


def test_a_login_is_refused_where_it_would_be_seen() -> None:
    section = SparkSection(repositories=("https://me:${secret:X}@a.example.org",), packages=(FOO,))
    with pytest.raises(BuildFailed, match="asks for a login"):
        spark.check_repositories(section)


def test_a_section_without_packages_changes_nothing() -> None:
    from mlenv_jupyter.builds.resolve import spark_of

    assert spark_of(Definition.create(spark=SparkSection(repositories=("https://a.b/c",)))) is None
