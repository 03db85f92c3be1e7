"""Views that a person has saved: what is searched for, and how the table is arranged."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QPoint, QSettings, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QLineEdit, QMenu, QPushButton, QWidget

from console.core.texts import tr
from console.shell.parts import button, column, label, row
from console.widgets.confirm import confirm
from console.widgets.form import Field

_WIDTH = 400
_MARGINS = (20, 20, 20, 16)
_BY_KEY = 9


class SavedView(msgspec.Struct):
    """`part` is which table of the page; `choice` a chip of its filter; `arrangement` the table's."""

    name: str
    part: str = ""
    query: str = ""
    choice: str = ""
    arrangement: dict[str, Any] = msgspec.field(default_factory=dict)


class ViewStore:
    """In the window's settings, per person. What cannot be read counts as none."""

    def __init__(self, settings: QSettings, key: str) -> None:
        self._settings, self._key = settings, f"views/{key}"

    def load(self) -> list[SavedView]:
        try:
            return msgspec.json.decode(str(self._settings.value(self._key, "[]")), type=list[SavedView])
        except (msgspec.DecodeError, msgspec.ValidationError):
            return []

    def save(self, views: list[SavedView]) -> None:
        self._settings.setValue(self._key, msgspec.json.encode(views).decode())


class SavedViews(QPushButton):
    """A menu of the views, and of what can be done with them. `chosen(view)`: show it. `now()` gives what
    the page shows. On `page`, Alt+1 to Alt+9 choose a view."""

    chosen = Signal(object)

    def __init__(self, page: QWidget, store: ViewStore, now: Callable[[], SavedView]) -> None:
        super().__init__(tr("Views"))
        self._page, self._store, self._now = page, store, now
        self.views = store.load()
        self.current = ""
        self.setAccessibleName(tr("Saved views"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda _checked: self._open())
        for at in range(_BY_KEY):
            shortcut = QShortcut(QKeySequence(f"Alt+{at + 1}"), page)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(partial(self._choose_at, at))

    def menu_of_views(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for at, view in enumerate(self.views):
            key = f"\tAlt+{at + 1}" if at < _BY_KEY else ""
            action = menu.addAction(view.name.replace("&", "&&") + key)
            action.setCheckable(True)
            action.setChecked(view.name == self.current)
            action.triggered.connect(lambda _checked, at=at: self._choose_at(at))
        if self.views:
            menu.addSeparator()
        menu.addAction(tr("Save as a view…")).triggered.connect(lambda _checked: self.ask_new())
        if self._named(self.current) is not None:
            for title, do in (
                (tr("Save the changes to “{name}”", name=self.current), self._replace),
                (tr("Rename “{name}”…", name=self.current), self.ask_name),
                (tr("Delete “{name}”…", name=self.current), self.ask_delete),
            ):
                menu.addAction(title).triggered.connect(lambda _checked, do=do: do())
        return menu

    def ask_new(self) -> NameDialog:
        return self._ask(tr("Save as a view"), "", self._add)

    def ask_name(self) -> NameDialog:
        return self._ask(tr("Rename the view"), self.current, self._rename)

    def ask_delete(self) -> None:
        confirm(
            self.window(),
            tr("Delete the view “{name}”?", name=self.current),
            tr("Only the view goes; what it shows stays."),
            tr("Delete"),
            self._delete,
        )

    # ---- inside

    def _open(self) -> None:
        self.menu_of_views().popup(self.mapToGlobal(QPoint(0, self.height())))

    def _choose_at(self, at: int) -> None:
        if at < len(self.views):
            self._show_current(self.views[at].name)
            self.chosen.emit(self.views[at])

    def _show_current(self, name: str) -> None:
        self.current = name
        self.setText(tr("View: {name}", name=name) if name else tr("Views"))

    def _named(self, name: str) -> SavedView | None:
        return next((view for view in self.views if view.name == name), None)

    def _ask(self, title: str, name: str, then: Callable[[str], None]) -> NameDialog:
        taken = {view.name.casefold() for view in self.views} - {name.casefold()}
        dialog = NameDialog(self.window(), title, name, taken)
        dialog.named.connect(then)
        dialog.open()
        return dialog

    def _add(self, name: str) -> None:
        self._keep([*self.views, msgspec.structs.replace(self._now(), name=name)], name)

    def _replace(self) -> None:
        view = msgspec.structs.replace(self._now(), name=self.current)
        self._keep([view if old.name == view.name else old for old in self.views], view.name)

    def _rename(self, name: str) -> None:
        view = self._named(self.current)
        if view is not None:
            view.name = name
            self._keep(self.views, name)

    def _delete(self) -> None:
        self._keep([view for view in self.views if view.name != self.current], "")

    def _keep(self, views: list[SavedView], current: str) -> None:
        self.views = views
        self._store.save(views)
        self._show_current(current)


class NameDialog(QDialog):
    """`named(name)`: a name that is not taken yet."""

    named = Signal(str)

    def __init__(self, parent: QWidget, title: str, name: str, taken: set[str]) -> None:
        super().__init__(parent)
        self._taken = taken
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setFixedWidth(_WIDTH)
        self.box = QLineEdit(name)
        self.box.setMaxLength(60)
        self.field = Field(tr("Name of the view"), self.box)
        self.save = button(tr("Save"), self._save, "primary")
        self.save.setDefault(True)
        buttons = row(None, button(tr("Cancel"), self.reject), self.save)
        lines = column(label(title, "title"), self.field, buttons, gap=12)
        lines.setContentsMargins(*_MARGINS)
        self.setLayout(lines)
        self.box.textChanged.connect(lambda _text: self._check())
        self.box.selectAll()
        self._check()

    def _check(self) -> None:
        name = self.box.text().strip()
        taken = name.casefold() in self._taken
        self.field.set_error(tr("There is a view of that name already.") if taken else "")
        self.save.setEnabled(bool(name) and not taken)

    def _save(self) -> None:
        self.accept()
        self.named.emit(self.box.text().strip())
