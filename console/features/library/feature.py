"""What the library gives to the window."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.live import SCRIPT
from console.core import words
from console.core.texts import tr
from console.features.library.script_page import ScriptPage, drafts_of
from console.features.library.scripts_page import ScriptsPage
from console.shell.context import Context
from console.shell.feature import Command, Feature, Match, NavEntry
from console.shell.page import Page
from console.widgets.saving_base import NEW


def feature() -> Feature:
    return Feature(
        "library",
        navigation=[NavEntry(tr("Library"), tr("Scripts"), ScriptsPage.key, "script", count_of=SCRIPT)],
        pages={ScriptsPage.key: ScriptsPage, ScriptPage.key: _editor},
        needs=dict.fromkeys((ScriptsPage.key, ScriptPage.key), ("scripts:view",)),
        commands=[
            Command(
                tr("New script"),
                lambda context: context.navigator.open(ScriptPage.key, NEW),
                "plus",
                "create write powershell bash python cmd",
                needs=("scripts:create",),
            ),
        ],
        matches=[Match(SCRIPT, ScriptPage.key, "script", _describe)],
    )


def _editor(context: Context) -> Page:
    return ScriptPage(context, drafts_of(context))


def _describe(script: dict[str, Any]) -> tuple[str, str]:
    return str(script["name"]), words.language_word(script["language"])
