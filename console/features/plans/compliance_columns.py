"""How the devices of a profile look."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.plans import Compliance
from backend_lite.contract.states import StepState
from console.core import formatting, words
from console.core.formatting import NOTHING, Clock
from console.core.plan_words import compliance_word
from console.core.texts import tr
from console.widgets.filter_bar import Choice
from console.widgets.row_index import Predicate
from console.widgets.table_columns import Cell, Column, Kind, Pill, pill_column

Object = dict[str, Any]
"""A `ProfileDevice` as JSON, its device's id as `id`, and the profile's revision now as `newest`."""

_ORDER = [one.value for one in (Compliance.FAILED, Compliance.OUTDATED, Compliance.RUNNING)]
_GLYPHS = {
    StepState.SUCCEEDED.value: "✓",
    StepState.FAILED.value: "✕",
    StepState.TIMED_OUT.value: "✕",
    StepState.REJECTED.value: "✕",
    StepState.SKIPPED.value: "–",
    StepState.CANCELLED.value: "–",
    StepState.UNKNOWN.value: "?",
}
_OPEN = "·"


def compliance_columns(clock: Clock) -> list[Column]:
    def state(found: Object) -> Pill:
        return Pill(*compliance_word(found["compliance"]))

    def when(found: Object) -> str:
        at = found["ended_at"] or found["applied_at"]
        return formatting.ago(at, clock()) if at else NOTHING

    return [
        Column("name", tr("Device"), lambda f: str(f["hostname"]), Kind.STRONG, width=170),
        pill_column("state", tr("State"), state, sort=_urgency, width=120),
        pill_column("revision", tr("Revision"), _revision, sort=lambda f: f["revision"] or 0, width=130),
        Column(
            "tasks",
            tr("Tasks, as they ended last"),
            _task_words,
            Kind.CELLS,
            task_cells,
            sort=lambda f: sum(one["state"] != StepState.SUCCEEDED for one in f["tasks"]),
            width=220,
        ),
        Column("when", tr("Last applied"), when, Kind.MUTED, sort=lambda f: f["applied_at"] or "", width=110),
    ]


def compliance_choices() -> list[Choice]:
    return [
        Choice("all", tr("All")),
        *(Choice(one.value, compliance_word(one)[0], _is(one)) for one in Compliance),
    ]


def search_text(found: Object) -> str:
    return str(found["hostname"]).lower()


def task_cells(found: Object) -> list[Cell]:
    return [_cell(task) for task in found["tasks"]]


def _cell(task: Object) -> Cell:
    word, tone = words.state_word(task["state"])
    parts = [tr("{n}. {name}: {state}", n=task["n"], name=task["name"], state=word)]
    if task["exit_code"]:
        parts.append(tr("Exit code {code}.", code=task["exit_code"]))
    parts.append(words.reason_sentence(task["reason"]))
    return Cell(_GLYPHS.get(task["state"], _OPEN), tone, "\n".join(part for part in parts if part))


def _task_words(found: Object) -> str:
    said = (tr("{n} {state}", n=one["n"], state=words.state_word(one["state"])[0]) for one in found["tasks"])
    return ", ".join(said) or NOTHING


def _revision(found: Object) -> Pill | None:
    number, newest = found["revision"], found["newest"]
    if number is None:
        return None
    behind = newest - number
    if behind <= 0:
        return Pill(str(number), "idle")
    return Pill(str(number), "warning", tr("{n} behind", n=behind))


def _urgency(found: Object) -> int:
    state = found["compliance"]
    return _ORDER.index(state) if state in _ORDER else len(_ORDER)


def _is(wanted: Compliance) -> Predicate:
    return lambda found: found["compliance"] == wanted
