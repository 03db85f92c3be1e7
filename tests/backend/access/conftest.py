"""A service with a real OpenID provider in its settings."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend_lite.contract.access_forms import DESKTOP_USERS
from backend_lite.contract.oidc import OIDC_CALLBACK, OIDC_LOGIN
from backend_lite.contract.settings import SETTING_FORMS
from backend_lite.core.feature import Kernel
from backend_lite.core.security.master_key import open_master_key
from tests.helpers import service as helper
from tests.helpers.oidc_provider import RunningProvider, running_provider
from tests.helpers.service import LAUNCH_SECRET, InProcess, in_process

CLIENT, SECRET = "deployflow", "secret of the client"


@dataclass
class Site:
    """`service` lets people in by `provider`."""

    service: InProcess
    provider: RunningProvider

    @property
    def client(self) -> httpx.AsyncClient:
        return self.service.client

    async def configure(self, **values: object) -> None:
        owner = await self.service.sign_in()
        answer = await self.client.put(f"{SETTING_FORMS}/oidc", json=values, headers=owner)
        assert answer.status_code == 200, answer.text

    async def add_user(self, username: str, subject: str, *, is_admin: bool = False) -> int:
        body = {"username": username, "sub": subject, "is_admin": is_admin}
        owner = await self.service.sign_in()
        answer = await self.client.post(f"{DESKTOP_USERS}/createuser", json=body, headers=owner)
        assert answer.status_code == 201, answer.text
        made: int = answer.json()["id"]
        return made

    async def authorization_url(self) -> str:
        answer = await self.client.get(OIDC_LOGIN)
        assert answer.status_code == 200, answer.text
        url: str = answer.json()["authorization_url"]
        return url

    async def come_back(self, subject: str) -> dict[str, str]:
        """What the browser brings: `code` and `state`."""
        return await self.provider.sign_in(await self.authorization_url(), subject)

    async def call_back(self, **body: str) -> httpx.Response:
        return await self.client.post(OIDC_CALLBACK, json=body)

    async def sign_in(self, subject: str) -> httpx.Response:
        return await self.call_back(**await self.come_back(subject))

    async def begin(self, path: str = OIDC_LOGIN, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """As a window does."""
        body = {"secret": LAUNCH_SECRET} if path == OIDC_LOGIN else None
        answer = await self.client.post(path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        begun: dict[str, Any] = answer.json()
        return begun

    async def browse(self, begun: dict[str, Any], subject: str) -> httpx.Response:
        """The person signs in at the provider, and the browser comes back."""
        back = await self.provider.sign_in(begun["authorization_url"], subject)
        browser = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site"}
        return await self.client.get(OIDC_CALLBACK, params=back, headers=browser)

    async def collect(self, begun: dict[str, Any], **more: str) -> httpx.Response:
        return await self.call_back(state=begun["state"], handle=begun["handle"], **more)

    async def refusals(self) -> list[str]:
        query = {"action": "auth.refused"}
        answer = await self.client.get("/api/audit", params=query, headers=await self.service.sign_in())
        return [event["summary"] for event in answer.json()["items"]]


@pytest.fixture(scope="session")
def provider_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    with running_provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture
async def provider(provider_process: RunningProvider) -> RunningProvider:
    """One for all tests, since it takes two seconds to start; each finds it honest."""
    await provider_process.forge()
    return provider_process


@pytest.fixture
async def site(
    tmp_path: Path, migrated: Path, provider: RunningProvider, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    def opened(**parts: Any) -> Kernel:
        key = open_master_key(tmp_path / "master.key", "of this test")
        return replace(Kernel(**parts), master_key=key, outgoing=provider.calls)

    monkeypatch.setattr(helper, "Kernel", opened)
    async with in_process(tmp_path / "data", migrated) as service:
        # The provider goes by the clock of this machine.
        service.clock.set_wall(round(time.time() * 1000))
        made = Site(service, provider)
        secret = {"client_id": CLIENT, "client_secret": SECRET}
        await made.configure(enabled=True, name="Company login", issuer=provider.issuer, **secret)
        yield made
