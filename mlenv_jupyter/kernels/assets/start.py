"""From a launch record to a running kernel: check, overlay, environment, exec.

Part of the launcher: standard library only, imports counted. Whatever is missing, the fallback
kernel is started in place of the real one and says so.
"""

from __future__ import annotations

import os
import sys

import overlay as overlays

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing is slow to import, and nothing here needs it to run
    from typing import Any, NoReturn

# Server and hub credentials have no business in a kernel. What says only where the user is
# (JUPYTERHUB_USER, JUPYTERHUB_SERVICE_PREFIX, …) is what dashboards build their links from.
DENIED = frozenset(
    """JPY_API_TOKEN JUPYTER_TOKEN JUPYTER_PASSWORD CONFIGPROXY_AUTH_TOKEN PYTHONHOME PYTHONPATH
    __PYVENV_LAUNCHER__ VIRTUAL_ENV_PROMPT UV_PROJECT_ENVIRONMENT UV_SYSTEM_PYTHON""".split()
)
DENIED_PREFIXES = ("JUPYTERHUB_", "MLENV_", "_MLENV_", "CONFIGPROXY_")
ALLOWED = frozenset(
    """JUPYTERHUB_USER JUPYTERHUB_SERVICE_PREFIX JUPYTERHUB_BASE_URL JUPYTERHUB_SERVER_NAME
    MLENV_HOME MLENV_STORE MLENV_WIDGETS""".split()
)


# The working directory is the notebook's: nothing in it may be taken for a part of mlenv.
CONTAINER = (
    "import sys; sys.path[:1] == [''] and sys.path.pop(0); "
    "from mlenv_jupyter.kernels.containers.run import main; main(sys.argv[1:])"
)


TRIES = 3
"""How often an overlay is made that another process takes away meanwhile."""


class Missing(Exception):
    """Something that the kernel needs is not there: what, and the remedy."""

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.problem = {"code": code, "message": message, "remedy": remedy}


def main(argv: list[str]) -> NoReturn:
    """Become the kernel, or the fallback kernel."""
    launcher = os.path.dirname(os.path.abspath(__file__))
    path, rest = argv[1], argv[2:]
    environment = inherited(os.environ)
    waits = os.environ.get(overlays.WAITS, "")
    record: dict[str, Any] = {}
    try:
        text, record = read(path)
        if record.get("container"):
            hold(path)
            in_container(record, path, launcher, rest, environment)
        check(record)
        hold(path, used=not waits)
        place = prepare(text, record, launcher, path, waits=bool(waits))
        environment = kernel_environment(environment, record, place)
        if waits:
            environment[overlays.WAITS] = waits
        # The directory of a rebuild is another one; who asks later finds this in /proc.
        environment[overlays.BUILT] = str(os.stat(record["prefix"]).st_mtime_ns)
        python = os.path.join(place, "bin", "python")
        arguments = [python, *options(record), os.path.join(launcher, "kernel_app.py"), *rest]
        os.execve(python, arguments, environment)
    except Missing as missing:
        problem = missing.problem
    except OSError as error:
        problem = {
            "code": "cannot_start",
            "message": f"The kernel could not be started: {error}.",
            "remedy": "`mlenv doctor` checks the disk and the permissions.",
        }
    if waits:  # nobody has asked for it yet
        sys.exit(problem["message"])
    from json import dumps

    fallback = os.path.join(launcher, "fallback.py")
    python = os.path.join(launcher, "bin", "python")
    os.execve(python, [python, "-I", fallback, path, dumps(problem), *rest], environment)


def hold(path: str, *, used: bool = True) -> None:
    """Say that this kernel is used, and hold the lock that says so for as long as it runs.

    The descriptor outlives ``exec``. A home that cannot be written is no reason not to start.
    """
    import fcntl

    try:
        place = os.path.splitext(path)[0] + ".used"
        never = not os.path.exists(place)
        lock = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
        if used:
            os.utime(lock)
        elif never:
            os.utime(lock, (0, 0))
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.set_inheritable(lock, True)
    except OSError:
        return


