"""All backups of the service, with what can be done about them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import msgspec
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMenu, QProgressBar, QStackedWidget

from backend_lite.contract.backups import Backup, BackupCreate
from backend_lite.contract.live import BACKUP_STATE
from console.core import formatting
from console.core.formatting import NOTHING
from console.core.live import LiveBatch
from console.core.texts import plural, tr
from console.features.backups import ops, words
from console.features.backups.kit_dialog import KitDialog
from console.features.backups.restore_card import RestoreCard
from console.features.backups.rules_card import RulesCard
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column, label, row
from console.widgets.confirm import ConfirmDialog, choose, confirm
from console.widgets.empty_state import EmptyState
from console.widgets.live_table import LiveTable
from console.widgets.notice_bar import NoticeBar
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]
_TICK_MS = 30_000
_BAR_WIDTH = 160


class BackupsPage(Page):
    key = "backups"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._was_doing = ""
        self._numbers: dict[str, int] = {}
        self.setWindowTitle(tr("Backups"))
        self.search_hint = tr("Search devices, runs, scripts or commands")
        self.table = LiveTable(
            "backups",
            tr("Backups"),
            self._columns(),
            lambda one: f"{words.reason_word(one)} {one['backup']}".lower(),
            context.settings,
            sort="made",
            descending=True,
        )
        self.verify = button(tr("Verify"), self.verify_chosen, need=context.rights.need("backups:create"))
        self.delete = button(
            tr("Delete…"), self.ask_delete, "danger", need=context.rights.need("backups:delete")
        )
        self.kit = button(tr("Make recovery kit…"), self.ask_kit, need=context.rights.need("backups:create"))
        self.make = button(
            tr("Back up now"),
            self.make_now,
            "primary",
            icon="save",
            need=context.rights.need("backups:create"),
        )
        self.header = PageHeader(tr("Backups"), self.verify, self.delete, self.kit, self.make)
        self.doing = label("", "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(_BAR_WIDTH)
        self.bar.setAccessibleName(tr("Progress of the backup"))
        self.header.below.addWidget(self.bar)
        self.header.below.addWidget(self.doing, 1)
        self.notice, self.worry = NoticeBar(), NoticeBar()
        self.rules = RulesCard(context)
        self.restore = RestoreCard(context.theme)
        self.nothing = EmptyState(
            "save",
            tr("No backups yet"),
            tr("A backup holds the database, kept files, the keys that devices trust, and the output."),
        )
        self.centre = QStackedWidget()
        for part in (self.table, self.nothing):
            self.centre.addWidget(part)
        below = row(self.rules, self.restore, gap=16)
        below.setStretch(1, 1)
        below.setContentsMargins(16, 16, 16, 16)
        whole = column(self.header, self.worry, self.notice, self.centre, below, gap=0)
        whole.setStretchFactor(self.centre, 1)
        self.setLayout(whole)
        self._connect()

    def show_target(self, _target: str | None) -> None:
        self.notice.say("")
        self.rules.load()
        self._load()

    def may_leave(self) -> Awaitable[bool] | bool:
        return self._ask_to_leave() if self.rules.dirty else True

    def make_now(self) -> None:
        self._run(ops.make(self._context.client, BackupCreate()), tr("The backup is made and verified."))

    def verify_chosen(self) -> None:
        for one in self.table.selected_objects()[:1]:
            self._context.ops.run(
                ops.verify(self._context.client, one["backup"]),
                on_success=self._verified,
                on_error=self.notice.refused,
                on_done=self._load,
                owner=self,
            )

    def ask_delete(self) -> ConfirmDialog | None:
        chosen = self.table.selected_objects()
        if not chosen:
            return None
        ids, now = [one["backup"] for one in chosen], self._context.clock()
        good = [one for one in self.table.model_.shown_objects() if words.state_word(one)[1] == "good"]
        last = bool(good) and all(one["backup"] in ids for one in good)
        text = tr("It cannot be brought back.") if len(ids) == 1 else tr("They cannot be brought back.")
        if last:
            text += " " + tr("No good backup is left then.")
        names = ", ".join(formatting.local_time(one["created_at"], now) for one in chosen[:3])
        return confirm(
            self,
            plural(len(ids), "Delete this backup?", "Delete {count} backups?"),
            f"{names}{'…' if len(ids) > 3 else ''}. {text}",
            tr("Delete"),
            lambda: self._run(
                ops.delete(self._context.client, ids),
                plural(len(ids), "The backup is deleted.", "{count} backups are deleted."),
            ),
        )

    def ask_kit(self) -> KitDialog:
        dialog = KitDialog(self, self._context)
        dialog.open()
        return dialog

    # ---- inside

    def _connect(self) -> None:
        self.table.tick(_TICK_MS)
        self.table.selection_changed.connect(self._selected)
        self.table.menu_opening.connect(self._fill_menu)
        self.rules.refused.connect(lambda sentence: self.notice.say(sentence, "bad"))
        self.table.on_key("Del", self.ask_delete, self._context.rights.need("backups:delete"))
        timer = QTimer(self)
        timer.setInterval(_TICK_MS)
        timer.timeout.connect(self._show_state)
        timer.start()
        self.destroyed.connect(self._context.live.subscribe(BACKUP_STATE, self._state_changed))
        self._show_state()
        self._selected()

    @property
    def _state(self) -> Object | None:
        return next(iter(self._context.live.kind(BACKUP_STATE).values()), None)

    def _state_changed(self, _batch: LiveBatch) -> None:
        doing = str((self._state or {}).get("doing", ""))
        if self._was_doing and not doing and self.isVisible():
            self._load()
        self._was_doing = doing
        self._show_state()

    def _show_state(self) -> None:
        state = self._state
        sentence = words.work_sentence(state) if state is not None else ""
        busy = bool(sentence)
        self.bar.setVisible(busy)
        self.doing.setText(sentence or tr("The master key of stored secrets is in recovery kits alone."))
        if state is not None:
            total = int(state["total"])
            self.bar.setRange(0, 1000 if total else 0)
            self.bar.setValue(round(1000 * int(state["done"]) / total) if total else 0)
            self.rules.show_next(state["next_at"])
        for part in (self.make, self.kit):
            part.setEnabled(not busy)
        worry = words.worry(state, self._context.clock())
        self.worry.say(*(worry or ("",)))
        self._selected()

    def _load(self) -> None:
        self._context.ops.run(
            ops.load(self._context.client), on_success=self._show, on_error=self.notice.refused, owner=self
        )

    def _show(self, backups: list[Backup]) -> None:
        known = {row["id"]: row for row in map(self._row, backups)}
        self.table.take(LiveBatch(True, known, frozenset()))
        self.centre.setCurrentWidget(self.table if known else self.nothing)
        self.header.show_count(len(known), len(known))
        self._selected()

    def _row(self, one: Backup) -> Object:
        """Rows of a table have numbers."""
        number = self._numbers.setdefault(one.id, len(self._numbers) + 1)
        return {**msgspec.to_builtins(one), "id": number, "backup": one.id}

    def _selected(self) -> None:
        chosen = self.table.selected_objects()
        state = self._state or {"doing": "", "data_folder": ""}
        self.verify.setEnabled(len(chosen) == 1 and not state["doing"])
        self.delete.setEnabled(bool(chosen))
        some = bool(self.table.model_.total)
        for part in (self.verify, self.delete):
            part.setVisible(some)
        if state["data_folder"]:
            self.restore.show_backup(state["data_folder"], chosen[0]["path"] if len(chosen) == 1 else "")

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) == 1:
            gate(menu.addAction(tr("Verify")), self._context.rights.need("backups:create")).triggered.connect(
                lambda _checked: self.verify_chosen()
            )
        if chosen:
            gate(
                menu.addAction(tr("Delete…")), self._context.rights.need("backups:delete")
            ).triggered.connect(lambda _checked: self.ask_delete())

    def _run(self, op: Any, said: str) -> None:
        self._context.ops.run(
            op,
            on_success=lambda _: self._context.notices.notice(said, "good"),
            on_error=self.notice.refused,
            on_done=self._load,
            owner=self,
        )

    def _verified(self, found: Backup) -> None:
        if found.problem:
            self.notice.say(found.problem, "bad", {tr("Close"): lambda: self.notice.say("")})
        else:
            self._context.notices.notice(tr("The backup is whole."), "good")

    async def _ask_to_leave(self) -> bool:
        answer = await choose(
            self,
            tr("The rules are not saved"),
            tr("When backups are made and how many are kept was changed here."),
            {"discard": (tr("Throw away"), "danger")},
        )
        if answer:
            self.rules.forget()
        return bool(answer)

    def _columns(self) -> list[Column]:
        clock = self._context.clock

        def time(key: str) -> Any:
            return lambda one: formatting.local_time(one[key], clock()) if one[key] else NOTHING

        return [
            Column(
                "made",
                tr("Made"),
                time("created_at"),
                Kind.STRONG,
                sort=lambda one: one["created_at"],
                width=150,
            ),
            pill_column("state", tr("State"), lambda one: Pill(*words.state_word(one)), width=110),
            Column("reason", tr("Reason"), lambda one: words.reason_word(one) or NOTHING, width=150),
            Column(
                "size",
                tr("Size"),
                lambda one: formatting.size(one["size"]),
                Kind.NUMBER,
                sort=lambda one: one["size"],
                width=90,
            ),
            Column(
                "output",
                tr("Output"),
                lambda one: tr("with") if one["with_output"] else tr("without"),
                width=80,
            ),
            Column(
                "verified",
                tr("Verified"),
                time("verified_at"),
                Kind.MUTED,
                sort=lambda one: one["verified_at"] or "",
                width=150,
            ),
            Column("version", tr("Version"), lambda one: one["version"] or NOTHING, Kind.MUTED, width=80),
            Column("problem", tr("Problem"), lambda one: one["problem"] or NOTHING, Kind.MUTED, width=260),
        ]
