"""The page of the audit, with the real service behind it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from sqlalchemy import text

from backend_lite.contract.library import SCRIPTS, Script, ScriptCreate, ScriptUpdate
from console.features.audit.audit_page import AuditPage
from console.widgets.diff_view import DiffView
from tests.helpers.names import unnamed
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]

Run = Callable[[Any], Any]


@pytest.fixture
def page(near: NearService, qtbot: QtBot) -> AuditPage:
    made = AuditPage(near.context)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    return made


async def _script(near: NearService) -> Script:
    client = near.context.client
    wanted = ScriptCreate(name="Clean up", language="sh", content="echo hi")
    made = await client.post(SCRIPTS, wanted, Script)
    description = "one\ntwo\n"
    return await client.put(
        f"{SCRIPTS}/{made.id}", ScriptUpdate(name="Clean", description=description), Script
    )


def said(page: AuditPage) -> list[str]:
    page.table.model_.settle()
    return [str(one["summary"]) for one in page.table.model_.shown_objects()]


def test_events_are_listed_and_shown_with_what_changed(near: NearService, page: AuditPage, run: Run) -> None:
    async def story() -> None:
        script = await _script(near)
        page.show()
        await until(lambda: said(page)[:1] == ['ada changed the script "Clean".'], "the newest event")
        page.table.select([max(page._rows)])
        await until(lambda: page.details() is not None and page.pane.title.text() != "", "the event")
        texts = [child.text() for child in page.pane.findChildren(type(page.standing))]
        assert {"Clean up", "Clean", "What changed"} <= set(texts)
        view = page.pane.findChild(DiffView)
        assert view is not None
        assert [line.text for line in view.lines] == ["one", "two"]
        assert unnamed(page) == []
        page.pane.history.click()
        await until(lambda: len(said(page)) == 2, "the object's events")
        assert page.filters.wanted() == {"entity_type": "script", "entity_id": str(script.id)}
        page.filters.only.click()
        await until(lambda: len(said(page)) > 2, "all events")

    run(story())


def test_filters_find_and_nothing_found_has_a_way_back(near: NearService, page: AuditPage, run: Run) -> None:
    async def story() -> None:
        await _script(near)
        page.show()
        await until(lambda: len(said(page)) > 2, "the events")
        everything = len(said(page))
        page.filters.kind.setCurrentText("Changed")
        await until(lambda: said(page) == ['ada changed the script "Clean".'], "what was changed")
        page.filters.words.setText("nobody says this")
        await until(lambda: page.centre.currentWidget() is page.no_match, "that nothing matches")
        page.filters.clear()
        await until(lambda: len(said(page)) == everything, "all events")

    run(story())


def test_the_check_says_whether_it_is_whole(near: NearService, page: AuditPage, run: Run) -> None:
    async def story() -> None:
        await _script(near)
        page.show()
        page.check.click()
        await until(lambda: "is whole" in page.notice.text.text(), "the verdict")
        forge = text("UPDATE audit_events SET actor = 'mallory' WHERE id = 2")
        await near.service.kernel.database.write(lambda unit: unit.session.execute(forge))
        await until(page.check.isEnabled, "that it can be asked again")
        page.check.click()
        await until(lambda: "broken at event 2" in page.notice.text.text(), "the verdict")

    run(story())


@pytest.mark.parametrize(("name", "begins"), [("audit.csv", "\ufeffid,"), ("audit.jsonl", '{"id":1,')])
def test_it_is_exported_to_a_file(
    near: NearService, page: AuditPage, run: Run, tmp_path: Path, name: str, begins: str
) -> None:
    async def story() -> None:
        await _script(near)
        page.show()
        page.write(tmp_path / name)
        await until(lambda: name in page.notice.text.text(), "the file")
        written = (tmp_path / name).read_text("utf-8")
        assert written.startswith(begins)
        assert "ada changed the script" in written

    run(story())
    assert list(tmp_path.glob(".audit*")) == []


def test_it_opens_for_one_object(near: NearService, page: AuditPage, run: Run) -> None:
    async def story() -> None:
        script = await _script(near)
        page.show_target(f"script/{script.id}")
        page.show()
        await until(lambda: len(said(page)) == 2, "its events")
        assert page.filters.only.isVisible()

    run(story())
