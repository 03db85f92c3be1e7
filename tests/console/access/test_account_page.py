"""What a person does about the own sign-in, on one page."""

from __future__ import annotations

import asyncio
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import segno
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import PASSWORD, SECOND_FACTOR, SESSIONS
from backend_lite.contract.oidc import IDENTITIES
from console.features.access.account_page import AccountPage
from console.widgets.confirm import ConfirmDialog
from tests.console.conftest import OWNER, World
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[..., Any]
CODES = [f"aaaa-bbbb-cccc-{n:04}" for n in range(10)]
SECRET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def session(number: int, *, current: bool) -> dict[str, Any]:
    return {
        "id": number, "user_id": 1, "username": "owner", "address": "127.0.0.1", "user_agent": "window",
        "created_at": "2026-03-04T08:00:00.000Z", "last_used_at": None,
        "expires_at": "2026-04-03T08:00:00.000Z", "current": current,
    }  # fmt: skip


def ways(**more: Any) -> dict[str, Any]:
    return {"has_password": True, "provider": "", "step_up": False, "identities": [], **more}


@pytest.fixture
def page(world: World, run: Run, qtbot: QtBot) -> AccountPage:
    world.context.session.user = OWNER
    answers = world.api.answers
    answers[f"GET {SESSIONS}"] = (200, {"items": [session(2, current=True), session(1, current=False)]})
    answers[f"GET {SECOND_FACTOR}"] = (200, {"enabled": False, "recovery_codes_left": 0})
    answers[f"POST {SECOND_FACTOR}"] = (200, {"secret": SECRET, "uri": f"otpauth://totp/x?secret={SECRET}"})
    answers[f"POST {SECOND_FACTOR}/confirm"] = (200, {"codes": CODES})
    answers[f"DELETE {SESSIONS}/1"] = (204, None)
    answers[f"GET {IDENTITIES}"] = (200, ways())
    answers[f"DELETE {IDENTITIES}/7"] = (204, None)
    answers[f"PUT {PASSWORD}"] = (200, {"message": "The password was changed."})
    made = AccountPage(world.context)
    qtbot.addWidget(made)
    made.show()

    async def story() -> None:
        made.show_target(None)
        await idle(world)

    run(story())
    return made


async def idle(world: World) -> None:
    await until(lambda: not world.context.ops.running, "the end of what runs")


async def switched_on(page: AccountPage, world: World) -> None:
    part = page.second_factor
    part.begin.click()
    await idle(world)
    part.code.edit.setText("123456")
    part.confirm.click()
    await idle(world)


def test_a_second_factor_that_everybody_needs_is_asked_for(page: AccountPage, world: World, run: Run) -> None:
    off = {"enabled": False, "recovery_codes_left": 0, "demanded": True}
    world.api.answers[f"GET {SECOND_FACTOR}"] = (200, off)

    async def story() -> None:
        page.second_factor.load()
        await idle(world)

    run(story())
    assert page.second_factor.state.text() == (
        "Off. Everybody needs one here: until yours is on you have no rights."
    )
    assert page.second_factor.begin.isEnabled()


def test_the_second_factor_is_set_up_with_a_key_to_copy(page: AccountPage, world: World, run: Run) -> None:
    part = page.second_factor

    async def story() -> None:
        part.begin.click()
        await idle(world)
        assert part.secret.line.text().split() == [SECRET[at : at + 4] for at in range(0, 32, 4)]
        part.secret.copy.click()
        assert QGuiApplication.clipboard().text() == SECRET
        assert not part.confirm.isEnabled()
        part.code.edit.setText("123456")
        for _ in range(2):
            part.confirm.click()
        await idle(world)
        assert part.isEnabled()

    run(story())
    assert world.api.calls().count(f"POST {SECOND_FACTOR}/confirm") == 1
    assert world.api.body(f"POST {SECOND_FACTOR}/confirm") == {"otp": "123456"}
    assert part.set_up.isHidden()
    assert part.secret.line.text() == ""
    assert "10 recovery codes are left" in part.state.text()
    assert part.codes.text.toPlainText().split() == CODES


def test_a_wrong_code_is_said_in_place(page: AccountPage, world: World, run: Run) -> None:
    world.api.answers[f"POST {SECOND_FACTOR}/confirm"] = (400, {"detail": "No.", "code": "otp_wrong"})
    run(switched_on(page, world))
    assert page.second_factor.error.text() == "No."
    assert page.second_factor.set_up.isVisible()


def test_the_key_is_a_picture_to_scan(page: AccountPage, world: World, run: Run) -> None:
    part = page.second_factor

    async def story() -> None:
        part.begin.click()
        await idle(world)

    run(story())
    picture = part.picture
    matrix = segno.make_qr(f"otpauth://totp/x?secret={SECRET}", error="m").matrix
    image = picture.grab().toImage()
    scale, quiet = image.width() // (len(matrix) + 8), 4
    seen = [
        [
            image.pixelColor((quiet + x) * scale + 1, (quiet + y) * scale + 1).lightness() < 128
            for x in range(len(matrix))
        ]
        for y in range(len(matrix))
    ]
    assert seen == [[bool(one) for one in line] for line in matrix]
    assert image.pixelColor(quiet * scale - 1, quiet * scale - 1).lightness() == 255
    part.give_up.click()
    assert (part.set_up.isHidden(), part.begin.isHidden()) == (True, False)
    assert part.secret.line.text() == ""
    assert picture.width() == quiet * 2 * scale, "nothing of the key is left"


