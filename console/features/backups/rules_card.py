"""When backups are made by themselves, and how many are kept."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from backend_lite.contract.backups import BackupRules
from console.core import formatting
from console.core.errors import ApiError
from console.core.texts import tr
from console.features.backups import ops, words
from console.shell.context import Context
from console.shell.needing import follow
from console.shell.parts import button, card, column, label, row, spin_box
from console.widgets.form import Field
from console.widgets.parsed_field import ParsedField

_TIME_WIDTH = 110


class RulesCard(QWidget):
    refused = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._saved: BackupRules | None = None
        self.nightly = QCheckBox(tr("Make a backup every night"))
        self.at = ParsedField(tr("At"), words.parse_at, tr("Write a time such as 02:00."), empty="02:00")
        self.at.setFixedWidth(_TIME_WIDTH)
        self.daily = spin_box(tr("Days to keep"), 1, 366, 7)
        self.weekly = spin_box(tr("Weeks to keep"), 0, 520, 4)
        self.output = QCheckBox(tr("With the output of runs"))
        self._writes = context.rights.need("backups:edit")
        self.next = label("", "muted", wrap=True)
        self.save = button(tr("Save"), self.save_now, need=self._writes)
        fields = row(
            self.at, Field(tr("Days kept"), self.daily), Field(tr("Weeks kept"), self.weekly), None, gap=16
        )
        self.setLayout(
            column(
                card(
                    row(label(tr("Every night"), "title"), None, self.save),
                    self.nightly,
                    fields,
                    self.output,
                    self.next,
                    None,
                )
            )
        )
        for box in (self.nightly, self.output):
            box.toggled.connect(self._changed)
        for spin in (self.daily, self.weekly):
            spin.valueChanged.connect(self._changed)
        self.at.changed.connect(self._changed)
        follow(self, self._writes, lambda _met: self._changed())

    @property
    def dirty(self) -> bool:
        return self._saved is not None and (bool(self.at.wrong) or self.value() != self._saved)

    def value(self) -> BackupRules:
        return BackupRules(
            nightly=self.nightly.isChecked(),
            at=self.at.value or (self._saved or BackupRules()).at,
            keep_daily=self.daily.value(),
            keep_weekly=self.weekly.value(),
            with_output=self.output.isChecked(),
        )

    def forget(self) -> None:
        """What is saved holds."""
        if self._saved is not None:
            self._show(self._saved)

    def load(self) -> None:
        if not self.dirty:
            self._context.ops.run(
                ops.load_rules(self._context.client),
                on_success=self._show,
                on_error=self._refused,
                owner=self,
            )

    def save_now(self) -> None:
        if self.dirty and not self.at.wrong:
            self._context.ops.run(
                ops.save_rules(self._context.client, self.value()),
                on_success=self._kept,
                on_error=self._refused,
                owner=self,
            )

    def show_next(self, next_at: str | None) -> None:
        now = self._context.clock()
        self.next.setText(
            tr("The next one: {time}.", time=formatting.local_time(next_at, now))
            if next_at
            else tr("None is made by itself.")
        )

    def _kept(self, rules: BackupRules) -> None:
        self._show(rules)
        self._context.notices.notice(tr("Saved."), "good")

    def _show(self, rules: BackupRules) -> None:
        self._saved = rules
        self.nightly.setChecked(rules.nightly)
        self.at.show_text(rules.at)
        self.daily.setValue(rules.keep_daily)
        self.weekly.setValue(rules.keep_weekly)
        self.output.setChecked(rules.with_output)
        self._changed()

    def _refused(self, refusal: ApiError) -> None:
        self.refused.emit(refusal.detail)

    def _changed(self) -> None:
        known = self._saved is not None and self._writes.is_met
        self.nightly.setEnabled(known)
        for part in (self.at.box, self.daily, self.weekly, self.output):
            part.setEnabled(known and self.nightly.isChecked())
        self.save.setEnabled(self.dirty and not self.at.wrong)
