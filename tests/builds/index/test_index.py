"""Names and versions from a real index on a loopback port, and from disk when it is gone."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mlenv_jupyter.builds.index.simple import JSON
from mlenv_jupyter.core.definition import Definition
from mlenv_jupyter.core.errors import InvalidRequest, NotFound, Unavailable
from mlenv_jupyter.workspace import Workspace

PROJECTS = ["Team.Tools", "team-models", "other"]


class Served:
    """An index; ``up`` is whether it answers, ``asked`` the paths in their order."""

    def __init__(self) -> None:
        self.up = True
        self.asked: list[str] = []
        self.password = ""
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                served.asked.append(self.path)
                status, body = served.answer(self.path, self.headers.get("Authorization"))
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", JSON)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.host = f"127.0.0.1:{self.server.server_address[1]}"

    def answer(self, path: str, authorization: str | None) -> tuple[int, object]:
        wanted = "Basic " + base64.b64encode(f"me:{self.password}".encode()).decode()
        if not self.up:
            return 503, {}
        if self.password and authorization != wanted:
            return 401, {}
        if path == "/simple/":
            return 200, {"projects": [{"name": one} for one in PROJECTS]}
        if path == "/simple/team-models/":
            files = [{"filename": f"team_models-{one}-py3-none-any.whl"} for one in ("1.0", "2.0")]
            return 200, {"files": files}
        return 404, {}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The index that this machine is configured with; nothing else is asked."""
    made = Served()
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://{made.host}/simple")
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_names_come_from_the_index_that_is_configured(workspace: Workspace, served: Served) -> None:
    found = workspace.index.names("team", Definition.parse({}))
    assert [one.name for one in found.items] == ["team-models", "team-tools"]
    assert found.complete and found.asked_at
    # "tools" stands in the middle; a second time nothing is sent.
    assert workspace.index.names("m-tools", Definition.parse({})).items[0].name == "team-tools"
    assert served.asked == ["/simple/"]


def test_an_import_name_gives_the_package_that_is_meant(
    workspace: Workspace, served: Served
) -> None:
    first = workspace.index.names("sklearn", Definition.parse({})).items[0]
    assert (first.name, first.imported_as) == ("scikit-learn", "sklearn")


def test_without_an_index_what_is_known_is_answered(workspace: Workspace, served: Served) -> None:
    served.up = False
    found = workspace.index.names("pand", Definition.parse({}))
    assert found.items[0].name == "pandas"
    assert not found.complete and found.asked_at is None
    workspace.index.names("panda", Definition.parse({}))
    assert served.asked == ["/simple/"]  # not again for every letter


def test_versions_stay_known_when_the_index_is_gone(workspace: Workspace, served: Served) -> None:
    found = workspace.index.releases("Team_Models", Definition.parse({}))
    assert [one.version for one in found.items] == ["2.0", "1.0"]
    assert (found.index, found.offline) == (served.host, False)
    (kept,) = workspace.places.index.glob("*/team-models.json")
    os.utime(kept, (1, 1))
    served.up = False
    again = workspace.index.releases("team-models", Definition.parse({}))
    assert again.offline and again.items == found.items
    # And it is a name that is known from now on.
    names = workspace.index.names("team-m", Definition.parse({})).items
    assert [one.name for one in names] == ["team-models"]


def test_what_no_index_has_and_what_is_no_name(workspace: Workspace, served: Served) -> None:
    with pytest.raises(NotFound, match="nowhere-to-be-found"):
        workspace.index.releases("nowhere-to-be-found", Definition.parse({}))
    for wrong in ("../etc", "a b", "", "-x", "a/b"):
        with pytest.raises(InvalidRequest):
            workspace.index.releases(wrong, Definition.parse({}))
        assert workspace.index.names(wrong, Definition.parse({})).items == ()
    served.up = False
    with pytest.raises(Unavailable, match="503"):
        workspace.index.releases("unseen", Definition.parse({}))


def test_a_secret_lets_in_and_is_not_written(workspace: Workspace, served: Served) -> None:
    served.password = "pa:ss/word"
    workspace.secrets.set("team-index", served.password, hosts=[served.host])
    address = "http://me:${secret:team-index}@" + served.host + "/simple"
    definition = Definition.parse({"pip": {"index_url": address}})
    assert workspace.index.names("team-m", definition).items[0].name == "team-models"
    assert workspace.index.releases("team-models", definition).index == served.host
    for kept in workspace.places.index.rglob("*"):
        assert kept.is_dir() or served.password not in kept.read_text()


def test_offline_asks_nobody(workspace: Workspace, served: Served) -> None:
    workspace.offline = True
    assert workspace.index.names("nump", Definition.parse({})).items[0].name == "numpy"
    with pytest.raises(Unavailable, match="switched off"):
        workspace.index.releases("numpy", Definition.parse({}))
    assert served.asked == []


def test_the_list_of_the_public_index_is_never_fetched(
    workspace: Workspace, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlenv_jupyter.builds.index import places

    monkeypatch.setattr(places, "public_index", lambda env: f"http://{served.host}/simple/")
    assert workspace.index.names("nump", Definition.parse({})).items[0].name == "numpy"
    assert workspace.index.releases("team-models", Definition.parse({})).items
    assert served.asked == ["/simple/team-models/"]
