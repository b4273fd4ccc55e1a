"""Cards: everything that somebody wrote is escaped, and the text says what the HTML says."""

from __future__ import annotations

import ast
import json
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter, MarkdownExporter

from mlenv_jupyter.magics import building, cards, problems
from mlenv_jupyter.magics.drift import between, from_directories, wanted
from mlenv_jupyter.magics.following import View
from tests.magics.conftest import MODULES

EVIL = "<script>alert('x')</script>"
PROBLEM = {
    "message": f"{EVIL} cannot be installed.",
    "detail": f"because {EVIL}",
    "where": f"pip.requirements[{EVIL}]",
    "culprits": [{"requirement": f"numpy=={EVIL}", "note": f"no {EVIL}"}],
    "remedy": f"Try `mlenv build {EVIL}`.",
    "fixes": [{"label": f"Drop {EVIL}", "remove": [EVIL], "add": []}],
}
VERSION: dict[str, Any] = {
    "name": "demo",
    "version": "3",
    "state": "ready",
    "python": "3.11",
    "description": EVIL,
    "size": 71_400_000,
    "digest": "e1250fea1a7e",
    "kernel": None,
    "packages": [{"name": "six", "version": "1.17.0"}],
    "definition": {
        "pip": {"requirements": [EVIL]},
        "conda": {"packages": []},
        "variables": {"A": EVIL},
    },
}


