"""Two people at one profile, and what is unsaved over a crash; against the real service."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from backend_lite.contract.plans import PROFILES
from console.features.plans.profile_page import ProfilePage, drafts_of
from tests.console.plans.conftest import Desk, Run, type_at_end
from tests.helpers.waiting import until

# ---- somebody else


async def _somebody_renames(desk: Desk, name: str, to: str) -> None:
    key = desk.task(name).key
    answer = await desk.real.site.call("PUT", f"{PROFILES}/{desk.profile_id}/tasks/{key}", {"name": to})
    assert answer.status_code == 200, answer.text


def test_what_somebody_else_saves_is_shown_at_once(desk: Desk, run: Run) -> None:
    async def story() -> None:
        await _somebody_renames(desk, "Greet", "Hello")
        await until(lambda: desk.names == ["Clean", "Hello", "Stop"], "their change")
        assert not desk.page.editor.dirty

    run(story())


def test_two_people_s_changes_are_brought_together(desk: Desk, run: Run) -> None:
    page = desk.page

    async def story() -> None:
        desk.choose("Stop")
        type_at_end(page.editor.form.name_box, " it")
        await _somebody_renames(desk, "Greet", "Hello")
        await until(lambda: "Somebody else" in page.notice.text.text(), "the news")
        page.notice.press("Look at both…")
        await until(lambda: page.centre.currentWidget() is page.conflict, "both")
        assert [(one.title, one.is_conflict) for one in page.conflict.differences] == [
            ("Hello", False),
            ("Stop it", False),
        ]
        page.conflict.merge.click()
        assert desk.names == ["Clean", "Hello", "Stop it"]
        await desk.save()
        assert [task["name"] for task in (await desk.on_service())["tasks"]] == desk.names

    run(story())


@pytest.mark.parametrize(("choice", "name"), [("mine", "Greeting"), ("theirs", "Hello")])
def test_where_both_changed_the_same_a_person_chooses(desk: Desk, run: Run, choice: str, name: str) -> None:
    page = desk.page

    async def story() -> None:
        desk.choose("Greet")
        type_at_end(page.editor.form.name_box, "ing")
        key = desk.task("Greeting").key
        answer = await desk.real.site.call(
            "PUT", f"{PROFILES}/{desk.profile_id}/tasks/{key}", {"name": "Hello"}
        )
        assert answer.status_code == 200
        page.save_now()
        await until(lambda: "Somebody else" in page.notice.text.text() and not page._saving, "the refusal")
        page.notice.press("Look at both…")
        await until(lambda: page.centre.currentWidget() is page.conflict, "both")
        page.conflict.switches[key].choose(choice)
        page.conflict.merge.click()
        assert desk.names == ["Clean", name, "Stop"]
        if choice == "mine":
            await desk.save()
        assert [task["name"] for task in (await desk.on_service())["tasks"]] == desk.names

    run(story())


def test_a_deleted_profile_can_be_made_again(desk: Desk, run: Run) -> None:
    page = desk.page

    async def story() -> None:
        answer = await desk.real.site.call("DELETE", f"{PROFILES}/{desk.profile_id}")
        assert answer.status_code == 204, answer.text
        await until(lambda: "deleted meanwhile" in page.notice.text.text(), "the news")
        page.notice.press("Make it again")
        await until(lambda: page._object is not None and not page._saving, "the save")
        assert page._object is not None
        assert page._object.id != desk.profile_id
        assert len(page._object.tasks) == 3

    run(story())


# ---- drafts


def test_a_draft_survives_a_crash(desk: Desk, make: Callable[[], ProfilePage], run: Run) -> None:
    async def story() -> None:
        desk.choose("Clean")
        QTest.keyClick(desk.page.editor.list, Qt.Key.Key_Delete)
        drafts = drafts_of(desk.real.context)
        await until(lambda: drafts.load(str(desk.profile_id)) is not None, "the draft")
        again = make()
        again.show_target(str(desk.profile_id))
        await until(lambda: again._object is not None, "the page")
        assert [task.name for task in again.editor.value.tasks] == ["Greet", "Stop"]
        assert "are here again" in again.notice.text.text()
        again.notice.press("Throw them away")
        assert not again.editor.dirty
        assert drafts.load(str(desk.profile_id)) is None

    run(story())


def test_a_draft_of_an_older_version_is_merged_not_put_over_it(
    desk: Desk, make: Callable[[], ProfilePage], run: Run
) -> None:
    async def story() -> None:
        desk.choose("Clean")
        QTest.keyClick(desk.page.editor.list, Qt.Key.Key_Delete)
        drafts = drafts_of(desk.real.context)
        await until(lambda: drafts.load(str(desk.profile_id)) is not None, "the draft")
        await _somebody_renames(desk, "Greet", "Hello")
        again = make()
        again.show_target(str(desk.profile_id))
        await until(lambda: "Somebody else" in again.notice.text.text(), "the warning")
        again.notice.press("Look at both…")
        await until(lambda: again.centre.currentWidget() is again.conflict, "both")
        again.conflict.merge.click()
        assert [task.name for task in again.editor.value.tasks] == ["Hello", "Stop"]

    run(story())
