"""rattler's reports, read; as it wrote them (py-rattler 0.28)."""

from __future__ import annotations

import pytest

from mlenv_jupyter.builds.conda.tree import Need, read_report

FURTHER = """\
Cannot solve the request because of: The following packages are incompatible
├─ wrapper * can be installed with any of the following options:
│  └─ wrapper 1.0 would require
│     └─ newapp *, which can be installed with any of the following options:
│        └─ newapp 2.0 | 2.1 would require
│           └─ padding >=2, which can be installed with any of the following options:
│              └─ padding 2.0
└─ oldapp * cannot be installed because there are no viable options:
   └─ oldapp 1.0 would require
      └─ padding <2, which cannot be installed because there are no viable options:
         ├─ padding 1.0, which conflicts with the versions reported above.
         └─ padding 1.0, which conflicts with the versions reported above.
"""
LIMIT = """\
Cannot solve the request because of: The following packages are incompatible
├─ newapp * can be installed with any of the following options:
│  └─ newapp 2.0 would require
│     └─ padding >=2,<3, which can be installed with any of the following options:
│        └─ padding 2.0
└─ limit * cannot be installed because there are no viable options:
   └─ limit 1 would constrain
      └─ padding <2, which conflicts with any installable versions previously reported
"""
NONE = """\
Cannot solve the request because of: gpu * cannot be installed because there are no viable options:
└─ gpu 1.0 would require
   └─ __cuda >=12, for which no candidates were found.
"""


def test_chains() -> None:
    found = read_report(FURTHER)
    assert found.roots == [("wrapper", ""), ("oldapp", "")]
    assert found.chains == [
        [Need("wrapper", "1.0", "newapp", ""), Need("newapp", "2.0 | 2.1", "padding", ">=2")],
        [Need("oldapp", "1.0", "padding", "<2")],
    ]
    assert found.none == []


def test_limits() -> None:
    found = read_report(LIMIT)
    assert found.chains[0] == [Need("newapp", "2.0", "padding", ">=2,<3")]
    assert found.chains[1] == [Need("limit", "1", "padding", "<2", limits=True)]


def test_nothing_of_it() -> None:
    found = read_report(NONE)
    assert found.none == [("__cuda", ">=12")]
    assert found.chains == [[Need("gpu", "1.0", "__cuda", ">=12")]]


@pytest.mark.parametrize(
    ("text", "none"),
    [
        ("No candidates were found for padding 3.*.", ("padding", "3.*")),
        ("No candidates were found for padding *.", ("padding", "")),
        ("No candidates were found for python >=3.6,<3.7.", ("python", ">=3.6,<3.7")),
        ('No candidates were found for padding [build="xx"].', ("padding", '[build="xx"]')),
    ],
)
def test_one_that_there_is_none_of(text: str, none: tuple[str, str]) -> None:
    assert read_report(f"Cannot solve the request because of: {text}").none == [none]


@pytest.mark.parametrize("text", ["", "something else", "│ │ └─", "├─ a ├─ b\n" * 50])
def test_what_is_no_report_is_empty_or_harmless(text: str) -> None:
    found = read_report(text)
    assert found.none == []
