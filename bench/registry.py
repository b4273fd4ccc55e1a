"""How fast is the registry with many versions, beside MLflow's on SQLite?

MLflow is installed on first use into ``.cache/bench``: it is no dependency of mlenv.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from bench.measure import Table, rounds

CACHE = Path(__file__).parent.parent / ".cache" / "bench"
SIZES = (10_000, 100_000)
VERSIONS_EACH = 10
OPERATIONS = ("get one version", "newest 50", "search", "search, nothing found", "start-up")

COMMON = """
import json, sqlite3, statistics, sys, time
began = time.perf_counter()
home, size, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
names = [f"team{i % 97}-model-{i}" for i in range(size // each)]
wanted = names[len(names) // 2]

def median(function, count=200):
    times = []
    for _ in range(count + 3):
        at = time.perf_counter()
        function()
        times.append(time.perf_counter() - at)
    return statistics.median(times[3:])
"""

OURS = (
    COMMON
    + """
from pathlib import Path
from mlenv_jupyter.registry.registry import Registry
registry = Registry(Path(home))
environments, versions = registry.environments, registry.versions
if len(sys.argv) > 4:
    import msgspec
    from sqlalchemy import insert
    from mlenv_jupyter.core.definition import Definition
    from mlenv_jupyter.registry import tables
    packages = ["numpy", "pandas", "polars", "scikit-learn", "torch", "xgboost", "flask", "duckdb"]
    made = [Definition.create("3.11", [one, "six"]) for one in packages]
    texts = [msgspec.json.encode(one).decode() for one in made]
    at = "2026-01-01T00:00:00Z"
    with registry.database.write() as connection:
        connection.execute(insert(tables.environments), [
            dict(id=i + 1, name=name, created_at=at, latest_id=(i + 1) * each, version_count=each,
                 updated_at=f"2026-{i % 12 + 1:02}-{i % 28 + 1:02}T00:00:00Z", last_number=each,
                 search=f"{name}\\n{packages[i % 8]}\\nsix")
            for i, name in enumerate(names)])
        connection.execute(insert(tables.versions), [
            dict(id=i * each + n, environment_id=i + 1, number=n, version=str(n),
                 definition=texts[i % 8], definition_id="0" * 64, digest="0" * 64, created_at=at)
            for i in range(len(names)) for n in range(1, each + 1)])
    sys.exit()
versions.get(wanted, "3")
print(json.dumps({
    "start-up": time.perf_counter() - began,
    "get one version": median(lambda: versions.get(wanted, "3")),
    "newest 50": median(lambda: environments.page()),
    "search": median(lambda: environments.page(wanted[4:])),
    "search, nothing found": median(lambda: environments.page("nothing-of-it")),
}))
"""
)

MLFLOW = (
    COMMON
    + """
import logging
logging.disable(logging.CRITICAL)
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
store = SqlAlchemyStore(f"sqlite:///{home}/mlflow.sqlite")
if len(sys.argv) > 4:
    store.create_registered_model("template")
    store.create_model_version("template", "/nowhere")
    connection = sqlite3.connect(f"{home}/mlflow.sqlite")
    connection.row_factory = sqlite3.Row
    def fill(table, rows):
        template = dict(connection.execute(f"SELECT * FROM {table} LIMIT 1").fetchone())
        columns = list(template)
        marks = ", ".join("?" for _ in columns)
        connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",
            ([{**template, **row}[one] for one in columns] for row in rows))
    fill("registered_models", ({"name": name, "last_updated_time": 1_700_000_000_000 + i}
                               for i, name in enumerate(names)))
    fill("model_versions", ({"name": name, "version": n} for name in names
                            for n in range(1, each + 1)))
    connection.commit()
    sys.exit()
store.get_model_version(wanted, 3)
newest = ["last_updated_timestamp DESC"]
def page():
    return store.search_registered_models(max_results=50, order_by=newest)
def search(text):
    return store.search_registered_models(f"name ILIKE '%{text}%'", max_results=50, order_by=newest)
print(json.dumps({
    "start-up": time.perf_counter() - began,
    "get one version": median(lambda: store.get_model_version(wanted, 3), 50),
    "newest 50": median(page, 30),
    "search": median(lambda: search(wanted[4:]), 30),
    "search, nothing found": median(lambda: search("nothing-of-it"), 30),
}))
"""
)


def run(count: int) -> list[Table]:
    """The same five questions to both, at each size."""
    pythons = {"mlenv": sys.executable, "MLflow": str(mlflow_python())}
    programs = {"mlenv": OURS, "MLflow": MLFLOW}
    return [_at(size, count, pythons, programs) for size in SIZES]


def _at(size: int, count: int, pythons: dict[str, str], programs: dict[str, str]) -> Table:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in programs}
    place = CACHE / f"registry-{size}"

    def once(name: str) -> float:
        said = _run(pythons[name], programs[name], place, size)
        found[name].append(json.loads(said.splitlines()[-1]))
        return 0.0

    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in programs:
        _run(pythons[name], programs[name], place, size, "fill")
    rounds({name: (lambda name=name: once(name)) for name in programs}, count)  # type: ignore[misc]
    shutil.rmtree(place)
    rows = []
    for operation in OPERATIONS:
        ours, theirs = (
            statistics.median(one[operation] for one in found[name]) for name in ("mlenv", "MLflow")
        )
        rows.append((operation, _ms(ours), _ms(theirs), f"{theirs / ours:.1f} ×"))
    note = f"{VERSIONS_EACH} versions of each of {size // VERSIONS_EACH:,} names. Start-up is a new"
    note += " process up to its first answer, imports included. Search is for a part of a name."
    head = ("", "mlenv", "MLflow", "MLflow beside mlenv")
    return Table(f"The registry with {size:,} versions", head, tuple(rows), note)


def _run(python: str, program: str, place: Path, size: int, *more: str) -> str:
    argv = [python, "-c", program, str(place), str(size), str(VERSIONS_EACH), *more]
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout


def mlflow_python() -> Path:
    """The Python of an environment that has MLflow's registry."""
    place = CACHE / "mlflow"
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        subprocess.run(["uv", "venv", "--clear", str(place)], check=True)
        packages = ["mlflow-skinny>=3,<4", "sqlalchemy", "alembic", "sqlparse"]
        subprocess.run(
            ["uv", "pip", "install", "--quiet", "--python", str(python), *packages], check=True
        )
        (place / "ready").touch()
    return python


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds < 0.1 else f"{seconds * 1e3:.0f} ms"
