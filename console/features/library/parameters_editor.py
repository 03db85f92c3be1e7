"""The declared parameters of a script: a list, and the fields of the one that is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from backend_lite.contract.parameters import MAX_PARAMETERS, ScriptParameter, definition_problems
from console.core.texts import tr
from console.core.undo import Undo
from console.features.library.parameter_fields import ParameterFields
from console.features.library.parameter_list import ParameterList
from console.shell.parts import button, column, icon_button, label, row

Parameters = tuple[ScriptParameter, ...]


class ParametersEditor(QWidget):
    """`changed` follows a person, and undo."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._language = ""
        self._undo: Undo[Parameters] = Undo(())
        self.add = button(tr("Add"), self._add, "link", name=tr("Add a parameter"))
        self.list = ParameterList()
        self.none = label(tr("None are declared: a run may give any that it likes."), "muted", wrap=True)
        self.up = icon_button("chevron-up", tr("Move the parameter up"), lambda: self.list.shift(-1))
        self.down = icon_button("chevron-down", tr("Move the parameter down"), lambda: self.list.shift(1))
        self.remove = icon_button("trash", tr("Remove the parameter"), self._remove)
        self.fields = ParameterFields()
        self.back = button(tr("Undo"), lambda: self._step(redo=False), "link", name=tr("Undo (Ctrl+Z)"))
        self._tools = QWidget()
        self._tools.setLayout(row(self.up, self.down, self.remove, None, self.back, gap=4))
        head = row(label(tr("Parameters"), "header"), None, self.add)
        self.setLayout(column(head, self.none, self.list, self._tools, self.fields, gap=8))
        self._connect()
        self._show()

    @property
    def value(self) -> Parameters:
        return self._undo.now

    def show_saved(self, parameters: Sequence[ScriptParameter]) -> None:
        """Another script, or what is saved: undo begins here."""
        self._undo.begin(tuple(parameters))
        self.list.choose(None)
        self._show()

    def show_unsaved(self, parameters: Sequence[ScriptParameter]) -> None:
        """As a change that can be undone."""
        self._undo.change(tuple(parameters))
        self._show()

    def set_language(self, language: str) -> None:
        """What may be declared depends on it."""
        self._language = language
        self._show()

    def problems(self) -> dict[int, str]:
        return definition_problems(self.value, self._language or None)

    def go_to_problem(self) -> str:
        """Chooses the first parameter that is not right; its sentence, or nothing."""
        found = self.problems()
        if not found:
            return ""
        place = min(found)
        self._choose(place)
        self.fields.name.setFocus()
        return found[place]

    # ---- inside

    def _connect(self) -> None:
        self.list.currentItemChanged.connect(lambda _now, _before: self._show())
        self.list.moved.connect(self._move)
        self.list.add_wanted.connect(self._add)
        self.list.remove_wanted.connect(self._remove)
        self.list.edit_wanted.connect(self.fields.name.setFocus)
        self.list.undo_wanted.connect(lambda redo: self._step(redo=redo))
        self.fields.changed.connect(self._edited)

    def _change(self, parameters: Sequence[ScriptParameter], kind: str = "") -> None:
        self._undo.change(tuple(parameters), kind)
        self._show()
        self.changed.emit()

    def _choose(self, place: int | None) -> None:
        self.list.choose(place)
        self._show()

    def _add(self) -> None:
        place = len(self.value)
        self._change([*self.value, ScriptParameter(_free_name(self.value))])
        self._choose(place)
        self.fields.name.setFocus()
        self.fields.name.selectAll()

    def _remove(self) -> None:
        place = self.list.place
        if place is None:
            return
        left = [one for at, one in enumerate(self.value) if at != place]
        self._change(left)
        self._choose(min(place, len(left) - 1) if left else None)
        (self.list if left else self.add).setFocus()

    def _move(self, order: list[int]) -> None:
        """`order` are the old places; a dragged row is current already at its new one."""
        before = self.fields.shown
        self._change([self.value[at] for at in order])
        places = [at for at, one in enumerate(self.value) if one is before]
        self._choose(places[0] if places else self.list.place)

    def _edited(self, field: str) -> None:
        place = self.list.place
        if place is None:
            return
        changed = [self.fields.value() if at == place else one for at, one in enumerate(self.value)]
        self._change(changed, f"{place} {field}" if field else "")

    def _step(self, *, redo: bool) -> None:
        if self._undo.redo() if redo else self._undo.undo():
            self._show()
            self.changed.emit()

    def _show(self) -> None:
        problems, place = self.problems(), self.list.place
        self.list.show_parameters(self.value, problems)
        place = None if place is None or place >= len(self.value) else place
        self.none.setVisible(not self.value)
        self.add.setEnabled(len(self.value) < MAX_PARAMETERS)
        self._tools.setVisible(bool(self.value) or self._undo.can_undo)
        for part, enabled in (
            (self.up, place is not None and place > 0),
            (self.down, place is not None and place < len(self.value) - 1),
            (self.remove, place is not None),
        ):
            part.setEnabled(enabled)
        self.back.setVisible(self._undo.can_undo)
        self.fields.setVisible(place is not None)
        if place is not None:
            self.fields.show_parameter(self.value[place], problems.get(place, ""))


def _free_name(taken: Sequence[ScriptParameter]) -> str:
    names, number = {one.name.upper() for one in taken}, 1
    while f"PARAMETER{number}" in names:
        number += 1
    return f"Parameter{number}"
