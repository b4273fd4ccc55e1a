"""Credentials taken out of text before anybody keeps it or sees it."""

from __future__ import annotations

import re

MASK = "****"

_REFERENCES = re.compile(r"(?:\$\{[A-Za-z_][^{}\s]*\}|:)+")

# Bounded repeats everywhere: a hostile line of 64 kB must cost milliseconds, not minutes.
_SECRET = re.compile(
    r"""
    # https://user:password@host: everything up to the @, but not the `git@` of ssh
      (?P<before>://)(?P<user>
          [^\s/?\#"'<>@]{1,512}@(?:[^\s/?\#"'<>@]{0,512}@)*      # as the standard has it
        | [^\s/?\#"'<>@:]{1,128}:(?!\d+(?:/|$))[^\s"'<>@]{1,512}@ # with a / in the password
      )
    # ?sig=…, &X-Amz-Signature=…
    | (?P<query>[?&][\w.-]{0,40}
        (?i:sig|signature|token|key|secret|passw(?:or)?d|pwd|credential|auth|keyid)
        [\w.-]{0,20}=)(?P<query_value>[^&\s\#"'<>]{1,4096})
    # Authorization: Bearer …
    | (?P<header>\b(?i:(?:proxy-)?authorization)["']?\s{0,4}[:=]\s{0,4}["']?
        (?:(?i:basic|bearer|token|digest|negotiate)\s{1,4})?)(?P<header_value>[^\s"',]{1,4096})
    # PASSWORD=…, AWS_SECRET_ACCESS_KEY=…, password: …
    | (?P<name>\b(?:
          [A-Z0-9_]{0,60}(?:PASSWORD|PASSWD|TOKEN|SECRET|API_?KEY|ACCESS_?KEY)[A-Z0-9_]{0,60}=
        | (?i:password|passwd)\s{0,2}[:=]\s{0,2}
        )["']?)(?P<name_value>[^\s"']{1,4096})
    # tokens that are known by their shape
    | (?P<token>(?<![A-Za-z0-9])(?:
          gh[pousr]_[A-Za-z0-9]{20,255} | github_pat_[A-Za-z0-9_]{20,255}
        | hf_[A-Za-z0-9]{20,64} | glpat-[A-Za-z0-9_-]{16,64} | pypi-[A-Za-z0-9_-]{40,512}
        | (?:AKIA|ASIA)[A-Z0-9]{16} | sk-[A-Za-z0-9_-]{20,255} | xox[abprs]-[A-Za-z0-9-]{10,255}
        | npm_[A-Za-z0-9]{30,64} | dapi[a-f0-9]{32} | AIza[A-Za-z0-9_-]{35}
        | eyJ[A-Za-z0-9_-]{10,2048}\.eyJ[A-Za-z0-9_-]{10,4096}\.[A-Za-z0-9_-]{10,1024}
        ))
    """,
    re.VERBOSE,
)


def redact(text: str) -> str:
    """The same text with each password, token and signature as ``****``.

    References such as ``${TOKEN}`` stay. A line that cannot hold a secret costs less than 1 µs.
    """
    low = text.lower()
    # Substring tests are an order of magnitude cheaper than the pattern.
    if (
        "://" in low
        or "?" in low
        or "&" in low
        or "token" in low
        or "passw" in low
        or "secret" in low
        or "key" in low
        or "authorization" in low
        or "gh" in low
        or "_pat_" in low
        or "hf_" in low
        or "glpat-" in low
        or "pypi-" in low
        or "akia" in low
        or "asia" in low
        or "sk-" in low
        or "xox" in low
        or "npm_" in low
        or "dapi" in low
        or "aiza" in low
        or "eyj" in low
    ):
        return _SECRET.sub(_masked, text)
    return text


def _masked(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "user":
        user = match["user"]
        if user == "git@" or _REFERENCES.fullmatch(user[:-1]):
            return match[0]
        return f"://{MASK}@"
    if kind == "token":
        return MASK
    name, value = str(kind), match[str(kind)]
    if _REFERENCES.fullmatch(value):
        return match[0]
    return match[name.removesuffix("_value")] + MASK
