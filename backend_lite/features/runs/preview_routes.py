"""The route of previews."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import post
from litestar.params import JSONBody

from backend_lite.contract.runs import ROLLOUTS, Preview, RolloutCreate
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.guard import USER
from backend_lite.features.runs.preview import Previews
from backend_lite.features.runs.rollout_routes import RUN, AnyRequest


def preview_routes(database: Database, previews: Previews) -> Sequence[Route]:
    @post(f"{ROLLOUTS}/preview", status_code=200, permission=RUN, audience=USER, scoped=True)
    async def preview_rollout(request: AnyRequest, data: JSONBody[RolloutCreate]) -> Preview:
        """What the same body would do at POST rollouts. Starts nothing."""
        principal = request.user
        return await database.read(lambda session: previews.make(session, data, principal))

    return [preview_rollout]
