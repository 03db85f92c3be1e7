"""Settings at the documented addresses: groups as plain objects, and a list of keys and texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody

from backend_lite.contract.common import Message
from backend_lite.contract.settings import (
    SETTINGS,
    SETTINGS_LIST,
    ListedSetting,
    ListedSettingCreate,
    SettingValue,
)
from backend_lite.core.clock import Clock
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.core.versions import version_wanted
from backend_lite.features.settings import reading
from backend_lite.features.settings.api import SettingsApi
from backend_lite.features.settings.listed import listed_after, wish_of

AnyRequest = Request[Any, Any, Any]
Plain = dict[str, SettingValue]
VIEW, EDIT = "settings:view", "settings:edit"
_GROUP = f"{SETTINGS}/{{group:str}}"
_KEY = f"{SETTINGS_LIST}/{{key:str}}"


def group_routes(settings: SettingsApi) -> Sequence[Route]:
    @get(SETTINGS, permission=VIEW, audience=USER)
    async def settings_all() -> dict[str, Plain]:
        """Every group as an object; secrets are masked."""
        return await settings.read(reading.plain_groups)

    @get(_GROUP, permission=VIEW, audience=USER)
    async def settings_group(group: FromPath[str]) -> Plain:
        return await settings.read(lambda session: reading.plain_group(session, group))

    @put(_GROUP, permission=EDIT, audience=USER)
    async def settings_group_put(
        request: AnyRequest, group: FromPath[str], data: JSONBody[dict[str, Any]]
    ) -> Plain:
        """Change the keys that are given. A key that nobody declared is kept, and stays of the type that it
        is first written as; null takes a setting back."""
        version = version_wanted(request.headers.get("if-match"))
        return await settings.change_plain(group, data, version, request.user)

    return [settings_all, settings_group, settings_group_put]


def list_routes(settings: SettingsApi, clock: Clock) -> Sequence[Route]:
    @get(SETTINGS_LIST, permission=VIEW, audience=USER)
    async def settings_list() -> list[ListedSetting]:
        """What is stored, as texts; secrets are masked."""
        return await settings.read(reading.listed)

    @get(_KEY, permission=VIEW, audience=USER)
    async def listed_get(key: FromPath[str]) -> ListedSetting:
        return await settings.read(lambda session: reading.listed_one(session, key))

    @post(SETTINGS_LIST, status_code=200, permission=EDIT, audience=USER)
    async def listed_put(request: AnyRequest, data: JSONBody[ListedSettingCreate]) -> ListedSetting:
        """Make or change one; `group.key` names a declared one."""
        wish = await settings.read(lambda session: wish_of(session, data))
        await settings.change_named({data.key: wish}, request.user)
        return await settings.read(lambda session: listed_after(session, data, clock.now_ms()))

    @delete(_KEY, status_code=200, permission=EDIT, audience=USER)
    async def listed_delete(request: AnyRequest, key: FromPath[str]) -> Message:
        """Take it away; a declared one has its default again."""
        await settings.remove(key, request.user)
        return Message("Setting deleted successfully")

    return [settings_list, listed_get, listed_put, listed_delete]
