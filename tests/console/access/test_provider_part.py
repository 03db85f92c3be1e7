"""Signing in, and confirming who one is, on the pages of a provider in the browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from backend_lite.contract.oidc import (
    IDENTITIES,
    OIDC_CALLBACK,
    OIDC_LOGIN,
    STEP_UP_BY_PROVIDER,
    OwnSignIns,
)
from console.core import provider_pages
from console.core.local_service import LocalService, ServiceFile
from console.features.access.identities_part import IdentitiesPart
from console.features.access.person_proof import PersonProof
from console.features.access.provider_part import ProviderPart
from console.features.access.sign_in import SignInScreen
from console.features.access.step_up import StepUp
from tests.console.conftest import OWNER, World
from tests.helpers.names import unnamed
from tests.helpers.waiting import until

Run = Callable[..., Any]
PAGE = "https://login.example/authorize?state=of-this-test"
BEGUN = {
    "authorization_url": PAGE, "state": "of-this-test", "handle": "mine", "expires_in": 600,
    "provider": "Company login",
}  # fmt: skip
SESSION = {"access_token": "t", "token_type": "bearer", "expires_in": 60, "user": OWNER}
WAITING = (200, {"done": False, "session": None})


class Browser:
    """That of the system: what it was told to open, and whether there is one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[str] = []
        self.there = True
        monkeypatch.setattr(QDesktopServices, "openUrl", self._open)

    def _open(self, url: Any) -> bool:
        self.opened.append(url.toString())
        return self.there


SECRET = "dfl_of-this-launch"


class Provider:
    """What the service says about a person at the provider. `answer` is given to whoever asks."""

    def __init__(self, world: World) -> None:
        self.answer: tuple[int, Any] = WAITING
        self.asked: list[dict[str, Any]] = []
        answers = world.api.answers
        answers[f"GET {OIDC_LOGIN}"] = (200, {"authorization_url": "", "provider": "Company login"})
        for path in (OIDC_LOGIN, STEP_UP_BY_PROVIDER, IDENTITIES):
            answers[f"POST {path}"] = (200, BEGUN)
        answers[f"POST {OIDC_CALLBACK}"] = self._asked

    def _asked(self, request: httpx.Request) -> tuple[int, Any]:
        self.asked.append(json.loads(request.content))
        return self.answer


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_pages, "ASK_EVERY_S", 0.0)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    return Browser(monkeypatch)


@pytest.fixture
def provider(world: World, browser: Browser) -> Provider:
    return Provider(world)


@pytest.fixture
def screen(world: World, provider: Provider, qtbot: QtBot, tmp_path: Path) -> SignInScreen:
    world.context.local = LocalService(tmp_path)
    world.context.local.path.parent.mkdir()
    world.context.local.path.write_bytes(msgspec.json.encode(ServiceFile(1, "http://x", SECRET)))
    made = SignInScreen(world.context, None)
    qtbot.addWidget(made)
    made.show()
    return made


async def at_the_pages(screen: SignInScreen, provider: Provider) -> ProviderPart:
    screen.look_for_provider()
    part = screen.provider
    await until(part.isVisible, "the button")
    part.go.click()
    await until(lambda: len(provider.asked) > 1, "the window asking")
    return part


async def ended(world: World) -> None:
    await until(lambda: not world.context.ops.running, "the end of what runs")


def test_without_a_provider_there_is_no_button(screen: SignInScreen, world: World, run: Run) -> None:
    world.api.answers[f"GET {OIDC_LOGIN}"] = (409, {"detail": "Not set up.", "code": "no_provider"})

    async def scene() -> None:
        screen.look_for_provider()
        await ended(world)

    run(scene())
    assert screen.provider.isHidden()
    assert world.notices == []


def test_the_browser_is_opened_and_its_end_signs_in(
    screen: SignInScreen, world: World, provider: Provider, browser: Browser, run: Run
) -> None:
    async def scene() -> None:
        part = await at_the_pages(screen, provider)
        assert part.go.text() == "Sign in with Company login"
        assert part.waiting.isVisible() and not part.go.isVisible() and not part.address.isVisible()
        assert not screen.username.isEnabled() and not screen.sign_in.isEnabled()
        assert unnamed(screen) == []
        part.again.click()
        provider.answer = (200, {"done": True, "session": SESSION})
        await ended(world)

    run(scene())
    assert browser.opened == [PAGE, PAGE]
    assert world.api.body(f"POST {OIDC_LOGIN}") == {"secret": SECRET}
    assert provider.asked[-1] == {"code": "", "state": "of-this-test", "handle": "mine", "otp": None}
    assert world.context.session.user == OWNER
    assert world.context.client.token == "t"


def test_the_person_may_give_up(screen: SignInScreen, world: World, provider: Provider, run: Run) -> None:
    async def scene() -> None:
        part = await at_the_pages(screen, provider)
        part.cancel.click()
        await ended(world)
        await until(part.go.isVisible, "the button again")

    run(scene())
    assert screen.username.isEnabled() and screen.provider.go.isEnabled()
    assert world.context.session.user is None
    assert world.notices == []


