"""One user: who it is, what roles they have, and a way in."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from backend_lite.contract.accounts import UserAccount, UserCreate, UserUpdate
from backend_lite.contract.live import ROLE
from console.core.errors import ApiError
from console.core.live import LiveBatch
from console.core.ops import Op
from console.core.password_strength import judge
from console.core.texts import tr
from console.features.accounts import ops
from console.features.accounts.words import Object, named_groups, reach_in_words
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role
from console.widgets.fitting import FittingDialog
from console.widgets.form import Field
from console.widgets.tick_list import TickList

WIDTH = 480


class UserDialog(FittingDialog):
    """For a new one, or with `user` for one that is there. `saved(UserAccount)`."""

    saved = Signal(object)

    def __init__(self, parent: QWidget, context: Context, user: Object | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._context, self._user = context, user
        title = tr("New user") if user is None else tr("User {name}", name=user["username"])
        self.setWindowTitle(title)
        self.setFixedWidth(WIDTH)
        lines_to_type = (QLineEdit() for _ in range(5))
        self.username, self.full_name, self.email, self.password, self.subject = lines_to_type
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.active = QCheckBox(tr("May sign in"))
        self.active.setToolTip(tr("Taking it away ends the sessions and tokens of this user at once."))
        self.roles = TickList(tr("Roles"))
        self.roles_field = Field(tr("Roles"), self.roles)
        self.roles.ticks_changed.connect(self._tell_rights)
        self.name_field = Field(tr("User name"), self.username)
        self.email_field = Field(tr("E-mail"), self.email)
        self.password_field = Field(*self._password_words())
        self.subject_field = Field(
            tr("Subject at the sign-in provider"),
            self.subject,
            tr("By what the provider knows this user (sub). The first sign-in with it is theirs."),
        )
        self.subject_field.setVisible(user is None)
        self.error = label("", "error", wrap=True)
        self.error.hide()
        self.go = button(
            tr("Make the user") if user is None else tr("Save"),
            self._save,
            "primary",
            need=context.rights.need("users:create" if user is None else "users:edit"),
        )
        lines = column(
            label(title, "title"),
            self.name_field,
            row(Field(tr("Full name"), self.full_name), self.email_field, gap=12),
            self.roles_field,
            self.password_field,
            self.subject_field,
            self.active,
            self.error,
            row(None, button(tr("Cancel"), self.reject), self.go),
            gap=12,
        )
        lines.setContentsMargins(20, 20, 20, 16)
        self.setLayout(lines)
        self._fill(user)
        self.password.textEdited.connect(self._judge)
        self.destroyed.connect(context.live.subscribe(ROLE, self._take_roles))
        self.go.setDefault(True)
        (self.username if user is None else self.full_name).setFocus()

    def _password_words(self) -> tuple[str, QLineEdit, str]:
        if self._user is None:
            hint = tr("Without one this user can sign in only through a provider.")
            return tr("Password"), self.password, hint
        hint = tr("Leave it empty to keep the password. A new one ends the sessions of this user.")
        return tr("New password"), self.password, hint

    def _fill(self, user: Object | None) -> None:
        self.active.setChecked(user is None or user["is_active"])
        self.active.setVisible(user is not None)
        if user is None:
            return
        self.username.setText(user["username"])
        self.username.setEnabled(False)
        self.name_field.set_hint(tr("The name stays: everything that was done is told under it."))
        self.full_name.setText(user["full_name"] or "")
        self.email.setText(user["email"] or "")

    def _take_roles(self, batch: LiveBatch) -> None:
        known = self._context.live.kind(ROLE).items()
        self.roles.show_names({key: str(role["name"]) for key, role in known})
        if batch.reset and self._user is not None:
            self.roles.tick(self._user["roles"])
        self._tell_rights()

    def _tell_rights(self) -> None:
        live = self._context.live
        known = live.kind(ROLE)
        roles = [known[one] for one in self.roles.ticked() if one in known]
        rights = reach_in_words(roles, named_groups(live))
        nothing = tr("Without a role this user may do nothing.")
        self.roles_field.set_hint(tr("Together: {rights}.", rights=rights) if roles else nothing)

    def _judge(self, password: str) -> None:
        verdict = judge(password, password, self.username.text().strip())
        self.password_field.set_error(verdict.sentence if password and not verdict.ok else "")
        if verdict.ok:
            self.password_field.note.setText(verdict.sentence)
            set_role(self.password_field.note, "tone", verdict.tone)

    def _save(self) -> None:
        self.error.hide()
        self.name_field.set_error("")
        self.subject_field.set_error("")
        self._context.ops.run(
            self._op(),
            on_success=self._saved,
            on_error=self._refused,
            busy=self.go,
            owner=self,
        )

    def _op(self) -> Op[UserAccount]:
        client, roles = self._context.client, self.roles.ticked()
        full_name, email = self.full_name.text().strip(), self.email.text().strip() or None
        password = self.password.text()
        if self._user is None:
            subject, username = self.subject.text().strip(), self.username.text().strip()
            wanted = UserCreate(username, password or None, email, full_name, roles, subject)
            return ops.create_user(client, wanted)
        change = UserUpdate(email, full_name, self.active.isChecked(), roles)
        if password:
            change.password = password
        return ops.change_user(client, self._user["id"], change, self._user["version"])

    def _saved(self, account: UserAccount) -> None:
        self.saved.emit(account)
        self.accept()

    def _refused(self, refusal: ApiError) -> None:
        if refusal.code in ("name_taken", "bad_username"):
            self.name_field.set_error(refusal.detail)
            self.username.setFocus()
            return
        if refusal.code == "sub_taken":
            self.subject_field.set_error(refusal.detail)
            self.subject.setFocus()
            return
        self.error.setText(refusal.detail)
        self.error.show()
