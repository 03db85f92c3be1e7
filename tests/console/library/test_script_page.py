"""The script editor's page: saving, revisions, and somebody else at the same script."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from console.core.run_request import RUN_DIALOG, RunRequest
from console.features.library.edited import Edited
from console.features.library.script_page import ScriptPage
from tests.console import objects
from tests.console.conftest import World
from tests.console.library.editing import GET, POST, PUT, REVISIONS, STALE, Make, Run, echo, saved, type_in
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until


@pytest.fixture
def page(greet: ScriptPage) -> ScriptPage:
    return greet


# ---- editing and saving


def test_a_script_is_shown_as_it_is(page: ScriptPage) -> None:
    assert page.editor.value() == Edited("Greet", "bash", "", 1800, "", "echo hi\n")
    assert page.header.title.text() == "Greet"
    assert not page.editor.dirty
    assert not page.save.isEnabled()
    assert unnamed(page) == []
    assert unnamed(page.info) == []


def test_a_change_is_marked_and_undone(page: ScriptPage) -> None:
    type_in(page, "x")
    assert page.header.mark.text() == "unsaved"
    assert page.title == "● Greet"
    assert page.save.isEnabled()
    page.editor.code.edit.undo()
    assert not page.editor.dirty
    assert page.title == "Greet"


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: QTest.keyClicks(fields.name_box, "!"),
        lambda fields: QTest.keyClicks(fields.description, "why"),
        lambda fields: fields.language.setCurrentIndex(fields.language.findData("python")),
        lambda fields: fields.system.setCurrentIndex(fields.system.findData("linux")),
        lambda fields: fields.timeout.setValue(5),
        lambda fields: fields.idempotent.click(),
    ],
    ids=["name", "description", "language", "system", "time limit", "may be repeated"],
)
def test_each_field_makes_it_dirty(page: ScriptPage, change: Callable[[Any], None]) -> None:
    change(page.editor.fields)
    assert page.editor.dirty
    assert page.header.mark.text() == "unsaved"


def test_ctrl_s_saves_a_revision_with_its_message(page: ScriptPage, world: World, run: Run) -> None:
    world.api.answers[PUT] = echo
    type_in(page, "# new ")
    page.info.message.setText("better")

    async def story() -> None:
        page.activateWindow()
        QTest.keyClick(page.editor.code.edit, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: world.notices)
        await until(lambda: not page._saving)

    run(story())
    assert world.api.body(PUT) == {
        "name": "Greet",
        "content": "# new echo hi\n",
        "language": "bash",
        "description": None,
        "target_os_type": None,
        "timeout_s": 1800,
        "message": "better",
        "parameters": [],
        "idempotent": False,
        "folder": "",
        "tags": [],
        "detect": None,
        "undo": None,
    }
    request = next(r for r in world.api.requests if r.method == "PUT")
    assert request.headers["If-Match"] == '"1"'
    assert world.notices[-1].text == "Saved as revision 2."
    assert not page.editor.dirty
    assert page.info.message.text() == ""


def test_what_is_typed_while_it_is_saved_stays_unsaved(page: ScriptPage, world: World, run: Run) -> None:
    world.api.answers[PUT] = echo
    type_in(page, "a")

    async def story() -> None:
        page.save_now()
        type_in(page, "b")
        await until(lambda: not page._saving)

    run(story())
    assert page.editor.dirty
    assert page.editor.code.text() == "baecho hi\n"


def test_a_double_press_saves_once(page: ScriptPage, world: World, run: Run) -> None:
    world.api.answers[PUT] = echo
    type_in(page, "a")

    async def story() -> None:
        page.save_now()
        page.save_now()
        await until(lambda: not page._saving)

    run(story())
    assert world.api.calls().count(PUT) == 1


@pytest.mark.parametrize(
    ("clear", "where"),
    [
        (lambda page: page.editor.fields.name_box.clear(), lambda page: page.editor.fields.name.error),
        (lambda page: page.editor.code.replace_text(" \n"), lambda page: page.editor.notice.text.text()),
    ],
    ids=["no name", "empty"],
)
def test_what_cannot_be_saved_is_said_in_place(
    page: ScriptPage, world: World, clear: Callable[[Any], None], where: Callable[[Any], str]
) -> None:
    clear(page)
    page.save_now()
    assert where(page)
    assert PUT not in world.api.calls()


def test_a_name_that_is_taken_is_said_at_the_name(page: ScriptPage, world: World, run: Run) -> None:
    world.api.answers[PUT] = (400, {"detail": "Script with this name already exists", "code": "name_taken"})
    QTest.keyClicks(page.editor.fields.name_box, "2")

    async def story() -> None:
        page.save_now()
        await until(lambda: page.editor.fields.name.error)

    run(story())
    assert page.editor.fields.name.error == "Another script has this name."
    assert page.editor.dirty


def test_a_refusal_is_said_in_the_services_words(page: ScriptPage, world: World, run: Run) -> None:
    world.api.answers[PUT] = (413, {"detail": "The script has 600,000 bytes.", "code": "too_large"})
    type_in(page, "x")

    async def story() -> None:
        page.save_now()
        await until(lambda: page.editor.notice.text.text() == "The script has 600,000 bytes.")

    run(story())
    assert page.editor.dirty


def test_a_new_script_gets_its_address_when_it_is_saved(
    make: Make, world: World, trips: Trips, run: Run
) -> None:
    page = make()
    page.show_target("new")
    QTest.keyClicks(page.editor.fields.name_box, "Greet")
    QTest.keyClicks(page.editor.code.edit, "echo hi")
    world.api.answers[POST] = (201, objects.script(1, "Greet", language="powershell", content="echo hi"))

    async def story() -> None:
        page.save_now()
        await until(lambda: trips.opened)

    run(story())
    assert trips.opened == [("script", "1")]
    assert world.api.body(POST)["name"] == "Greet"
    assert not page.editor.dirty


def test_the_audit_of_the_script_is_one_press_away(greet: ScriptPage, make: Make, trips: Trips) -> None:
    greet.history.click()
    assert trips.opened == [("audit", "script/1")]
    new = make()
    new.show_target("new")
    assert not new.history.isEnabled()


def test_run_takes_the_saved_revision_only(page: ScriptPage, trips: Trips) -> None:
    page.run.click()
    assert trips.asked == [(RUN_DIALOG, RunRequest(script_id=1))]
    type_in(page, "x")
    page.run.click()
    assert len(trips.asked) == 1
    assert "Save first" in page.editor.notice.text.text()


def test_a_test_run_is_for_one_device(page: ScriptPage, trips: Trips) -> None:
    page.test.click()
    assert trips.asked == [(RUN_DIALOG, RunRequest(script_id=1, on_one_device=True))]


@pytest.mark.parametrize("refused", [False, True])
def test_a_changed_script_is_saved_before_it_is_tested(
    page: ScriptPage, world: World, trips: Trips, run: Run, refused: bool
) -> None:
    world.api.answers[PUT] = STALE if refused else echo

    async def story() -> None:
        page.editor.fields.description.insert("Says hello")
        page.test.click()
        assert not trips.asked
        page.editor.notice.press("Save and go on")
        await until(lambda: not page._saving)

    run(story())
    expected = [] if refused else [(RUN_DIALOG, RunRequest(script_id=1, on_one_device=True))]
    assert trips.asked == expected


def test_a_script_that_is_not_there_is_said_to_be_missing(make: Make, world: World, run: Run) -> None:
    page = make()

    async def story() -> None:
        await world.go_live(script=[])
        page.show_target("1")
        await until(lambda: page.editor.centre.currentWidget() is page.editor.missing)

    run(story())


# ---- somebody else


def test_a_change_by_somebody_else_is_taken_while_nothing_is_unsaved(
    page: ScriptPage, world: World, run: Run
) -> None:
    async def story() -> None:
        world.live.change(2, "script", 1, {"content": "echo theirs\n", "version": 2, "revision": 2})
        await until(lambda: page.editor.code.text() == "echo theirs\n")

    run(story())
    assert not page.editor.dirty


def test_a_change_by_somebody_else_is_said_while_something_is_unsaved(
    page: ScriptPage, world: World, run: Run
) -> None:
    type_in(page, "mine ")

    async def story() -> None:
        world.live.change(2, "script", 1, {"content": "echo theirs\n", "version": 2, "revision": 2})
        await until(lambda: "Somebody else" in page.editor.notice.text.text())

    run(story())
    assert page.editor.code.text() == "mine echo hi\n"


async def meet_conflict(page: ScriptPage, world: World) -> None:
    world.api.answers[PUT] = STALE
    world.api.answers[GET] = saved(content="echo theirs\n", revision=5, version=5)
    type_in(page, "mine ")
    page.save_now()
    await until(lambda: "Somebody else" in page.editor.notice.text.text() and not page._saving)


def test_a_stale_save_can_be_saved_over(page: ScriptPage, world: World, run: Run) -> None:
    async def story() -> None:
        await meet_conflict(page, world)
        page.editor.notice.press("Compare and merge")
        await until(lambda: page.editor.centre.currentWidget() is page.editor.merge)
        merging = page.editor.merge.merging
        assert merging is not None
        assert [(one.title, one.mine, one.theirs) for one in merging.differences] == [
            ("Script, line 1", "mine echo hi", "echo theirs"),
        ]
        QTest.keyClick(page.editor.merge, Qt.Key.Key_Escape)
        assert page.editor.code.isVisible()
        world.api.answers[PUT] = echo
        page.editor.notice.press("Save mine over it")
        await until(lambda: not page.editor.dirty)
        request = [r for r in world.api.requests if r.method == "PUT"][-1]
        assert request.headers["If-Match"] == '"5"'
        assert page.editor.code.text() == "mine echo hi\n"

    run(story())


def test_a_stale_save_can_give_way_and_the_own_text_comes_back_by_undo(
    page: ScriptPage, world: World, run: Run
) -> None:
    async def story() -> None:
        await meet_conflict(page, world)
        page.editor.notice.press("Take theirs")
        await until(lambda: page.editor.code.text() == "echo theirs\n")

    run(story())
    assert not page.editor.dirty
    page.editor.code.edit.undo()
    assert page.editor.code.text() == "mine echo hi\n"
    assert page.editor.dirty


def test_a_deleted_script_can_be_made_again(page: ScriptPage, world: World, trips: Trips, run: Run) -> None:
    world.api.answers[POST] = (201, objects.script(9, "Greet"))

    async def story() -> None:
        world.live.change(2, "script", 1, None)
        await until(lambda: "deleted meanwhile" in page.editor.notice.text.text())
        page.editor.notice.press("Make it again")
        await until(lambda: trips.opened == [("script", "9")])

    run(story())


# ---- revisions


def test_a_revision_is_viewed_compared_and_gone_back_to(page: ScriptPage, world: World, run: Run) -> None:
    page.info.choose(1)
    page.info.view.click()
    assert page.editor.comparison.text.text() == "echo h\n"
    assert page.editor.comparison.text.edit.isReadOnly()
    page.info.compare.click()
    assert page.editor.comparison.note.text() == "1 lines added, 1 removed"
    page.editor.comparison.back.click()
    page.info.back.click()
    assert page.editor.code.text() == "echo h\n"
    assert page.editor.dirty
    assert page.info.message.text() == "Back to revision 1"
    page.editor.code.edit.undo()
    assert page.editor.code.text() == "echo hi\n"


def test_older_revisions_can_be_asked_for(page: ScriptPage, world: World, run: Run) -> None:
    assert not page.info.more.isHidden()
    world.api.answers[REVISIONS] = (200, {"items": [objects.revision(0, "first")], "next": None})

    async def story() -> None:
        page.info.more.click()
        await until(lambda: len(page.info.revisions) == 3)

    run(story())
    assert page.info.more.isHidden()
