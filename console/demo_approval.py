"""The other people of the demo: one of them asks for something that the owner has to approve."""

from __future__ import annotations

import secrets
from typing import Any

from backend_lite.contract.accounts import USERS, UserAccount, UserCreate
from backend_lite.contract.library import SCRIPTS, Language, Script, ScriptCreate
from backend_lite.contract.live import APPROVAL, ROLE, SCRIPT, USER
from backend_lite.contract.runs import ROLLOUTS, RolloutCreate, RolloutCreated, Targets
from backend_lite.contract.settings import SETTING_FORMS, SettingGroup
from console.app import App
from console.core.approval_words import is_waiting
from console.core.client import STEP_UP_REQUIRED, ApiClient
from console.core.errors import ApiError
from console.core.session import Session
from console.core.texts import tr
from console.demo_steps import Steps

Object = dict[str, Any]
ASKER = "grace"
PEOPLE = {ASKER: ("Grace Hopper", "Operator"), "katherine": ("Katherine Johnson", "Owner")}
"""Who asks, and who could approve what the owner asks for."""
SCRIPT_NAME = "Empty the caches"
_TEXT = """#!/bin/bash
set -euo pipefail
cache="${CACHE_FOLDER:-/var/cache/lab}"

echo "Before: $(du -sh "$cache" | cut -f1)"
rm -rf $cache/*
echo "After:  $(du -sh "$cache" | cut -f1)"
"""
"""It never runs, since nobody approves it."""


class DemoApproval:
    def __init__(self, app: App, steps: Steps) -> None:
        self._context = app.context
        self._steps = steps

    async def make(self, device: Object) -> dict[str, str]:
        """Page keys with what to open; what is there from an earlier demo stays as it is."""
        has_bash = Language.BASH in device["facts"]["languages"]
        if has_bash and not self._find(USER, "username", ASKER):
            await self._ask(device["id"])
        found: dict[str, str] = {}
        for script in self._find(SCRIPT, "name", SCRIPT_NAME):
            found["risky"] = str(script["id"])
        for approval in filter(is_waiting, self._context.live.kind(APPROVAL).values()):
            found |= {"approvals": str(approval["id"]), "held": str(approval["rollout_id"])}
        return found

    async def _ask(self, device_id: int) -> None:
        # Nobody is there to give a password once more: a refusal has to come back.
        owner = ApiClient(self._context.client.base_url, self._context.client.token)
        asker = ApiClient(owner.base_url)
        password = secrets.token_urlsafe(24)
        try:
            await owner.put(f"{SETTING_FORMS}/security", {"dangerous_work": "approve"}, SettingGroup)
            for username, (full_name, role_name) in PEOPLE.items():
                roles = [role["id"] for role in self._find(ROLE, "name", role_name)]
                wanted = UserCreate(username, password, full_name=full_name, roles=roles)
                await owner.post(USERS, wanted, UserAccount)
            script = await owner.post(SCRIPTS, ScriptCreate(SCRIPT_NAME, _TEXT, Language.BASH), Script)
            await Session(asker).sign_in(ASKER, password)
            order = RolloutCreate(script_id=script.id, targets=Targets(devices=[device_id]))
            made = await asker.post(ROLLOUTS, order, RolloutCreated)
        except ApiError as refusal:
            if refusal.code != STEP_UP_REQUIRED:
                raise
            self._steps.say(tr("Nothing waits for approval: that takes a fresh sign-in of the owner."))
            return
        finally:
            await owner.aclose()
            await asker.aclose()
        await self._steps.until(lambda: self._find(APPROVAL, "rollout_id", made.id), tr("approval"))
        await self._steps.until(lambda: self._find(SCRIPT, "name", SCRIPT_NAME), tr("script"))
        self._steps.say(tr("{who} asks for approval of “{title}”.", who=ASKER, title=SCRIPT_NAME))

    def _find(self, kind: str, field: str, value: object) -> list[Object]:
        return [one for one in self._context.live.kind(kind).values() if one[field] == value]
