"""What runs give to the window."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.live import ROLLOUT, RUN
from console.core import words
from console.core.activity import sentence
from console.core.pause_request import PAUSE_DIALOG, PauseRequest
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import tr
from console.features.runs.pause_dialog import open_pause_dialog
from console.features.runs.pause_list import open_pause_list
from console.features.runs.pause_watch import watch_pauses
from console.features.runs.retention_page import RetentionPage
from console.features.runs.rollout_page import RolloutPage
from console.features.runs.rollout_words import state_word
from console.features.runs.run_dialog import open_dialog
from console.features.runs.run_page import RunPage
from console.features.runs.runs_page import RunsPage
from console.shell.context import Context
from console.shell.feature import Command, Feature, Match, NavEntry


def feature() -> Feature:
    return Feature(
        "runs",
        navigation=[
            NavEntry(tr("Activity"), tr("Runs"), RunsPage.key, "runs", count_of=RUN, counts=words.is_open),
            NavEntry(tr("Administration"), tr("Retention"), RetentionPage.key, "history"),
        ],
        pages={
            RunsPage.key: RunsPage,
            RunPage.key: RunPage,
            RolloutPage.key: RolloutPage,
            RetentionPage.key: RetentionPage,
        },
        needs={
            **dict.fromkeys((RunsPage.key, RunPage.key, RolloutPage.key), ("rollouts:view",)),
            RetentionPage.key: ("settings:view",),
        },
        dialogs={RUN_DIALOG: _open, PAUSE_DIALOG: _open_pause},
        commands=[
            Command(
                tr("Run a script…"),
                lambda context: context.navigator.ask(RUN_DIALOG, RunRequest(device_ids=_here(context))),
                "run",
                "start execute rollout",
                "Ctrl+R",
                ("rollouts:run",),
            ),
            Command(
                tr("Pause work on these devices…"),
                _pause_here,
                "stop",
                "hold freeze device",
                needs=("rollouts:run",),
            ),
            Command(
                tr("Pause work on a group or the fleet…"),
                lambda context: context.navigator.ask(PAUSE_DIALOG, PauseRequest()),
                "stop",
                "hold freeze maintenance stop all",
                needs=("rollouts:run",),
            ),
            Command(
                tr("Show what is paused…"),
                _show_pauses,
                "stop",
                "resume hold freeze",
                needs=("rollouts:view",),
            ),
        ],
        matches=[
            Match(ROLLOUT, RolloutPage.key, "runs", _describe_rollout),
            Match(RUN, RunPage.key, "runs", _describe),
        ],
        watches=[watch_pauses],
    )


def _open(context: Context, request: Any) -> None:
    open_dialog(context, request)


def _open_pause(context: Context, request: Any) -> None:
    open_pause_dialog(context, request)


def _pause_here(context: Context) -> None:
    devices = _here(context)
    if devices:
        context.navigator.ask(PAUSE_DIALOG, PauseRequest(devices))
    else:
        context.notices.notice(tr("Choose the devices first, then pause work on them."), "warning")


def _show_pauses(context: Context) -> None:
    open_pause_list(context)


def _here(context: Context) -> tuple[int, ...]:
    """The devices that the open page is about."""
    page = context.navigator.page
    return page.subjects() if page is not None else ()


def _describe_rollout(rollout: dict[str, Any]) -> tuple[str, str]:
    word, _tone = state_word(rollout)
    return str(rollout["title"]), tr("Rollout · {state} · {progress}", state=word, progress=sentence(rollout))


def _describe(run: dict[str, Any]) -> tuple[str, str]:
    word, _tone = words.state_word(run["state"])
    return str(run["title"]), tr("{device} · {state}", device=run["device"], state=word)
