"""API tokens at our own addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from backend_lite.contract.accounts import API_TOKENS, ApiToken, ApiTokenCreate, ApiTokenSecret, ApiTokenWork
from backend_lite.contract.common import Page
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.errors import ForbiddenError
from backend_lite.features.access.api_tokens import ApiTokens

AnyRequest = Request[Any, Any, Any]
MAY_CANCEL = "rollouts:run"


def token_routes(database: Database, tokens: ApiTokens) -> Sequence[Route]:
    @get(API_TOKENS, permission="tokens:view", audience=USER)
    async def api_tokens_list() -> Page[ApiToken]:
        """Newest first, ended ones included; no secret is among it."""
        return Page(await database.read(tokens.all))

    @get(f"{API_TOKENS}/{{token_id:int}}", permission="tokens:view", audience=USER)
    async def api_token_get(token_id: FromPath[int]) -> ApiToken:
        return await database.read(lambda session: tokens.get(session, token_id))

    @get(f"{API_TOKENS}/{{token_id:int}}/work", permission="tokens:view", audience=USER)
    async def api_token_work(token_id: FromPath[int]) -> ApiTokenWork:
        """What was begun with it and has not ended."""
        return await database.read(lambda session: tokens.open_work(session, token_id))

    @post(API_TOKENS, permission="tokens:create", audience=USER, step_up=True)
    async def api_token_make(request: AnyRequest, data: JSONBody[ApiTokenCreate]) -> ApiTokenSecret:
        """Make a token; this answer is the only place that shows it."""
        maker = request.user
        return await database.write(lambda unit: tokens.make(unit, data, maker))

    @delete(f"{API_TOKENS}/{{token_id:int}}", permission="tokens:delete", audience=USER)
    async def api_token_revoke(
        request: AnyRequest, token_id: FromPath[int], cancel_rollouts: FromQuery[bool] = False
    ) -> None:
        """End it at once; what was begun with it goes on unless that is to be cancelled."""
        if cancel_rollouts and not request.user.may(MAY_CANCEL):
            raise ForbiddenError(
                f"Cancelling rollouts takes the right {MAY_CANCEL} on all devices. Nothing was revoked: it "
                "can be revoked alone."
            )
        await database.write(lambda unit: tokens.revoke(unit, token_id, cancel_rollouts=cancel_rollouts))

    return [api_tokens_list, api_token_get, api_token_work, api_token_make, api_token_revoke]
