from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from backend_lite.contract.enroll import AGENT_ENDPOINT, ENROLLMENT_TOKENS
from backend_lite.contract.fleet import DEVICES
from console.core.local_agent import AgentState, Invitation, LocalAgent
from console.features.enroll.add_device_page import AddDevicePage
from console.features.enroll.arrivals import arrivals
from tests.console.conftest import NOW, World
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

ADDRESSES = [
    {"address": "127.0.0.1", "interface": "lo", "scope": "loopback"},
    {"address": "192.0.2.2", "interface": "eth0", "scope": "lan"},
]
LOCAL = {
    "host": "127.0.0.1",
    "port": 8443,
    "url": "https://127.0.0.1:8443",
    "pin": "sha256:0",
    "addresses": ADDRESSES,
}
OPEN = LOCAL | {"host": "192.0.2.2", "url": "https://192.0.2.2:8443"}
TOKEN = {
    "id": 5,
    "name": "",
    "uses": 5,
    "used": 1,
    "auto_approve": False,
    "created_by": "owner",
    "created_at": "2026-03-04T10:42:00.000Z",
    "expires_at": "2026-03-05T10:42:00.000Z",
    "last_used_at": None,
    "revoked_at": None,
}
SECRET = {
    "enrollment_token": TOKEN,
    "token": "dfe_x",
    "agent_url": LOCAL["url"],
    "agent_pin": "sha256:0",
    "ca_pem": "",
}
WAITING = {
    "id": 7,
    "hostname": "LAB-PC-007",
    "admission": "pending",
    "connected": True,
    "fingerprint": "bador-fasul-lusin-zogod",
    "created_at": "2026-03-04T10:41:00.000Z",
}
OLD = {
    "id": 1,
    "hostname": "OLD",
    "admission": "approved",
    "connected": True,
    "created_at": "2026-01-01T00:00:00.000Z",
}
NEW = {
    "id": 8,
    "hostname": "NEW",
    "admission": "approved",
    "connected": False,
    "created_at": "2026-03-04T09:00:00.000Z",
}


class _Agent(LocalAgent):
    """Starts nothing; keeps what it was invited with."""

    invitation: Invitation | None = None

    def start(self, invitation: Invitation | None = None) -> None:
        self.invitation = invitation
        self._tell(AgentState.RUNNING)

    def refuse(self, sentence: str) -> None:
        self.sentence = sentence
        self._tell(AgentState.REFUSED)


@pytest.fixture
def agent(world: World, tmp_path: Path) -> _Agent:
    made = _Agent(tmp_path / "this-pc")
    world.context.this_pc = made
    return made


@pytest.fixture
def page(world: World, agent: _Agent, run: Callable[..., Any], qtbot: QtBot) -> AddDevicePage:
    world.api.answers[f"GET {AGENT_ENDPOINT}"] = (200, LOCAL)
    world.api.answers[f"POST {ENROLLMENT_TOKENS}"] = (201, SECRET)

    async def scene() -> AddDevicePage:
        await world.go_live(device=[OLD, WAITING, NEW], enrollment_token=[TOKEN])
        made = AddDevicePage(world.context)
        qtbot.addWidget(made)
        qtbot.addWidget(made.arrivals)
        made.show_target(None)
        made.show()
        made.arrivals.show()
        await idle(world)
        return made

    made: AddDevicePage = run(scene())
    return made


async def idle(world: World) -> None:
    await until(lambda: not world.context.ops.running, "end of the operations")


def press(page: AddDevicePage, world: World, run: Callable[..., Any], click: Callable[[], None]) -> None:
    async def scene() -> None:
        click()
        await idle(world)

    run(scene())


def test_it_says_where_devices_reach_the_service(page: AddDevicePage) -> None:
    assert page.endpoint.url.text() == "https://127.0.0.1:8443"
    assert page.endpoint.state.text() == "This PC only"
    assert not page.endpoint.firewall.isVisible()
    assert page.token.warning.isVisible()
    assert not page.endpoint.use.isEnabled()


def test_another_address_is_chosen_and_the_firewall_explained(
    page: AddDevicePage, world: World, run: Callable[..., Any]
) -> None:
    world.api.answers[f"PUT {AGENT_ENDPOINT}"] = (200, OPEN)
    page.endpoint.address.setCurrentIndex(page.endpoint.address.findData("192.0.2.2"))
    assert "come back by themselves" in page.endpoint.note.text()
    press(page, world, run, page.endpoint.use.click)
    assert world.api.body(f"PUT {AGENT_ENDPOINT}") == {"host": "192.0.2.2", "port": 8443}
    assert page.endpoint.state.text() == "On the network"
    assert page.endpoint.firewall.isVisible()
    assert not page.token.warning.isVisible()