def test_after_a_wrong_code_the_next_one_is_typed_over_it(page: AccountPage, world: World, run: Run) -> None:
    world.api.answers[f"POST {SECOND_FACTOR}/confirm"] = (400, {"detail": "No.", "code": "otp_wrong"})
    page.activateWindow()
    run(switched_on(page, world))
    code = page.second_factor.code
    assert (code.edit.selectedText(), code.edit.hasFocus()) == ("123456", True)
    page.second_factor.give_up.click()
    assert page.second_factor.error.isHidden()


def test_recovery_codes_stay_until_they_are_kept(
    page: AccountPage, world: World, run: Run, tmp_path: Path
) -> None:
    async def story() -> None:
        await switched_on(page, world)
        leaving = page.may_leave()
        assert not isinstance(leaving, bool)

        async def cancel() -> None:
            await until(lambda: bool(page.window().findChildren(ConfirmDialog)), "the question")
            page.window().findChildren(ConfirmDialog)[-1].cancel.click()

        stays, _ = await asyncio.gather(leaving, cancel())
        assert not stays

    run(story())
    codes = page.second_factor.codes
    codes.copy.click()
    assert QGuiApplication.clipboard().text().split() == CODES
    (tmp_path / "codes.txt").touch(mode=0o644)
    codes.write(str(tmp_path / "codes.txt"))
    assert (tmp_path / "codes.txt").read_text().split() == CODES
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "codes.txt").stat().st_mode) == 0o600
    codes.kept.click()
    assert page.may_leave() is True
    assert codes.text.toPlainText() == ""


def test_a_file_that_cannot_be_written_is_said(page: AccountPage, world: World, tmp_path: Path) -> None:
    page.second_factor.codes.write(str(tmp_path / "nowhere" / "codes.txt"))
    assert "could not be written" in world.notices[0].text


def test_the_password_is_changed_once_both_are_the_same(page: AccountPage, world: World, run: Run) -> None:
    part = page.password

    async def story() -> None:
        part.current.edit.setText("the old password")
        part.new.edit.setText("four new unrelated words")
        assert not part.change.isEnabled()
        part.again.edit.setText("four new unrelated words")
        part.change.click()
        await idle(world)

    run(story())
    sent = {"current_password": "the old password", "new_password": "four new unrelated words"}
    assert world.api.body(f"PUT {PASSWORD}") == sent
    assert "was changed" in part.verdict.text()
    assert not part.dirty


def test_a_wrong_current_password_is_said_and_signs_nobody_out(
    page: AccountPage, world: World, run: Run
) -> None:
    world.api.answers[f"PUT {PASSWORD}"] = (400, {"detail": "The password is not right."})
    part = page.password

    async def story() -> None:
        for field, text in ((part.current, "wrong"), (part.new, "four words of mine"), (part.again, "")):
            field.edit.setText(text or "four words of mine")
        part.change.click()
        await idle(world)

    run(story())
    assert part.verdict.text() == "The password is not right."
    assert world.context.session.user == OWNER


def test_another_session_is_ended_after_a_question(page: AccountPage, world: World, run: Run) -> None:
    ends = [b for b in page.sessions.findChildren(QPushButton) if b.text() == "End" and not b.isHidden()]
    assert len(ends) == 1, "not that of this window"

    async def story() -> None:
        ends[0].click()
        page.window().findChildren(ConfirmDialog)[-1].buttons["yes"].click()
        await idle(world)

    run(story())
    assert f"DELETE {SESSIONS}/1" in world.api.calls()
    assert world.api.calls()[-1] == f"GET {SESSIONS}"


def test_everything_has_a_name(page: AccountPage) -> None:
    assert unnamed(page) == []


LINKED = {
    "id": 7, "issuer": "https://login.example/realms/main", "subject": "sub-1", "email": "me@example.com",
    "created_at": "2026-03-04T08:00:00.000Z",
}  # fmt: skip


def take_away(page: AccountPage) -> QPushButton:
    name = "Take the sign-in at login.example away"
    return next(one for one in page.identities.findChildren(QPushButton) if one.accessibleName() == name)


def test_without_a_provider_nothing_is_said_of_one(page: AccountPage) -> None:
    assert page.identities.isHidden()
    assert not page.password.isHidden()


def test_a_sign_in_at_a_provider_is_shown_and_taken_away(page: AccountPage, world: World, run: Run) -> None:
    linked = ways(provider="Company login", step_up=True, identities=[LINKED])
    world.api.answers[f"GET {IDENTITIES}"] = (200, linked)

    async def scene() -> None:
        page.show_target(None)
        await idle(world)
        assert page.identities.isVisible() and page.identities.link.isHidden()
        take_away(page).click()
        dialog = page.window().findChildren(ConfirmDialog)[-1]
        world.api.answers[f"GET {IDENTITIES}"] = (200, ways(provider="Company login"))
        dialog.buttons["yes"].click()
        await until(page.identities.link.isVisible, "the offer to link again")

    run(scene())
    assert f"DELETE {IDENTITIES}/7" in world.api.calls()
    assert page.identities.link.go.text() == "Link with Company login"


def test_the_last_way_in_is_kept_and_the_reason_said(page: AccountPage, world: World, run: Run) -> None:
    only = ways(provider="Company login", step_up=True, identities=[LINKED], has_password=False)
    world.api.answers[f"GET {IDENTITIES}"] = (200, only)
    world.api.answers[f"DELETE {IDENTITIES}/7"] = (409, {"detail": "You have no password here."})

    async def scene() -> None:
        page.show_target(None)
        await idle(world)
        take_away(page).click()
        dialog = page.window().findChildren(ConfirmDialog)[-1]
        dialog.buttons["yes"].click()
        await until(page.identities.error.isVisible, "the reason")

    run(scene())
    assert page.identities.error.text() == "You have no password here."
    assert page.password.isHidden()