def in_container(
    record: dict[str, Any], path: str, launcher: str, rest: list[str], environment: dict[str, str]
) -> NoReturn:
    """Become the launcher of a container, which is part of mlenv itself; raises Missing."""
    python = record["cli"][0]
    if not os.path.exists(python):
        raise Missing(
            "no_mlenv",
            f"The Python that mlenv was installed in is gone (it was {python}).",
            f"mlenv kernel install {record['name']}:{record['version']}",
        )
    from json import dumps

    # By the environment of that process: an argument would show in the list of processes.
    environment = dict(
        environment,
        MLENV_KERNEL_VARIABLES=dumps(variables(record)),
        MLENV_KERNEL_NOTEBOOK=own_notebook(os.environ) or "",
    )
    os.execve(python, [python, "-c", CONTAINER, path, launcher, *rest], environment)


def read(path: str) -> tuple[str, dict[str, Any]]:
    """The launch record, as text and as a value."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        record = parse(text)
        for key in ("name", "version", "prefix", "python", "site_packages", "overlays"):
            record[key]
    except FileNotFoundError:
        raise Missing("no_launch_record", "mlenv no longer knows this kernel.") from None
    except (ValueError, KeyError, TypeError):
        raise Missing(
            "bad_launch_record", "What mlenv wrote down about this kernel is damaged."
        ) from None
    return text, record


def check(record: dict[str, Any]) -> None:
    """Whether everything that was built is still there; raises Missing."""
    label = overlays.label(record)
    if not os.path.isdir(record["site_packages"]):
        raise Missing("no_prefix", f"{label} is not on this machine any more.")
    if record.get("record") and not os.path.exists(record["record"]):
        raise Missing("not_committed", f"{label} is not whole on this machine.")
    if not os.path.exists(record["python"]):
        base = overlays.base_python(record["python"], record["prefix"])
        raise Missing(
            "no_python", f"The Python that {label} was built with is gone (it was {base})."
        )
    if record.get("layer") and not os.path.isdir(record["layer"]):
        raise Missing("no_layer", f"The kernel layer of {label} is gone.")


def prepare(
    text: str, record: dict[str, Any], launcher: str, path: str, *, waits: bool = False
) -> str:
    """Find or make the overlay; its directory.

    A store that cannot be written still gives a kernel, with an overlay among the system's
    temporary files. That of a kernel of the pool gets its notebook later, and its name stays. Into
    a container the notebook's own is mounted.
    """
    mounted = record.get("mounted")
    if mounted:
        notebook = mounted["notebook"]
    else:
        notebook = None if waits else own_notebook(os.environ)
    described = overlays.describe(
        text, launcher=launcher, notebook=notebook, temporary=notebook is None, record_path=path
    )
    if mounted:
        place = mounted["place"]
    elif notebook:
        place = overlays.place_of(record["overlays"], notebook, record)
    elif waits:
        place = os.path.join(record["overlays"], os.urandom(12).hex())
    else:
        place = os.path.join(record["overlays"], _temporary_name())
    try:
        for _ in range(TRIES):
            overlays.make_thin(place, record, launcher=launcher, text=described)
            if not notebook or hold_overlay(place):
                break
    except OSError:
        from tempfile import mkdtemp

        place = mkdtemp(prefix="mlenv-" + overlays.TEMPORARY)
        described = overlays.describe(
            text, launcher=launcher, notebook=notebook, temporary=True, record_path=path
        )
        overlays.make_thin(place, record, launcher=launcher, text=described)
    return place


def hold_overlay(place: str) -> bool:
    """Hold an overlay's lock until the kernel has it; False if the overlay is being taken away.

    A kernel of the pool brings its own overlay, in the place of one that nobody holds.
    """
    lock = overlays.hold(place)
    if lock is None:
        return False
    os.set_inheritable(lock, True)
    return os.path.exists(os.path.join(place, "overlay.json"))


def own_notebook(environment: Any) -> str | None:
    """The notebook that this kernel was started for, as an absolute path.

    JPY_SESSION_NAME is inherited by everything that a kernel starts, a nested `papermill` too.
    So it counts only if the direct parent set it: if the parent was itself started with the same
    value, it is somebody else's.
    """
    session = environment.get("JPY_SESSION_NAME")
    if not session or environment.get(overlays.NOTEBOOK_OF) == str(os.getppid()):
        return None
    inherited_value = _of_parent("JPY_SESSION_NAME")
    if inherited_value is None or inherited_value == session:
        return None
    return os.path.abspath(session)


def inherited(source: Any) -> dict[str, str]:
    """The client's environment without what a kernel must not see."""
    return {
        name: value
        for name, value in source.items()
        if name in ALLOWED or not (name in DENIED or name.startswith(DENIED_PREFIXES))
    }


