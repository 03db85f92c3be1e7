"""Where a page wanted to go: stands in for the navigator where no other page is made."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from console.shell.context import Context


class HasContext(Protocol):
    @property
    def context(self) -> Context: ...


class Trips:
    """`opened` are (page, target), `asked` are the dialogs' requests."""

    def __init__(self, world: HasContext, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[tuple[str, str | None]] = []
        self.asked: list[tuple[str, Any]] = []
        navigator = world.context.navigator
        monkeypatch.setattr(navigator, "open", lambda key, target=None: self.opened.append((key, target)))
        monkeypatch.setattr(navigator, "replace", lambda key, target=None: self.opened.append((key, target)))
        monkeypatch.setattr(navigator, "ask", lambda key, request: self.asked.append((key, request)))
