"""Folders of the library: paths with `/` between their names, which are compared without case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Object = dict[str, Any]


def plain_folder(text: str) -> str:
    """As the service writes it."""
    return "/".join(part for part in (" ".join(one.split()) for one in text.split("/")) if part)


def plain_tags(text: str) -> tuple[str, ...]:
    """Tags that are typed with commas between them, each once."""
    return tuple(dict.fromkeys(tag for tag in (" ".join(one.split()) for one in text.split(",")) if tag))


def folder_key(folder: str) -> str:
    return folder.casefold()


def is_inside(folder: str, of: str) -> bool:
    """Whether `folder` is `of` or lies in it; everything lies in the top."""
    return not of or f"{folder_key(folder)}/".startswith(f"{folder_key(of)}/")


def parents(folder: str) -> Iterator[str]:
    """The folder and those it lies in, from the top: `A`, `A/B`."""
    parts = folder.split("/") if folder else []
    for count in range(1, len(parts) + 1):
        yield "/".join(parts[:count])


def folders_of(scripts: Iterable[Object]) -> dict[str, str]:
    """All folders with something in them by their keys, as they are first spelled."""
    found: dict[str, str] = {}
    for folder in sorted({str(script.get("folder") or "") for script in scripts}):
        for one in parents(folder):
            found.setdefault(folder_key(one), one)
    return found


def moved(folder: str, old: str, new: str) -> str:
    """What `folder` is called after `old`, in which it lies, became `new`."""
    rest = folder.split("/")[len(old.split("/")) :]
    return "/".join(part for part in (new, *rest) if part)
