"""Spark's Maven packages: fetched with a build by Ivy, which comes with pyspark, and told to Spark.

A version with a Spark section has a prefix of its own (the section is part of its lock). What its
kernels, runs and services are given is ``PYSPARK_SUBMIT_ARGS``.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from mlenv_jupyter.core.errors import BuildFailed
from mlenv_jupyter.core.sections import SparkSection
from mlenv_jupyter.process import Line, run

JARS = "share/spark-packages"
"""Where the jars are in a prefix or image's environment; `cli/execute.py` knows it too."""
VARIABLE = "PYSPARK_SUBMIT_ARGS"
IVY = ("/usr/share/java/ivy.jar", "/usr/share/java/commons-cli.jar")
"""Debian's Ivy, for an environment whose Spark is outside of it."""
NO_JAVA = (
    "There is no Java here, so Spark's packages are not fetched now: Spark does it when it starts, "
    "and needs Java for that too. Install one (Debian: openjdk-17-jre-headless), or add openjdk "
    "to the conda packages."
)
NO_IVY = (
    "Neither pyspark nor Ivy is in this environment, so Spark's packages are not fetched now: "
    "Spark does it when it starts. Add pyspark to the packages."
)
PATTERN = "[organisation]_[artifact]-[revision](-[classifier]).[ext]"
# What every Spark has itself, in the version that it was built with.
OWN = "(catalyst|core|graphx|hive|launcher|mllib|network-.*|repl|sketch|sql|streaming|tags|unsafe)"
_UNRESOLVED = re.compile(r"::\s+([^#\s]+)#([^;\s]+);(\S+):\s*(.*\S)")


def coordinates(spark: SparkSection) -> list[str]:
    """``GROUP:ARTIFACT:VERSION`` of each package."""
    return [f"{one.group}:{one.artifact}:{one.version}" for one in spark.packages]


def submit_arguments(spark: SparkSection, environment: str | None) -> str:
    """What ``PYSPARK_SUBMIT_ARGS`` says: the jars of an environment, or what Spark is to fetch."""
    if environment is not None:
        return f"--jars {environment}/{JARS}/*.jar pyspark-shell"
    words = ["--packages", ",".join(coordinates(spark))]
    if spark.repositories:
        words += ["--repositories", ",".join(spark.repositories)]
    return " ".join([*words, "pyspark-shell"])


def check_repositories(spark: SparkSection) -> None:
    """Raise BuildFailed for a repository with a login: Spark's arguments would show it."""
    for number, address in enumerate(spark.repositories):
        if "@" in urlsplit(address).netloc or "${" in address:
            raise BuildFailed(
                "A repository of Spark packages asks for a login, which mlenv cannot hand on yet.",
                code="spark_repository_login",
                where=f"spark.repositories[{number}]",
                remedy="Use a repository that is open inside of your network.",
            )


def spark_activation(
    spark: SparkSection,
    prefix: Path,
    site_packages: Path,
    *,
    work: Path,
    cache: Path,
    env: Mapping[str, str],
    on_line: Callable[[Line], None],
    offline: bool = False,
) -> dict[str, tuple[str, ...]]:
    """Fetch the jars into a prefix that is being made, and what is to be set where it is used.

    Where that cannot be done here (no Java, no Ivy, not wanted), Spark is told to fetch them.
    Raises BuildFailed for a package that no repository has.
    """
    if not spark.packages:
        return {}
    check_repositories(spark)
    # Also where it stays empty: `mlenv exec` sees by it that there is something to set.
    target = prefix / JARS
    target.mkdir(parents=True)
    java, ivy = find_java(prefix), classpath(site_packages)
    why = "" if java else NO_JAVA
    why = why or ("" if has_ivy(ivy) else NO_IVY)
    if not spark.precache_packages or offline or java is None or why:
        if why and spark.precache_packages:
            on_line(Line("err", why))
        return {VARIABLE: (submit_arguments(spark, None),)}
    place = work / "spark"
    place.mkdir(mode=0o700, exist_ok=True)
    for name, text in ivy_files(spark, str(cache)).items():
        (place / name).write_text(text)
    on_line(Line("out", f"Fetching {', '.join(coordinates(spark))} for Spark"))
    code, lines = run(
        [java, *proxies(env), *arguments(":".join(ivy), str(place), str(target))],
        env=env,
        on_line=lambda line: on_line(line) if "downloading" in line.text else None,
    )
    missing = [found for line in lines if (found := _UNRESOLVED.search(line.text))]
    if code != 0 or missing or not any(target.glob("*.jar")):
        raise _failed(spark, [found.groups() for found in missing], lines)
    return {VARIABLE: (submit_arguments(spark, str(prefix)),)}


