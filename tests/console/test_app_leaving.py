"""What is open and asked when a person signs out, or the session ends."""

import asyncio

from PySide6.QtWidgets import QDialog

from backend_lite.contract.access import LOGOUT
from console.features.access.sign_in import SignInScreen
from console.features.access.step_up import StepUp
from console.widgets.confirm import ConfirmDialog, choose, confirm
from tests.console.test_app import Run, Stage, _Devices, stage
from tests.helpers.waiting import until

__all__ = ["stage"]


def test_a_question_of_the_session_that_ended_is_not_left_for_the_next_person(stage: Stage, run: Run) -> None:
    answers: list[str] = []

    async def scene() -> None:
        await stage.sign_in()
        app = stage.app
        question = confirm(app.window, "Cancel it?", "", "Cancel it", lambda: answers.append("yes"))
        proof = asyncio.ensure_future(StepUp(stage.world.context, app.window).ask())
        await until(lambda: len(app.window.findChildren(QDialog)) == 2, "dialogs")
        assert question.isVisible()
        stage.world.context.ops.unauthorized.emit()
        await stage.shows(SignInScreen)
        assert not [one for one in app.window.findChildren(QDialog) if one.isVisible()]
        assert not await asyncio.wait_for(proof, 10)

    run(scene())
    assert answers == []


def test_signing_out_asks_about_unsaved_work_first(stage: Stage, run: Run) -> None:
    stage.world.api.answers[f"POST {LOGOUT}"] = (200, {"message": "x"})

    async def scene() -> None:
        await stage.sign_in()
        page = stage.world.context.navigator.page
        assert isinstance(page, _Devices)
        page.allowed = False
        stage.app.window.sign_out_wanted.emit()
        await asyncio.sleep(0.05)
        assert f"POST {LOGOUT}" not in stage.world.api.calls()
        page.allowed = True
        stage.app.window.sign_out_wanted.emit()
        await stage.shows(SignInScreen)

    run(scene())


def test_a_question_that_ends_with_the_session_does_not_keep_the_window_open(stage: Stage, run: Run) -> None:
    async def scene() -> None:
        await stage.sign_in()
        page = stage.world.context.navigator.page
        assert isinstance(page, _Devices)

        async def ask() -> bool:
            return bool(await choose(page, "Unsaved", "Save it?", {"save": ("Save", "")}))

        page.ask = ask
        stage.app.window.close()
        await until(lambda: page.findChildren(ConfirmDialog), "question")
        stage.world.context.ops.unauthorized.emit()
        await stage.shows(SignInScreen)
        await asyncio.sleep(0.05)
        stage.app.window.close()
        await asyncio.wait_for(stage.app.closed.wait(), 10)

    run(scene())
