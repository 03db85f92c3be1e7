"""What the settings' pages ask the service for."""

from __future__ import annotations

from collections.abc import Mapping

from backend_lite.contract.common import Message, Page
from backend_lite.contract.settings import (
    MASTER_KEY,
    SETTING_FORMS,
    TEST_MAIL,
    MailTest,
    MasterKeyState,
    SettingGroup,
    SettingValue,
)
from console.core.client import ApiClient, if_match
from console.core.ops import Op, Progress
from console.core.texts import tr


def load(client: ApiClient) -> Op[list[SettingGroup]]:
    async def call(_progress: Progress) -> list[SettingGroup]:
        return (await client.get(SETTING_FORMS, Page[SettingGroup])).items

    return Op(tr("Load the settings"), call)


def save(
    client: ApiClient, changes: Mapping[str, tuple[int | None, Mapping[str, SettingValue | None]]]
) -> Op[list[SettingGroup]]:
    """By group the version that it builds on (None: whatever it is now), and the keys that change."""

    async def call(_progress: Progress) -> list[SettingGroup]:
        saved = []
        for group, (version, values) in changes.items():
            headers = {} if version is None else if_match(version)
            saved.append(await client.put(f"{SETTING_FORMS}/{group}", dict(values), SettingGroup, headers))
        return saved

    return Op(tr("Save the settings"), call)


def key_state(client: ApiClient) -> Op[MasterKeyState]:
    async def call(_progress: Progress) -> MasterKeyState:
        return await client.get(MASTER_KEY, MasterKeyState)

    return Op(tr("Look at the master key"), call)


def rotate(client: ApiClient) -> Op[MasterKeyState]:
    async def call(_progress: Progress) -> MasterKeyState:
        return await client.post(f"{MASTER_KEY}/rotate", None, MasterKeyState)

    return Op(tr("Rotate the master key"), call)


def test_mail(client: ApiClient, to: str) -> Op[Message]:
    async def call(_progress: Progress) -> Message:
        return await client.post(TEST_MAIL, MailTest(to), Message)

    return Op(tr("Send a test message"), call)
