"""Credentials taken out of text before it is stored or shown."""

from __future__ import annotations

import re

MASK = "****"

_NAMES = (
    r"(?:token|secret|sig|signature|passw(?:or)?d|pwd|passphrase|credentials?|auth|api[_-]?key)"
)

# What stands between "://" and "@". Slashes are no part of a user or password, but people write
# them; a port ("host:8080/…@scope") is not taken for a password.
_USER_INFO = re.compile(
    r"(?<=://)(?:[^\s/?#\"'<>]*(?=@)|[^\s/@:\"'<>]{1,128}:(?!\d+/)[^\s@\"'<>]{1,512}(?=@))"
)
_REFERENCES = re.compile(r"(?:git|hg|svn|__token__|\$\{[^{}\s]{1,128}\})(?::\$\{[^{}\s]{1,128}\})?")
_QUERY = re.compile(
    r"(?:(?<=[?&;])|(?<=%3F)|(?<=%26))"
    r"((?:[\w.-]{0,64}[._-])?(?:" + _NAMES + r"|key|code|AWSAccessKeyId|x-amz-security-token)"
    r"(?:[._-][\w.-]{0,64})?)(=|%3D)(?:[^\s&#\"'<>`);%]|%(?!26))*",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"\b((?:proxy-)?authorization|private-token|job-token|(?:set-)?cookie"
    r"|x-[a-z-]{0,40}?(?:key|token|auth|api))(\"?'?\s{0,4}[:=]\s{0,4}\"?'?)"
    r"((?:basic|bearer|token|digest|negotiate)\s+)?[^\s\"',;]+(?:;[^\"'\r\n]*)?",
    re.IGNORECASE,
)
_BEARER = re.compile(
    r"\b(bearer|basic)\s+(?=[A-Za-z0-9+/._~-]{0,200}\d)[A-Za-z0-9+/._~-]{12,}=*", re.IGNORECASE
)
# NAME_TOKEN=…, "password": "…", --password …, AccountKey=…
_ASSIGNED = re.compile(
    r"(?<![?&;\w.-])((?:--|\")?'?(?:[A-Za-z0-9]{1,40}[._-]){0,6}"
    r"(?:passw(?:or)?d|pwd|passphrase|secret|token|credentials?|api[_-]?key|access[_-]?key(?:[_-]id)?"
    r"|account[_-]?key|private[_-]?key|shared[_-]?access[_-]?(?:key|signature))"
    r"(?:[_-]key)?)(=|\"\s{0,4}:\s{0,4}|'\s{0,4}:\s{0,4})(\"[^\"\r\n]+\"|'[^'\r\n]+'|[^\s\"',;&]+)",
    re.IGNORECASE,
)
_SPACED = re.compile(
    r"(--(?:[a-z]{1,20}-)?(?:password|token|secret|api-key)|\b(?:password|passwd|passphrase):)(\s{1,4})"
    r"(?!-)[^\s\"',;]+",
    re.IGNORECASE,
)
_STORAGE = re.compile(r"\b((?:Account|SharedAccess)Key)=[^\s;\"']{8,}", re.IGNORECASE)
_SHAPES = re.compile(
    r"\b(?:gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|pypi-[\w-]{40,}"
    r"|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|sk-[\w-]{20,}|xox[abeoprs]-[\w-]{10,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{35}|ya29\.[\w-]{20,}|dapi[0-9a-f]{32}"
    r"|eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]*)?)"
)
_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)(?:(?!-----END)[\s\S])*")


def redact(text: str) -> str:
    """The text without credentials, each replaced by ``****``; a second time changes nothing.

    Covered: users and passwords in URLs (``${NAME}`` references stay), signatures and tokens in
    queries, Authorization and like headers, assignments to names that speak of secrets, private
    keys, and tokens of known shape. Linear in the length of the text; a line without any of the
    words that each pattern needs costs about 1 µs.
    """
    if not _may_have_one(text.lower()):
        return text
    if "://" in text:
        text = _USER_INFO.sub(_user_info, text)
    if "=" in text or "%3" in text:
        text = _QUERY.sub(rf"\1\2{MASK}", text)
    if "=" in text or ":" in text or "--" in text:
        text = _HEADER.sub(lambda m: f"{m[1]}{m[2]}{m[3] or ''}{MASK}", text)
        text = _ASSIGNED.sub(_assigned, text)
        text = _SPACED.sub(rf"\1\2{MASK}", text)
    text = _STORAGE.sub(rf"\1={MASK}", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    if "PRIVATE KEY" in text:
        text = _PRIVATE_KEY.sub(rf"\1{MASK}", text)
    return _SHAPES.sub(MASK, text)


def _user_info(found: re.Match[str]) -> str:
    return found[0] if not found[0] or _REFERENCES.fullmatch(found[0]) else MASK


def _assigned(found: re.Match[str]) -> str:
    name, sign, value = found.groups()
    if re.fullmatch(r"\$\{?\w+\}?", value):
        return found[0]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{name}{sign}{quote}{MASK}{quote}"


def _may_have_one(low: str) -> bool:
    # Written out, because a loop or a pattern would cost several times as much for every line.
    return (
        "://" in low
        or "token" in low
        or "secret" in low
        or "sig" in low
        or "pass" in low
        or "pwd" in low
        or "credential" in low
        or "auth" in low
        or "key" in low
        or "code" in low
        or "cookie" in low
        or "api" in low
        or "bearer" in low
        or "basic" in low
        or "gh" in low
        or "_pat_" in low
        or "glpat-" in low
        or "pypi-" in low
        or "hf_" in low
        or "npm_" in low
        or "sk-" in low
        or "xox" in low
        or "akia" in low
        or "asia" in low
        or "aiza" in low
        or "ya29" in low
        or "eyj" in low
    )
