from collections.abc import Callable
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import RIGHTS
from backend_lite.contract.approvals import APPROVALS
from backend_lite.contract.runs import ROLLOUTS
from console.features.approvals import approvals_page
from console.features.approvals.approvals_page import ApprovalsPage
from tests.console import objects
from tests.console.conftest import OWNER, World
from tests.console.trips import Trips
from tests.helpers.waiting import until

Object = dict[str, Any]
Run = Callable[[Any], Any]
Open = Callable[..., ApprovalsPage]
RUNS = [objects.run(n, "waiting", rollout_id=8, device=f"PC-{n:02}") for n in range(1, 4)]


def page_of(*items: Object, more: str | None = None) -> tuple[int, Any]:
    return 200, {"items": list(items), "next": more}


def pinned(text: str, task: int = 1, **more: Any) -> Object:
    return {"task": task, "language": "bash", "text": text, "part": "", "software": None, **more}


@pytest.fixture
def trips(world: World, monkeypatch: pytest.MonkeyPatch) -> Trips:
    return Trips(world, monkeypatch)


@pytest.fixture
def open_(world: World, trips: Trips, run: Run, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Shows the page to the owner, who may approve, with these in the live stream."""
    monkeypatch.setattr(approvals_page, "_LOOK_MS", 1)
    world.context.session.user = OWNER
    answers = world.api.answers
    answers[f"GET {RIGHTS}"] = (200, {"permissions": ["rollouts:view", "rollouts:approve"], "limited": {}})
    answers.setdefault(f"GET {APPROVALS}", page_of())
    answers[f"GET {ROLLOUTS}/8"] = (200, held())
    for number in range(1, 6):
        answers.setdefault(f"GET {APPROVALS}/{number}/texts", (200, [pinned("rm -rf /var/tmp/old\n")]))

    def opened(*approvals: Object) -> ApprovalsPage:
        page = ApprovalsPage(world.context)
        qtbot.addWidget(page)
        page.resize(1100, 760)

        async def story() -> None:
            await world.go_live(approval=list(approvals), run=RUNS)
            await world.context.rights.read()
            page.show()
            await until(lambda: not world.context.ops.running and page.table.model_.total == len(approvals))

        run(story())
        return page

    return opened


def held() -> Object:
    targets = {"devices": [], "groups": [], "query": "tag:lab"}
    return objects.rollout(8, "held", tasks=[objects.task(1)], targets=targets)
