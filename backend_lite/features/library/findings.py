"""What a person should have seen in a script before it runs."""

from __future__ import annotations

from backend_lite.contract.library import Language
from backend_lite.contract.runs import Finding


def findings(_language: Language, _content: str) -> list[Finding]:
    """By line."""
    return []