def test_a_port_that_is_taken_is_said_in_place(
    page: AddDevicePage, world: World, run: Callable[..., Any]
) -> None:
    world.api.answers[f"PUT {AGENT_ENDPOINT}"] = (409, {"detail": "Port 22 is taken.", "code": "port_taken"})
    page.endpoint.port.setValue(22)
    press(page, world, run, page.endpoint.use.click)
    assert page.endpoint.error.text() == "Port 22 is taken."
    assert page.endpoint.use.isEnabled()


def test_a_token_gives_the_command_to_paste(
    page: AddDevicePage, world: World, run: Callable[..., Any]
) -> None:
    page.token.uses.setValue(3)
    page.token.approve.setChecked(True)
    press(page, world, run, page.token.make.click)
    sent = world.api.body(f"POST {ENROLLMENT_TOKENS}")
    assert (sent["uses"], sent["ttl_s"], sent["auto_approve"]) == (3, 86400, True)
    linux = page.token.result.linux
    assert linux.isVisible()
    linux.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert "dfe_x" in copied
    assert "--server https://127.0.0.1:8443" in copied
    page.token.result.tabs.setCurrentIndex(1)
    assert not linux.isVisible()
    assert "'dfe_x' |" in page.token.result.windows.text.toPlainText()


def test_the_command_follows_the_address(page: AddDevicePage, world: World, run: Callable[..., Any]) -> None:
    press(page, world, run, page.token.make.click)
    world.api.answers[f"PUT {AGENT_ENDPOINT}"] = (200, OPEN)
    page.endpoint.address.setCurrentIndex(page.endpoint.address.findData("192.0.2.2"))
    press(page, world, run, page.endpoint.use.click)
    assert "--server https://192.0.2.2:8443" in page.token.result.linux.text.toPlainText()


def test_a_token_in_use_can_be_revoked(page: AddDevicePage, world: World, run: Callable[..., Any]) -> None:
    world.api.answers[f"DELETE {ENROLLMENT_TOKENS}/5"] = (204, b"")
    assert page.tokens.isVisible()

    async def scene() -> None:
        page.tokens.revoke[5].click()
        await idle(world)
        world.live.change(2, "enrollment_token", 5, {"revoked_at": "2026-03-04T10:43:00.000Z"})
        await until(lambda: not page.tokens.isVisible(), "empty list")

    run(scene())
    assert f"DELETE {ENROLLMENT_TOKENS}/5" in world.api.calls()


def test_who_waits_comes_first_and_who_came_long_ago_not_at_all() -> None:
    found = arrivals({d["id"]: d for d in (OLD, NEW, WAITING)}, NOW)  # type: ignore[misc]
    assert [device["hostname"] for device in found] == ["LAB-PC-007", "NEW"]


def test_a_device_is_approved_by_comparing_its_words(
    page: AddDevicePage, world: World, run: Callable[..., Any]
) -> None:
    world.api.answers[f"POST {DEVICES}/7/approve"] = (200, {})
    card = page.arrivals.cards[7]
    assert card.words.text() == "bador-fasul-lusin-zogod"
    press(page, world, run, card.approve.click)
    assert f"POST {DEVICES}/7/approve" in world.api.calls()

    async def scene() -> None:
        world.live.change(2, "device", 7, {"admission": "approved"})
        await until(lambda: not page.arrivals.cards[7].approve.isVisible(), "approval")

    run(scene())


def test_a_new_device_appears_while_one_watches(
    page: AddDevicePage, world: World, run: Callable[..., Any]
) -> None:
    async def scene() -> None:
        world.live.change(2, "device", 9, WAITING | {"id": 9, "hostname": "LATEST"})
        await until(lambda: 9 in page.arrivals.cards, "the device")

    run(scene())
    assert list(page.arrivals.cards) == [7, 8, 9]


def test_this_pc_is_invited_for_itself_alone(
    page: AddDevicePage, world: World, agent: _Agent, run: Callable[..., Any]
) -> None:
    assert page.this_pc is not None
    press(page, world, run, page.this_pc.enrol.click)
    sent = world.api.body(f"POST {ENROLLMENT_TOKENS}")
    assert (sent["uses"], sent["auto_approve"]) == (1, True)
    assert agent.invitation == Invitation("https://127.0.0.1:8443", "sha256:0", "dfe_x")
    assert "dfe_x" not in repr(agent.invitation)
    assert page.this_pc.mark.text() == "Agent running"
    assert not page.this_pc.enrol.isVisible()


def test_an_agent_that_is_refused_says_why_in_place(page: AddDevicePage, agent: _Agent) -> None:
    agent.refuse("The token has expired.")
    assert page.this_pc is not None
    assert page.this_pc.error.text() == "The token has expired."
    assert page.this_pc.enrol.isEnabled()


def test_every_control_has_a_name(page: AddDevicePage) -> None:
    assert unnamed(page) == []
    assert unnamed(page.arrivals) == []
