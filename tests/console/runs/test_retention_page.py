"""How long things are kept, as a person decides it."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from backend_lite.contract.output import RETENTION
from console.features.runs import retention_page
from console.features.runs import retention_words as words
from console.features.runs.retention_page import RetentionPage
from console.widgets.confirm import ConfirmDialog
from tests.console.conftest import World
from tests.console.runs.starting import Run
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

GET, PUT, PREVIEW = f"GET {RETENTION}", f"PUT {RETENTION}", f"POST {RETENTION}/preview"
RULES = {"runs_days": 0, "output_days": 90, "output_max_bytes": 20 << 30}


def foretell(request: httpx.Request) -> tuple[int, Any]:
    """Rules that keep output for less than 30 days remove some."""
    few = 0 < json.loads(request.content)["output_days"] < 30
    return 200, {
        "runs": 0,
        "outputs": 1_200 if few else 0,
        "output_bytes": 3 << 30 if few else 0,
        "kept_bytes": 5 << 30,
    }


@pytest.fixture
def page(world: World, run: Run, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> RetentionPage:
    monkeypatch.setattr(retention_page, "AFTER_MS", 1)
    world.api.answers[GET] = (200, RULES)
    world.api.answers[PREVIEW] = foretell
    world.api.answers[PUT] = lambda request: (200, json.loads(request.content))
    made = RetentionPage(world.context)
    qtbot.addWidget(made)
    made.show()

    async def story() -> None:
        made.show_target(None)
        await until(lambda: made.lines.said)

    run(story())
    return made


async def write(page: RetentionPage, output: str) -> None:
    """In place of what stands there, and waits for what is said about it."""
    page.output.box.selectAll()
    page.output.box.insert(output)
    await until(lambda: page._asked == page.value() and bool(page.lines.said))


def question(page: RetentionPage) -> ConfirmDialog:
    return next(found for found in page.findChildren(ConfirmDialog) if found.isVisible())


def test_it_says_what_holds_and_what_would_go(page: RetentionPage) -> None:
    assert [field.text for field in (page.runs, page.output, page.room)] == ["", "90 days", "20 GB"]
    assert page.runs.box.placeholderText() == "For ever"
    assert page.lines.said[0] == ("Nothing", "good", "Everything there is now is kept.")
    assert not page.save.isEnabled()
    assert not page.dirty
    assert unnamed(page) == []


def test_what_removes_nothing_is_saved_at_once(page: RetentionPage, world: World, run: Run) -> None:
    async def story() -> None:
        await write(page, "")
        assert page.header.mark.text() == "unsaved"
        page.save.click()
        await until(lambda: not page.dirty and not page._saving)

    run(story())
    assert world.api.body(PUT) == {**RULES, "output_days": 0}
    assert world.notices[-1].tone == "good"


def test_what_removes_something_is_asked_first(page: RetentionPage, world: World, run: Run) -> None:
    async def story() -> None:
        await write(page, "2 weeks")
        assert page.lines.said[0] == ("Output", "warning", "The output of 1,200 steps: 3 GB.")
        page.save.click()
        assert "The output of 1,200 steps: 3 GB." in question(page).text.text()
        assert PUT not in world.api.calls()
        question(page).buttons["yes"].click()
        await until(lambda: not page.dirty and not page._saving)

    run(story())
    assert world.api.body(PUT)["output_days"] == 14


def test_what_is_wrong_is_said_and_not_saved(page: RetentionPage, world: World, run: Run) -> None:
    async def story() -> None:
        page.output.box.selectAll()
        page.output.box.insert("soon")
        await until(lambda: page.unknown.text().startswith("Write a number of days"))
        assert not page.save.isEnabled()
        page.save_now()
        await write(page, "90 days")

    run(story())
    assert PUT not in world.api.calls()


def test_a_refusal_is_said_in_place(page: RetentionPage, world: World, run: Run) -> None:
    world.api.answers[PUT] = (403, {"detail": "You may not change settings.", "code": "forbidden"})

    async def story() -> None:
        await write(page, "100")
        page.save.click()
        await until(page.notice.isVisible)

    run(story())
    assert page.notice.text.text() == "You may not change settings."
    assert page.dirty


@pytest.mark.parametrize(
    ("answer", "left", "kept"), [("discard", True, 90), ("save", True, 100), ("", False, 90)]
)
def test_leaving_asks_for_what_is_not_saved(
    page: RetentionPage, world: World, run: Run, answer: str, left: bool, kept: int
) -> None:
    async def story() -> bool:
        await write(page, "100")
        leaving = page.may_leave()
        assert not isinstance(leaving, bool)
        asked = asyncio.ensure_future(leaving)
        await until(lambda: any(one.isVisible() for one in page.findChildren(QDialog)))
        (question(page).buttons[answer] if answer else question(page).cancel).click()
        return await asked

    assert run(story()) is left
    assert page._saved is not None
    assert page._saved.output_days == kept


def test_a_size_that_is_not_touched_stays_exact(page: RetentionPage, world: World, run: Run) -> None:
    world.api.answers[GET] = (200, {**RULES, "output_max_bytes": 12_345_678_901})

    async def story() -> None:
        page.show_target(None)
        await until(lambda: page.room.text == "11.498 GB")
        await write(page, "100")

    run(story())
    assert page.value().output_max_bytes == 12_345_678_901


@pytest.mark.parametrize(
    ("text", "days"),
    [("90", 90), ("1 day", 1), ("4 weeks", 28), ("0", None), ("12 h", None), ("40000", None), ("soon", None)],
)
def test_days(text: str, days: int | None) -> None:
    assert words.parse_days(text) == days


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("20 GB", 20 << 30),
        ("20", 20 << 30),
        ("1.5 TB", 3 << 39),
        ("512 mb", 512 << 20),
        ("0", None),
        ("x", None),
    ],
)
def test_sizes(text: str, count: int | None) -> None:
    assert words.parse_bytes(text) == count
    if count:
        assert words.parse_bytes(words.bytes_text(count)) == count
