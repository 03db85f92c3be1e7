"""What other areas and the command line may ask of enrolment."""

from __future__ import annotations

from backend_lite.contract.enroll import EnrollmentTokenCreate, EnrollmentTokenSecret
from backend_lite.core.db.database import Database
from backend_lite.features.enroll.endpoint import Endpoint
from backend_lite.features.enroll.tokens import EnrollmentTokens

__all__ = ["EnrollApi"]


class EnrollApi:
    def __init__(self, database: Database, tokens: EnrollmentTokens, endpoint: Endpoint) -> None:
        self._database = database
        self._tokens = tokens
        self._endpoint = endpoint

    async def make_token(
        self, wanted: EnrollmentTokenCreate, created_by: int | None, only: frozenset[int] | None = None
    ) -> EnrollmentTokenSecret:
        """A new token with all that an agent needs; `created_by` is a user's id, None the command line;
        `only` are the groups that it may lead into, where it may not lead everywhere.

        While the service is not serving, `agent_url` has port 0. Raises InvalidError, NotFoundError.
        """
        token, secret = await self._database.write(
            lambda unit: self._tokens.make(unit, wanted, created_by, only)
        )
        endpoint = await self._endpoint.view()
        return EnrollmentTokenSecret(token, secret, endpoint.url, endpoint.pin, self._endpoint.ca_pem)
