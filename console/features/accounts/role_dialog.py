"""One role: its name, what its holders may do, and where."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from backend_lite.contract.accounts import Role, RoleCreate, RoleUpdate
from backend_lite.contract.live import USER
from console.core.errors import ApiError
from console.core.ops import Op
from console.core.texts import tr
from console.features.accounts import ops
from console.features.accounts.rights_table import RightsTable
from console.features.accounts.where import Where
from console.features.accounts.words import Object, grants_of, permissions_of
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.fitting import FittingDialog
from console.widgets.form import Field

WIDTH = 680
MAX_NAME, MAX_DESCRIPTION = 200, 2000


class RoleDialog(FittingDialog):
    """For a new one, with `copied` as a start; or with `role` for one that is there, which is only shown when
    it comes with the product. `saved(Role)`; `copy_wanted(role)`."""

    saved = Signal(object)
    copy_wanted = Signal(object)

    def __init__(
        self, parent: QWidget, context: Context, role: Object | None = None, copied: Object | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._context, self._role = context, role
        built_in = role is not None and role["built_in"]
        title = tr("New role") if role is None else tr("Role {name}", name=role["name"])
        self.setWindowTitle(title)
        self.setFixedWidth(WIDTH)
        self.name, self.description = QLineEdit(), QLineEdit()
        self.name.setMaxLength(MAX_NAME)
        self.description.setMaxLength(MAX_DESCRIPTION)
        self.name_field = Field(tr("Name"), self.name)
        self.rights = RightsTable(tr("What its holders may do"))
        self.where = Where(context)
        self.note = label(self._note_words(), "secondary", wrap=True)
        self.error = label("", "error", wrap=True)
        self.error.hide()
        self.go = button(
            tr("Make the role") if role is None else tr("Save"),
            self._save,
            "primary",
            need=context.rights.need("roles:create" if role is None else "roles:edit"),
        )
        self.copy = button(
            tr("Copy…"),
            self._copy,
            "primary" if built_in else "",
            icon="copy",
            need=context.rights.need("roles:create"),
        )
        self.copy.setVisible(role is not None)
        self.go.setVisible(not built_in)
        cancel = button(tr("Close") if built_in else tr("Cancel"), self.reject)
        names = row(self.name_field, Field(tr("Description"), self.description), gap=12)
        names.setStretch(0, 2)
        names.setStretch(1, 3)
        lines = column(
            label(title, "title"),
            names,
            self.rights,
            self.where,
            self.note,
            self.error,
            row(self.copy, None, cancel, self.go),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self._fill(role or copied, built_in)
        self.go.setDefault(not built_in)
        (self.copy if built_in else self.name).setFocus()

    def _fill(self, role: Object | None, built_in: bool) -> None:
        for box in (self.name, self.description):
            box.setReadOnly(built_in)
        for part in (self.rights, self.where):
            part.set_read_only(built_in)
        if role is not None:
            copied = self._role is None
            name = str(role["name"])
            self.name.setText(tr("Copy of {name}", name=name) if copied else name)
            self.description.setText(role["description"])
            self.description.setCursorPosition(0)
            self.rights.tick(permissions_of(role["grants"]))
            self.where.show_groups(role["groups"])
        if not built_in:
            self.rights.limit(self._context.rights.held)

    def _note_words(self) -> str:
        if self._role is None:
            return tr("Arrows move, Space ticks, and a click on a head ticks its row or column.")
        users = self._context.live.kind(USER).values()
        held = sorted(str(user["username"]) for user in users if self._role["id"] in user["roles"])
        holders = tr("Held by {names}.", names=", ".join(held)) if held else tr("Nobody has it.")
        if self._role["built_in"]:
            return holders + " " + tr("It comes with the product: copy it, and change the copy.")
        return holders + " " + tr("What you change holds for them at once.")

    def _copy(self) -> None:
        self.copy_wanted.emit(self._role)
        self.reject()

    def _save(self) -> None:
        self.error.hide()
        self.name_field.set_error("")
        if not self.name.text().strip():
            self.name_field.set_error(tr("Give the role a name."))
            self.name.setFocus()
            return
        if self.where.problem:
            self._say(self.where.problem)
            return
        self._context.ops.run(
            self._op(),
            on_success=self._saved,
            on_error=self._refused,
            busy=self.go,
            owner=self,
        )

    def _op(self) -> Op[Role]:
        client, grants, groups = self._context.client, grants_of(self.rights.ticked()), self.where.chosen()
        name, description = self.name.text().strip(), self.description.text().strip()
        if self._role is None:
            return ops.create_role(client, RoleCreate(name, description, grants, groups))
        change = RoleUpdate(name, description, grants, groups)
        return ops.change_role(client, self._role["id"], change, self._role["version"])

    def _saved(self, role: Role) -> None:
        self.saved.emit(role)
        self.accept()

    def _refused(self, refusal: ApiError) -> None:
        if refusal.code == "name_taken":
            self.name_field.set_error(refusal.detail)
            self.name.setFocus()
            return
        self._say(refusal.detail)

    def _say(self, problem: str) -> None:
        self.error.setText(problem)
        self.error.show()
