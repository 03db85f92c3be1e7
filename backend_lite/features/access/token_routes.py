"""API tokens at our own addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody

from backend_lite.contract.accounts import API_TOKENS, ApiToken, ApiTokenCreate, ApiTokenSecret
from backend_lite.contract.common import Page
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.features.access.api_tokens import ApiTokens

AnyRequest = Request[Any, Any, Any]


def token_routes(database: Database, tokens: ApiTokens) -> Sequence[Route]:
    @get(API_TOKENS, permission="tokens:view", audience=USER)
    async def api_tokens_list() -> Page[ApiToken]:
        """Newest first, ended ones included; no secret is among it."""
        return Page(await database.read(tokens.all))

    @get(f"{API_TOKENS}/{{token_id:int}}", permission="tokens:view", audience=USER)
    async def api_token_get(token_id: FromPath[int]) -> ApiToken:
        return await database.read(lambda session: tokens.get(session, token_id))

    @post(API_TOKENS, permission="tokens:create", audience=USER, step_up=True)
    async def api_token_make(request: AnyRequest, data: JSONBody[ApiTokenCreate]) -> ApiTokenSecret:
        """Make a token; this answer is the only place that shows it."""
        maker = request.user
        return await database.write(lambda unit: tokens.make(unit, data, maker))

    @delete(f"{API_TOKENS}/{{token_id:int}}", permission="tokens:delete", audience=USER)
    async def api_token_revoke(token_id: FromPath[int]) -> None:
        """End it at once."""
        await database.write(lambda unit: tokens.revoke(unit, token_id))

    return [api_tokens_list, api_token_get, api_token_make, api_token_revoke]
