"""Profiles and templates as a signed-in client sees them."""

from dataclasses import dataclass
from typing import Any

import pytest

from backend_lite.contract.library import SCRIPTS
from backend_lite.contract.plans import PROFILES
from tests.helpers.service import InProcess


@dataclass
class Plans:
    service: InProcess
    headers: dict[str, str]

    async def call(self, method: str, path: str, *, version: int | None = None, **more: Any) -> Any:
        headers = self.headers if version is None else self.headers | {"If-Match": f'"{version}"'}
        return await self.service.client.request(method, path, headers=headers, **more)

    async def ok(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = await self.call(method, path, **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, status: int = 400, **more: Any) -> str:
        answer = await self.call(method, path, **more)
        assert answer.status_code == status, answer.text
        return str(answer.json()["detail"])

    async def script(self, name: str = "Restart spooler", **fields: Any) -> int:
        body = {"name": name, "content": "Restart-Service Spooler"} | fields
        return int((await self.ok("POST", SCRIPTS, 201, json=body))["id"])

    async def profile(self, name: str = "Baseline", **fields: Any) -> Any:
        return await self.ok("POST", PROFILES, 201, json={"name": name} | fields)


@pytest.fixture
async def plans(service: InProcess) -> Plans:
    return Plans(service, await service.sign_in())
