"""A sign-in that a person completes on the provider's pages, in the browser."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from backend_lite.contract.oidc import (
    IDENTITIES,
    OIDC_CALLBACK,
    OIDC_LOGIN,
    STEP_UP_BY_PROVIDER,
    OidcCallback,
    OidcLogin,
    OidcWindowLogin,
    OwnSignIns,
    ProviderAnswer,
    ProviderSignIn,
)
from console.core.client import ApiClient
from console.core.errors import ApiError
from console.core.local_service import LocalService
from console.core.ops import Op, Progress
from console.core.texts import tr

ASK_EVERY_S = 1.0
_OVER = "invalid_state"

Pause = Callable[[float], Awaitable[None]]
Begin = Callable[[ApiClient], Awaitable[ProviderSignIn]]


async def provider_name(client: ApiClient) -> str:
    """Of the provider that people may sign in through; empty without one."""
    try:
        return (await client.get(OIDC_LOGIN, OidcLogin, {"begin": "false"})).provider
    except ApiError:
        return ""


async def begin_sign_in(local: LocalService | None, client: ApiClient) -> ProviderSignIn:
    """Only a window that can read the file of the running service is let."""
    found = local.read() if local is not None else None
    return await client.post(OIDC_LOGIN, OidcWindowLogin(found.secret if found else ""), ProviderSignIn)


async def begin_step_up(client: ApiClient) -> ProviderSignIn:
    return await client.post(STEP_UP_BY_PROVIDER, None, ProviderSignIn)


async def begin_link(client: ApiClient) -> ProviderSignIn:
    return await client.post(IDENTITIES, None, ProviderSignIn)


async def answer_of(
    client: ApiClient, begun: ProviderSignIn, otp: str | None = None, pause: Pause = asyncio.sleep
) -> ProviderAnswer:
    """Once the person is done in the browser. Raises ApiError, with `otp_required` where the second factor is
    still missing: ask once more with it."""
    request = OidcCallback(state=begun.state, handle=begun.handle, otp=otp)
    while True:
        try:
            answer = await client.post(OIDC_CALLBACK, request, ProviderAnswer)
        except ApiError as refusal:
            if refusal.code != _OVER:
                raise
            sentence = tr("The time for signing in is over. Begin once more.")
            raise ApiError(sentence, refusal.code, refusal.status) from refusal
        if answer.done:
            return answer
        await pause(ASK_EVERY_S)


def load_own_sign_ins(client: ApiClient) -> Op[OwnSignIns]:
    async def call(_progress: Progress) -> OwnSignIns:
        return await client.get(IDENTITIES, OwnSignIns)

    return Op(tr("Load how you sign in"), call)


def unlink(client: ApiClient, identity_id: int) -> Op[None]:
    async def call(_progress: Progress) -> None:
        await client.delete(f"{IDENTITIES}/{identity_id}")

    return Op(tr("Take a sign-in away"), call)
