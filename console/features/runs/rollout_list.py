"""All rollouts, with how far each is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu

from backend_lite.contract.live import ROLLOUT
from backend_lite.contract.query import Value
from backend_lite.contract.rollout_query import ROLLOUT_FIELDS
from backend_lite.contract.runs import ROLLOUTS
from backend_lite.contract.states import RolloutState
from console.core import formatting, run_ops
from console.core.activity import failed_count, is_open, sentence
from console.core.formatting import Clock, moment
from console.core.run_words import waiting
from console.core.texts import plural, tr
from console.features.runs.rollout_words import shares, state_word
from console.shell.context import Context
from console.shell.needing import gate
from console.widgets.audit_history import add_history
from console.widgets.confirm import confirm
from console.widgets.empty_state import EmptyState
from console.widgets.filter_bar import Choice
from console.widgets.history_list import HistoryList, Listing
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]


def rollout_columns(clock: Clock) -> list[Column]:
    def started(rollout: Object) -> str:
        return formatting.local_time(rollout["created_at"], clock())

    return [
        pill_column("state", tr("State"), lambda item: Pill(*state_word(item)), width=100),
        Column("title", tr("Script"), lambda item: str(item["title"]), Kind.STRONG, width=176),
        Column("devices", tr("Devices"), _devices, Kind.NUMBER, sort=_total, width=76),
        Column("progress", tr("Progress"), sentence, Kind.SHARES, _shares, sort=_share_done, width=110),
        Column("failed", tr("Failed"), _failed, Kind.NUMBER, sort=failed_count, width=64),
        Column("started", tr("Started"), started, sort=lambda item: item["id"], width=122),
        Column("why", tr("Remark"), lambda item: waiting(item, clock()), Kind.MUTED, width=66),
        Column(
            "by", tr("By"), lambda item: str(item.get("created_by") or ""), Kind.MUTED, width=90, hidden=True
        ),
        Column(
            "id", tr("Rollout"), lambda item: str(item["id"]), Kind.NUMBER, sort=_id, width=76, hidden=True
        ),
    ]


def choices() -> list[Choice]:
    return [
        Choice("all", tr("All")),
        Choice("open", tr("Under way"), is_open),
        Choice("held", tr("Held"), lambda rollout: rollout["state"] == RolloutState.HELD),
        Choice("halted", tr("Halted"), lambda rollout: rollout["state"] == RolloutState.HALTED),
        Choice("failed", tr("With failures"), lambda rollout: failed_count(rollout) > 0),
    ]


class RolloutList(HistoryList):
    def __init__(self, context: Context, nothing: EmptyState) -> None:
        columns = rollout_columns(context.clock)
        super().__init__(context, _listing(), "rollouts", tr("Rollouts"), columns, nothing, choices())
        self.table.opened.connect(self._open)
        self.table.menu_opening.connect(self._fill_menu)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self._open_ids():
            self._ask_cancel()
        else:
            super().keyPressEvent(event)

    # ---- inside

    def _open(self, rollout_id: int) -> None:
        self._context.navigator.open("rollout", str(rollout_id))

    def _open_ids(self) -> list[int]:
        return [rollout["id"] for rollout in self.table.selected_objects() if is_open(rollout)]

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_ids()
        if len(chosen) == 1:
            menu.addAction(tr("Open")).triggered.connect(lambda _checked: self._open(chosen[0]))
            add_history(menu, self._context, "rollout", chosen[0])
        if ids := self._open_ids():
            title = plural(len(ids), "Cancel the rollout…", "Cancel {count} rollouts…")
            gate(menu.addAction(title), self._context.rights.need("rollouts:run")).triggered.connect(
                lambda _checked: self._ask_cancel()
            )

    def _ask_cancel(self) -> None:
        ids = self._open_ids()
        confirm(
            self.window(),
            plural(len(ids), "Cancel this rollout?", "Cancel {count} rollouts?"),
            tr("What has not started does not start; what runs is stopped with everything it started."),
            plural(len(ids), "Cancel the rollout", "Cancel {count} rollouts"),
            lambda: self._cancel(ids),
        )

    def _cancel(self, ids: list[int]) -> None:
        for rollout_id in ids:
            self._context.ops.run(run_ops.cancel_rollout(self._context.client, rollout_id), owner=self)


def _listing() -> Listing:
    return Listing(
        kind=ROLLOUT,
        path=ROLLOUTS,
        is_open=is_open,
        fields=ROLLOUT_FIELDS,
        value_of=_value_of,
        search=_search,
        hint=tr("Filter rollouts"),
        no_match=tr("No rollout matches"),
        older=tr("Show older rollouts"),
        all_read=lambda n: plural(n, "That is all: {count} rollout.", "That is all: {count} rollouts."),
        words_of=_words_of,
    )


def _words_of(rollouts: Iterable[Object]) -> dict[str, set[str]]:
    known = list(rollouts)
    return {
        "title": {str(rollout["title"]) for rollout in known},
        "by": {str(rollout["created_by"]) for rollout in known if rollout.get("created_by")},
    }


def _search(rollout: Object) -> str:
    return f"{rollout['title']} {rollout['state']} {rollout.get('created_by') or ''} {rollout['id']}".lower()


def _value_of(rollout: Object, name: str, now: datetime) -> Value:
    found = _VALUES.get(name)
    return None if found is None else found(rollout, now)


_VALUES: dict[str, Callable[[Object, datetime], Value]] = {
    "": lambda rollout, _now: f"{rollout['title']} {rollout.get('created_by') or ''}",
    "state": lambda rollout, _now: rollout["state"],
    "title": lambda rollout, _now: rollout["title"],
    "by": lambda rollout, _now: rollout.get("created_by"),
    "created": lambda rollout, now: _age(rollout.get("created_at"), now),
    "ended": lambda rollout, now: _age(rollout.get("ended_at"), now),
    "id": lambda rollout, _now: rollout["id"],
}


def _age(when: str | None, now: datetime) -> Value:
    return None if when is None else (now - moment(when)).total_seconds()


def _total(rollout: Object) -> int:
    return int((rollout.get("counters") or {}).get("total", 0))


def _id(rollout: Object) -> int:
    return int(rollout["id"])


def _devices(rollout: Object) -> str:
    return f"{_total(rollout):,}"


def _failed(rollout: Object) -> str:
    count = failed_count(rollout)
    return f"{count:,}" if count else formatting.NOTHING


def _shares(rollout: Object) -> tuple[tuple[str, float], ...]:
    return shares(rollout.get("counters") or {}, _total(rollout))


def _share_done(rollout: Object) -> float:
    return sum(share for tone, share in _shares(rollout) if tone != "accent")
