"""A workspace that is struck again and again, and what must hold after every blow."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlenv_jupyter.builds.leftovers import Leftovers
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import MlenvError, NotFound
from mlenv_jupyter.core.sections import DockerSection
from mlenv_jupyter.failpoints import VARIABLE
from mlenv_jupyter.store.places import record_of
from mlenv_jupyter.verify import verify
from mlenv_jupyter.workspace import Workspace

from .index import Index
from .refuse import Refusals, compiler

OPS = ("register", "install", "remove", "delete", "rebuild", "collect", "build")
"""What is struck, the quickest first."""
OTHERS = ("conda", "image")
"""The other builders: a build with rattler, from a channel, and one with a container engine."""

STAGED = re.compile(r"\..+\.\d+|\.mlenv-kernel-.*|.*\.aside(\.json)?|[g-v][0-9a-f]{31}")


class Rig:
    """One home and store, an index, and a process that does what may be fatal."""

    def __init__(self, place: Path, shared: Path) -> None:
        self.place = place
        self.home, self.store = place / "mlenv", place / "store"
        self.store.mkdir(parents=True)
        (self.store / "uv").symlink_to(shared / "uv")
        _link_shelves(shared / "shelf", self.store / "shelf")
        self.environment = {
            "MLENV_HOME": str(self.home),
            "MLENV_STORE": str(self.store),
            "JUPYTER_DATA_DIR": str(place / "jupyter"),
            "JUPYTER_CONFIG_DIR": str(place / "config"),
            "JUPYTER_RUNTIME_DIR": str(place / "runtime"),
            # What fails for good is not tried again for seconds.
            "UV_HTTP_RETRIES": "0",
        }
        self.wheels = place / "wheels"
        self.wheels.mkdir()
        self.index = Index(self.wheels)
        self.refusals: Refusals | None = None
        if compiler():
            places = [place.resolve(), (shared / "uv").resolve()]
            self.refusals = Refusals(place.with_name(f"{place.name}-refuse"), places)
        self.channel = ""
        """The address of a conda channel."""
        self.engine: dict[str, str] = {}
        """Where a container engine is, as variables."""
        self._number = 0
        self._driver: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        """Build what is rebuilt again and again; the environment is that of this process."""
        self.workspace = Workspace.from_config()
        self.register("base")
        assert self.build("base") == "succeeded"
        self.workspace.install_kernel("base")  # the launcher is made once
        self.retire("base")
        # The package may be found through the path of this process alone.
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
        if self.refusals is not None:
            env.update(self.refusals.environment)
        self._driver = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("drive.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )

    def close(self) -> None:
        """End the process and the index."""
        if self._driver is not None:
            assert self._driver.stdin is not None
            self._driver.stdin.close()
            self._driver.wait()
        if self.refusals is not None:
            self.refusals.close()
        self.workspace.close()
        self.index.close()

    # One blow.

    def prepare(self, op: str) -> dict[str, Any]:
        """What has to be there before something is done, and what is to be done."""
        self._number += 1
        name = "base" if op in ("rebuild", "install", "remove") else f"case-{self._number}"
        case = {"op": op, "name": name, "thing": f"fault-thing-{self._number}"}
        case["index"] = self.index.address
        if op == "register":
            self.wheel(case["thing"])
        elif op == "remove":
            case["kernel"] = self.workspace.install_kernel(name).kernel_name
        elif op == "delete":
            self.workspace.register(name, self.same_as_base(self._number))
            self.workspace.install_kernel(name)
        elif op in ("build", "collect"):
            self.register(name, case["thing"])
            if op == "collect":
                assert self.build(name) == "succeeded"
                self.workspace.delete(name)
        elif op in OTHERS:
            self.wheel(case["thing"])
            self.workspace.register(name, self._with_others(op, case["thing"]))
            case["env"] = self.engine if op == "image" else {}
        return case

    def _with_others(self, op: str, thing: str) -> Definition:
        if op == "image":
            docker = DockerSection(base_image="mlenv/test-base:1")
            place = self.wheels.as_uri()  # an index on loopback is another machine's in a container
            return Definition.create(requirements=[thing], find_links=[place], docker=docker)
        return Definition.create(
            requirements=[thing],
            index_url=self.index.address,
            conda_packages=["pure"],
            conda_channels=[self.channel],
        )

    def strike(self, case: Mapping[str, Any], armed: str = "", **more: Any) -> dict[str, Any]:
        """Do it under a fault: ``said`` is what was acknowledged, ``signal`` what it died of."""
        assert self._driver is not None and self._driver.stdin and self._driver.stdout
        self._driver.stdin.write(json.dumps({**case, "armed": armed, **more}) + "\n")
        self._driver.stdin.flush()
        found: dict[str, Any] = json.loads(self._driver.stdout.readline())
        return found

    def counted(self, op: str) -> Counter[str]:
        """How often each point is passed when nothing fails, by the process that passes it most."""
        file = self.place / f"hits-{op}"
        case = self.prepare(op)
        found = self.strike(case, f"hits={file}")
        assert "said" in found, found
        self.check(case, found)
        return Counter(file.read_text().splitlines())

    # What must hold.

    def check(self, case: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        """What was acknowledged is there, nothing else is, and the same works now."""
        self.settle()
        self.look()
        getattr(self, f"_after_{case['op']}")(case, found)
        self.look()

    def settle(self) -> None:
        """What whoever looks next does."""
        for build in self.workspace.registry.builds.running():
            ended = self.workspace.wait(build.id, 60)
            assert ended.ended, ended
        Leftovers(self.workspace.places, self.workspace.registry, age=0).sweep()

    def look(self) -> None:
        """Nothing is half there, nobody holds a lock, and everything is as it was recorded."""
        assert list(self._traces()) == []
        for lock in [*self.home.rglob("*.lock"), *self.home.glob("builds/*/lock")]:
            _free(lock)
        assert verify(self.workspace) == []

    def _traces(self) -> Iterator[Path]:
        tops = [self.home, self.home / "kernels", self.place / "jupyter"]
        tops += [self.store / "prefixes", self.store / "layers", self.store / "layers" / "resolved"]
        tops += self.home.glob("builds/*")
        for top in tops:
            names = os.listdir(top) if top.is_dir() else []
            yield from (top / name for name in names if STAGED.fullmatch(name))
        for top in (self.store / "prefixes", self.store / "layers"):
            for one in top.iterdir():
                if re.fullmatch("[0-9a-f]{32}", one.name) and not Path(f"{one}.json").exists():
                    yield one
        for shelf in (self.store / "shelf").iterdir():
            yield from (one for one in shelf.iterdir() if one.name.startswith("."))
        rows = {one.id for one in self.workspace.registry.builds.newest(1_000_000)}
        yield from (one for one in self.home.glob("builds/*-*-*") if one.name not in rows)

    def _after_register(self, case: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        try:
            there = self.workspace.version(case["name"])
        except NotFound:
            assert "said" not in found
            self.register(case["name"], case["thing"])
            there = self.workspace.version(case["name"])
        assert there.version == "1"
        assert there.definition is not None
        assert there.definition.pip.requirements == (case["thing"],)
        self.workspace.delete(case["name"])

    def _after_build(self, case: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        name = case["name"]
        if found.get("said") == ["succeeded", None]:
            assert self.workspace.version(name).state == "ready"
        assert self.build(name) == "succeeded"
        self.works(name, case["thing"])
        self.workspace.delete(name)

    _after_conda = _after_build

    def _after_image(self, case: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        name, images = case["name"], self.workspace.places.images
        places = [one for one in images.iterdir() if one.is_dir()] if images.is_dir() else []
        assert [one for one in places if not record_of(one).exists()] == []
        assert self.build(name) == "succeeded"
        assert self.workspace.image_details(name).exists
        self.workspace.delete(name)

    def _after_rebuild(self, case: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        # The working one is never harmed, whatever became of the rebuild.
        assert self.workspace.version("base").state == "ready"
        self.works("base", "fault-base")
        assert self.build("base", force=True) == "succeeded"
        self.works("base", "fault-base")

    def _after_install(self, case: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        there = [one for one in self.workspace.kernels() if one.kernel_name == found.get("said")]
        assert bool(there) == ("said" in found)
        made = self.workspace.install_kernel("base")
        assert [(o.kernel_name, o.path_exists) for o in self.workspace.kernels()] == [
            (made.kernel_name, True)
        ]
        self.retire("base")

    def _after_remove(self, case: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        assert "said" not in found or self.workspace.kernels() == ()
        self.retire("base")
        left = [one.name for one in (self.home / "kernels").iterdir() if one.name != ".lock"]
        assert left == []

    def _after_delete(self, case: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        there = [one.name for one in self.workspace.environments(limit=500).items]
        assert "said" not in found or case["name"] not in there
        if case["name"] in there:
            self.workspace.delete(case["name"])
        self.workspace.retire_kernels()
        for kernel in self.workspace.kernels():
            assert kernel.name == "base"

    def _after_collect(self, case: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        self.workspace.collection.collect()
        prefixes = [one for one in (self.store / "prefixes").iterdir() if one.is_dir()]
        assert len(prefixes) == 1

    def works(self, name: str, thing: str) -> None:
        """What is built imports its package."""
        python = self.workspace.exec_plan(name, None, ["python", "-c", f"import {module(thing)}"])
        subprocess.run(python[0], env=python[1], check=True)

    # Small things.

    def wheel(self, thing: str) -> None:
        """Put a package into the index."""
        info, name = f"{module(thing)}-1.0.dist-info", module(thing)
        contents = {
            f"{name}/__init__.py": f"NAME = {thing!r}\n",
            f"{name}/data.txt": "".join(f"{n * n}\n" for n in range(2000)),
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {thing}\nVersion: 1.0\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\n"
            "Root-Is-Purelib: true\nTag: py3-none-any\n",
        }
        rows = []
        for path, text in contents.items():
            digest = hashlib.sha256(text.encode()).digest()
            value = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            rows.append(f"{path},sha256={value},{len(text.encode())}\n")
        contents[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"])
        with zipfile.ZipFile(self.wheels / f"{name}-1.0-py3-none-any.whl", "w") as file:
            for path, text in contents.items():
                # Of this run alone: uv's cache has nothing of an earlier one.
                file.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), text)

    def register(self, name: str, thing: str = "fault-base") -> None:
        """Register what needs one package of the index."""
        self.wheel(thing)
        definition = Definition.create(requirements=[thing], index_url=self.index.address)
        self.workspace.register(name, definition)

    def same_as_base(self, number: int) -> Definition:
        """What is ready as soon as it is registered: its lock is built."""
        return Definition.create(
            requirements=["fault-base"],
            index_url=self.index.address,
            variables={"NUMBER": str(number)},
        )

    def build(self, name: str, **how: Any) -> str:
        """Build to the end; the state."""
        build = self.workspace.wait(self.workspace.build(name, **how).id, 60)
        assert build.ended, build
        return build.state

    def retire(self, name: str) -> None:
        """Remove the kernels of an environment, whatever is left of them."""
        for kernel in self.workspace.kernels():
            if kernel.name == name:
                with contextlib.suppress(MlenvError):
                    self.workspace.remove_kernel(kernel.kernel_name)
        for record in (self.home / "kernels").glob("*.json"):
            with contextlib.suppress(NotFound):
                self.workspace.remove_kernel(record.stem)


def module(thing: str) -> str:
    """The name that it is imported by."""
    return thing.replace("-", "_")


def _free(lock: Path) -> None:
    """Wait until nobody holds a lock: a worker whose build has ended may still be ending itself."""
    until = time.monotonic() + 20
    with lock.open() as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                assert time.monotonic() < until, f"{lock} is held"
                time.sleep(0.01)


def _link_shelves(shared: Path, own: Path) -> None:
    """What kernels need, linked: nothing of it is fetched or compiled again."""
    own.mkdir()
    for shelf in shared.glob("*-layer") if shared.is_dir() else ():
        if shelf.name.startswith(sys.implementation.cache_tag or ""):
            shutil.copytree(
                shelf,
                own / shelf.name,
                copy_function=os.link,
                symlinks=True,
                ignore=lambda place, names, top=shelf: [  # type: ignore[misc]
                    one for one in names if one.startswith(".") and place == str(top)
                ],
            )


__all__ = ["OPS", "OTHERS", "VARIABLE", "Rig", "module"]
