"""Two directories that change places, and the name that is in their files."""

from __future__ import annotations

import base64
import ctypes
import hashlib
import os
from pathlib import Path

import pytest

from mlenv_jupyter.store.beside import aside, beside, exchange, home_of, rename_within

NAME = "0123456789abcdef" * 2


def test_the_name_beside_is_as_long_and_leads_home(tmp_path: Path) -> None:
    for digit in "0123456789abcdef":
        place = tmp_path / (digit + NAME[1:])
        made = beside(place)
        assert (len(made.name), made.parent) == (32, tmp_path)
        assert made.name[0] not in "0123456789abcdef"
        assert (home_of(made), home_of(place)) == (place, place)
    assert home_of(tmp_path / "sketch-1") == tmp_path / "sketch-1"


def test_the_name_is_replaced_wherever_it_stands(tmp_path: Path) -> None:
    place = tmp_path / NAME
    made = beside(place)
    script = made / "bin" / "tool"
    info = made / "lib" / "tool-1.0.dist-info"
    shared = tmp_path / "shelf"
    for one in (script.parent, info, made / "conda-meta"):
        one.mkdir(parents=True)
    script.write_text(f"#!{made}/bin/python\n{made}\n")
    script.chmod(0o555)
    (made / "lib" / "binary.pyc").write_bytes(b"\0" + os.fsencode(made) + b"\0\xff")
    (made / "lib" / "empty").touch()
    (info / "RECORD").write_text(f"../bin/tool,sha256={_base64(script)},1\n")
    conda = made / "conda-meta" / "tool.json"
    conda.write_text(f'{{"sha256_in_prefix": "{_hex(script)}", "prefix": "{made}"}}')
    shared.write_text(f"names {made} and is not ours alone")
    os.link(shared, made / "lib" / "linked")
    (made / "link").symlink_to(made / "bin")

    rename_within(made, place.name)
    made.rename(place)
    script = place / "bin" / "tool"
    assert script.read_text() == f"#!{place}/bin/python\n{place}\n"
    assert script.stat().st_mode & 0o777 == 0o555
    assert os.fsencode(place) in (place / "lib" / "binary.pyc").read_bytes()
    assert f"sha256={_base64(script)}," in (place / "lib/tool-1.0.dist-info/RECORD").read_text()
    assert (place / "conda-meta" / "tool.json").read_text() == (
        f'{{"sha256_in_prefix": "{_hex(script)}", "prefix": "{place}"}}'
    )
    assert str(made) in shared.read_text()
    assert (place / "link").resolve() == place / "bin"


@pytest.mark.parametrize("how", ["at once", "in steps", "not on this file system"])
def test_two_directories_change_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    class Libc:
        """One without the call, or with one that this file system does not have."""

        def __init__(self, *_: object, **__: object) -> None:
            if how == "not on this file system":
                self.renameat2 = self._refuse

        def _refuse(self, *_: object) -> int:
            ctypes.set_errno(22)
            return -1

    if how != "at once":
        monkeypatch.setattr(ctypes, "CDLL", Libc)
    one, two = tmp_path / "one", tmp_path / "two"
    for place in (one, two):
        place.mkdir()
        (place / place.name).touch()
    exchange(one, two)
    assert (one / "two").exists()
    assert (two / "one").exists()
    assert not aside(two).exists()


def _base64(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _hex(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