def kernel_environment(base: dict[str, str], record: dict[str, Any], place: str) -> dict[str, str]:
    """The environment of the kernel: as if the overlay were activated, then the variables."""
    prefix, layer = record["prefix"], record.get("layer")
    above = [place] if overlays.is_promoted(place) else [place, prefix]
    roots = [*above, layer] if layer else above
    made = activated(base, record)
    made["VIRTUAL_ENV"] = place
    made["PATH"] = _joined(
        [os.path.join(root, "bin") for root in roots], made.get("PATH", os.defpath)
    )
    for variable, inside in (("JUPYTER_PATH", "share"), ("JUPYTER_CONFIG_PATH", "etc")):
        places = [os.path.join(root, inside, "jupyter") for root in roots[1:]]
        found = [one for one in places if os.path.isdir(one)]
        if found:
            made[variable] = _joined(found, base.get(variable, ""))
    made.update(variables(record))
    return made


def activated(base: dict[str, str], record: dict[str, Any]) -> dict[str, str]:
    """What the prefix's activation scripts set, as it was found out when they were installed.

    Each is `[value]`, or `[value, before, after]` where it adds to what is set already.
    """
    made = dict(base)
    for name, (value, *around) in (record.get("activation") or {}).items():
        before = made.get(name)
        made[name] = around[0] + before + around[1] if around and before else value
    return made


def variables(record: dict[str, Any]) -> dict[str, str]:
    """The variables of the version, secrets resolved; raises Missing."""
    if record.get("resolved"):  # in a container: its launcher has done it
        with open(record["resolved"], encoding="utf-8") as file:
            return parse(file.read())
    found = record.get("variables") or {}
    if not any("${secret:" in text for text in found.values()):
        return found
    from secret_values import NoSecret, resolved

    try:
        return resolved(
            found, environment=record["name"], home=record["home"], cli=record["cli"], parse=parse
        )
    except NoSecret as missing:
        raise Missing("secret_missing", str(missing), missing.remedy) from None


def options(record: dict[str, Any]) -> list[str]:
    """Interpreter options, as `ipykernel install` has them: debugpy cannot see frozen ones."""
    directory = os.path.basename(os.path.dirname(record["site_packages"]))
    minor = directory.rpartition(".")[2]
    return ["-Xfrozen_modules=off"] if minor.isdigit() and int(minor) >= 11 else []


def parse(text: str) -> dict[str, Any]:
    """JSON by the C scanner alone: `json` imports `re`, which takes as long as Python itself."""
    try:
        from _json import make_scanner

        value, end = make_scanner(_Plain)(text, 0)
        if text[end:].strip():
            raise ValueError("text after the record")
    except (ImportError, AttributeError, StopIteration, TypeError, SystemError):
        # Wrong JSON too: the scanner alone cannot say what is wrong with it.
        from json import loads

        value = loads(text)
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


class _Plain:
    strict = True
    object_hook = object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}


def _of_parent(variable: str) -> str | None:
    """What the parent process was started with; '' for nothing, None if it cannot be told."""
    parent = os.getppid()
    wanted = os.fsencode(variable) + b"="
    try:
        with open(f"/proc/{parent}/environ", "rb") as file:
            pairs = file.read().split(b"\0")
    except OSError:
        if sys.platform != "darwin":
            return None
        from subprocess import run

        shown = run(
            ["ps", "eww", "-o", "command=", "-p", str(parent)], capture_output=True, check=False
        )
        if shown.returncode:
            return None
        # ps separates by spaces, which values may hold too: compare with what is known instead.
        value = os.fsencode(os.environ[variable])
        return os.fsdecode(value) if b" " + wanted + value in shown.stdout else ""
    for pair in pairs:
        if pair.startswith(wanted):
            return os.fsdecode(pair[len(wanted) :])
    return ""


def _temporary_name() -> str:
    return overlays.TEMPORARY + os.urandom(6).hex()


def _joined(places: list[str], rest: str) -> str:
    return os.pathsep.join([*places, rest] if rest else places)
