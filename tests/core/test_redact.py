"""No credential gets through, and nothing else is changed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlenv_jupyter.core.redact import redact

# Put together here, so that no scanner takes this file for a leak.
TOKENS = [
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "a1B2_" * 9,
    "hf_" + "aB" * 17,
    "glpat-" + "a1B2" * 5,
    "AKIA" + "ABCD" * 4,
    "sk-" + "a1B2" * 10,
    "sk-proj-" + "a1_2" * 10,
    "npm_" + "a1B2" * 9,
    "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 20,
]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("https://user:pass@host/simple", "https://****@host/simple"),
        ("https://token@host/simple", "https://****@host/simple"),
        ("https://:pass@host/simple", "https://****@host/simple"),
        ("https://u:p@ss@host/", "https://****@host/"),
        ("https://u:p/w@host/", "https://****@host/"),
        ("git+https://u:p@host/a.git@v1", "git+https://****@host/a.git@v1"),
        ("a https://u:p@a, https://v:q@b c", "a https://****@a, https://****@b c"),
        ("https://host/x?sig=a%2Fb&se=1", "https://host/x?sig=****&se=1"),
        ("https://host/x?a=1&X-Amz-Signature=77#f", "https://host/x?a=1&X-Amz-Signature=****#f"),
        ("https://host/x?access_token=77", "https://host/x?access_token=****"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ****"),
        ("-H 'authorization: Basic dXNlcg=='", "-H 'authorization: Basic ****'"),
        ("Proxy-Authorization: abc", "Proxy-Authorization: ****"),
        ("AWS_SECRET_ACCESS_KEY=abc x", "AWS_SECRET_ACCESS_KEY=**** x"),
        ("password: hunter2", "password: ****"),
        ("{'Authorization': 'Basic dXNlcg=='}", "{'Authorization': 'Basic ****'}"),
        ("curl -H 'X-API-Key: 12345'", "curl -H 'X-API-Key: ****'"),
        ("Set-Cookie: _xsrf=2|1; Path=/", "Set-Cookie: ****"),
        ('{"password": "two words"}', '{"password": "****"}'),
        ("--password hunter2 --token=abc -v", "--password **** --token=**** -v"),
        ("AccountName=x;AccountKey=abcdefgh==;E=1", "AccountName=x;AccountKey=****;E=1"),
        ("https://host/%3Fsig%3Dabc%26x", "https://host/%3Fsig%3D****%26x"),
        ("-----BEGIN PRIVATE KEY-----\nabc\n-----END", "-----BEGIN PRIVATE KEY-----****-----END"),
        ("TOKEN=" + "a" * 9000, "TOKEN=****"),
        *((f"before {token} after", "before **** after") for token in TOKENS),
    ],
)
def test_a_credential_is_masked(text: str, wanted: str) -> None:
    assert redact(text) == wanted
    assert redact(wanted) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "numpy==2.3.4",
        "tokenizers==0.21.0  # keyring, secretstorage, flask-login",
        "https://${USER}:${PASSWORD}@host/simple",
        "PIP_TOKEN=${PIP_TOKEN}",
        "git+ssh://git@github.com/a/b.git@v1",
        "git+https://host:8080/repo.git@v1",
        "https://host/x?page=2&sort=name",
        "SyntaxError: invalid token",
        "https://host:8080/a/@scope/package",
        "numpy==1.0 --hash=sha256:abcdef",
        "error: unexpected token: `=`",
        "The basic authentication of the index is missing",
    ],
)
def test_what_is_no_credential_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text())
def test_any_text_is_taken_and_twice_is_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~!+", min_size=8)
PLACES = [
    "https://user:{}@host/simple/",
    "https://{}@host/simple/",
    "http://host/x.whl?se=1&sig={}&sp=r",
    "http://host/x.whl?api_key={}",
    "Authorization: Bearer {}",
    "MY_PASSWORD={}",
    '"client_secret": "{}"',
]


@given(st.sampled_from(PLACES), WORDS, st.text(), st.text())
def test_a_planted_secret_never_gets_through(
    place: str, secret: str, before: str, after: str
) -> None:
    planted = f"{before} {place.format('q' + secret + 'q')} {after}"
    word = "q" + secret + "q"
    if word not in before and word not in after:
        assert word not in redact(planted)


@pytest.mark.parametrize(
    "text",
    ["://a:b" * 12_000, "://a@b" + "c@" * 30_000, "&key" * 16_000, "PASSWORD" * 8_000]
    + [
        one * (60_000 // len(one)) for one in ("x-", "a_", "token=", "eyJ", "bearer ", "%3F", "\"'")
    ],
)
def test_a_hostile_line_is_no_denial_of_service(text: str) -> None:
    began = time.perf_counter()
    redact(text)
    assert time.perf_counter() - began < 1
