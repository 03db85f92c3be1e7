"""The service's settings: groups on the left, their forms on the right, saved together."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QStackedWidget

from backend_lite.contract.settings import SettingForm, SettingGroup, SettingValue
from console.core.errors import ApiError
from console.core.setting_edit import Raw, name_of, raw_of, value_of, wrong
from console.core.texts import tr
from console.core.undo import Undo
from console.features.settings import ops
from console.features.settings.group_view import GroupView
from console.features.settings.key_card import KeyCard
from console.features.settings.mail_card import MailCard
from console.shell.context import Context
from console.shell.needing import follow
from console.shell.parts import PageHeader, column, frame, icon_button, row
from console.shell.theme import set_role
from console.widgets.confirm import choose
from console.widgets.form_base import FormPage

_GROUP = Qt.ItemDataRole.UserRole
_LIST_WIDTH = 190
_SEARCH_WIDTH = 260
STALE = "stale"


class SettingsPage(FormPage):
    """What is edited stands in one state over all groups, so that undo goes through them in order."""

    key = "settings"

    def __init__(self, context: Context) -> None:
        super().__init__(context, context.rights.need("settings:edit"))
        self.setWindowTitle(tr("Settings"))
        self.search_hint = tr("Search devices, runs, scripts or commands")
        self._groups: dict[str, SettingGroup] = {}
        self._undo: Undo[dict[str, Raw]] = Undo({})
        self._target: str | None = None
        self.views: dict[str, GroupView] = {}
        self.key_card = KeyCard(context)
        self.mail_card = MailCard(context)
        self.undo = icon_button("undo", tr("Undo (Ctrl+Z)"), self.undo_now)
        self.redo = icon_button("redo", tr("Redo (Ctrl+Y)"), self.redo_now)
        self.search = QLineEdit()
        self.search.setAccessibleName(tr("Search in the settings"))
        self.search.setPlaceholderText(tr("Search in the settings"))
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(_SEARCH_WIDTH)
        self.search.textChanged.connect(self._find)
        self.header = PageHeader(tr("Settings"), self.search, self.undo, self.redo, self.save)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Groups of settings"))
        self.list.setFixedWidth(_LIST_WIDTH)
        set_role(self.list, "findings")
        self.list.currentItemChanged.connect(lambda item, _old: self._choose(item))
        self.stack = QStackedWidget()
        content = row(frame("side", column(self.list), (8, 12, 8, 12)), self.stack, gap=0)
        content.setStretch(1, 1)
        self.setLayout(column(self.header, self.notice, content, gap=0))
        for keys, act in (
            (QKeySequence.StandardKey.Undo, self.undo_now),
            (QKeySequence.StandardKey.Redo, self.redo_now),
            (QKeySequence.StandardKey.Find, self.search.setFocus),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(act)
        follow(self, self._writes, lambda _met: self._show_edits())

    # ---- the page

    def show_target(self, target: str | None) -> None:
        """`target` is a group. What somebody else saved is shown, unless something is edited here."""
        self._target = target or self._target
        self.key_card.load()
        if self.dirty:
            self._show_target()
        else:
            self._load()

    @property
    def dirty(self) -> bool:
        return bool(self.changed())

    def changed(self) -> list[str]:
        """The names of the settings that differ from what is stored."""
        return [name for name, raw in self._undo.now.items() if raw != self._stored(name)]

    def wrong(self) -> list[str]:
        forms = {name_of(form): form for group in self._groups.values() for form in group.settings}
        return [name for name, raw in self._undo.now.items() if wrong(forms[name], raw)]

    # ---- editing

    def edit(self, name: str, raw: Raw) -> None:
        self._undo.change({**self._undo.now, name: raw}, name if isinstance(raw, str) else "")
        self._show_edits()

    def reset(self, name: str) -> None:
        form = next(form for form in self._all_forms() if name_of(form) == name)
        self.edit(name, raw_of(form, form.default))

    def undo_now(self) -> None:
        if self._undo.undo():
            self._show_edits()

    def redo_now(self) -> None:
        if self._undo.redo():
            self._show_edits()

    # ---- saving

    def save_now(self) -> None:
        if not self._saving and self.dirty and not self.wrong():
            self._send({name: group.version for name, group in self._groups.items()})

    def _send(self, versions: Mapping[str, int | None]) -> None:
        forms = {name_of(form): form for form in self._all_forms()}
        changes: dict[str, tuple[int | None, dict[str, SettingValue | None]]] = {}
        for name in self.changed():
            form = forms[name]
            values = changes.setdefault(form.group, (versions.get(form.group), {}))[1]
            values[form.key] = value_of(form, self._undo.now[name])
        self._run_save(ops.save(self._context.client, changes), self._saved)

    def _saved(self, _groups: list[SettingGroup]) -> None:
        self._discard()
        self._context.notices.notice(tr("The settings are saved."), "good")
        self._load()
        self.key_card.load()

    def _refused(self, refusal: ApiError) -> None:
        if refusal.code == STALE:
            self.notice.say(
                refusal.detail,
                "warning",
                {tr("Take theirs"): self._take_theirs, tr("Keep mine"): lambda: self._send({})},
            )
        else:
            self.notice.say(refusal.detail, "bad")
            self._say_in_place(refusal)

    def _say_in_place(self, refusal: ApiError) -> None:
        for view in self.views.values():
            for name, field in view.fields.items():
                if f"({name})" in refusal.detail:
                    field.say(refusal.detail)

    def _take_theirs(self) -> None:
        self._discard()
        self._load()

    def _discard(self) -> None:
        self._undo.begin({name_of(form): raw_of(form) for form in self._all_forms()})

    async def _ask_to_leave(self) -> bool:
        choices = {"discard": (tr("Throw away"), "danger")}
        if not self.wrong():
            choices["save"] = (tr("Save"), "primary")
        title, text = tr("The settings are not saved"), tr("What was changed here is lost otherwise.")
        answer = await choose(self, title, text, choices)
        if answer == "save":
            await self._saved_now()
        elif answer == "discard":
            self._discard()
            self._show_edits()
        return bool(answer) and not self.dirty

    # ---- what is shown

    def _load(self) -> None:
        self._context.ops.run(
            ops.load(self._context.client),
            on_success=self._show,
            on_error=lambda refusal: self.notice.say(refusal.detail, "bad"),
            owner=self,
        )

    def _show(self, groups: list[SettingGroup]) -> None:
        if self.dirty:
            return
        self.notice.say("")
        same = _names(groups) == _names(list(self._groups.values()))
        self._groups = {group.name: group for group in groups}
        self._discard()
        if same:
            for group in groups:
                self.views[group.name].show_group(group)
        else:
            self._build()
        self._show_edits()
        self._show_target()

    def _build(self) -> None:
        chosen = self.list.currentItem().data(_GROUP) if self.list.currentItem() else None
        extras = {"security": self.key_card, "email": self.mail_card}
        for extra in extras.values():
            extra.setParent(None)
        for old in self.views.values():
            self.stack.removeWidget(old)
            old.deleteLater()
        self.views = {}
        self.list.clear()
        for group in self._groups.values():
            view = GroupView(group, self._context, extras.get(group.name))
            view.edited.connect(self.edit)
            view.reset_wanted.connect(self.reset)
            self.views[group.name] = view
            self.stack.addWidget(view)
            item = QListWidgetItem(group.title, self.list)
            item.setData(_GROUP, group.name)
        self._go(chosen or next(iter(self.views)))
        self._find(self.search.text())

    def _show_target(self) -> None:
        if self._target in self.views:
            self._go(self._target)
        self._target = None

    def _go(self, group: str) -> None:
        for at in range(self.list.count()):
            if self.list.item(at).data(_GROUP) == group:
                self.list.setCurrentRow(at)

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.stack.setCurrentWidget(self.views[item.data(_GROUP)])

    def _find(self, text: str) -> None:
        """Hides groups in which nothing matches, and goes to the first in which something does."""
        first = ""
        for at in range(self.list.count()):
            item = self.list.item(at)
            name = item.data(_GROUP)
            found = self.views[name].show_matches(text)
            item.setHidden(bool(text) and not found)
            first = first or (name if found else "")
        current = self.list.currentItem()
        if text and first and (current is None or current.isHidden()):
            self._go(first)

    def _show_edits(self) -> None:
        for view in self.views.values():
            view.show_raws(self._undo.now, enabled=self._writes.is_met)
        self._show_state()

    def _show_state(self) -> None:
        dirty, bad = self.changed(), self.wrong()
        self.header.set_mark(tr("unsaved") if dirty else "", "accent")
        self.save.setEnabled(bool(dirty) and not bad and not self._saving)
        self.undo.setEnabled(self._undo.can_undo)
        self.redo.setEnabled(self._undo.can_redo)
        for at in range(self.list.count()):
            item = self.list.item(at)
            group = self._groups[item.data(_GROUP)]
            names = {name_of(form) for form in group.settings}
            item.setText(f"{group.title} •" if names & set(dirty) else group.title)

    def _all_forms(self) -> list[SettingForm]:
        return [form for group in self._groups.values() for form in group.settings]

    def _stored(self, name: str) -> Raw:
        return next((raw_of(form) for form in self._all_forms() if name_of(form) == name), None)


def _names(groups: list[SettingGroup]) -> list[tuple[str, str]]:
    return [(name_of(form), form.type) for group in groups for form in group.settings]
