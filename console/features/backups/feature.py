"""What backups give to the window."""

from __future__ import annotations

from console.core.texts import tr
from console.features.backups.backups_page import BackupsPage
from console.shell.feature import Command, Feature, NavEntry


def feature() -> Feature:
    return Feature(
        "backups",
        navigation=[NavEntry(tr("Administration"), tr("Backups"), BackupsPage.key, "save")],
        pages={BackupsPage.key: BackupsPage},
        needs={BackupsPage.key: ("backups:view",)},
        commands=[
            Command(
                tr("Show the backups"),
                lambda context: context.navigator.open(BackupsPage.key),
                "save",
                "backup restore recovery kit copy data",
            ),
        ],
    )
