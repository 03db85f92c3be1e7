"""A line for a length of time."""

from __future__ import annotations

from backend_lite.contract.runs import MAX_TIMEOUT_S
from console.core.spans import parse_span, span_text
from console.core.texts import tr
from console.widgets.parsed_field import ParsedField

_SPAN = "Write a time such as 90 s, 30 min or 2 h."


def span_field(title: str, *, hint: str = "", empty: str = "", most: int = MAX_TIMEOUT_S) -> ParsedField[int]:
    """A length of time in seconds, `most` at most."""

    def parse(text: str) -> int | None:
        seconds = span(text)
        return seconds if seconds is not None and seconds <= most else None

    return ParsedField(
        title, parse, tr(_SPAN + " At most {most}.", most=span_text(most)), hint=hint, empty=empty
    )


def span(text: str) -> int | None:
    """A length of time above nothing, in seconds."""
    return parse_span(text) or None


def span_words(seconds: int | None) -> str:
    return span_text(seconds) if seconds else ""