class Tags(HTMLParser):
    """The tags of a text, each of which must be closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def build_view(**build: Any) -> View:
    view = View()
    base = {"name": "demo", "version": "3", "state": "installing", "error": None, **build}
    view.build = base
    view.feed('{"t": 0.0, "k": "stage", "s": "queued"}')
    view.feed('{"t": 0.2, "k": "stage", "s": "resolving", "x": "resolve"}')
    view.feed('{"t": 1.1, "k": "stage", "s": "installing", "x": "install"}')
    view.feed(
        '{"t": 1.5, "k": "progress", "s": "installing", "d": {"done": 41, "total": 86, '
        '"bytes_done": 612000000, "bytes_total": 1200000000}}'
    )
    view.feed('{"t": 2.0, "k": "line", "s": "installing", "x": " + six==1.17.0 <b>", "l": "err"}')
    return view


CARDS = {
    "problem": problems.problem(PROBLEM),
    "problems": problems.problem({"message": "two", "problems": [PROBLEM, PROBLEM]}),
    "version": cards.version(VERSION),
    "sentence": cards.sentence(EVIL, f"Type `{EVIL}`."),
    "use": cards.use({"display_name": EVIL, "kernel_name": "mlenv-x-00000000"}, False),
    "build": building.build(build_view(name=EVIL)),
    "failed": building.build(build_view(state="failed", error=PROBLEM)),
    "checks": cards.checks(
        {"checks": [{"name": EVIL, "ok": False, "message": EVIL, "remedy": EVIL}]}
    ),
    "diff": cards.diff(
        {
            "python": ["3.10", None],
            "requirements": [{"change": "added", "name": EVIL, "before": None, "after": "1"}],
            "variables": [],
            "packages": None,
        }
    ),
}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_what_people_wrote_is_escaped(card: Any) -> None:
    bundle = card.bundle()
    tags = Tags(bundle["text/html"])
    assert not tags.open
    assert "script" not in tags.seen
    assert EVIL in bundle["text/plain"]


def test_problem_as_text() -> None:
    shown = problems.problem(
        {
            "message": "numpy and pandas exclude each other.",
            "detail": "pandas 2 wants numpy<2.",
            "where": "pip.requirements[1]",
            "culprits": [{"requirement": "numpy==2.3", "note": "excluded"}],
            "remedy": "Loosen one, then `mlenv build demo`.",
        }
    )
    assert shown.text.splitlines() == [
        "✗ numpy and pandas exclude each other.",
        "  pandas 2 wants numpy<2.",
        "  at pip.requirements[1]",
        "  ▸ numpy==2.3  excluded",
        "  Loosen one, then %mlenv build demo.",
    ]
    assert "<code>%mlenv build demo</code>" in shown.html


@pytest.mark.parametrize(
    ("shell", "cell"),
    [
        ("Run `mlenv build x`.", "Run `%mlenv build x`."),
        ("Build it: mlenv build x", "Build it: %mlenv build x"),
        ("Update mlenv.", "Update mlenv."),
        ("`pip install mlenv-jupyter`", "`pip install mlenv-jupyter`"),
    ],
)
def test_remedy_is_typed_in_a_cell(shell: str, cell: str) -> None:
    assert problems.in_cell(shell) == cell


def test_build_as_text_while_it_runs() -> None:
    view = build_view()
    lines = building.build(view).text.splitlines()
    assert lines[0] == "demo v3"
    assert lines[1].startswith("Queued 0.2 s → Resolved 0.9 s → Installing ")
    assert lines[1].endswith(" → Verifying → Ready")
    assert lines[2] == "[#########-----------] 41 of 86 packages   612.0 MB of 1.2 GB"
    assert lines[3] == "    2.0   + six==1.17.0 <b>"


def test_build_shrinks_when_it_is_ready() -> None:
    view = build_view()
    view.feed(
        '{"build": {"name": "demo", "version": "3", "state": "succeeded", "packages": 84, '
        '"stages": [{"stage": "queued", "seconds": 0.2}, {"stage": "resolving", "seconds": 0.9}, '
        '{"stage": "installing", "seconds": 1.0}, {"stage": "verifying", "seconds": 0.3}]}}'
    )
    card = building.build(view)
    assert card.text.splitlines() == [
        "✓ Ready: demo v3   built in 2.4 s · 84 packages",
        "Use it: %mlenv use demo:3",
    ]
    assert "<details open" not in card.html
    assert "<button" not in card.html


def test_failed_stage_is_marked() -> None:
    view = build_view()
    view.feed(
        '{"build": {"name": "demo", "version": "3", "state": "failed", "error": {"message": "no"},'
        ' "stages": [{"stage": "queued", "seconds": 0.2, "state": "done"},'
        ' {"stage": "resolving", "seconds": 0.5, "state": "failed"}]}}'
    )
    assert [(stage, state) for stage, state, _ in view.stages()] == [
        ("queued", "done"),
        ("resolving", "failed"),
        ("installing", "waiting"),
        ("verifying", "waiting"),
        ("ready", "waiting"),
    ]


def test_failed_build_says_what_to_type() -> None:
    fixes = [
        {"label": "Use six>=2", "remove": ["six<2"], "add": ["six>=2"]},
        {"label": "Drop six", "remove": ["six<2"]},
    ]
    view = build_view(state="failed", error={"message": "no", "fixes": fixes})
    lines = building.build(view).text.splitlines()
    assert "  Fix: Use six>=2 (− six<2, + six>=2): %mlenv mend demo:3" in lines
    assert "  Fix: Drop six (− six<2): %mlenv mend demo:3 --fix 2" in lines
    again = "%mlenv build demo:3"
    assert f"  Retry: {again}; and download everything anew: {again} --no-cache" in lines
    assert f"<code>{again} --no-cache</code>" in building.build(view).html
    assert "<code>%mlenv mend demo:3 --fix 2</code>" in building.build(view).html
    stopped = building.build(build_view(state="cancelled", form="image")).text
    assert "Build again: %mlenv build demo:3 --as image" in stopped
    assert "Retry" not in building.build(build_view()).text


def test_where_am_i_and_what_drifted(tmp_path: Path) -> None:
    prefix, overlay = tmp_path / "prefix", tmp_path / "overlay"
    for place, names in (
        (prefix, ["six-1.17.0", "Old_Name-1.0"]),
        (overlay, ["polars-1.35.2", "six-1.16.0"]),
    ):
        for name in names:
            (place / f"{name}.dist-info").mkdir(parents=True)
    record = {
        "name": "demo",
        "version": "3",
        "digest": "9f3c21d0aaaa",
        "packages": {"six": "1.17.0", "old-name": "1.0", "gone": "2.0"},
        "layer_packages": {"ipykernel": "7.0"},
        "variables": {"B": "x", "A": "y"},
        "prefix": str(prefix),
        "overlay": str(overlay),
        "layer": None,
    }
    path = [str(overlay), str(prefix), str(tmp_path / "elsewhere")]
    found = between(record, path)
    assert found.text() == (
        "+1 package: polars 1.35.2; ~1 package: six 1.17.0 → 1.16.0; −1 package: gone"
    )
    assert wanted(found) == ["polars==1.35.2", "six==1.16.0"]
    card = cards.drift(record, found)
    assert [line.split() for line in card.text.splitlines()] == [
        ["Drift", "Package", "demo", "v3", "Here"],
        ["+", "added", "polars", "1.35.2"],
        ["~", "changed", "six", "1.17.0", "1.16.0"],
        ["−", "removed", "gone", "2.0"],
        ["Keep", "it", "as", "the", "next", "version:", "%mlenv", "save"],
    ]
    lines = cards.where(record).text.splitlines()
    assert lines[0] == "demo v3   Ready"
    assert lines[1] == f"Python    {sys.version.split()[0]}"
    assert "Variables A, B" in lines


def test_what_is_saved_of_what_was_added(tmp_path: Path) -> None:
    """What pip noted is what was asked for, and where it came from; the rest comes along."""
    origins = {
        "asked-1.0": None,
        "along-2.0": None,
        "cloned-0.1": {
            "url": "https://example.invalid/a.git",
            "vcs_info": {"vcs": "git", "commit_id": "1a2b"},
        },
        "here-0.1": {"url": "file:///work", "dir_info": {"editable": True}},
    }
    for name, origin in origins.items():
        info = tmp_path / f"{name}.dist-info"
        info.mkdir()
        if not name.startswith("along"):
            (info / "REQUESTED").touch()
        if origin:
            (info / "direct_url.json").write_text(json.dumps(origin))
    found = between({"packages": {}, "overlay": str(tmp_path)}, [str(tmp_path)])
    assert from_directories(found) == ["here"]
    assert wanted(found)[:2] == [
        "asked==1.0",
        "cloned @ git+https://example.invalid/a.git@1a2b",
    ]


def test_where_am_i_elsewhere() -> None:
    assert "not an environment of mlenv" in cards.where({}).text


@pytest.mark.parametrize("module", MODULES)
def test_code_is_python_38_and_standard_library(module: str) -> None:
    tree = ast.parse(MODULES[module], feature_version=(3, 8))
    names = {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    names |= {
        n.module
        for n in ast.walk(tree)
        if isinstance(n, ast.ImportFrom) and n.module is not None and n.level == 0
    }
    outside = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert outside <= {"IPython", "comm", "ipykernel", "ipywidgets"}


def test_build_and_list_say_what_they_are_about() -> None:
    view = build_view(id="b7")
    about = {"id": "b7", "name": "demo", "version": "3"}
    assert building.build(view).bundle()[building.BUILD] == about
    view.build["state"] = "succeeded"
    assert building.build(view).bundle()[building.BUILD] == about
    assert set(building.build(build_view()).bundle()) == {"text/plain", "text/html"}

    latest = {"version": "3", "state": "ready", "python": None}
    listed = cards.environments({"items": [{"name": "demo", "source": "x", "latest": latest}]})
    assert listed.bundle()[cards.LIST] == {"items": [{"name": "demo", "version": "3"}]}
    assert cards.LIST not in cards.environments({"items": []}).bundle()


def test_other_clients_show_the_card() -> None:
    data = building.build(build_view(id="build-number-7")).bundle()
    cell = nbformat.v4.new_code_cell("%mlenv build demo")
    cell.outputs = [nbformat.v4.new_output("display_data", data)]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbformat.validate(notebook)
    html, _ = HTMLExporter().from_notebook_node(notebook)
    assert "41 of 86 packages" in html
    assert "build-number-7" not in html
    assert "vnd.mlenv" not in html
    text, _ = MarkdownExporter().from_notebook_node(notebook)
    assert "41 of 86 packages" in text
    assert "vnd.mlenv" not in text
