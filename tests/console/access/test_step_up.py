import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import STEP_UP
from console.core.errors import ApiError
from console.features.access.step_up import StepUp, StepUpDialog
from tests.console.conftest import OWNER, World
from tests.helpers.waiting import until

SENSITIVE = "/api/v1/sensitive"
REFUSED = (403, {"detail": "Confirm with your password that it is you.", "code": "step_up_required"})
Run = Callable[..., Any]


class Guarded:
    """A service that wants the password once more."""

    def __init__(self, world: World) -> None:
        self.fresh = False
        self.wants_code = False
        world.api.answers[f"POST {SENSITIVE}"] = lambda _request: (200, {}) if self.fresh else REFUSED
        world.api.answers[f"POST {STEP_UP}"] = self._step_up

    def _step_up(self, request: httpx.Request) -> tuple[int, Any]:
        if b"right" not in request.content:
            return 400, {"detail": "The password is not right.", "code": "wrong_credentials"}
        if self.wants_code and b"123456" not in request.content:
            return 400, {"detail": "Enter the code of your authenticator app.", "code": "otp_required"}
        self.fresh = True
        return 204, None


@pytest.fixture
def guarded(world: World) -> Guarded:
    world.context.session.user = OWNER
    return Guarded(world)


@pytest.fixture
def step_up(world: World, qtbot: QtBot) -> StepUp:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    made = StepUp(world.context, window)
    world.context.client.confirm_person = made.ask
    return made


async def asked(step_up: StepUp) -> StepUpDialog:
    await until(lambda: step_up.dialog is not None, "the question")
    assert step_up.dialog is not None
    return step_up.dialog


async def said(world: World, dialog: StepUpDialog, password: str) -> None:
    dialog.proof.password.edit.setText(password)
    dialog.go.click()
    await until(lambda: not world.context.ops.running, "the answer")


def test_the_refused_request_is_sent_again_after_the_password(
    world: World, guarded: Guarded, step_up: StepUp, run: Run
) -> None:
    async def scene() -> None:
        calls = [asyncio.ensure_future(world.context.client.post(SENSITIVE, {"n": n})) for n in (1, 2)]
        dialog = await asked(step_up)
        assert not dialog.go.isEnabled()
        await said(world, dialog, "wrong")
        assert dialog.proof.error.text() == "The password is not right."
        await said(world, dialog, "right")
        await asyncio.gather(*calls)

    run(scene())
    assert world.api.calls().count(f"POST {SENSITIVE}") == 4
    assert step_up.dialog is None


def test_the_code_is_asked_for_where_there_is_a_second_factor(
    world: World, guarded: Guarded, step_up: StepUp, run: Run
) -> None:
    guarded.wants_code = True

    async def scene() -> None:
        call = asyncio.ensure_future(world.context.client.post(SENSITIVE))
        dialog = await asked(step_up)
        assert dialog.proof.otp.isHidden()
        await said(world, dialog, "right")
        assert dialog.proof.otp.isVisible()
        assert not dialog.proof.error.isVisible()
        dialog.proof.otp.edit.setText("123456")
        await said(world, dialog, "right")
        await call

    run(scene())
    assert world.api.body(f"POST {STEP_UP}") == {"password": "right", "otp": "123456"}


def test_who_gives_up_is_told_what_the_service_said(
    world: World, guarded: Guarded, step_up: StepUp, run: Run
) -> None:
    async def scene() -> None:
        call = asyncio.ensure_future(world.context.client.post(SENSITIVE))
        (await asked(step_up)).reject()
        with pytest.raises(ApiError, match="Confirm with your password"):
            await call

    run(scene())
    assert [call for call in world.api.calls() if call.startswith("POST")] == [f"POST {SENSITIVE}"]


def test_other_refusals_ask_nothing(world: World, step_up: StepUp, run: Run) -> None:
    async def scene() -> None:
        with pytest.raises(ApiError):
            await world.context.client.post(SENSITIVE)

    run(scene())
    assert step_up.dialog is None
