"""Taking secrets out of text that leaves the machine."""

from __future__ import annotations

import json
import re
from typing import Any

MASK = "***"

_NAMES = r"[\w.-]*(?:password|passwd|secret|token|authorization|private_key|api_key|otp)[\w.-]*"
_PATTERNS = (
    re.compile(r"(\bdf[a-z]_)[\w-]{8,}"),
    re.compile(r"(?i)(\bbearer\s+)[^\s\"',;]+"),
    re.compile(rf"(?i)(\"{_NAMES}\"\s*:\s*\")(?:[^\"\\]|\\.)*"),
    re.compile(rf"(?i)(\b{_NAMES}\s*=\s*'?\"?)[^\s'\"&,;]+"),
    re.compile(r"(\w+://[^\s:/@]+:)[^\s@/]+(?=@)"),
    re.compile(r"(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?=-----END|\Z)"),
)


_NAMED = re.compile(rf"(?i){_NAMES}")


def mask(text: str) -> str:
    """`text` with every secret replaced that its form or its name gives away."""
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


def mask_line(line: str) -> str:
    """A line of a log: JSON is looked into, so that what it quotes cannot hide."""
    try:
        return json.dumps(_masked(json.loads(line)), ensure_ascii=False)
    except ValueError:
        return mask(line)


def _masked(value: Any) -> Any:
    match value:
        case str():
            return mask(value)
        case list():
            return [_masked(item) for item in value]
        case dict():
            return {key: MASK if _NAMED.fullmatch(key) else _masked(item) for key, item in value.items()}
        case _:
            return value
