"""Credentials that stand in a script: known shapes anywhere, literal values of telling names in code."""

from __future__ import annotations

import re

_SHAPES = (
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
    ("an access key of AWS", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a token of GitHub", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,})\b")),
    ("a token of GitLab", re.compile(r"\bglpat-[A-Za-z0-9_-]{20}\b")),
    ("a token of Slack", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
    ("a key of Azure storage", re.compile(r"\bAccountKey=[A-Za-z0-9+/]{40,}={0,2}")),
    (
        "a password in an address",
        re.compile(r"\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@$%{}\"'<>]{1,100}:[^\s/@$%{}\"'<>]{3,200}@"),
    ),
)
_TELLING = r"(?:passw(?:or)?d|passwd|pwd|secret|api_?key|access_?key|token|credential)s?"
_NAME = rf"[A-Za-z0-9_.:-]{{0,60}}{_TELLING}[\"'\]]?"
_IN_QUOTES = r"\"(?P<double>[^\"$`{}%\n]{4,})\"|'(?P<single>[^'\n{}]{4,})'"
_BARE = r"(?P<bare>[^\s\"'$`%(){}\[\]<>|&;,-][^\s\"'$`%(){}\[\]<>|&;,]{3,})"
_QUOTED = re.compile(rf"(?<![\w-]){_NAME}\s*(?::=|=|:)\s*(?:{_IN_QUOTES})", re.IGNORECASE)
_ASSIGNED = re.compile(rf"(?<![\w-]){_NAME}=(?:{_IN_QUOTES}|{_BARE})", re.IGNORECASE)
_OPTION = re.compile(
    rf"--?(?:password|passwd|token|secret|api-?key)[ =:](?:{_IN_QUOTES}|{_BARE})", re.IGNORECASE
)
_SECURE = re.compile(
    r"ConvertTo-SecureString\s+(?:-String\s+)?(?:\"(?P<double>[^\"$]+)\"|'(?P<single>[^']+)')", re.IGNORECASE
)
_NO_SECRET = re.compile(
    r"(?:change_?me|your.*|my_?(?:password|secret|token)|example|dummy|placeholder|none|null|true|false|x+|\*+|\.+"
    r"|<.*>|str(?:ing)?|bool|int|switch|secure_?string|passw(?:or)?d|secret|token)",
    re.IGNORECASE,
)


def shape_in(line: str) -> str:
    """What well-known credential stands in the line, or nothing."""
    return next((what for what, shape in _SHAPES if shape.search(line)), "")


def literal_in(code: str, *, bare: bool) -> bool:
    """Whether something that is called a password or the like gets a literal value; `bare`: values may stand
    without quotes, as in shells."""
    patterns = (_QUOTED, _OPTION, _SECURE, *([_ASSIGNED] if bare else []))
    return any(_real(found) for pattern in patterns for found in pattern.finditer(code))


def _real(found: re.Match[str]) -> bool:
    value = next((value for value in found.groupdict().values() if value), "")
    # A path to a file or an address is where a secret lies, not the secret.
    return not _NO_SECRET.fullmatch(value) and not re.match(r"[.~]?/|[A-Za-z]:\\|https?:", value)
