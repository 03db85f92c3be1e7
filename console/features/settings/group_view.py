"""The settings of one group, one under the other, with what belongs to the group below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from backend_lite.contract.settings import SettingForm, SettingGroup
from console.core.setting_edit import Raw, matches, name_of, raw_of
from console.core.texts import tr
from console.features.settings.setting_field import SettingField
from console.shell.context import Context
from console.shell.parts import column, label, rule
from console.shell.theme import set_role


class GroupView(QScrollArea):
    edited = Signal(str, object)
    reset_wanted = Signal(str)

    def __init__(self, group: SettingGroup, context: Context, extra: QWidget | None) -> None:
        super().__init__()
        self.group = group
        self.fields: dict[str, SettingField] = {}
        self._extra = extra
        self._rules: dict[str, QWidget] = {}
        inside = QWidget()
        set_role(inside, "scrolled")
        self._nothing = label("", "muted", wrap=True)
        self._lines = column(label(group.title, "title"), label(group.help, "muted", wrap=True), gap=16)
        for form in group.settings:
            self._add(form, context)
        self._lines.addWidget(self._nothing)
        if extra is not None:
            self._lines.addWidget(extra)
        self._lines.addStretch(1)
        self._lines.setContentsMargins(16, 16, 16, 16)
        inside.setLayout(self._lines)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidget(inside)
        self.setAccessibleName(group.title)
        self.show_matches("")

    def show_group(self, group: SettingGroup) -> None:
        """The same settings with what is stored now."""
        self.group = group
        for form in group.settings:
            self.fields[name_of(form)].show_form(form)

    def show_raws(self, raws: Mapping[str, Raw], *, enabled: bool) -> None:
        true = {name for name, raw in raws.items() if raw is True}
        for name, field in self.fields.items():
            counts = not field.form.needs or field.form.needs in true
            field.show_raw(raws.get(name, raw_of(field.form)), enabled=enabled and counts)

    def show_matches(self, text: str) -> int:
        """Shows only what matches; answers how many do."""
        found = 0
        for name, field in self.fields.items():
            shown = matches(field.form, text)
            field.setVisible(shown)
            self._rules[name].setVisible(shown)
            found += shown
        nothing = tr("No setting here matches.") if text else tr("Nothing is stored here.")
        self._nothing.setText(nothing)
        self._nothing.setVisible(not found)
        if self._extra is not None:
            self._extra.setVisible(not text)
        return found

    def wrong(self) -> Iterable[SettingField]:
        return (field for field in self.fields.values() if field.field.error)

    def _add(self, form: SettingForm, context: Context) -> None:
        field = SettingField(form, context)
        field.show_form(form)
        field.edited.connect(self.edited)
        field.reset_wanted.connect(self.reset_wanted)
        self.fields[field.name] = field
        self._rules[field.name] = rule()
        self._lines.addWidget(field)
        self._lines.addWidget(self._rules[field.name])
