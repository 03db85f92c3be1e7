"""The script editor's page: saving, revisions, drafts, and somebody else at the same script."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.library import SCRIPTS
from console.core.drafts import Drafts
from console.core.run_request import RUN_DIALOG, RunRequest
from console.features.library import draft_keeper
from console.features.library.script_form import Draft, Edited
from console.features.library.script_page import ScriptPage, drafts_of
from console.widgets.confirm import ConfirmDialog
from tests.console import objects
from tests.console.conftest import World
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[[Any], Any]
GET, PUT, POST = f"GET {SCRIPTS}/1", f"PUT {SCRIPTS}/1", f"POST {SCRIPTS}"
REVISIONS = f"GET {SCRIPTS}/1/revisions"
STALE = (409, {"detail": "Script was changed meanwhile (content).", "code": "stale"})


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def drafts(world: World) -> Drafts[Draft]:
    return drafts_of(world.context)


@pytest.fixture
def make(
    world: World, trips: Trips, drafts: Drafts[Draft], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], ScriptPage]:
    monkeypatch.setattr(draft_keeper, "AFTER_MS", 1)

    def made() -> ScriptPage:
        page = ScriptPage(world.context, drafts)
        qtbot.addWidget(page)
        page.resize(900, 500)
        page.show()
        return page

    world.api.answers[REVISIONS] = (
        200,
        {"items": [objects.revision(2, "echo hi\n", "louder"), objects.revision(1, "echo h\n")], "next": "1"},
    )
    return made


@pytest.fixture
def page(make: Callable[[], ScriptPage], world: World, run: Run) -> ScriptPage:
    """Shows script 1."""
    made = make()

    async def story() -> None:
        await world.go_live(script=[objects.script(1, "Greet")])
        made.show_target("1")
        await until(lambda: made.info.revisions)

    run(story())
    return made


def type_in(page: ScriptPage, text: str) -> None:
    page.editor.code.edit.moveCursor(QTextCursor.MoveOperation.Start)
    QTest.keyClicks(page.editor.code.edit, text)


def saved(**more: Any) -> tuple[int, Any]:
    return 200, objects.script(1, **{"name": "Greet", "revision": 2, "version": 2, **more})


def echo(request: httpx.Request) -> tuple[int, Any]:
    """Saves what was sent."""
    import json

    sent = json.loads(request.content)
    sent.pop("message")
    return saved(**sent)


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
    ],
    ids=["name", "description", "language", "system", "time limit"],
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
    make: Callable[[], ScriptPage], world: World, trips: Trips, run: Run
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


def test_run_takes_the_saved_revision_only(page: ScriptPage, trips: Trips) -> None:
    page.run.click()
    assert trips.asked == [(RUN_DIALOG, RunRequest(script_id=1))]
    type_in(page, "x")
    page.run.click()
    assert len(trips.asked) == 1
    assert "Save first" in page.editor.notice.text.text()


def test_a_script_that_is_not_there_is_said_to_be_missing(
    make: Callable[[], ScriptPage], world: World, run: Run
) -> None:
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


def test_a_stale_save_can_be_compared_and_saved_over(page: ScriptPage, world: World, run: Run) -> None:
    async def story() -> None:
        await meet_conflict(page, world)
        page.editor.notice.press("Compare")
        await until(lambda: page.editor.centre.currentWidget() is page.editor.comparison)
        assert [(line.sign, line.text) for line in page.editor.comparison.diff.lines] == [
            ("-", "echo theirs"),
            ("+", "mine echo hi"),
        ]
        QTest.keyClick(page.editor.comparison.diff, Qt.Key.Key_Escape)
        assert page.editor.centre.currentWidget() is page.editor.code
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


# ---- drafts


def test_a_draft_survives_a_crash(
    page: ScriptPage, make: Callable[[], ScriptPage], world: World, drafts: Drafts[Draft], run: Run
) -> None:
    async def story() -> None:
        type_in(page, "mine ")
        await until(lambda: drafts.load("1") is not None)
        again = make()
        again.show_target("1")
        assert again.editor.code.text() == "mine echo hi\n"
        assert again.editor.dirty
        assert "are here again" in again.editor.notice.text.text()
        again.editor.notice.press("Throw them away")
        assert again.editor.code.text() == "echo hi\n"
        assert not again.editor.dirty
        assert drafts.load("1") is None

    run(story())


def test_a_draft_of_a_new_script_waits_for_the_next_session(
    page: ScriptPage, make: Callable[[], ScriptPage], drafts: Drafts[Draft], run: Run
) -> None:
    drafts.save("new", Draft(Edited("Other", "bash", "", 60, "", "half"), 0, "2026-03-04T10:00:00.000Z"))
    again = make()

    async def story() -> None:
        again.show_target("1")
        again.show_target("new")

    run(story())
    assert again.editor.value() == Edited("Other", "bash", "", 60, "", "half")


def test_what_is_unsaved_in_one_script_never_gets_into_another(
    page: ScriptPage, drafts: Drafts[Draft], world: World, run: Run
) -> None:
    type_in(page, "mine ")

    async def story() -> None:
        page.show_target("99")
        await until(lambda: page.editor.centre.currentWidget() is page.editor.missing)
        page.show_target("1")

    run(story())
    assert page.editor.code.text() == "mine echo hi\n"
    assert drafts.load("99") is None


def test_a_draft_of_an_older_version_is_no_reason_to_overwrite(
    make: Callable[[], ScriptPage], world: World, drafts: Drafts[Draft], run: Run
) -> None:
    drafts.save("1", Draft(Edited("Greet", "bash", "", 1800, "", "mine"), 1, "2026-03-04T10:00:00.000Z"))
    page = make()

    async def story() -> None:
        await world.go_live(script=[objects.script(1, "Greet", version=3)])
        page.show_target("1")

    run(story())
    assert page.editor.code.text() == "mine"
    assert "Somebody else" in page.editor.notice.text.text()


def test_saving_ends_the_draft(page: ScriptPage, world: World, drafts: Drafts[Draft], run: Run) -> None:
    world.api.answers[PUT] = echo

    async def story() -> None:
        type_in(page, "x")
        await until(lambda: drafts.load("1") is not None)
        page.save_now()
        await until(lambda: drafts.load("1") is None)

    run(story())


def test_a_draft_is_for_this_user_only(page: ScriptPage, drafts: Drafts[Draft], world: World) -> None:
    type_in(page, "x")
    page._drafts.keep()
    files = list((Path(world.context.settings.fileName()).parent / "drafts").iterdir())
    assert [oct(path.stat().st_mode & 0o777) for path in files] == ["0o600"]


def test_a_draft_that_cannot_be_kept_is_said(
    make: Callable[[], ScriptPage], world: World, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "file").write_text("")
    page = ScriptPage(world.context, Drafts(tmp_path / "file" / "drafts", Draft))
    qtbot.addWidget(page)
    page.show_target("new")
    QTest.keyClicks(page.editor.code.edit, "x")
    page._drafts.keep()
    assert "cannot be kept" in world.notices[-1].text


# ---- leaving


async def leave(page: ScriptPage, answer: str) -> bool:
    asked = asyncio.ensure_future(page.may_leave())  # type: ignore[arg-type]
    await until(lambda: page.findChildren(ConfirmDialog))
    dialog = page.findChildren(ConfirmDialog)[-1]
    (dialog.buttons[answer] if answer else dialog.cancel).click()
    return bool(await asked)


def test_leaving_asks_only_when_something_is_unsaved(page: ScriptPage) -> None:
    assert page.may_leave() is True


@pytest.mark.parametrize(
    ("answer", "left", "kept"), [("", False, "x"), ("draft", True, "x"), ("discard", True, "")]
)
def test_leaving_asks(
    page: ScriptPage, drafts: Drafts[Draft], run: Run, answer: str, left: bool, kept: str
) -> None:
    type_in(page, "x")
    assert run(leave(page, answer)) is left
    assert page.editor.code.text() == f"{kept}echo hi\n"
    if answer:
        assert (drafts.load("1") is not None) is (answer == "draft")


def test_leaving_can_save_first(page: ScriptPage, world: World, run: Run) -> None:
    world.api.answers[PUT] = echo
    type_in(page, "x")
    assert run(leave(page, "save")) is True
    assert world.api.body(PUT)["content"] == "xecho hi\n"


def test_leaving_stays_when_saving_is_refused(page: ScriptPage, world: World, run: Run) -> None:
    world.api.answers[PUT] = STALE
    type_in(page, "x")
    assert run(leave(page, "save")) is False
    assert page.editor.dirty
