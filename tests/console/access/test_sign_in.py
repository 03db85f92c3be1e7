from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from backend_lite.contract.access import LOCAL_LOGIN, LOGIN
from console.core.local_service import LocalService
from console.features.access.sign_in import SignInScreen
from tests.console.conftest import OWNER, World
from tests.helpers.waiting import until

GOOD = (200, {"access_token": "t", "token_type": "bearer", "expires_in": 60, "user": OWNER})


@pytest.fixture
def screen(world: World, qtbot: QtBot, tmp_path: Path) -> SignInScreen:
    made = SignInScreen(world.context, LocalService(tmp_path))
    qtbot.addWidget(made)
    made.show()
    return made


def type_in(screen: SignInScreen, username: str, password: str) -> None:
    screen.username.edit.setText(username)
    screen.password.edit.setText(password)


async def answered(world: World) -> None:
    await until(lambda: not world.context.ops.running, "end of the operation")


def test_name_and_password_open_a_session(
    screen: SignInScreen, world: World, run: Callable[..., Any]
) -> None:
    world.api.answers[f"POST {LOGIN}"] = GOOD

    async def scene() -> None:
        assert not screen.sign_in.isEnabled()
        type_in(screen, " owner ", "secret words")
        QTest.keySequence(screen.password.edit, "Return")
        await answered(world)

    run(scene())
    assert world.api.body(f"POST {LOGIN}") == {"username": "owner", "password": "secret words", "otp": None}
    assert world.context.session.user == OWNER
    assert world.context.client.token == "t"


def test_a_wrong_password_is_said_in_place(
    screen: SignInScreen, world: World, run: Callable[..., Any]
) -> None:
    world.api.answers[f"POST {LOGIN}"] = (401, {"detail": "Incorrect username or password"})

    async def scene() -> None:
        type_in(screen, "owner", "wrong")
        screen.sign_in.click()
        assert not screen.card.isEnabled()
        await answered(world)
        await until(screen.password.edit.hasSelectedText, "focus")

    run(scene())
    assert screen.error.text() == "Incorrect username or password"
    assert screen.error.isVisible()
    assert screen.sign_in.isEnabled()
    assert world.notices == []


def test_too_many_tries_are_counted_down(screen: SignInScreen, world: World, run: Callable[..., Any]) -> None:
    world.api.answers[f"POST {LOGIN}"] = (429, {"detail": "Too fast."})
    world.api.headers["Retry-After"] = "2"

    async def scene() -> None:
        type_in(screen, "owner", "wrong")
        screen.sign_in.click()
        await answered(world)

    run(scene())
    assert screen.error.text() == "Too many failed sign-ins. Try again in 2 seconds."
    assert not screen.sign_in.isEnabled()
    screen.too_fast.tick()
    assert screen.error.text() == "Too many failed sign-ins. Try again in 1 second."
    screen.too_fast.tick()
    assert screen.sign_in.isEnabled()
    assert not screen.error.isVisible()


def test_the_second_factor_is_asked_for_when_the_service_wants_it(
    screen: SignInScreen, world: World, run: Callable[..., Any]
) -> None:
    world.api.answers[f"POST {LOGIN}"] = (401, {"detail": "A code is needed.", "code": "otp_required"})

    async def scene() -> None:
        assert screen.otp.isHidden()
        type_in(screen, "owner", "right")
        screen.sign_in.click()
        await answered(world)
        assert screen.otp.isVisible()
        assert not screen.error.isVisible()
        world.api.answers[f"POST {LOGIN}"] = GOOD
        screen.otp.edit.setText("123456")
        screen.sign_in.click()
        await answered(world)

    run(scene())
    assert world.api.body(f"POST {LOGIN}")["otp"] == "123456"
    assert world.context.session.user == OWNER


def test_the_owner_on_this_pc_needs_no_password(
    screen: SignInScreen, world: World, run: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "service.json").write_text('{"pid": 1, "admin_url": "http://x", "secret": "launch"}')
    world.api.answers[f"POST {LOCAL_LOGIN}"] = GOOD

    async def scene() -> None:
        screen.here.click()
        await answered(world)

    run(scene())
    assert world.api.body(f"POST {LOCAL_LOGIN}") == {"secret": "launch"}
    assert world.context.session.user == OWNER


def test_elsewhere_there_is_no_such_button(world: World, qtbot: QtBot) -> None:
    made = SignInScreen(world.context, None, "Your session has ended.")
    qtbot.addWidget(made)
    made.show()
    assert not made.here.isVisible()
    assert made.error.text() == "Your session has ended."


def test_the_password_is_hidden_until_a_person_wants_to_see_it(screen: SignInScreen) -> None:
    assert screen.password.edit.echoMode() is QLineEdit.EchoMode.Password
    screen.password.show_it.click()
    assert screen.password.edit.echoMode() is QLineEdit.EchoMode.Normal


def test_a_switched_off_way_without_a_password_is_offered_no_more(
    screen: SignInScreen, world: World, run: Callable[..., Any]
) -> None:
    sentence = "Signing in on this PC without a password is switched off. Sign in with name and password."
    world.api.answers[f"POST {LOCAL_LOGIN}"] = (403, {"detail": sentence, "code": "local_sign_in_off"})

    async def scene() -> None:
        screen.here.click()
        await answered(world)

    run(scene())
    assert screen.error.text() == sentence
    assert screen.here.isHidden()


def test_a_forgotten_password_has_an_answer(screen: SignInScreen) -> None:
    assert screen.forgotten.answer.isHidden()
    screen.forgotten.question.click()
    assert screen.forgotten.answer.isVisible()
    assert "reset-password --data-dir DIR --username NAME" in screen.forgotten.command.line.text()
