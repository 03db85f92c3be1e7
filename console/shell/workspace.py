"""Everything between the top bar and the status bar while somebody is signed in."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QStackedWidget, QWidget

from backend_lite.contract.live import RUN
from console.core.live import LiveStore
from console.shell.activity_panel import ActivityPanel
from console.shell.context import Context
from console.shell.details_pane import DetailsPane
from console.shell.feature import Feature, NavEntry
from console.shell.navigation import Navigation
from console.shell.navigator import Place
from console.shell.page import Page
from console.shell.parts import column, frame
from console.shell.window_state import flag, restore_splitter, save_splitter

ACTIVITY_HEIGHT = 112


class Workspace(QSplitter):
    """Navigation, pages, details, activity; the parts are split as a person left them."""

    def __init__(self, context: Context, features: list[Feature]) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._context = context
        self.navigation = Navigation(context.theme)
        self._features = features
        self._entries: list[NavEntry] = []
        self._homes = _homes(features)
        self.pages = QStackedWidget()
        self.details = DetailsPane()
        self.activity = ActivityPanel(context)
        self._across = self._build()
        self._restore()
        self._follow_rights()
        self._unfollow = context.rights.subscribe(self._follow_rights)
        self.navigation.chosen.connect(context.navigator.open)
        context.navigator.arrived.connect(self._arrived)
        self.activity.opened.connect(self._open_rollout)
        self.activity.closed.connect(self.toggle_activity)

    def panes(self) -> list[QWidget]:
        """What F6 goes round, as far as it is shown."""
        page = self._context.navigator.page
        every = [self.navigation, *([page] if page else []), self.details, self.activity.lines]
        return [pane for pane in every if pane.isVisible()]

    def home(self, wanted: str) -> str:
        """The page to begin with: `wanted`, or else the first that this person's rights open."""
        keys = [entry.page_key for entry in self._entries]
        return wanted if wanted in keys or not keys else keys[0]

    def toggle_activity(self) -> None:
        shown = self.activity.isHidden()
        self.activity.setVisible(shown)
        self._context.settings.setValue("window/activity", shown)

    def leave(self) -> None:
        """It will be deleted, but not at once: from now on pages arrive elsewhere."""
        self.save()
        self._unfollow()
        self._context.navigator.arrived.disconnect(self._arrived)
        self.navigation.clear_counts()
        self.details.show_widget(None)

    def save(self) -> None:
        save_splitter(self._context.settings, "window/down", self)
        if not self.details.isHidden():
            save_splitter(self._context.settings, "window/across", self._across)

    def _build(self) -> QSplitter:
        theme = self._context.theme
        side = frame("side", column(self.navigation, gap=0), (0, 8, 0, 8))
        side.setMinimumWidth(150)
        across = QSplitter(Qt.Orientation.Horizontal)
        for pane in (side, self.pages, self.details):
            across.addWidget(pane)
            across.setCollapsible(across.indexOf(pane), False)
        across.setStretchFactor(1, 1)
        across.setSizes([theme.side_width, 10_000, theme.details_width])
        self.details.setMinimumWidth(240)
        self.pages.setMinimumWidth(360)
        self.addWidget(across)
        self.addWidget(self.activity)
        self.setCollapsible(0, False)
        self.setStretchFactor(0, 1)
        self.setSizes([10_000, ACTIVITY_HEIGHT])
        for splitter in (self, across):
            splitter.setHandleWidth(1)
        return across

    def _restore(self) -> None:
        settings = self._context.settings
        restore_splitter(settings, "window/down", self)
        restore_splitter(settings, "window/across", self._across)
        self.activity.setVisible(flag(settings, "window/activity", True))

    def _follow_rights(self) -> None:
        rights, navigator = self._context.rights, self._context.navigator
        entries = [entry for feature in self._features for entry in feature.entries(rights)]
        if entries != self._entries:
            self._entries = entries
            self.navigation.fill(entries, self._context.live)
            if navigator.place is not None:
                self._mark(navigator.place)
        navigator.try_door()

    def _mark(self, place: Place) -> None:
        # A single run is a place under all runs.
        self.navigation.show_place(self._homes.get(place.page_key, place.page_key))

    def _arrived(self, page: Page, place: Place) -> None:
        if self.pages.indexOf(page) < 0:
            self.pages.addWidget(page)
            page.details_changed.connect(self._show_details)
        self.pages.setCurrentWidget(page)
        self._mark(place)
        self._show_details()

    def _show_details(self) -> None:
        page = self._context.navigator.page
        self.details.show_widget(page.details() if page is not None else None)

    def _open_rollout(self, rollout_id: int) -> None:
        run_id = _only_run(self._context.live, rollout_id)
        if run_id is None:
            self._context.navigator.open("rollout", str(rollout_id))
        else:
            self._context.navigator.open("run", str(run_id))


def _only_run(live: LiveStore, rollout_id: int) -> int | None:
    ids = [run_id for run_id, run in live.kind(RUN).items() if run.get("rollout_id") == rollout_id]
    return ids[0] if len(ids) == 1 else None


def _homes(features: Iterable[Feature]) -> dict[str, str]:
    """For pages without an entry in the navigation: the page before them in their feature that has one."""
    homes: dict[str, str] = {}
    for feature in features:
        entries = [entry.page_key for entry in feature.navigation]
        home = entries[0] if entries else ""
        for key in feature.pages:
            if key in entries:
                home = key
            elif home:
                homes[key] = home
    return homes
