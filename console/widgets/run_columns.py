"""How runs stand in a table, on whichever page."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.states import RunState
from console.core import formatting, words
from console.core.formatting import Clock
from console.core.run_words import duration_s, duration_word, remark
from console.core.texts import tr
from console.widgets.filter_bar import Choice
from console.widgets.row_index import Predicate
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]


def run_columns(clock: Clock) -> list[Column]:
    """Together as wide as the centre of a small window beside its details."""

    def started(run: Object) -> str:
        return formatting.local_time(run.get("started_at") or run["created_at"], clock())

    return [
        pill_column("state", tr("State"), lambda run: Pill(*words.state_word(run["state"])), width=100),
        Column("title", tr("Script"), lambda run: str(run["title"]), Kind.STRONG, width=156),
        Column("device", tr("Device"), lambda run: str(run["device"]), width=130),
        Column("started", tr("Started"), started, sort=lambda run: run["id"], width=104),
        Column(
            "duration",
            tr("Took"),
            lambda run: duration_word(run, clock()),
            Kind.NUMBER,
            sort=lambda run: duration_s(run, clock()) or -1.0,
            width=84,
        ),
        Column("exit", tr("Exit"), _exit_code, Kind.NUMBER, sort=_exit_key, width=52),
        Column("why", tr("Remark"), lambda run: remark(run, clock()), Kind.MUTED, width=84),
        Column(
            "wave", tr("Wave"), _wave, Kind.NUMBER, sort=lambda run: run.get("wave", 1), width=60, hidden=True
        ),
        Column(
            "by", tr("By"), lambda run: str(run.get("created_by") or ""), Kind.MUTED, width=90, hidden=True
        ),
        Column("run", tr("Run"), lambda run: str(run["id"]), Kind.NUMBER, sort=_id, width=70, hidden=True),
    ]


def run_search(run: Object) -> str:
    parts = (run["title"], run["device"], run["state"], run.get("created_by"), str(run["id"]))
    return " ".join(part for part in parts if part).lower()


def in_state(*states: RunState) -> Predicate:
    return lambda run: run["state"] in states


ended_badly = in_state(RunState.FAILED, RunState.EXPIRED, RunState.UNKNOWN)


def run_choices() -> list[Choice]:
    return [
        Choice("all", tr("All")),
        Choice("open", tr("Not ended"), words.is_open),
        Choice("failed", tr("Failed or unknown"), ended_badly),
        Choice("succeeded", tr("Succeeded"), in_state(RunState.SUCCEEDED)),
    ]


def _exit_code(run: Object) -> str:
    code = words.exit_code(run)
    return formatting.NOTHING if code is None else str(code)


def _exit_key(run: Object) -> int:
    code = words.exit_code(run)
    return -(1 << 40) if code is None else code


def _wave_key(run: Object) -> int:
    return int(run.get("wave", 1))


def _wave(run: Object) -> str:
    return str(_wave_key(run))


def _id(run: Object) -> int:
    return int(run["id"])
