"""The page of backups, around a fake service."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from backend_lite.contract.backups import BACKUP_RULES, BACKUPS, RECOVERY_KIT
from backend_lite.contract.live import BACKUP_STATE
from console.features.backups import words
from console.features.backups.backups_page import BackupsPage
from console.widgets.confirm import ConfirmDialog
from tests.console.conftest import World
from tests.console.runs.starting import Run
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

LIST, MAKE = f"GET {BACKUPS}", f"POST {BACKUPS}"
GET_RULES, PUT_RULES, KIT = f"GET {BACKUP_RULES}", f"PUT {BACKUP_RULES}", f"POST {RECOVERY_KIT}"
RULES = {"nightly": True, "at": "02:00", "keep_daily": 7, "keep_weekly": 4, "with_output": True}
STATE = {
    "id": 1,
    "doing": "",
    "done": 0,
    "total": 0,
    "last_good_at": "2026-03-04T02:00:00.000Z",
    "problem": "",
    "next_at": "2026-03-05T02:00:00.000Z",
    "data_folder": "/srv/deploy flow",
}
PASSPHRASE = "five quite unrelated words here"


def backup(number: int, **fields: Any) -> dict[str, Any]:
    made = f"2026-03-{number:02d}T02:00:00.000Z"
    return {
        "id": f"202603{number:02d}-020000",
        "created_at": made,
        "reason": "nightly",
        "size": 5 << 20,
        "schema": "0013",
        "version": "0.1.0",
        "with_output": True,
        "verified_at": made,
        "problem": "",
        "path": f"/srv/deploy flow/backups/202603{number:02d}-020000",
        **fields,
    }


@pytest.fixture
def page(world: World, run: Run, qtbot: QtBot) -> BackupsPage:
    world.api.answers[LIST] = (200, {"items": [backup(4), backup(3, problem="ca.pem is damaged.")]})
    world.api.answers[GET_RULES] = (200, RULES)
    made = BackupsPage(world.context)
    qtbot.addWidget(made)
    made.show()

    async def story() -> None:
        await world.go_live(**{BACKUP_STATE: [STATE]})
        made.show_target(None)
        await until(lambda: made.table.model_.total == 2 and made.rules._saved is not None)

    run(story())
    return made


def shown(page: BackupsPage, column: int) -> list[str]:
    model = page.table.model_
    return [str(model.data(model.index(at, column))) for at in range(model.rowCount())]


async def choose(page: BackupsPage, backup_id: str) -> None:
    page.table.select([page._numbers[backup_id]])
    await until(lambda: page.table.selected_count() == 1)


def test_it_lists_what_there_is(page: BackupsPage) -> None:
    assert shown(page, 1) == ["Whole", "Damaged"]
    assert shown(page, 2) == ["Every night", "Every night"]
    assert not page.worry.isVisible()
    assert unnamed(page) == []


def test_the_command_that_restores_is_that_of_the_chosen_one(page: BackupsPage, run: Run) -> None:
    async def story() -> None:
        assert page.restore.command.text.toPlainText().endswith("--data-dir '/srv/deploy flow' --from BACKUP")
        await choose(page, "20260304-020000")

    run(story())
    page.restore.command.copy.click()
    assert QGuiApplication.clipboard().text() == (
        "python -m backend_lite restore --data-dir '/srv/deploy flow' "
        "--from '/srv/deploy flow/backups/20260304-020000'"
    )


def test_backing_up_now_says_how_far_it_is(page: BackupsPage, world: World, run: Run) -> None:
    world.api.answers[MAKE] = (201, backup(5, reason=""))

    async def story() -> None:
        page.make.click()
        await until(lambda: MAKE in world.api.calls())
        world.live.change(2, BACKUP_STATE, 1, {**STATE, "doing": "backup", "done": 1 << 20, "total": 4 << 20})
        await until(page.bar.isVisible)
        assert (page.bar.value(), page.doing.text()) == (250, "Verifying: 1 of 4 MB")
        assert not page.make.isEnabled()
        world.live.change(3, BACKUP_STATE, 1, STATE)
        await until(lambda: not page.bar.isVisible())

    run(story())
    assert world.notices[-1].tone == "good"
    assert page.make.isEnabled()


def test_a_refusal_is_said_in_place(page: BackupsPage, world: World, run: Run) -> None:
    world.api.answers[MAKE] = (507, {"detail": "There is no room for a backup.", "code": "disk_full"})

    async def story() -> None:
        page.make.click()
        await until(page.notice.isVisible)

    run(story())
    assert page.notice.text.text() == "There is no room for a backup."


def test_verifying_says_what_is_wrong(page: BackupsPage, world: World, run: Run) -> None:
    one = "20260304-020000"
    world.api.answers[f"POST {BACKUPS}/{one}/verify"] = (200, backup(4, problem="deployflow.db is damaged."))

    async def story() -> None:
        assert not page.verify.isEnabled()
        await choose(page, one)
        page.verify.click()
        await until(page.notice.isVisible)

    run(story())
    assert page.notice.text.text() == "deployflow.db is damaged."


def test_deleting_the_last_good_one_says_so_first(page: BackupsPage, world: World, run: Run) -> None:
    one = "20260304-020000"
    world.api.answers[f"DELETE {BACKUPS}/{one}"] = (204, None)

    async def story() -> None:
        await choose(page, one)
        page.delete.click()
        (question,) = (found for found in page.findChildren(ConfirmDialog) if found.isVisible())
        assert "No good backup is left then." in question.text.text()
        question.buttons["yes"].click()
        await until(lambda: f"DELETE {BACKUPS}/{one}" in world.api.calls())

    run(story())


@pytest.mark.parametrize(
    ("state", "sentence", "tone"),
    [
        ({}, None, None),
        ({"last_good_at": "2026-03-01T02:00:00.000Z"}, "The last good backup is 3 days old.", "warning"),
        ({"last_good_at": None}, "There is no good backup yet.", "warning"),
        ({"problem": "No room."}, "The last backup failed. No room.", "bad"),
    ],
)
def test_what_to_worry_about(world: World, state: dict[str, Any], sentence: str | None, tone: str) -> None:
    found = words.worry(STATE | state, world.context.clock())
    assert found is None if sentence is None else found is not None and found[0].startswith(sentence)
    assert found is None or found[1] == tone


def test_rules_are_saved_and_kept_while_they_are_edited(page: BackupsPage, world: World, run: Run) -> None:
    world.api.answers[PUT_RULES] = lambda request: (200, json.loads(request.content))
    rules = page.rules

    async def story() -> None:
        assert not rules.save.isEnabled()
        rules.at.box.setText("25:00")
        rules.at.changed.emit()
        assert (rules.save.isEnabled(), rules.dirty) == (False, True)
        rules.at.box.setText("3:30")
        rules.at.changed.emit()
        rules.daily.setValue(14)
        page.show_target(None)
        rules.save.click()
        await until(lambda: not rules.dirty)

    run(story())
    assert world.api.body(PUT_RULES) == {**RULES, "at": "03:30", "keep_daily": 14}
    assert rules.at.text == "03:30"


def test_leaving_asks_for_rules_that_are_not_saved(page: BackupsPage, run: Run) -> None:
    async def story() -> bool:
        page.rules.daily.setValue(1)
        leaving = page.may_leave()
        assert not isinstance(leaving, bool)
        asked = asyncio.ensure_future(leaving)
        await until(lambda: any(one.isVisible() for one in page.findChildren(ConfirmDialog)))
        next(one for one in page.findChildren(ConfirmDialog) if one.isVisible()).buttons["discard"].click()
        return await asked

    assert run(story()) is True
    assert (page.rules.daily.value(), page.rules.dirty) == (7, False)


def test_a_kit_needs_a_good_passphrase_twice(
    page: BackupsPage, world: World, run: Run, tmp_path: Path
) -> None:
    world.api.answers[KIT] = (200, {"whole": "kit"})
    kit = tmp_path / "fleet.kit"

    async def story() -> None:
        dialog = page.ask_kit()
        dialog.first.setText("short")
        assert (dialog.go.isEnabled(), dialog.hint.text()) == (False, "11 more characters at least.")
        dialog.first.setText(PASSPHRASE)
        dialog.second.setText(PASSPHRASE + "x")
        assert (dialog.go.isEnabled(), dialog.again.error) == (False, "The two are not the same.")
        assert dialog.ask_place() is None
        dialog.second.setText(PASSPHRASE)
        assert unnamed(dialog) == []
        chooser = dialog.ask_place()
        assert isinstance(chooser, QFileDialog)
        chooser.close()
        dialog.make(kit)
        await until(kit.exists)
        await until(lambda: bool(world.notices))

    run(story())
    assert json.loads(kit.read_bytes()) == {"whole": "kit"}
    assert kit.stat().st_mode & 0o077 == 0
    assert world.api.body(KIT) == {"passphrase": PASSPHRASE, "with_output": False}
    assert [path.name for path in tmp_path.glob("*.kit*")] == ["fleet.kit"]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2", "02:00"),
        ("02:30", "02:30"),
        ("23.15", "23:15"),
        ("24:00", None),
        ("2:60", None),
        ("night", None),
    ],
)
def test_times_of_day(text: str, at: str | None) -> None:
    assert words.parse_at(text) == at


def test_paths_are_quoted_as_their_machine_does() -> None:
    windows = words.restore_command("C:\\Deploy Flow", "C:\\Deploy Flow\\backups\\1")
    assert windows.endswith('--data-dir "C:\\Deploy Flow" --from "C:\\Deploy Flow\\backups\\1"')
