from typing import Any

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from console.core.run_request import RunRequest
from console.features.runs import preview_loader
from console.features.runs.run_dialog import RunDialog
from tests.console.conftest import World
from tests.console.runs.starting import FLEET, GROUPS, LIBRARY, PREVIEW, Open, Run, look
from tests.console.trips import Trips
from tests.helpers.waiting import until


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def open_(world: World, trips: Trips, run: Run, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens the dialog and waits for its preview; `wait=False` does not."""
    monkeypatch.setattr(preview_loader, "AFTER_MS", 1)
    monkeypatch.setattr(preview_loader, "NEWS_MS", 1)
    world.api.answers.setdefault(PREVIEW, look)
    run(world.go_live(device=FLEET, script=LIBRARY, group=GROUPS))
    window = QWidget()
    qtbot.addWidget(window)

    def opened(wait: bool = True, **request: Any) -> RunDialog:
        async def story() -> RunDialog:
            dialog = RunDialog(window, world.context, RunRequest(**{"script_id": 1, **request}))
            dialog.open()
            if wait:
                await until(lambda: not dialog.loader.checking, "the preview")
            return dialog

        dialog: RunDialog = run(story())
        return dialog

    return opened
