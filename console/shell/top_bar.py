"""The line at the top: name, way back, search box, light or dark, who is signed in."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QFrame, QLabel, QMenu, QWidget

from backend_lite.contract.access import User
from console.core.texts import tr
from console.shell import icons
from console.shell.navigator import Navigator
from console.shell.parts import button, icon_button, label, row
from console.shell.search_box import SearchBox
from console.shell.theme import Mode, Theme, set_role

HEIGHT = 46


class TopBar(QFrame):
    """`mode_chosen(mode)`, `lock_wanted`, `sign_out_wanted`, `help_wanted`: what the menus ask for."""

    mode_chosen = Signal(str)
    lock_wanted = Signal()
    sign_out_wanted = Signal()
    help_wanted = Signal()

    def __init__(self, theme: Theme, navigator: Navigator, window: QWidget) -> None:
        super().__init__()
        set_role(self, "top-bar")
        self.setFixedHeight(HEIGHT)
        self._theme = theme
        self._navigator = navigator
        self._logo = QLabel()
        self.back = icon_button("back", tr("Back (Alt+Left)"), navigator.back)
        self.forward = icon_button("forward", tr("Forward (Alt+Right)"), navigator.forward)
        self.search = SearchBox(theme, window)
        self.look = icon_button("theme", tr("Light or dark"), lambda: None)
        self.look.setMenu(self._look_menu())
        self.help = button(tr("Keys"), self.help_wanted.emit, "quiet", name=tr("Keyboard shortcuts"))
        self.user = button("", lambda: None, "quiet", name=tr("Signed-in person"))
        self.user.setMenu(self._user_menu())
        brand = row(self._logo, label("DeployFlow", "brand"), None, self.back, self.forward, gap=8)
        holder = QWidget()
        holder.setLayout(brand)
        holder.setFixedWidth(theme.side_width - 12)
        line = row(holder, self.search, None, self.look, self.help, self.user)
        line.setStretch(1, 3)
        line.setContentsMargins(14, 0, 12, 0)
        self.setLayout(line)
        theme.changed.connect(self._refresh)
        self._refresh()
        self.show_user(None)
        self.show_history()

    def show_user(self, user: User | None) -> None:
        signed_in = user is not None
        for widget in (self.user, self.back, self.forward, self.search):
            widget.setVisible(signed_in)
        self.user.setText(user.username if user else "")

    def show_history(self) -> None:
        self.back.setEnabled(self._navigator.can_go_back)
        self.forward.setEnabled(self._navigator.can_go_forward)

    def _refresh(self) -> None:
        ratio = self.devicePixelRatioF()
        self._logo.setPixmap(icons.pixmap("logo", self._theme.color("accent"), 18, ratio))

    def _look_menu(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(menu)
        looks = {Mode.SYSTEM: tr("As the system"), Mode.LIGHT: tr("Light"), Mode.DARK: tr("Dark")}
        for mode, text in looks.items():
            action = QAction(text, menu, checkable=True)
            action.setData(str(mode))
            group.addAction(action)
            menu.addAction(action)
        group.triggered.connect(lambda action: self.mode_chosen.emit(action.data()))
        menu.aboutToShow.connect(lambda: self._check_look(menu))
        return menu

    def _check_look(self, menu: QMenu) -> None:
        for action in menu.actions():
            action.setChecked(action.data() == self._theme.mode)

    def _user_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction(tr("Lock"), self.lock_wanted.emit)
        menu.addAction(tr("Sign out"), self.sign_out_wanted.emit)
        return menu
