"""The card of a build: steps, progress and log while it runs, one line when it is done.

Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

from html import escape

from .markup import (
    BLUE,
    GREEN,
    LINE,
    ORANGE,
    QUIET,
    RED,
    Card,
    fold,
    in_colour,
    marked,
    plural,
    preformatted,
    quiet,
    row,
    size,
    state_mark,
    state_text,
    tag,
    title,
)
from .problems import problem_html, problem_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .following import View

BUILD = "application/vnd.mlenv.build+json"
STEPS = {
    "queued": ("Queued", "Queued"),
    "resolving": ("Resolving", "Resolved"),
    "installing": ("Installing", "Installed"),
    "verifying": ("Verifying", "Verified"),
    "ready": ("Ready", "Ready"),
}
GLYPHS = {
    "done": ("✓", GREEN),
    "running": ("◔", BLUE),
    "failed": ("✗", RED),
    "waiting": ("○", QUIET),
}
SHOWN = 5
"""Lines of the log that are shown while the build runs."""
ON = "No longer followed here; it goes on."


def build(view: View) -> Card:
    """A build as it is now; the log is folded once it is ready."""
    card = _ready(view) if view.state == "succeeded" else _under_way(view)
    if view.build.get("id"):
        card.live = {
            BUILD: {key: str(view.build.get(key, "")) for key in ("id", "name", "version")}
        }
    return card


def _ready(view: View) -> Card:
    name, number = view.title
    how, hint = _how(view), f"Use it: `%mlenv use {view.reference}`"
    ready = state_mark("ready", "Ready:") + " " + title(name, number)
    html = tag(tag(ready) + quiet(escape(how)), "display:flex;gap:10px;flex-wrap:wrap")
    html += quiet(marked(hint)) + log(view, list(view.lines), opened=False)
    return Card(f"✓ Ready: {name} {number}   {how}\n" + hint.replace("`", ""), html)


def _under_way(view: View) -> Card:
    name, number = view.title
    html = head(view) + steps(view)
    ended = "   " + state_text(view.state) if view.ended else ""
    text = [f"{name} {number}{ended}", " → ".join(_step_text(*one) for one in view.stages())]
    if view.interrupted:
        html += quiet(ON)
        text.append(ON)
    elif not view.ended and view.progress.get("total"):
        bar_text, bar_html = _bar(view.progress)
        html += bar_html
        text.append(bar_text)
    error = view.build.get("error")
    if error:
        style = f"border-top:1px solid {LINE};margin-top:8px;padding-top:8px"
        html += tag(problem_html(error, view.reference), style)
        text.append(problem_text(error, view.reference))
    if view.ended:
        html += quiet(marked(again(view)))
        text.append("  " + again(view).replace("`", ""))
    last = list(view.lines)
    html += log(view, last if view.ended else last[-SHOWN:], opened=True)
    text += [f"{at:7.1f}  {line}" for at, line, _ in last[-SHOWN:]]
    return Card("\n".join(text), html)


def head(view: View) -> str:
    """Name and version, and how it ended, as HTML."""
    return row(title(*view.title), state_mark(view.state) if view.ended else "")


def steps(view: View) -> str:
    """The stages, as HTML."""
    made = "".join(_step_html(*one) for one in view.stages())
    return tag(made, "display:flex;flex-wrap:wrap;margin-top:8px")


def again(view: View) -> str:
    """How to build the same once more."""
    form = " --as image" if view.build.get("form") == "image" else ""
    line = f"%mlenv build {view.reference}{form}"
    if view.state != "failed":
        return f"Build again: `{line}`"
    return f"Retry: `{line}`; and download everything anew: `{line} --no-cache`"


def _how(view: View) -> str:
    spent = sum(seconds for _, state, seconds in view.stages() if seconds and state == "done")
    parts = ["built already" if view.build.get("reused") else f"built in {spent:.1f} s"]
    if view.build.get("packages") is not None:
        parts.append(plural(view.build["packages"], "package"))
    return " · ".join(parts)


def _step_html(stage: str, state: str, seconds: float | None) -> str:
    glyph, colour = GLYPHS[state]
    weight = "400" if state == "waiting" else "600"
    word = tag(_word(stage, state), f"font-weight:{weight}", "span")
    spent = "&nbsp;" if seconds is None else f"{seconds:.1f} s"
    spent = tag(spent, f"color:{QUIET};font-variant-numeric:tabular-nums")
    return tag(in_colour(glyph, colour) + " " + word + spent, "flex:1;min-width:84px")


def _step_text(stage: str, state: str, seconds: float | None) -> str:
    shown = _word(stage, state)
    return shown if seconds is None else f"{shown} {seconds:.1f} s"


def _word(stage: str, state: str) -> str:
    return STEPS[stage][1 if state == "done" else 0]


def count(progress: dict[str, Any]) -> str:
    """How many packages and bytes are done."""
    text = f"{progress.get('done', 0)} of {plural(progress['total'], 'package')}"
    if progress.get("bytes_total"):
        text += f"   {size(progress.get('bytes_done') or 0)} of {size(progress['bytes_total'])}"
    return text


def share(progress: dict[str, Any]) -> float:
    """The part of the packages that is done, from 0 to 1."""
    return min(1.0, float(progress.get("done", 0)) / float(progress["total"]))


def _bar(progress: dict[str, Any]) -> tuple[str, str]:
    text, part = count(progress), share(progress)
    inner = tag("", f"height:4px;width:{part * 100:.1f}%;background:{BLUE}")
    html = tag(inner, f"height:4px;background:{LINE};margin:8px 0 4px")
    html += tag(escape(text), "font-variant-numeric:tabular-nums")
    return f"[{('#' * int(part * 20)).ljust(20, '-')}] {text}", html


def log(view: View, lines: list[tuple[float, str, str]], *, opened: bool) -> str:
    """Lines of the log below how many there are, as HTML."""
    if not lines:
        return ""
    body = "\n".join(_log_line(*one) for one in lines)
    unit = "line" if view.count == 1 else "lines"
    return fold("Log", preformatted(body), view.count, unit, opened=opened)


def _log_line(at: float, text: str, level: str) -> str:
    colour = {"warn": ORANGE, "error": RED}.get(level, "inherit")
    if text.lstrip().startswith("+ "):
        colour = "var(--jp-success-color0,#2e7d32)"
    elif text.lstrip().startswith("- "):
        colour = RED
    return in_colour(f"{at:6.1f}", QUIET) + "  " + in_colour(escape(text), colour)
