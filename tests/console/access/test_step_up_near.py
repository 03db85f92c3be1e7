"""Each place of the window where the service wants the password once more: then it goes on by itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import STEP_UP_S
from backend_lite.contract.backups import BACKUP_RULES, BACKUPS, Backup, BackupCreate, BackupRules
from backend_lite.contract.common import Page
from backend_lite.contract.live import BOOT_ENDPOINT, ENROLLMENT_TOKEN
from backend_lite.contract.output import RETENTION, Retention
from backend_lite.core.http.agent_listener import AgentListener
from console.features.access.step_up import StepUp, StepUpDialog
from console.features.backups.backups_page import BackupsPage
from console.features.backups.kit_dialog import KitDialog
from console.features.enroll.endpoint_card import EndpointCard
from console.features.enroll.new_token import NewTokenDialog
from console.features.runs.retention_page import RetentionPage
from console.features.settings.settings_page import SettingsPage
from console.features.software.boot_card import BootCard
from tests.console.fleet.near import say_yes
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.service import OWNER_PASSWORD
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]

Run = Callable[[Any], Any]
PASSPHRASE = "five quite unrelated words here"
AUDIT_DAYS = "security.audit_retention_days"


class Desk:
    """A window whose person signed in a while ago."""

    def __init__(self, near: NearService, qtbot: QtBot) -> None:
        self.near, self.context, self._qtbot = near, near.context, qtbot
        self.client = near.context.client
        self.window = self.shown(QWidget())
        self.step_up = StepUp(near.context, self.window)
        self.client.confirm_person = self.step_up.ask

    def shown(self, widget: Any) -> Any:
        self._qtbot.addWidget(widget)
        widget.show()
        return widget

    async def asked(self, act: Callable[[], object]) -> StepUpDialog:
        self.near.service.clock.advance(STEP_UP_S)
        act()
        await until(lambda: self.step_up.dialog is not None, "the question")
        assert self.step_up.dialog is not None
        return self.step_up.dialog

    async def confirmed(self, act: Callable[[], object]) -> None:
        dialog = await self.asked(act)
        dialog.proof.password.edit.setText(OWNER_PASSWORD)
        dialog.go.click()
        await until(lambda: not self.context.ops.running, "the end of it")


@pytest.fixture
def desk(near: NearService, qtbot: QtBot) -> Desk:
    return Desk(near, qtbot)


def test_backups_their_rules_and_the_kit(desk: Desk, run: Run, tmp_path: Path) -> None:
    async def story() -> None:
        made = await desk.client.post(BACKUPS, BackupCreate(reason="before the move"), Backup)
        page = desk.shown(BackupsPage(desk.context))
        page.show_target(None)
        await until(lambda: page.table.model_.total == 1 and page.rules._saved is not None, "the page")
        page.table.select([page._numbers[made.id]])
        await until(lambda: page.table.selected_count() == 1, "the choice")
        page.ask_delete()
        await desk.confirmed(lambda: say_yes(page))
        assert (await desk.client.get(BACKUPS, Page[Backup])).items == []
        page.rules.daily.setValue(3)
        await desk.confirmed(page.rules.save_now)
        assert (await desk.client.get(BACKUP_RULES, BackupRules)).keep_daily == 3
        dialog = desk.shown(KitDialog(page, desk.context))
        dialog.first.setText(PASSPHRASE)
        dialog.second.setText(PASSPHRASE)
        kit = tmp_path / "fleet.kit"
        await desk.confirmed(lambda: dialog.make(kit))
        assert kit.stat().st_size > 0

    run(story())


def test_who_gives_up_keeps_what_was_typed(desk: Desk, run: Run) -> None:
    async def story() -> None:
        page = desk.shown(BackupsPage(desk.context))
        page.show_target(None)
        await until(lambda: page.rules._saved is not None, "the rules")
        page.rules.daily.setValue(3)
        (await desk.asked(page.rules.save_now)).reject()
        await until(lambda: not desk.context.ops.running, "the refusal")
        assert page.rules.dirty and page.rules.daily.value() == 3
        await desk.confirmed(page.rules.save.click)
        assert not page.rules.dirty

    run(story())


def test_how_long_runs_are_kept(desk: Desk, run: Run) -> None:
    async def story() -> None:
        page = desk.shown(RetentionPage(desk.context))
        page.show_target(None)
        await until(lambda: bool(page.lines.said), "the page")
        page.output.box.selectAll()
        page.output.box.insert("45 days")
        await until(lambda: page._asked == page.value() and page._preview, "what would go")
        await desk.confirmed(page.save.click)
        assert (await desk.client.get(RETENTION, Retention)).output_days == 45

    run(story())


def test_how_long_the_audit_is_kept(desk: Desk, run: Run) -> None:
    async def story() -> None:
        page = desk.shown(SettingsPage(desk.context))
        page.show_target("security")
        await until(lambda: "security" in page.views, "the page")
        page.edit(AUDIT_DAYS, 90)
        await desk.confirmed(page.save_now)
        assert desk.near.service.kernel.settings.whole(AUDIT_DAYS) == 90

    run(story())


def test_enrollment_tokens_and_where_devices_reach_the_service(
    desk: Desk, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[tuple[str, int]] = []

    async def move(_listener: AgentListener, host: str, port: int) -> None:
        moved.append((host, port))

    monkeypatch.setattr(AgentListener, "move", move)

    async def story() -> None:
        dialog = desk.shown(NewTokenDialog(desk.window, desk.context))
        dialog.name.setText("Laptops")
        await desk.confirmed(dialog.go.click)
        assert dialog.result_.isVisible()
        await until(lambda: desk.near.known(ENROLLMENT_TOKEN), "the token")
        card = desk.shown(EndpointCard(desk.context))
        card.load()
        await until(lambda: card._endpoint is not None, "the address")
        card.port.setValue(8443)
        await desk.confirmed(card.use.click)

    run(story())
    assert moved == [("127.0.0.1", 8443)]


def test_the_listener_for_boot_firmware(desk: Desk, run: Run) -> None:
    async def story() -> None:
        card = desk.shown(BootCard(desk.context))
        await until(lambda: card._shown is not None, "the listener")
        card.change.click()
        card.on.setChecked(False)
        card.port.setValue(8081)
        await desk.confirmed(card.save.click)
        await until(lambda: desk.near.known(BOOT_ENDPOINT)[0]["port"] == 8081, "the port")

    run(story())