def find_java(prefix: Path) -> str | None:
    """The Java of a prefix (conda has one), of JAVA_HOME, or of the PATH."""
    home = os.environ.get("JAVA_HOME")
    for place in (prefix / "bin", prefix / "lib/jvm/bin", *([Path(home, "bin")] if home else [])):
        if os.access(place / "java", os.X_OK):
            return str(place / "java")
    return shutil.which("java")


def classpath(site_packages: Path | str) -> list[str]:
    """Where Ivy is looked for: in pyspark, else where Debian has it."""
    return [f"{site_packages}/pyspark/jars/*", *IVY]


def has_ivy(places: Sequence[str]) -> bool:
    """Whether Ivy is in one of them."""
    first, *others = places
    return any(Path(first).parent.glob("ivy-*.jar")) or all(map(os.path.exists, others))


def arguments(ivy: str, place: str, target: str) -> list[str]:
    """What Java is told: ``place`` has ``ivy_files``, ``target`` is where the jars go."""
    return [
        *("-cp", ivy, "org.apache.ivy.Main", "-settings", f"{place}/ivysettings.xml"),
        *("-ivy", f"{place}/ivy.xml", "-confs", "default", "-types", "jar", "bundle"),
        *("-retrieve", f"{target}/{PATTERN}"),
    ]


def ivy_files(spark: SparkSection, cache: str) -> dict[str, str]:
    """What Ivy reads: the repositories in their order, then Maven's own; and the packages."""
    given = [
        f'<ibiblio name="given-{number}" m2compatible="true" root={quoteattr(one)}/>'
        for number, one in enumerate(spark.repositories, 1)
    ]
    wanted = [
        f"<dependency org={quoteattr(one.group)} name={quoteattr(one.artifact)} "
        f'rev={quoteattr(one.version)} force="true" conf="default->default"/>'
        for one in spark.packages
    ]
    return {
        "ivysettings.xml": "\n".join(
            [
                "<ivysettings>",
                '<property name="ivy.maven.lookup.sources" value="false"/>',
                '<property name="ivy.maven.lookup.javadoc" value="false"/>',
                '<settings defaultResolver="all"/>',
                f"<caches defaultCacheDir={quoteattr(cache)}/>",
                '<resolvers><chain name="all" returnFirst="true">',
                *given,
                '<ibiblio name="central" m2compatible="true"/>',
                "</chain></resolvers>",
                "</ivysettings>\n",
            ]
        ),
        "ivy.xml": "\n".join(
            [
                '<ivy-module version="2.0">',
                '<info organisation="mlenv" module="spark-packages"/>',
                '<configurations><conf name="default"/></configurations>',
                "<dependencies>",
                *wanted,
                f'<exclude org="org.apache.spark" module="spark-{OWN}_.*" matcher="regexp"/>',
                '<exclude org="org.scala-lang" module="scala-library"/>',
                "</dependencies>",
                "</ivy-module>\n",
            ]
        ),
    }


def proxies(env: Mapping[str, str]) -> list[str]:
    """The proxies of this machine, as Java is told of them."""
    made = []
    for scheme in ("http", "https"):
        address = env.get(f"{scheme.upper()}_PROXY") or env.get(f"{scheme}_proxy") or ""
        parts = urlsplit(address if "://" in address else f"http://{address}")
        if address and parts.hostname:
            made.append(f"-D{scheme}.proxyHost={parts.hostname}")
            made.append(f"-D{scheme}.proxyPort={parts.port or 80}")
    direct = env.get("NO_PROXY") or env.get("no_proxy") or ""
    if made and direct:
        hosts = [f"*{one}" if one.startswith(".") else one for one in direct.split(",") if one]
        made.append(f"-Dhttp.nonProxyHosts={'|'.join(one.strip() for one in hosts)}")
    return made


def _failed(
    spark: SparkSection, missing: Sequence[tuple[str, ...]], lines: Sequence[Line]
) -> BuildFailed:
    asked = coordinates(spark)
    names = list(dict.fromkeys(":".join(one[:3]) for one in missing))
    where = "spark.packages"
    if names and names[0] in asked:
        where = f"spark.packages[{asked.index(names[0])}]"
    said = [line.text.strip() for line in lines if line.text.strip()]
    return BuildFailed(
        f"No repository has {', '.join(names)}." if names else "Spark's packages were not fetched.",
        code="spark_package_missing",
        where=where,
        detail=missing[0][3] if missing else "\n".join(said[-5:]),
        remedy="Check group, artifact (with the Scala version that Spark has) and version, or name "
        "the repository that has it.",
    )
