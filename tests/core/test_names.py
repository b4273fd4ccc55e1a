"""Names: what may be one, and what is made of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlenv_jupyter.core import names
from mlenv_jupyter.core.errors import InvalidName


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a b", "-a", "a\n", "a\0", "é", "a" * 129, None, 3]
)
def test_refused(name: object) -> None:
    with pytest.raises(InvalidName):
        names.check_name(name)


@pytest.mark.parametrize("name", ["mlenv-x", "MLENV-x", "Mlenv-Minimal"])
def test_the_catalogue_has_its_own_prefix(name: str) -> None:
    with pytest.raises(InvalidName, match="curated"):
        names.check_name(name)
    assert names.check_name(name, own=False) == name


def test_aliases_of_the_seed_system() -> None:
    assert names.canonical_name("AzureML-Minimal") == "mlenv-minimal"
    assert names.canonical_name("AzureML-Tutorial") == "mlenv-tutorial"
    assert names.canonical_name("churn") == "churn"


@given(st.from_regex(names.NAME, fullmatch=True))
def test_every_name_makes_a_kernel_name(name: str) -> None:
    made = names.kernel_name(name, "0123456789abcdef")
    assert names.KERNEL_NAME.fullmatch(made)
    assert made == made.lower()
    assert made.endswith("-01234567")


@pytest.mark.parametrize("name", ["..", ".", "", "python3", "mlenv-../x-01234567", "mlenv-x"])
def test_jupyter_client_is_never_given_a_name_that_is_not_ours(name: str) -> None:
    with pytest.raises(InvalidName):
        names.check_kernel_name(name)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("churn", ("churn", None)),
        ("churn:3", ("churn", "3")),
        ("churn:v3", ("churn", "v3")),
        ("a:null", ("a", "null")),
        ("churn:latest", ("churn", "latest")),
        (
            "a:Autosave_2021-03-20T17:38:44Z_adda0f97",
            ("a", "Autosave_2021-03-20T17:38:44Z_adda0f97"),
        ),
    ],
)
def test_references(text: str, found: tuple[str, str | None]) -> None:
    assert names.split_reference(text) == found
