"""What is unsaved survives crashes and is asked about before it is left."""

import asyncio
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from console.core.drafts import Draft, Drafts
from console.features.library.edited import Edited
from console.features.library.script_page import ScriptPage
from console.shell.navigator import Navigator
from console.widgets.confirm import ConfirmDialog
from tests.console import objects
from tests.console.conftest import World
from tests.console.library.editing import PUT, STALE, Make, Run, echo, type_in
from tests.helpers.waiting import until


@pytest.fixture
def page(greet: ScriptPage) -> ScriptPage:
    return greet


# ---- drafts


def test_a_draft_survives_a_crash(
    page: ScriptPage, make: Make, world: World, drafts: Drafts[Draft[Edited]], run: Run
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
    page: ScriptPage, make: Make, drafts: Drafts[Draft[Edited]], run: Run
) -> None:
    mine = Edited("Other", "bash", "", 60, "", "half")
    drafts.save("new", Draft(mine, Edited(), 0, "2026-03-04T10:00:00.000Z"))
    again = make()

    async def story() -> None:
        again.show_target("1")
        again.show_target("new")

    run(story())
    assert again.editor.value() == mine


def test_a_session_that_ends_takes_no_word_that_was_just_typed(
    page: ScriptPage, drafts: Drafts[Draft[Edited]], world: World
) -> None:
    navigator = Navigator()
    navigator.add("script", lambda: page)
    navigator.open("script", "1")
    page._drafts._timer.setInterval(3_600_000)
    type_in(page, "mine ")
    assert drafts.load("1") is None
    navigator.forget()
    draft = drafts.load("1")
    assert draft is not None
    assert draft.edited.content == "mine echo hi\n"


def test_what_is_unsaved_in_one_script_never_gets_into_another(
    page: ScriptPage, drafts: Drafts[Draft[Edited]], world: World, run: Run
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
    make: Make, world: World, drafts: Drafts[Draft[Edited]], run: Run
) -> None:
    base, mine = (Edited("Greet", "bash", "", 1800, "", text) for text in ("base", "mine"))
    drafts.save("1", Draft(mine, base, 1, "2026-03-04T10:00:00.000Z"))
    page = make()

    async def story() -> None:
        await world.go_live(script=[objects.script(1, "Greet", version=3)])
        page.show_target("1")

    run(story())
    assert page.editor.code.text() == "mine"
    assert "Somebody else" in page.editor.notice.text.text()


def test_saving_ends_the_draft(
    page: ScriptPage, world: World, drafts: Drafts[Draft[Edited]], run: Run
) -> None:
    world.api.answers[PUT] = echo

    async def story() -> None:
        type_in(page, "x")
        await until(lambda: drafts.load("1") is not None)
        page.save_now()
        await until(lambda: drafts.load("1") is None)

    run(story())


def test_a_draft_is_for_this_user_only(page: ScriptPage, drafts: Drafts[Draft[Edited]], world: World) -> None:
    type_in(page, "x")
    page._drafts.keep()
    files = list((Path(world.context.settings.fileName()).parent / "drafts").rglob("*.json"))
    assert [oct(path.stat().st_mode & 0o777) for path in files] == ["0o600"]


def test_a_draft_that_cannot_be_kept_is_said(make: Make, world: World, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "file").write_text("")
    page = ScriptPage(world.context, Drafts(tmp_path / "file" / "drafts", Draft[Edited]))
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
    page: ScriptPage, drafts: Drafts[Draft[Edited]], run: Run, answer: str, left: bool, kept: str
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
