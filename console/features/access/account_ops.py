"""What a person does about the own sign-in."""

from __future__ import annotations

from backend_lite.contract.accounts import (
    PASSWORD,
    SECOND_FACTOR,
    SESSIONS,
    PasswordChange,
    RecoveryCodes,
    SecondFactorCode,
    SecondFactorSetUp,
    SecondFactorState,
    SessionInfo,
)
from backend_lite.contract.common import Message, Page
from console.core.client import ApiClient
from console.core.ops import Op, Progress
from console.core.texts import tr


def load_sessions(client: ApiClient) -> Op[list[SessionInfo]]:
    async def call(_progress: Progress) -> list[SessionInfo]:
        return (await client.get(SESSIONS, Page[SessionInfo])).items

    return Op(tr("Load the sessions"), call)


def end_session(client: ApiClient, session_id: int) -> Op[None]:
    async def call(_progress: Progress) -> None:
        await client.delete(f"{SESSIONS}/{session_id}")

    return Op(tr("End a session"), call)


def change_password(client: ApiClient, current: str, new: str) -> Op[None]:
    async def call(_progress: Progress) -> None:
        await client.put(PASSWORD, PasswordChange(current, new), Message)

    return Op(tr("Change the password"), call)


def load_second_factor(client: ApiClient) -> Op[SecondFactorState]:
    async def call(_progress: Progress) -> SecondFactorState:
        return await client.get(SECOND_FACTOR, SecondFactorState)

    return Op(tr("Load the second factor"), call)


def begin_second_factor(client: ApiClient) -> Op[SecondFactorSetUp]:
    async def call(_progress: Progress) -> SecondFactorSetUp:
        return await client.post(SECOND_FACTOR, None, SecondFactorSetUp)

    return Op(tr("Set up the second factor"), call)


def confirm_second_factor(client: ApiClient, code: str) -> Op[RecoveryCodes]:
    async def call(_progress: Progress) -> RecoveryCodes:
        return await client.post(f"{SECOND_FACTOR}/confirm", SecondFactorCode(code), RecoveryCodes)

    return Op(tr("Switch the second factor on"), call)


def renew_recovery_codes(client: ApiClient) -> Op[RecoveryCodes]:
    async def call(_progress: Progress) -> RecoveryCodes:
        return await client.post(f"{SECOND_FACTOR}/recovery-codes", None, RecoveryCodes)

    return Op(tr("Make new recovery codes"), call)


def remove_second_factor(client: ApiClient) -> Op[None]:
    async def call(_progress: Progress) -> None:
        await client.delete(SECOND_FACTOR)

    return Op(tr("Take the second factor away"), call)
