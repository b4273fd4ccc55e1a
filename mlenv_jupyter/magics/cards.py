"""The card of each verb's answer. Standard library only, Python 3.8 and later."""

from __future__ import annotations

import sys
from html import escape

from .drift import between
from .markup import (
    ORANGE,
    Card,
    columns,
    fold,
    grid,
    in_colour,
    marked,
    numbered,
    pair,
    preformatted,
    quiet,
    row,
    size,
    state_mark,
    state_text,
    table,
    tag,
    title,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .drift import Drift

LIST = "application/vnd.mlenv.list+json"
REPORTED = {"kept": "~ kept, not honoured: ", "refused": "✗ left out: "}
"""What is said of a file of which not everything was taken."""
MARKS = {"added": "+", "removed": "−", "upgraded": "↑", "downgraded": "↓", "changed": "~"}


def where(record: dict[str, Any]) -> Card:
    """The environment that this kernel runs in, and what differs from it."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    if not record:
        text = f"This kernel is not an environment of mlenv (Python {python} in {sys.prefix})."
        return sentence(text, "`%mlenv list` shows the environments, `%mlenv use NAME` switches.")
    version = numbered(record["version"])
    variables = sorted(record.get("variables") or {})
    changes = between(record, sys.path).text()
    pairs = [
        ("Python", python),
        ("Packages", str(len(record["packages"]))),
        ("Digest", str(record["digest"])[:8]),
        ("Variables", ", ".join(variables)),
        ("Drift", changes or "none"),
    ]
    head = title(record["name"], version)
    mark = state_mark("ready")
    shown = [pair(name, escape(value)) for name, value in pairs if value]
    if changes:
        shown[-1] = pair("Drift", in_colour("◆", ORANGE) + " " + escape(changes))
    text = f"{record['name']} {version}   Ready\n{columns(pairs)}"
    return Card(text, row(head, mark) + grid(shown))


def drift(record: dict[str, Any], found: Drift) -> Card:
    """What differs from the version, package by package, and what can be done about it."""
    label = "{} {}".format(record["name"], numbered(record["version"]))
    if not found:
        return sentence(f"This kernel has what {label} has, nothing more and nothing less.")
    rows = [("+ added", one.name, "", one.version) for one in found.added]
    rows += [("~ changed", one.name, was, one.version) for one, was in found.changed]
    rows += [("− removed", name, was, "") for name, was in found.removed]
    shown = table(("Drift", "Package", label, "Here"), rows)
    hint = "Keep it as the next version: `%mlenv save`"
    if record.get("temporary"):
        hint += " (else it is gone when this kernel ends)"
    return Card(shown.text + "\n" + hint.replace("`", ""), shown.html + quiet(marked(hint)))


def discarded(record: dict[str, Any], found: Drift) -> Card:
    """What was taken out of the overlay again."""
    label = "{} {}".format(record["name"], numbered(record["version"]))
    return sentence(
        f"Taken back: {found.text()}. This notebook has what {label} has.",
        "Restart the kernel: what is imported already stays as it is until then.",
    )


def environments(answer: dict[str, Any]) -> Card:
    """The list of environments."""
    rows = [
        (
            one["name"] + (" (curated)" if one["source"] == "catalogue" else ""),
            numbered(one["latest"]["version"]),
            one["latest"]["state"],
            one["latest"]["python"] or "",
            ", ".join(one["latest"].get("wanted") or ()),
        )
        for one in answer["items"]
    ]
    if not rows:
        return sentence("There is no environment.", "Make one: `%mlenv new NAME -p PACKAGE`.")
    named = [{"name": one["name"], "version": one["latest"]["version"]} for one in answer["items"]]
    live = {LIST: {"items": named}}
    return table(("Name", "Version", "State", "Python", "Packages"), rows, state=2, live=live)


def version(answer: dict[str, Any]) -> Card:
    """One version: what was asked for, what it resolved to, its state."""
    definition = answer["definition"]
    packages = answer["packages"]
    head = title(answer["name"], numbered(answer["version"]))
    asked = [*definition["pip"]["requirements"], *definition["conda"]["packages"]]
    pairs = [
        ("Python", answer["python"] or "as mlenv's"),
        ("Asked for", ", ".join(asked) or "nothing"),
        ("Packages", "" if packages is None else str(len(packages))),
        ("Size", size(answer["size"])),
        ("Digest", answer["digest"][:8]),
        ("Variables", ", ".join("{}={}".format(*pair) for pair in definition["variables"].items())),
        ("Kernel", answer["kernel"] or ""),
        ("About", answer["description"]),
    ]
    shown = (answer["name"], numbered(answer["version"]), state_text(answer["state"]))
    text = "{} {}   {}\n".format(*shown)
    text += columns(pairs)
    html = row(head, state_mark(answer["state"]))
    html += grid([pair(name, escape(value)) for name, value in pairs if value])
    if packages:
        lines = ["{}=={}".format(one["name"], one["version"]) for one in packages]
        html += fold("Packages", preformatted(escape("\n".join(lines))), len(lines), "resolved")
        text += "\n" + "\n".join("  " + line for line in lines)
    for part, word in REPORTED.items():
        for line in (answer.get("report") or {}).get(part) or ():
            html += quiet(escape(word + line))
            text += "\n" + word + line
    if answer["state"] not in ("ready", "building", "queued"):
        hint = "Build it: `%mlenv build {}:{}`".format(answer["name"], answer["version"])
        html += quiet(marked(hint))
        text += "\n" + hint.replace("`", "")
    return Card(text, html)


def builds(answer: dict[str, Any]) -> Card:
    """The builds, newest first."""
    rows = [
        (
            one["id"],
            "{}:{}".format(one["name"], one["version"]),
            one["state"],
            one["created_at"][:16].replace("T", " "),
            (one["error"] or {}).get("message", ""),
        )
        for one in answer["items"]
    ]
    if not rows:
        return sentence("Nothing has been built yet.")
    return table(("Build", "Version", "State", "Begun (UTC)", "Error"), rows, state=2)


def diff(answer: dict[str, Any]) -> Card:
    """What differs between two versions."""
    rows = []
    if answer["python"]:
        before, after = answer["python"]
        rows.append(("~", "Python", before or "any", after or "any"))
    for part in ("requirements", "conda", "variables", "settings", "packages"):
        for one in answer.get(part) or ():
            mark = "{} {}".format(MARKS.get(one["change"], "~"), one["change"])
            rows.append((mark, one["name"], one["before"] or "", one["after"] or ""))
    if not rows:
        return sentence("The same.")
    return table(("Change", "What", "Before", "After"), rows)


def checks(answer: dict[str, Any]) -> Card:
    """What ``doctor`` found."""
    rows = [
        ("✓ ok", one["name"], one["message"], "")
        if one["ok"]
        else ("✗ not ok", one["name"], one["message"], one["remedy"])
        for one in answer["checks"]
    ]
    return table(("", "Check", "Found", "Remedy"), rows)


def started(answer: dict[str, Any]) -> Card:
    """A build that was started or cancelled, in one line."""
    name = "{} {}".format(answer["name"], numbered(answer["version"]))
    html = row(title(answer["name"], numbered(answer["version"])), state_mark(answer["state"]))
    return Card("{}   {} (build {})".format(name, state_text(answer["state"]), answer["id"]), html)


def use(kernel: dict[str, Any], asked: bool) -> Card:
    """The kernel is there; the front end was asked to switch, or there is none to ask."""
    shown = kernel["display_name"]
    if asked:
        return sentence(
            f"Switching this notebook to {shown}.",
            f"If it stays as it is, choose “{shown}” from the kernel menu.",
        )
    return sentence(
        f"{shown} is ready as a kernel.",
        "Start it: `jupyter console --kernel {}`, or choose “{}” in a notebook.".format(
            kernel["kernel_name"], shown
        ),
    )


def sentence(text: str, hint: str = "") -> Card:
    """A sentence, and what to do next."""
    html = tag(escape(text))
    if hint:
        html += quiet(marked(hint))
    return Card("\n".join(filter(None, (text, hint.replace("`", "")))), html)


CARDS = {
    "list": environments,
    "show": version,
    "new": version,
    "save": version,
    "set": version,
    "builds": builds,
    "diff": diff,
    "doctor": checks,
    "cancel": started,
}
"""The card of each verb's answer."""
