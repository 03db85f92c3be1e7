"""The live table as a person meets it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import RIGHTS
from console.core.live import LiveBatch
from console.widgets import live_table
from console.widgets.dragging import dragged, objects_data
from console.widgets.live_table import LiveTable
from console.widgets.table_columns import Column, Kind, Pill, pill_column, tags_column
from tests.console.conftest import World

Object = dict[str, Any]
Run = Callable[[Any], Any]

COLUMNS = [
    Column("name", "Name", lambda o: o["name"], Kind.STRONG),
    pill_column("state", "State", lambda o: Pill("Busy", "bad") if o["cpu"] > 50 else Pill("Idle", "good")),
    Column("cpu", "CPU", lambda o: f"{o['cpu']} %", Kind.NUMBER, sort=lambda o: o["cpu"]),
    tags_column("tags", "Tags", lambda o: o.get("tags", ())),
    Column("note", "Note", lambda o: o.get("note", ""), hidden=True),
]


def thing(key: int, cpu: int = 0, **more: Any) -> Object:
    return {"id": key, "name": f"PC-{key:03}", "cpu": cpu, **more}


def whole(*objects: Object) -> LiveBatch:
    return LiveBatch(True, {item["id"]: item for item in objects}, frozenset())


def change(*objects: Object, removed: tuple[int, ...] = ()) -> LiveBatch:
    return LiveBatch(False, {item["id"]: item for item in objects}, frozenset(removed))


Make = Callable[..., LiveTable]


@pytest.fixture
def make(qtbot: QtBot) -> Make:
    def made(settings: QSettings | None = None, count: int = 100, **more: Any) -> LiveTable:
        table = LiveTable("things", "Things", COLUMNS, lambda o: o["name"].lower(), settings, **more)
        qtbot.addWidget(table)
        table.resize(640, 330)
        table.take(whole(*(thing(key, key % 7) for key in range(1, count + 1))))
        table.show()
        return table

    return made


def names(table: LiveTable) -> list[str]:
    return [item["name"] for item in table.model_.shown_objects()]


def texts(table: LiveTable, row: int) -> list[str]:
    model = table.model_
    return [model.data(model.index(row, at)) for at in table.header.visible_columns()]


def test_a_large_snapshot_is_taken_in_slices_and_changes_meanwhile_are_not_lost(
    make: Make, qtbot: QtBot
) -> None:
    table = make(count=0)
    steps: list[tuple[int, int]] = []
    table.model_.building.connect(lambda done, total: steps.append((done, total)))
    with qtbot.waitSignal(table.model_.counted):
        table.take(whole(*(thing(key) for key in range(1, 5_001))))
        table.take(change(thing(7, 99), removed=(8,)))
    assert steps == [(done, 5_000) for done in range(500, 5_001, 500)]
    table.model_.settle()
    assert table.model_.rowCount() == 4_999
    assert table.model_.get(7) == thing(7, 99)


def test_a_change_repaints_its_row_and_no_other(make: Make, qtbot: QtBot) -> None:
    table = make()
    seen: list[tuple[int, int]] = []
    table.model_.dataChanged.connect(lambda first, last, _roles: seen.append((first.row(), last.row())))
    with qtbot.waitSignal(table.model_.dataChanged):
        table.take(change(thing(3, 44), thing(90, 45)))
    assert seen == [(2, 2)]
    assert texts(table, 89)[2] == "45 %"


def test_selection_and_current_row_stay_with_their_objects(make: Make) -> None:
    table = make()
    table.select([5, 6, 50])
    table.take(change(*(thing(key) for key in range(-20, 0)), removed=(2, 50)))
    table.model_.settle()
    assert table.selected_ids() == [5, 6]
    assert table.current_id() == 5
    table.header.sort(2, True)
    assert set(table.selected_ids()) == {5, 6}
    table.take(whole(*(thing(key) for key in range(4, 60))))
    assert set(table.selected_ids()) == {5, 6}
    assert table.current_id() == 5


def test_a_large_selection_stays_too(make: Make) -> None:
    table = make(count=3_000)
    table.header.show_column(1, False)
    table.header.resizeSection(0, 222)
    table.model_.settle()
    table.selectAll()
    table.header.sort(2, True)
    table.take(change(thing(0)))
    table.model_.settle()
    assert table.selected_count() == len(table.selected_ids()) == 3_000
    assert 0 not in table.selected_ids()
    assert table.header.isSectionHidden(1)
    assert table.header.sectionSize(0) == 222


def test_rows_that_the_filter_hides_are_not_selected_any_more(make: Make) -> None:
    table = make()
    table.select([5, 50])
    table.model_.filter("pc-05")
    assert names(table) == [f"PC-{key:03}" for key in range(50, 60)]
    assert table.selected_ids() == [50]


def test_what_is_read_does_not_move_when_rows_come_in_above(make: Make) -> None:
    table = make()
    table.verticalScrollBar().setValue(1_500)
    top = table.model_.id_at(table.rowAt(0))
    for batch in (
        change(*(thing(key) for key in range(-5, 0))),
        change(*(thing(key) for key in range(-95, -5)), removed=(3, 4)),
    ):
        table.take(batch)
        table.model_.settle()
        assert table.model_.id_at(table.rowAt(0)) == top


def test_at_the_top_new_rows_are_seen(make: Make) -> None:
    table = make()
    table.take(change(thing(-1)))
    table.model_.settle()
    assert table.verticalScrollBar().value() == 0
    assert table.model_.id_at(table.rowAt(0)) == -1


def test_sorting_by_a_click_on_the_header_turns_round_at_the_second(make: Make) -> None:
    table = make(count=5)
    table.header.sectionClicked.emit(2)
    assert texts(table, 0)[2] == "1 %"
    assert table.model_.headerData(2, Qt.Orientation.Horizontal) == "CPU ↑"
    table.header.sectionClicked.emit(2)
    assert texts(table, 0)[2] == "5 %"
    assert table.model_.headerData(2, Qt.Orientation.Horizontal) == "CPU ↓"


def test_columns_come_back_as_they_were_left(make: Make, tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    table = make(settings)
    table.header.show_column(4, True)
    table.header.show_column(1, False)
    table.header.shift(2, -1)
    table.header.resizeSection(0, 222)
    table.header.sort(2, True)
    table.header.save()
    again = make(settings)
    assert [again.model_.columns[at].key for at in again.header.visible_columns()] == [
        "cpu",
        "name",
        "tags",
        "note",
    ]
    assert again.header.sectionSize(0) == 222
    assert (again.model_.sort_column, again.model_.order.descending) == (2, True)
    assert names(again) == names(table)


@pytest.mark.parametrize("damage", ["{", "[]", '{"order": ["gone"], "sort": ["gone", true]}'])
def test_a_damaged_arrangement_is_no_arrangement(make: Make, tmp_path: Path, damage: str) -> None:
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    settings.setValue("table/things", damage)
    assert names(make(settings, count=2)) == ["PC-001", "PC-002"]


def test_the_last_column_cannot_be_hidden(make: Make) -> None:
    table = make(count=1)
    for column in range(len(COLUMNS)):
        table.header.show_column(column, False)
    assert len(table.header.visible_columns()) == 1


def test_copy_takes_the_selected_rows_and_the_shown_columns(make: Make) -> None:
    table = make(count=3)
    table.take(change(thing(2, 60, tags=["lab", "floor-7"])))
    table.model_.settle()
    table.select([3, 2])
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "PC-002\tBusy\t60 %\tlab, floor-7\nPC-003\tIdle\t3 %\t"
    table.copy_csv()
    assert QGuiApplication.clipboard().text().splitlines()[:2] == [
        "Name,State,CPU,Tags",
        'PC-002,Busy,60 %,"lab, floor-7"',
    ]


@pytest.mark.parametrize("name", ["=1+2", "+1+2", "-1+2", "@SUM(A1)"])
def test_a_spreadsheet_takes_no_name_for_a_formula(make: Make, name: str) -> None:
    table = make(count=0)
    table.take(whole({"id": 1, "name": name, "cpu": 0}))
    assert table.csv().splitlines()[1].startswith(f"'{name}")


def test_enter_opens_the_current_row(make: Make, qtbot: QtBot) -> None:
    table = make()
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_End)
    with qtbot.waitSignal(table.opened) as opened:
        QTest.keyClick(table, Qt.Key.Key_Return)
    assert opened.args == [100]


def test_a_letter_goes_to_the_filter(make: Make, qtbot: QtBot) -> None:
    table = make()
    with qtbot.waitSignal(table.typed) as typed:
        QTest.keyClick(table, Qt.Key.Key_X)
    assert typed.args == ["x"]


def test_the_menu_holds_the_pages_actions_and_the_columns(make: Make) -> None:
    table = make()
    table.menu_opening.connect(lambda menu: menu.addAction("Run…"))
    table.select([1])
    menu = table.context_menu()
    titles = [action.text() for action in menu.actions() if action.text()]
    assert titles == ["Run…", "Copy", "Copy as CSV", "Columns"]
    submenu = menu.actions()[-1].menu()
    assert isinstance(submenu, QMenu)
    assert {"Sort by", "Move left", "Move right", "Note"} <= {a.text() for a in submenu.actions()}


def test_every_kind_of_cell_is_drawn_in_both_themes(make: Make, qtbot: QtBot, light: Any) -> None:
    table = make(count=3)
    table.select([2])
    first = table.grab().toImage()
    light.apply("dark")
    assert table.grab().toImage() != first
    assert table.accessibleName() == "Things"


def test_values_from_elsewhere_sort_and_repaint_when_they_are_touched(make: Make) -> None:
    table = make(count=3, sort="cpu")
    extra = table.model_.get(1)
    assert extra is not None
    extra["cpu"] = 50
    table.model_.touch([1, 4711])
    table.model_.settle()
    assert names(table) == ["PC-002", "PC-003", "PC-001"]


# ---- dragging rows away


@pytest.fixture
def drags(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[int]]]:
    found: list[tuple[str, list[int]]] = []
    monkeypatch.setattr(live_table, "drag_objects", lambda _source, kind, keys: found.append((kind, keys)))
    return found


def pull(table: LiveTable, row: int, far: int = 60) -> None:
    at = table.visualRect(table.model_.index(row, 0)).center()
    port, left = table.viewport(), Qt.MouseButton.LeftButton
    QTest.mousePress(port, left, Qt.KeyboardModifier.NoModifier, at)
    where = QPointF(at + QPoint(0, far))
    move = QMouseEvent(
        QEvent.Type.MouseMove, where, port.mapToGlobal(where), left, left, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(port, move)
    QTest.mouseRelease(port, left, Qt.KeyboardModifier.NoModifier, at)


def test_selected_rows_are_dragged_together(
    make: Make, drags: list[tuple[str, list[int]]], world: World
) -> None:
    table = make()
    table.allow_drag("thing", world.context.rights.need("scripts:edit"))
    table.select([1, 2])
    pull(table, 1)
    assert drags == [("thing", [1, 2])]
    assert table.selected_ids() == [1, 2]
    pull(table, 4)
    assert drags[1:] == [("thing", [5])]


def test_a_click_on_a_selected_row_chooses_it_alone(
    make: Make, drags: list[tuple[str, list[int]]], world: World
) -> None:
    table = make()
    table.allow_drag("thing", world.context.rights.need("scripts:edit"))
    opened: list[int] = []
    table.opened.connect(opened.append)
    table.select([1, 2])
    at = table.visualRect(table.model_.index(1, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert table.selected_ids() == [2]
    QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert (opened, drags) == ([2], [])


def test_without_leave_nothing_is_dragged(make: Make, drags: list[tuple[str, list[int]]]) -> None:
    table = make()
    pull(table, 1)
    assert drags == []


def test_rows_are_dragged_as_long_as_one_may_do_what_it_is_for(
    make: Make, drags: list[tuple[str, list[int]]], world: World, run: Run
) -> None:
    def grant(*permissions: str) -> None:
        world.api.answers[f"GET {RIGHTS}"] = (200, {"permissions": list(permissions)})
        run(world.context.rights.read())

    table = make()
    grant("scripts:view")
    table.allow_drag("thing", world.context.rights.need("scripts:edit"))
    pull(table, 1)
    assert drags == []
    # Where nothing can be dragged, pulling selects.
    assert table.selected_ids() == [2, 3, 4]
    grant("scripts:view", "scripts:edit")
    pull(table, 3)
    pull(table, 6)
    assert drags == [("thing", [2, 3, 4]), ("thing", [7])]


def test_what_is_dragged_says_what_it_is() -> None:
    data = objects_data("script", [3, 4])
    assert (dragged(data, "script"), dragged(data, "device")) == ([3, 4], [])


def test_a_star_is_pressed_like_a_box(make: Make, qtbot: QtBot) -> None:
    star = Column("star", "Star", lambda _: "", Kind.STAR, value=lambda o: o["id"] == 1)
    table = LiveTable("stars", "Stars", [star, *COLUMNS], lambda o: o["name"], sort="name")
    qtbot.addWidget(table)
    table.take(whole(thing(1), thing(2)))
    table.show()
    ticked: list[list[int]] = []
    table.ticked.connect(ticked.append)
    at = table.visualRect(table.model_.index(1, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    table.select([1, 2])
    QTest.keyClick(table, Qt.Key.Key_Space)
    assert ticked == [[2], [1, 2]]
