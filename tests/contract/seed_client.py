"""A client as one would write it from the text of the first document, plus one addition: it keeps the
`device_secret` that `register` gives it."""

from __future__ import annotations

from typing import Any

import httpx


class SeedAgent:
    """Registers once, then polls; `run` is what executes an action's payload."""

    def __init__(self, client: httpx.AsyncClient, token: str, hostname: str) -> None:
        self.client = client
        self.token = token
        self.hostname = hostname
        self.device_id = 0
        self.secret = ""

    async def register(self, **more: Any) -> dict[str, Any]:
        body = {"enrollment_token": self.token, "hostname": self.hostname, **more}
        answer = await self.client.post("/api/v1/agent/register", json=body, headers=self._headers())
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        self.device_id = told["device_id"]
        self.secret = told.get("device_secret", self.secret)
        return told

    async def heartbeat(self, **more: Any) -> list[dict[str, Any]]:
        answer = await self.call("/api/v1/agent/heartbeat", {"device_id": self.device_id, **more})
        answer.raise_for_status()
        actions: list[dict[str, Any]] = answer.json()["actions"]
        return actions

    async def report(self, action_id: int, **result: Any) -> httpx.Response:
        return await self.call(f"/api/v1/agent/actions/{action_id}/result", result)

    async def call(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return await self.client.post(path, json=body, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
