"""Views that a person has saved."""

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from console.shell.parts import column
from console.shell.window_state import open_settings
from console.widgets.confirm import ConfirmDialog
from console.widgets.saved_views import NameDialog, SavedView, SavedViews, ViewStore


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    return open_settings(tmp_path / "window.ini")


class Page(QWidget):
    def __init__(self, settings: QSettings) -> None:
        super().__init__()
        self.shown = SavedView("", "runs", "state:failed", "all", {"sort": ["started", True]})
        self.views = SavedViews(self, ViewStore(settings, "1/runs"), lambda: self.shown)
        self.setLayout(column(self.views))


@pytest.fixture
def page(qtbot: QtBot, settings: QSettings) -> Page:
    made = Page(settings)
    qtbot.addWidget(made)
    made.show()
    return made


def name_it(dialog: NameDialog, name: str) -> None:
    dialog.box.setText(name)
    QTest.keyClick(dialog.box, Qt.Key.Key_Return)


def entries(page: Page) -> list[str]:
    menu = page.views.menu_of_views()
    return [action.text().partition("\t")[0] for action in menu.actions() if action.text()]


def test_a_view_is_saved_and_comes_back(page: Page, settings: QSettings, qtbot: QtBot) -> None:
    assert entries(page) == ["Save as a view…"]
    name_it(page.views.ask_new(), " Night shift ")
    assert page.views.text() == "View: Night shift"
    again = Page(settings)
    qtbot.addWidget(again)
    assert again.views.views == [
        SavedView("Night shift", "runs", "state:failed", "all", {"sort": ["started", True]})
    ]


def test_a_view_is_chosen_by_its_key(page: Page, qtbot: QtBot) -> None:
    name_it(page.views.ask_new(), "One")
    name_it(page.views.ask_new(), "Two")
    qtbot.waitExposed(page)
    with qtbot.waitSignal(page.views.chosen) as chosen:
        QTest.keyClick(page, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert chosen.args[0].name == "One"
    assert page.views.current == "One"


def test_changes_are_kept_under_the_same_name(page: Page) -> None:
    name_it(page.views.ask_new(), "One")
    page.shown = SavedView("", "runs", "exit>0")
    next(a for a in page.views.menu_of_views().actions() if a.text().startswith("Save the changes")).trigger()
    assert [view.query for view in page.views.views] == ["exit>0"]


def test_a_view_is_renamed_and_deleted_after_a_question(page: Page) -> None:
    name_it(page.views.ask_new(), "One")
    name_it(page.views.ask_name(), "Uno")
    assert [view.name for view in page.views.views] == ["Uno"]
    page.views.ask_delete()
    page.findChildren(ConfirmDialog)[-1].buttons["yes"].click()
    assert page.views.views == []
    assert page.views.text() == "Views"


def test_a_name_is_given_once(page: Page) -> None:
    name_it(page.views.ask_new(), "One")
    dialog = page.views.ask_new()
    dialog.box.setText("ONE")
    assert dialog.field.error == "There is a view of that name already."
    assert not dialog.save.isEnabled()
    dialog.reject()


def test_damaged_settings_are_no_views(settings: QSettings) -> None:
    settings.setValue("views/1/runs", "{broken")
    assert ViewStore(settings, "1/runs").load() == []
