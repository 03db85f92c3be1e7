"""The pages of profiles around the real service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from backend_lite.contract.live import PROFILE
from backend_lite.contract.plans import PROFILES
from console.core.plan_tasks import EditedTask
from console.features.plans.profile_page import ProfilePage, drafts_of
from console.widgets import draft_keeper
from tests.backend.runs.site import Site
from tests.console.trips import Trips
from tests.helpers.real_context import RealContext, migrated, quick_passwords, real, site, trips
from tests.helpers.waiting import until

__all__ = ["migrated", "quick_passwords", "real", "site", "trips"]

Run = Callable[[Any], Any]
Object = dict[str, Any]
PARAMETERS = [
    {"name": "Days", "type": "number", "minimum": 1, "maximum": 90, "default": 30},
    {"name": "Password", "type": "secret", "required": True},
]


def type_at_end(box: QLineEdit, text: str) -> None:
    box.end(False)
    QTest.keyClicks(box, text)


@dataclass
class Desk:
    """A page of the editor, and what is on the service behind it."""

    real: RealContext
    page: ProfilePage
    scripts: dict[str, int]
    profile_id: int = 0

    @property
    def names(self) -> list[str]:
        return [task.name for task in self.page.editor.value.tasks]

    def task(self, name: str) -> EditedTask:
        return next(task for task in self.page.editor.value.tasks if task.name == name)

    def choose(self, *names: str) -> None:
        self.page.editor.list.select([self.task(name).key for name in names])
        self.page.editor.list.setFocus()

    async def on_service(self) -> Object:
        found: Object = await self.real.site.get(f"{PROFILES}/{self.profile_id}")
        return found

    async def save(self) -> None:
        self.page.save_now()
        await until(lambda: not self.page.editor.dirty and not self.page._saving, "the save")

    async def open(self, profile_id: int) -> None:
        self.profile_id = profile_id
        self.page.show_target(str(profile_id))
        await until(lambda: self.page._object is not None and self.page.history.revisions, "the profile")


@pytest.fixture
def make(
    real: RealContext, trips: Trips, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], ProfilePage]:
    monkeypatch.setattr(draft_keeper, "AFTER_MS", 1)

    def made() -> ProfilePage:
        page = ProfilePage(real.context, drafts_of(real.context))
        qtbot.addWidget(page)
        qtbot.addWidget(page.side)
        page.resize(900, 600)
        page.show()
        return page

    return made


@pytest.fixture
def desk(real: RealContext, site: Site, make: Callable[[], ProfilePage], run: Run) -> Desk:
    """Shows the profile “Baseline” with the tasks Clean, Greet and Stop."""

    async def story() -> Desk:
        scripts = {
            "Clean": await site.script("Clean", parameters=PARAMETERS),
            "Greet": await site.script("Greet"),
            "Stop": await site.script("Stop", undo="echo back\n"),
        }
        tasks = [
            {"name": name, "action_type": "sh", "script_id": script_id, "continue_on_error": False}
            for name, script_id in scripts.items()
        ]
        made = await site.post(PROFILES, {"name": "Baseline", "tasks": tasks})
        live = real.context.live
        await until(
            lambda: made["id"] in live.kind(PROFILE) and len(live.kind("script")) == 3, "the live stream"
        )
        desk = Desk(real, make(), scripts)
        await desk.open(made["id"])
        return desk

    found: Desk = run(story())
    return found
