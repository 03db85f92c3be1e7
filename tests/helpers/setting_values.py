"""Settings as they are before anybody changed one, for tests that have no settings area."""

from __future__ import annotations

from backend_lite.contract.settings import SettingValue
from backend_lite.core.settings import SettingsStored, SettingValues, Stored
from backend_lite.features.settings.declared import DECLARED


def default_settings() -> SettingValues:
    values = SettingValues()
    values.declare({one.name: one.default for one in DECLARED})
    return values


def change_settings(values: SettingValues, **changed: SettingValue) -> None:
    """Those of the group `security`; all others are at their defaults again."""
    stored = Stored({f"security.{key}": value for key, value in changed.items()})
    values.take(SettingsStored(stored, frozenset(stored.values)))
