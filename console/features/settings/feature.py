"""What settings give to the window."""

from __future__ import annotations

from console.core.texts import tr
from console.features.settings.settings_page import SettingsPage
from console.shell.feature import Command, Feature, NavEntry


def feature() -> Feature:
    return Feature(
        "settings",
        navigation=[NavEntry(tr("Administration"), tr("Settings"), SettingsPage.key, "settings")],
        pages={SettingsPage.key: SettingsPage},
        needs={SettingsPage.key: ("settings:view",)},
        commands=[
            Command(
                tr("Show the settings"),
                lambda context: context.navigator.open(SettingsPage.key),
                "settings",
                "options preferences configuration mail smtp log level",
            ),
            Command(
                tr("Show the master key"),
                lambda context: context.navigator.open(SettingsPage.key, "security"),
                "key",
                "secrets encryption rotate rotation",
            ),
        ],
    )