def test_what_the_provider_refused_is_said_in_place(
    screen: SignInScreen, world: World, provider: Provider, run: Run
) -> None:
    async def scene() -> None:
        part = await at_the_pages(screen, provider)
        provider.answer = (400, {"detail": "User not found", "code": "unknown_user"})
        await ended(world)
        assert part.error.text() == "User not found" and part.error.isVisible()
        assert part.go.isVisible()
        provider.answer = (400, {"detail": "Invalid or expired state", "code": "invalid_state"})
        part.go.click()
        await ended(world)
        assert part.error.text() == "The time for signing in is over. Begin once more."

    run(scene())
    assert world.notices == []


def test_the_code_is_asked_for_where_there_is_a_second_factor(
    screen: SignInScreen, world: World, provider: Provider, run: Run
) -> None:
    async def scene() -> None:
        part = await at_the_pages(screen, provider)
        provider.answer = (401, {"detail": "Enter the code.", "code": "otp_required"})
        await ended(world)
        assert part.otp.isVisible() and not part.error.isVisible()
        provider.answer = (401, {"detail": "This code is wrong.", "code": "otp_wrong"})
        part.otp.edit.setText("111111")
        part.confirm.click()
        await ended(world)
        assert part.error.text() == "This code is wrong." and part.otp.isVisible()
        provider.answer = (200, {"done": True, "session": SESSION})
        part.otp.edit.setText("222222")
        part.confirm.click()
        await ended(world)

    run(scene())
    assert [asked["otp"] for asked in provider.asked[-2:]] == ["111111", "222222"]
    assert world.context.session.user == OWNER


def test_without_a_browser_the_address_can_be_copied(
    screen: SignInScreen, provider: Provider, browser: Browser, run: Run
) -> None:
    browser.there = False

    async def scene() -> None:
        part = await at_the_pages(screen, provider)
        assert part.address.isVisible()
        assert part.address.line.text() == PAGE
        part.cancel.click()

    run(scene())


def test_nothing_but_a_web_address_is_opened(
    screen: SignInScreen, world: World, provider: Provider, browser: Browser, run: Run
) -> None:
    world.api.answers[f"POST {OIDC_LOGIN}"] = (200, BEGUN | {"authorization_url": "file:///etc/passwd"})

    async def scene() -> None:
        part = await at_the_pages(screen, provider)
        part.cancel.click()

    run(scene())
    assert browser.opened == []


def ways(**more: Any) -> tuple[int, Any]:
    known = {"has_password": False, "provider": "Company login", "step_up": True, "identities": []}
    return 200, known | more


def test_who_has_no_password_confirms_at_the_provider(
    world: World, provider: Provider, browser: Browser, qtbot: QtBot, run: Run
) -> None:
    world.context.session.user = OWNER
    world.api.answers[f"GET {IDENTITIES}"] = ways()
    window = QWidget()
    qtbot.addWidget(window)
    window.show()

    async def scene() -> bool:
        step_up = StepUp(world.context, window)
        asking = asyncio.ensure_future(step_up.ask())
        await until(lambda: step_up.dialog is not None, "the question")
        assert step_up.dialog is not None
        proof = step_up.dialog.proof
        await until(proof.provider.isVisible, "the way through the provider")
        assert proof.password.isHidden() and step_up.dialog.go.isHidden()
        assert proof.provider.go.text() == "Confirm with Company login"
        provider.answer = (200, {"done": True, "session": None})
        proof.provider.go.click()
        return await asking

    assert run(scene()) is True
    assert browser.opened == [PAGE]
    assert f"POST {STEP_UP_BY_PROVIDER}" in world.api.calls()


def test_who_can_confirm_in_no_way_is_told_so(world: World, qtbot: QtBot, run: Run) -> None:
    world.context.session.user = OWNER
    world.api.answers[f"GET {IDENTITIES}"] = ways(step_up=False)

    async def scene() -> PersonProof:
        proof = PersonProof(world.context)
        qtbot.addWidget(proof)
        proof.show()
        await ended(world)
        return proof

    proof = run(scene())
    assert "no password here" in proof.error.text()
    assert not proof.is_ready and proof.provider.isHidden()


def test_a_dialog_that_is_closed_waits_no_longer(
    world: World, provider: Provider, qtbot: QtBot, run: Run
) -> None:
    world.context.session.user = OWNER
    world.api.answers[f"GET {IDENTITIES}"] = ways()
    window = QWidget()
    qtbot.addWidget(window)
    window.show()

    async def scene() -> bool:
        step_up = StepUp(world.context, window)
        asking = asyncio.ensure_future(step_up.ask())
        await until(lambda: step_up.dialog is not None, "the question")
        dialog = step_up.dialog
        assert dialog is not None
        await until(dialog.proof.provider.isVisible, "the way through the provider")
        dialog.proof.provider.go.click()
        await until(lambda: len(provider.asked) > 1, "the window asking")
        dialog.reject()
        await ended(world)
        return await asking

    assert run(scene()) is False
    assert world.bugs == []


def test_an_account_is_linked_in_the_browser(
    world: World, provider: Provider, qtbot: QtBot, run: Run
) -> None:
    part = IdentitiesPart(world.context)
    qtbot.addWidget(part)
    part.show_ways(OwnSignIns(has_password=True, provider="Company login", step_up=False))
    changes: list[bool] = []
    part.changed.connect(lambda: changes.append(True))
    provider.answer = (200, {"done": True, "session": None})

    async def scene() -> None:
        part.link.go.click()
        await ended(world)

    run(scene())
    assert changes == [True]
    assert world.api.calls()[:2] == [f"POST {IDENTITIES}", f"POST {OIDC_CALLBACK}"]
