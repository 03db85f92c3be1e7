"""What settings are now, answered from memory. The settings area declares, checks and stores them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from backend_lite.contract.settings import SettingValue
from backend_lite.core.events.bus import Event

log = structlog.get_logger(__name__)

Hook = Callable[[], None]
Open = Callable[[str, str], str]
"""Opens a sealed text for its purpose, as `MasterKey.open` does."""


def purpose_of(name: str) -> str:
    """What the value of a secret setting `group.key` is sealed for."""
    group, _, key = name.partition(".")
    return f"settings/{group}.{key}"


@dataclass(frozen=True)
class Stored:
    """What differs from the defaults, by `group.key`; secrets are sealed."""

    values: Mapping[str, SettingValue] = field(default_factory=dict)
    sealed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SettingsStored(Event):
    """Committed: from now on these hold. `names` are what changed."""

    stored: Stored
    names: frozenset[str]


class SettingValues:
    """Every area may read them by `group.key`, on the loop and in writes. Until they are loaded, and where
    nothing is stored, the defaults hold."""

    def __init__(self) -> None:
        self._defaults: dict[str, SettingValue] = {}
        self._stored = Stored()
        self._hooks: list[tuple[frozenset[str], Hook]] = []

    def declare(self, defaults: Mapping[str, SettingValue]) -> None:
        self._defaults = dict(defaults)

    def take(self, event: SettingsStored) -> None:
        """Handler of SettingsStored."""
        self._stored = event.stored
        for names, hook in self._hooks:
            if names & event.names:
                try:
                    hook()
                except Exception:
                    # The others must hear of it all the same.
                    log.exception("a setting could not be applied", names=sorted(names))

    def on_change(self, *names: str, call: Hook) -> None:
        """Call after any of them changed, on the loop; also when they are loaded at the start."""
        self._hooks.append((frozenset(names), call))

    def get(self, name: str) -> SettingValue:
        """Raises KeyError for what nobody declared."""
        return self._stored.values.get(name, self._defaults[name])

    def whole(self, name: str) -> int:
        value = self.get(name)
        assert isinstance(value, int), name
        return value

    def number(self, name: str) -> float:
        value = self.get(name)
        assert isinstance(value, int | float), name
        return value

    def text(self, name: str) -> str:
        value = self.get(name)
        assert isinstance(value, str), name
        return value

    def flag(self, name: str) -> bool:
        value = self.get(name)
        assert isinstance(value, bool), name
        return value

    def is_set(self, name: str) -> bool:
        """Whether a secret has a value."""
        return name in self._stored.sealed

    def secret(self, name: str, open_: Open) -> str:
        """Its plain value, for the moment it is needed; empty where none is set.

        Raises ConflictError (`lost_key`) where it cannot be opened.
        """
        sealed = self._stored.sealed.get(name)
        return open_(purpose_of(name), sealed) if sealed is not None else ""
