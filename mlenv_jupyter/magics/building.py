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
    head = state_mark("ready", "Ready:") + " " + title(name, number)
    html = tag(tag(head) + quiet(escape(how)), "display:flex;gap:10px;flex-wrap:wrap")
    html += quiet(marked(hint)) + _log(view, list(view.lines), opened=False)
    return Card(f"✓ Ready: {name} {number}   {how}\n" + hint.replace("`", ""), html)


def _under_way(view: View) -> Card:
    name, number = view.title
    stages = view.stages()
    html = row(title(name, number), state_mark(view.state) if view.ended else "")
    text = [f"{name} {number}", " → ".join(_step_text(*one) for one in stages)]
    html += tag(
        "".join(_step_html(*one) for one in stages), "display:flex;flex-wrap:wrap;margin-top:8px"
    )
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
        html += tag(problem_html(error), style)
        text.append(problem_text(error))
    last = list(view.lines)
    html += _log(view, last if view.ended else last[-SHOWN:], opened=True)
    text += [f"{at:7.1f}  {line}" for at, line, _ in last[-SHOWN:]]
    return Card("\n".join(text), html)


def _how(view: View) -> str:
    spent = sum(seconds for _, state, seconds in view.stages() if seconds and state == "done")
    parts = ["built already" if view.build.get("reused") else f"built in {spent:.1f} s"]
    if view.build.get("packages") is not None:
        parts.append(plural(view.build["packages"], "package"))
    return " · ".join(parts)


def _step_html(stage: str, state: str, seconds: float | None) -> str:
    glyph, colour = GLYPHS[state]
    weight = "400" if state == "waiting" else "600"
    head = (
        in_colour(glyph, colour) + " " + tag(_word(stage, state), f"font-weight:{weight}", "span")
    )
    spent = "&nbsp;" if seconds is None else f"{seconds:.1f} s"
    spent = tag(spent, f"color:{QUIET};font-variant-numeric:tabular-nums")
    return tag(head + spent, "flex:1;min-width:84px")


def _step_text(stage: str, state: str, seconds: float | None) -> str:
    shown = _word(stage, state)
    return shown if seconds is None else f"{shown} {seconds:.1f} s"


def _word(stage: str, state: str) -> str:
    return STEPS[stage][1 if state == "done" else 0]


def _bar(progress: dict[str, Any]) -> tuple[str, str]:
    done, total = progress.get("done", 0), progress["total"]
    count = f"{done} of {plural(total, 'package')}"
    if progress.get("bytes_total"):
        count += f"   {size(progress.get('bytes_done') or 0)} of {size(progress['bytes_total'])}"
    share = min(1.0, done / total)
    inner = tag("", f"height:4px;width:{share * 100:.1f}%;background:{BLUE}")
    html = tag(inner, f"height:4px;background:{LINE};margin:8px 0 4px")
    html += tag(escape(count), "font-variant-numeric:tabular-nums")
    return f"[{('#' * int(share * 20)).ljust(20, '-')}] {count}", html


def _log(view: View, lines: list[tuple[float, str, str]], *, opened: bool) -> str:
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
