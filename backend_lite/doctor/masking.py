"""Taking secrets out of text that leaves the machine."""

from __future__ import annotations

import re

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


def mask(text: str) -> str:
    """`text` with every secret replaced that its form or its name gives away."""
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text
