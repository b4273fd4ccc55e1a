"""Pages of the simple API, as indexes really write them."""

from __future__ import annotations

import json

import pytest

from mlenv_jupyter.builds.index.simple import JSON, NotAnIndex, read_names, read_releases

HTML = b"""<!DOCTYPE html><html><body>
<a href="a/one_pkg-1.0-py3-none-any.whl#sha256=00"
  data-requires-python="&gt;=3.8">one_pkg-1.0-py3-none-any.whl</a>
<a href="a/one_pkg-1.10.tar.gz">one_pkg-1.10.tar.gz</a>
<A HREF='a/one_pkg-1.9-py3-none-any.whl' data-yanked="broken">one_pkg-1.9-py3-none-any.whl</A>
<a href="a/one_pkg-2.0rc1-py3-none-any.whl">one_pkg-2.0rc1-py3-none-any.whl</a>
<a href="a/one_pkg-1.0.exe">one_pkg-1.0.exe</a>
</body></html>"""


def test_versions_of_a_page_newest_first_and_final_ones_before_others() -> None:
    found = read_releases(HTML, "text/html")
    assert [one.version for one in found] == ["1.10", "1.9", "1.0", "2.0rc1"]
    assert [one.version for one in found if one.yanked] == ["1.9"]
    assert [one.version for one in found if one.prerelease] == ["2.0rc1"]
    assert found[2].requires_python == ">=3.8"


def test_versions_of_json_with_dates() -> None:
    files = [
        {"filename": "p-1.0.tar.gz", "upload-time": "2024-02-01T00:00:00Z", "yanked": False},
        {"filename": "p-1.0-py3-none-any.whl", "upload-time": "2024-01-01T00:00:00Z",
         "yanked": "oops", "requires-python": ">=3.9"},
    ]  # fmt: skip
    (one,) = read_releases(json.dumps({"files": files}).encode(), JSON)
    assert (one.date, one.requires_python) == ("2024-01-01T00:00:00Z", ">=3.9")
    assert not one.yanked  # one of its files is still offered


def test_names_are_normalised() -> None:
    page = b'<a href="/simple/Zope.Interface/">Zope.Interface</a> <a href="x">a&amp;b</a>'
    assert read_names(page, "text/html") == ["a&b", "zope-interface"]
    listed = json.dumps({"projects": [{"name": "B_b"}, {"name": "a"}]}).encode()
    assert read_names(listed, JSON) == ["a", "b-b"]


@pytest.mark.parametrize("content", [b"{}", b"[]", b"not json", b'{"files": 3}'])
def test_what_is_no_page_is_said(content: bytes) -> None:
    with pytest.raises(NotAnIndex):
        read_releases(content, JSON)
    with pytest.raises(NotAnIndex):
        read_names(b"just text", "text/plain")
