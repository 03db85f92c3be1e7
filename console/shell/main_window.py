"""The window: top bar, banners, then either one screen (sign-in, say) or the workspace, status bar.

A cover may lie over all of it: then nothing of it is seen, here or in another window.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import shiboken6
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QIcon, QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedLayout, QStackedWidget, QWidget

from backend_lite.contract.live import SERVICE
from console import __version__
from console.core.own_rights import Need
from console.core.service_facts import PRODUCT, service_facts
from console.core.texts import tr
from console.shell import icons
from console.shell.closed_page import ClosedPage
from console.shell.context import Context
from console.shell.error_dialog import ErrorDialog
from console.shell.feature import Command, Feature
from console.shell.frame_commands import frame_commands
from console.shell.navigator import Door, Place
from console.shell.notices import Bug
from console.shell.notices_view import Banners, Toasts
from console.shell.other_windows import OtherWindows
from console.shell.page import Page
from console.shell.palette import Palette
from console.shell.parts import column
from console.shell.status_bar import StatusBar
from console.shell.top_bar import TopBar
from console.shell.window_state import restore_geometry, save_geometry
from console.shell.workspace import Workspace

FIRST_SIZE = (1280, 800)


class MainWindow(QWidget):
    """`close_wanted`: a person closes the window; whoever made it closes it by `close_now` when all is
    well. `sign_out_wanted` and `lock_wanted`: from the menu or the palette."""

    close_wanted = Signal()
    sign_out_wanted = Signal()
    lock_wanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.workspace: Workspace | None = None
        self._may_close = False
        self._watches: list[Callable[[], None]] = []
        self.body = QWidget()
        self.top = TopBar(context.theme, context.navigator, self.body)
        self.banners = Banners(context.notices)
        self.centre = QStackedWidget()
        self.status = StatusBar(context)
        self.body.setLayout(column(self.top, self.banners, self.centre, self.status, gap=0))
        self._layers = QStackedLayout(self)
        self._layers.addWidget(self.body)
        self._others = OtherWindows(self)
        self._focus: QWidget | None = None
        self.toasts = Toasts(context.notices, self.centre, self._activity_height)
        self._dialog: ErrorDialog | None = None
        self._of_features: list[Command] = []
        self._commands = frame_commands(self)
        self._connect()
        self._show_title()
        context.theme.dress(self)
        self.setMinimumSize(900, 560)
        if not restore_geometry(context.settings, self):
            self.resize(*FIRST_SIZE)

    def show_screen(self, screen: QWidget) -> None:
        """One thing to do, without navigation: it replaces the workspace or the screen before it."""
        self._leave_workspace()
        self._put(screen)

    def show_workspace(self, features: list[Feature]) -> Workspace:
        """For the person who has signed in."""
        self._leave_workspace()
        context = self.context
        for feature in features:
            for page_key, factory in feature.pages.items():
                door = _door(feature.need_of(page_key, context.rights))
                context.navigator.add(page_key, partial(factory, context), door)
            for key, opener in feature.dialogs.items():
                context.navigator.add_dialog(key, partial(opener, context))
            self._watches += [watch(context) for watch in feature.watches]
        self.workspace = Workspace(context, features)
        self._of_features = [command for feature in features for command in feature.commands]
        self._bind_keys(self._of_features, self.workspace)
        palette = Palette(features, context)
        for command in self._commands:
            palette.add(command)
        self.top.search.set_palette(palette)
        self.top.show_user(context.session.user)
        self._put(self.workspace)
        self.workspace.navigation.setFocus()
        return self.workspace

    @property
    def commands(self) -> list[Command]:
        """What can be done now: the frame's own, and while somebody is signed in those of the features."""
        return [*self._commands, *self._of_features]

    @property
    def is_covered(self) -> bool:
        return self._layers.currentWidget() is not self.body

    def cover(self, screen: QWidget) -> None:
        """Nothing but `screen` is seen of the program. All that is open stays as it is, and its keys rest."""
        self._focus = self.focusWidget()
        self._others.put_away()
        self._layers.addWidget(screen)
        self._layers.setCurrentWidget(screen)
        self._show_title()
        screen.setFocus()

    def uncover(self, *, discard: bool = False) -> None:
        """All is as before; with `discard` the other windows are closed, and a screen has come meanwhile."""
        screen = self._layers.currentWidget()
        self._layers.setCurrentWidget(self.body)
        if screen is not None and screen is not self.body:
            self._layers.removeWidget(screen)
            screen.deleteLater()
        self._show_title()
        if discard:
            self._others.close()
            focus = self.centre.currentWidget()
        else:
            self._others.bring_back()
            focus = self._focus
        if focus is not None and shiboken6.isValid(focus):
            focus.setFocus()

    def toggle_activity(self) -> None:
        if self.workspace is not None:
            self.workspace.toggle_activity()

    def next_pane(self) -> None:
        """Moves the focus to the next of the shown panes, round and round."""
        panes = self.workspace.panes() if self.workspace is not None else []
        focus = self.focusWidget()
        at = next((n for n, pane in enumerate(panes) if focus and pane.isAncestorOf(focus)), None)
        if at is None:
            at = next((n for n, pane in enumerate(panes) if pane is focus), -1)
        for pane in [*panes[at + 1 :], *panes[: at + 1]]:
            goal = _focusable(pane)
            if goal is not None:
                goal.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def choose_look(self, mode: str) -> None:
        self.context.settings.setValue("window/theme", mode)
        self.context.theme.apply(mode)

    def save(self) -> None:
        save_geometry(self.context.settings, self)
        if self.workspace is not None:
            self.workspace.save()
        self.context.settings.sync()

    def close_now(self) -> None:
        self._may_close = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
        else:
            event.ignore()
            self.close_wanted.emit()

    def _put(self, widget: QWidget) -> None:
        old = self.centre.currentWidget()
        self.centre.addWidget(widget)
        self.centre.setCurrentWidget(widget)
        if old is not None:
            self.centre.removeWidget(old)
            old.deleteLater()

    def _leave_workspace(self) -> None:
        for stop in self._watches:
            stop()
        self._watches = []
        if self.workspace is not None:
            self._others.close_dialogs()
            self.workspace.leave()
            self.workspace = None
            self._of_features = []
            self.context.navigator.forget()
            self.context.notices.forget()
        self.top.search.set_palette(None)
        self.top.show_user(None)

    def _connect(self) -> None:
        context = self.context
        self.top.mode_chosen.connect(self.choose_look)
        self.top.sign_out_wanted.connect(self.sign_out_wanted)
        self.top.lock_wanted.connect(self.lock_wanted)
        self.status.activity_wanted.connect(self.toggle_activity)
        self.status.messages_wanted.connect(self._show_messages)
        context.navigator.arrived.connect(self._arrived)
        context.notices.bug_found.connect(self._show_bug)
        context.theme.changed.connect(self._retint)
        self.destroyed.connect(context.live.subscribe(SERVICE, lambda _batch: self._show_title()))
        self._bind_keys(self._commands, self.body)
        self._retint()

    def _activity_height(self) -> int:
        """Notices leave the panel of what is running free."""
        shown = self.workspace is not None and self.workspace.activity.isVisible()
        return self.workspace.activity.height() if self.workspace is not None and shown else 0

    def _bind_keys(self, commands: list[Command], where: QWidget) -> None:
        for command in commands:
            if command.shortcut:
                shortcut = QShortcut(QKeySequence(command.shortcut), where)
                shortcut.activated.connect(partial(command.perform, self.context))

    def _arrived(self, page: Page, place: Place) -> None:
        self.top.show_history()
        self.top.search.set_hint(page.search_hint)
        self._show_title()

    def _show_title(self) -> None:
        """The page, which may be called after a device, is not for everybody to read."""
        page = self.context.navigator.page
        shown = tr("Locked") if self.is_covered else page.title if page is not None else ""
        name = service_facts(self.context.live).name
        parts = [shown, name if name != PRODUCT else "", PRODUCT]
        self.setWindowTitle(" – ".join(part for part in parts if part))

    def _show_messages(self) -> None:
        if self.workspace is not None:
            if self.workspace.activity.isHidden():
                self.workspace.toggle_activity()
            self.workspace.activity.show_messages()

    def _show_bug(self, bug: Bug) -> None:
        # One at a time: what follows from the first is in the log and among the messages.
        if self._dialog is None:
            self._dialog = ErrorDialog(bug, __version__, self)
            self._dialog.finished.connect(self._bug_seen)
            self._dialog.open()

    def _bug_seen(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None

    def _retint(self) -> None:
        self.setWindowIcon(QIcon(icons.pixmap("logo", self.context.theme.color("accent"), 64, 1.0)))


def _door(need: Need) -> Door:
    return Door(lambda: need.is_met, partial(ClosedPage, need))


def _focusable(pane: QWidget) -> QWidget | None:
    """The pane itself or the first thing in it that takes the focus by Tab."""
    inside = [pane, *pane.findChildren(QWidget)]
    tab = Qt.FocusPolicy.TabFocus
    return next((w for w in inside if w.isVisible() and w.isEnabled() and w.focusPolicy() & tab), None)
