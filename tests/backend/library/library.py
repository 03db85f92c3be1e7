"""The owner at work in the library, for the tests of scripts."""

from typing import Any

import httpx

from backend_lite.contract.library import SCRIPTS
from tests.helpers.service import InProcess

HELLO = {"name": "Say hello", "content": "echo hello\n", "language": "bash"}


class Library:
    """The owner at work in the library."""

    def __init__(self, service: InProcess, signed_in: dict[str, str]) -> None:
        self.service = service
        self._client = service.client
        self._headers = signed_in

    async def call(self, method: str, path: str = "", **more: Any) -> httpx.Response:
        sent = self._headers | more.pop("headers", {})
        return await self._client.request(method, SCRIPTS + path, headers=sent, **more)

    async def make(self, **fields: object) -> dict[str, Any]:
        answer = await self.call("POST", json=HELLO | fields)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def refusal(self, method: str, path: str = "", **more: Any) -> tuple[int, str]:
        answer = await self.call(method, path, **more)
        return answer.status_code, answer.json()["detail"]
