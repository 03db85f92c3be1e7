"""The settings as a person changes them, around the real service."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QCheckBox, QLineEdit
from pytestqt.qtbot import QtBot

from backend_lite.contract.settings import SETTING_FORMS
from console.features.settings.secret_box import SecretBox
from console.features.settings.settings_page import SettingsPage
from console.widgets.confirm import ConfirmDialog
from tests.backend.conftest import migrated, quick_passwords
from tests.backend.settings.conftest import key_file, with_key
from tests.helpers.names import unnamed
from tests.helpers.real_context import RealContext, real_context
from tests.helpers.waiting import until

__all__ = ["key_file", "migrated", "quick_passwords", "with_key"]
Run = Callable[[Coroutine[Any, Any, None]], None]


@dataclass
class Opened:
    page: SettingsPage
    made: RealContext

    def field(self, name: str) -> Any:
        return self.page.views[name.partition(".")[0]].fields[name]

    def write(self, name: str, text: str) -> None:
        box: QLineEdit = self.field(name).box
        box.selectAll()
        box.insert(text)
        box.textEdited.emit(text)

    def values(self, name: str) -> Any:
        return self.made.site.fleet.service.kernel.settings.get(name)

    async def saved(self) -> None:
        self.page.save.click()
        await until(lambda: not self.page._saving and not self.page.dirty, "saved")

    async def by_somebody_else(self, group: str, values: dict[str, Any]) -> None:
        service = self.made.site.fleet.service
        answer = await service.client.put(
            f"{SETTING_FORMS}/{group}", json=values, headers=await service.sign_in()
        )
        assert answer.status_code == 200


Open = Callable[[], Any]


@pytest.fixture
def opened(tmp_path: Path, migrated: Path, qtbot: QtBot) -> Open:
    @asynccontextmanager
    async def begin() -> AsyncIterator[Opened]:
        async with real_context(tmp_path, migrated) as made:
            page = SettingsPage(made.context)
            qtbot.addWidget(page)
            page.show()
            page.show_target("security")
            await until(lambda: bool(page.views), "the forms")
            yield Opened(page, made)

    return begin


def test_a_change_is_marked_undone_and_saved(run: Run, opened: Open) -> None:
    async def story() -> None:
        async with opened() as on:
            assert on.page.list.currentItem().text() == "Security"
            assert unnamed(on.page) == []
            on.write("security.session_days", "7")
            assert on.page.header.mark.text() == "unsaved"
            assert on.page.list.currentItem().text() == "Security •"
            on.page.undo_now()
            assert not on.page.dirty and on.field("security.session_days").box.text() == "30"
            on.page.redo_now()
            await on.saved()
            assert on.values("security.session_days") == 7
            assert on.made.notices[-1].tone == "good"

    run(story())


def test_what_is_wrong_is_said_in_its_place_and_not_saved(run: Run, opened: Open) -> None:
    async def story() -> None:
        async with opened() as on:
            for text, said in (("900", "Out of range"), ("often", "Write a number"), ("1.5", "whole number")):
                on.write("security.session_idle_hours", text)
                assert said in on.field("security.session_idle_hours").field.error
                assert not on.page.save.isEnabled()
            on.field("security.session_idle_hours").reset.click()
            assert not on.page.dirty
            assert on.field("security.session_idle_hours").field.error == ""

    run(story())


def test_who_changed_it_is_said_and_the_default_comes_back(run: Run, opened: Open) -> None:
    async def story() -> None:
        async with opened() as on:
            on.write("security.session_days", "7")
            await on.saved()
            field = on.field("security.session_days")
            await until(lambda: "Changed by ada" in field.who.text(), "who changed it")
            field.reset.click()
            await on.saved()
            await until(field.who.isHidden, "the default")
            assert on.values("security.session_days") == 30

    run(story())


@pytest.mark.parametrize(("answer", "kept"), [("Take theirs", 9), ("Keep mine", 7)])
def test_what_somebody_else_changed_meanwhile_is_asked_about(
    run: Run, opened: Open, answer: str, kept: int
) -> None:
    async def story() -> None:
        async with opened() as on:
            on.write("security.session_days", "7")
            await on.by_somebody_else("security", {"session_days": 9})
            on.page.save.click()
            await until(lambda: "meanwhile" in on.page.notice.text.text(), "the conflict")
            on.page.notice.press(answer)
            await until(lambda: on.page.notice.isHidden() and not on.page.dirty, "the answer")
            assert on.values("security.session_days") == kept
            assert on.field("security.session_days").box.text() == str(kept)

    run(story())


def test_a_secret_is_set_replaced_and_cleared_and_never_shown(with_key: None, run: Run, opened: Open) -> None:
    async def story() -> None:
        async with opened() as on:
            secret = on.made.site.fleet.service.feature("settings").api.secret
            box: SecretBox = on.field("email.password").box
            on.page.show_target("email")
            assert (box.state.text(), box.clear.isHidden()) == ("not set", True)
            box.replace.click()
            box.line.setText("hunter2")
            box.line.textEdited.emit("hunter2")
            assert (box.state.text(), box.line.echoMode()) == ("will be set", QLineEdit.EchoMode.Password)
            await on.saved()
            await until(lambda: box.state.text() == "set", "the secret")
            assert (secret("email.password"), box.line.text(), box.line.isHidden()) == ("hunter2", "", True)
            box.clear.click()
            assert box.state.text() == "will be cleared"
            box.keep.click()
            assert not on.page.dirty
            box.clear.click()
            await on.saved()
            assert secret("email.password") == ""

    run(story())


def test_without_a_master_key_the_way_to_one_is_said(run: Run, opened: Open) -> None:
    async def story() -> None:
        async with opened() as on:
            await until(lambda: "--key-file" in on.page.key_card.notice.text.text(), "the state of the key")
            assert not on.page.key_card.rotate.isEnabled()
            on.page.edit("email.password", "hunter2")
            on.page.save.click()
            await until(lambda: "--key-file" in on.page.notice.text.text(), "the refusal")
            assert on.page.dirty

    run(story())


def test_the_master_key_is_rotated_after_a_question(
    with_key: None, key_file: Path, run: Run, opened: Open
) -> None:
    async def story() -> None:
        async with opened() as on:
            card = on.page.key_card
            await until(card.rotate.isEnabled, "the state of the key")
            assert card.facts.value("File") == str(key_file)
            before = on.made.site.fleet.service.kernel.master_key.exported()
            card.rotate.click()
            dialog = on.page.findChild(ConfirmDialog)
            assert dialog is not None and "recovery kit" in dialog.text.text()
            dialog.buttons["yes"].click()
            await until(lambda: bool(on.made.notices) or not card.notice.isHidden(), "an answer")
            after = on.made.site.fleet.service.kernel.master_key.exported()
            assert card.notice.isHidden() and before != after

    run(story())


def test_search_goes_where_something_matches(run: Run, opened: Open) -> None:
    async def story() -> None:
        async with opened() as on:
            on.page.search.setText("mail server")
            shown = [on.page.list.item(at) for at in range(on.page.list.count())]
            assert [item.text() for item in shown if not item.isHidden()] == ["Email"]
            assert on.page.stack.currentWidget() is on.page.views["email"]
            assert on.field("email.user").isHidden() and not on.field("email.host").isHidden()
            on.page.search.clear()
            assert not any(item.isHidden() for item in shown)

    run(story())


def test_leaving_asks_only_if_something_would_be_lost(run: Run, opened: Open) -> None:
    async def story() -> None:
        async with opened() as on:
            assert on.page.may_leave() is True
            on.page.edit("security.session_days", "7")
            asked: Any = on.page.may_leave()

            async def press() -> None:
                await until(lambda: on.page.findChild(ConfirmDialog) is not None, "the question")
                dialog = on.page.findChild(ConfirmDialog)
                assert dialog is not None
                dialog.buttons["save"].click()

            allowed, _ = await asyncio.gather(asked, press())
            assert allowed is True
            assert on.values("security.session_days") == 7

    run(story())


def test_a_custom_value_keeps_its_type_in_the_form(run: Run, opened: Open) -> None:
    async def story() -> None:
        async with opened() as on:
            await on.by_somebody_else("general", {"beta": True})
            on.page.show_target("custom")
            await until(lambda: "custom.general.beta" in on.page.views["custom"].fields, "the custom one")
            box = on.field("custom.general.beta").box
            assert isinstance(box, QCheckBox)
            box.click()
            await on.saved()
            service = on.made.site.fleet.service
            stored = await service.client.get("/api/settings/general", headers=await service.sign_in())
            assert stored.json()["beta"] is False

    run(story())
