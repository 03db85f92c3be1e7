from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from backend_lite.contract.access import MIN_PASSWORD, SETUP
from console.core.local_service import LocalService
from console.core.password_strength import judge
from console.features.access.first_run import FirstRunScreen
from tests.console.conftest import OWNER, World
from tests.helpers.waiting import until

WORDS = "four unrelated words"
GOOD = (201, {"access_token": "t", "token_type": "bearer", "expires_in": 60, "user": OWNER})


@pytest.fixture
def screen(world: World, qtbot: QtBot, tmp_path: Path) -> FirstRunScreen:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "service.json").write_text('{"pid": 1, "admin_url": "http://x", "secret": "launch"}')
    made = FirstRunScreen(world.context, LocalService(tmp_path))
    qtbot.addWidget(made)
    made.show()
    made.username.edit.setText("owner")
    return made


def test_the_owner_is_made_with_the_secret_of_this_launch(
    screen: FirstRunScreen, world: World, run: Callable[..., Any]
) -> None:
    world.api.answers[f"POST {SETUP}"] = GOOD

    async def scene() -> None:
        screen.password.edit.setText(WORDS)
        screen.again.edit.setText(WORDS)
        QTest.keySequence(screen.again.edit, "Return")
        await until(lambda: not world.context.ops.running, "end of the operation")

    run(scene())
    sent = world.api.body(f"POST {SETUP}")
    assert (sent["secret"], sent["username"], sent["password"]) == ("launch", "owner", WORDS)
    assert world.context.session.user == OWNER


def test_what_the_service_refuses_is_said_in_place(
    screen: FirstRunScreen, world: World, run: Callable[..., Any]
) -> None:
    world.api.answers[f"POST {SETUP}"] = (400, {"detail": "This password is tried first.", "code": "weak"})

    async def scene() -> None:
        screen.password.edit.setText(WORDS)
        screen.again.edit.setText(WORDS)
        screen.submit.click()
        await until(lambda: not world.context.ops.running, "end of the operation")

    run(scene())
    assert screen.error.text() == "This password is tried first."
    assert screen.submit.isEnabled()


def test_there_is_no_way_past_the_rules(screen: FirstRunScreen) -> None:
    for password, again, username in (
        ("", "", "owner"),
        ("short", "short", "owner"),
        (WORDS, "other", "owner"),
        (WORDS, WORDS, " "),
    ):
        screen.username.edit.setText(username)
        screen.password.edit.setText(password)
        screen.again.edit.setText(again)
        assert not screen.submit.isEnabled(), (password, again, username)


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        ("", "", f"At least {MIN_PASSWORD} characters."),
        ("elevenchars", "", "1 more character."),
        ("aaaaaaaaaaaaaaaa", "", "Too easy to guess: four unrelated words are better."),
        ("ownerownerowner", "", "Too easy to guess: four unrelated words are better."),
        (WORDS, "", "Now the same once more."),
        (WORDS, "four unr", "Now the same once more."),
        (WORDS, "five", "The two are not the same."),
        ("twelve chars", "twelve chars", "Good enough. Longer is better."),
        (WORDS, WORDS, "Strong."),
    ],
)
def test_the_verdict_says_what_to_do_next(password: str, again: str, sentence: str) -> None:
    assert judge(password, again, "owner").sentence == sentence
