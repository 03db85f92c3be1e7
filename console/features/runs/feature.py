"""What runs give to the window."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.live import RUN
from console.core import words
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import tr
from console.features.runs.rollout_page import RolloutPage
from console.features.runs.run_dialog import open_dialog
from console.features.runs.run_page import RunPage
from console.features.runs.runs_page import RunsPage
from console.shell.context import Context
from console.shell.feature import Command, Feature, Match, NavEntry


def feature() -> Feature:
    return Feature(
        "runs",
        navigation=[
            NavEntry(tr("Activity"), tr("Runs"), RunsPage.key, "runs", count_of=RUN, counts=words.is_open)
        ],
        pages={RunsPage.key: RunsPage, RunPage.key: RunPage, RolloutPage.key: RolloutPage},
        dialogs={RUN_DIALOG: _open},
        commands=[
            Command(
                tr("Run a script…"),
                lambda context: context.navigator.ask(RUN_DIALOG, RunRequest()),
                "run",
                "start execute rollout",
                "Ctrl+R",
            )
        ],
        matches=[Match(RUN, RunPage.key, "runs", _describe)],
    )


def _open(context: Context, request: Any) -> None:
    open_dialog(context, request)


def _describe(run: dict[str, Any]) -> tuple[str, str]:
    word, _tone = words.state_word(run["state"])
    return str(run["title"]), tr("{device} · {state}", device=run["device"], state=word)
