"""The kernel process: ipykernel as it is, and the one magic `%mlenv`, which loads on first use.

Part of the launcher, run by the overlay's Python (3.8 and later). It leaves sys.path and the
user's namespace as plain ipykernel does.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
OVERLAY = sys.prefix


def main() -> None:
    """Run the kernel until it is shut down."""
    # The directory of a script comes first on sys.path; ipykernel itself puts the working
    # directory there later.
    if sys.path and os.path.realpath(sys.path[0]) in (os.path.realpath(HERE), os.getcwd()):
        del sys.path[0]
    waits = os.environ.pop("_MLENV_WAITS", "")
    os.environ.pop("_MLENV_BUILT", None)
    hold_overlay(temporary="tmp-" in os.path.basename(OVERLAY) or bool(waits))
    try:
        application = application_class(waits)
    except ImportError as error:
        explain(error)
    application.launch_instance()


def application_class(waits: str = "") -> Any:
    """IPKernelApp with the magic and the look at the overlay.

    ``waits`` is the descriptor by which a kernel of the pool is told whose it is.
    """
    from ipykernel.kernelapp import IPKernelApp

    class MlenvKernelApp(IPKernelApp):  # type: ignore[misc]  # ipykernel is not installed here
        """The IPython kernel of an mlenv environment."""

        def init_shell(self) -> None:
            super().init_shell()
            if self.shell is not None:
                add_magic(self.shell)
                watch_overlay(self.shell)

        def start(self) -> None:
            tell_version(self.kernel)
            if waits:
                waiting = load("waiting", "_mlenv_waiting")
                waiting.wait(self, int(waits), OVERLAY, lambda: atexit.unregister(_discard))
            super().start()

    return MlenvKernelApp


def add_magic(shell: Any) -> None:
    """Register `%mlenv` and `%%mlenv` as a stub, which replaces itself on first use."""
    completes: list[Any] = []

    def take_over() -> None:
        record = read_record()
        module = load("magics/kernel_magic", "_mlenv_magic")
        completes.append(module.register(shell, cli=record["cli"], record=record))

    def mlenv(line: str, cell: str | None = None) -> Any:
        take_over()
        found = shell.magics_manager.magics["line" if cell is None else "cell"]["mlenv"]
        if found is mlenv:
            raise RuntimeError("The code of %mlenv did not register itself.")
        return found(line) if cell is None else found(line, cell)

    def complete(_: Any, event: Any) -> Any:
        if completes:
            return []  # it has a hook of its own by now
        take_over()
        return completes[0](event)

    mlenv.__doc__ = load("magics/help", "_mlenv_help").HELP
    del sys.modules["_mlenv_help"]
    shell.register_magic_function(mlenv, magic_kind="line_cell", magic_name="mlenv")
    shell.set_hook("complete_command", complete, str_key="%mlenv")


def tell_version(kernel: Any) -> None:
    """Have who runs a notebook write down the version, without knowing of mlenv.

    nbclient, papermill and nbconvert keep what a kernel says of its language in the notebook. An
    output says it too where nobody sits before it, since such clients write to no cell.
    """
    try:
        record = read_record()
        label = "{} v{}".format(record["name"], record["version"])
        ran = {"ran": label, "digest": record["digest"]}
    except (OSError, ValueError, KeyError):
        return  # no reason not to start
    kernel.language_info = dict(kernel.language_info, mlenv=ran)

    def note(message: dict[str, Any]) -> dict[str, Any]:
        if not getattr(kernel, "_allow_stdin", True):
            message["content"].setdefault("metadata", {})["mlenv"] = ran
        return message

    for publisher in (kernel.shell.display_pub, kernel.shell.displayhook):
        if hasattr(publisher, "register_hook"):  # of results not before ipykernel 6.30
            publisher.register_hook(note)


def read_record() -> dict[str, Any]:
    """The launch record, and where this kernel runs: `overlay`, `notebook`, `temporary`."""
    import json

    with open(os.path.join(OVERLAY, "overlay.json"), encoding="utf-8") as file:
        described = json.load(file)
    record: dict[str, Any] = described["record"]
    return dict(
        record,
        overlay=OVERLAY,
        notebook=described["notebook"],
        temporary=described["temporary"],
        launcher=described["launcher"],
    )


def load(name: str, module_name: str) -> Any:
    """A module of the launcher by its file."""
    specification = importlib.util.spec_from_file_location(
        module_name, os.path.join(HERE, name + ".py")
    )
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module_name] = module
    try:
        specification.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
    return module


def watch_overlay(shell: Any) -> None:
    """Before and after each cell, see whether a tool changed the overlay: one stat each time."""
    marker = os.path.join(OVERLAY, "promoted")
    seen = [_changed_at(marker)]

    def look(*_: Any) -> None:
        now = _changed_at(marker)
        if now != seen[0]:
            seen[0] = now
            load("changes", "_mlenv_changes").follow(OVERLAY)

    shell.events.register("pre_run_cell", look)
    shell.events.register("post_run_cell", look)


def _changed_at(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def hold_overlay(*, temporary: bool) -> None:
    """Hold the overlay's lock while this process lives; a temporary overlay goes when it ends.

    The name tells: reading overlay.json can wait until something needs it.
    """
    import fcntl

    try:
        lock = os.open(os.path.join(OVERLAY, "lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return  # a file system without locks, or a read-only one: only cleaning is affected
    if temporary:
        atexit.register(_discard, os.getpid(), lock)


def _discard(owner: int, lock: int) -> None:
    if os.getpid() != owner:  # a fork of the kernel that ends as a Python does
        return
    os.close(lock)
    sweep = load("sweep", "_mlenv_sweep")
    sweep.remove(OVERLAY)
    if os.path.basename(OVERLAY).startswith("tmp-"):  # else it is among other people's files
        sweep.sweep(os.path.dirname(OVERLAY))


def explain(error: ImportError) -> None:
    """Become the fallback kernel: what should carry the kernel cannot be imported."""
    import json

    with open(os.path.join(OVERLAY, "overlay.json"), encoding="utf-8") as file:
        described = json.load(file)
    problem = {
        "code": "no_ipykernel",
        "message": f"ipykernel cannot be imported in this environment: {error}.",
        "remedy": "",
    }
    python = os.path.join(HERE, "bin", "python")
    fallback = os.path.join(HERE, "fallback.py")
    arguments = [described["record_path"], json.dumps(problem), *sys.argv[1:]]
    os.execv(python, [python, "-I", fallback, *arguments])


if __name__ == "__main__":
    main()
