"""Tags as a person types them."""

from __future__ import annotations

from collections.abc import Iterable


def parted(text: str) -> list[str]:
    """Words with commas between them, each once."""
    return list(dict.fromkeys(tag for tag in (part.strip() for part in text.split(",")) if tag))


def counted(tags_of: Iterable[Iterable[str]]) -> dict[str, int]:
    """How many have each tag, by tag without regard to case."""
    counts: dict[str, int] = {}
    for tags in tags_of:
        for tag in tags:
            counts[tag] = counts.get(tag, 0) + 1
    return {tag: counts[tag] for tag in sorted(counts, key=lambda tag: (tag.casefold(), tag))}
