"""What other areas may ask of access."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, SQLColumnExpression
from sqlalchemy.orm import Session

from backend_lite.core.security.principal import Authenticator, Groups
from backend_lite.features.access.accounts import Accounts
from backend_lite.features.access.api_tokens import ApiTokens, QueuedWork
from backend_lite.features.access.device_secrets import DeviceSecrets
from backend_lite.features.access.holders import holders
from backend_lite.features.access.login import Login
from backend_lite.features.access.reach import reach
from backend_lite.features.access.sessions import Sessions
from backend_lite.features.access.tokens import (
    Issued,
    Refusal,
    Subject,
    Token,
    TokenKind,
    TokenRefusedError,
    TokensEnded,
    TokenStore,
    refusal_of,
)
from backend_lite.features.access.users import OwnerExistsError, Users, user_name_of, user_names

__all__ = [
    "AccessApi",
    "Issued",
    "OwnerExistsError",
    "Refusal",
    "Subject",
    "Token",
    "TokenKind",
    "TokenRefusedError",
    "TokenStore",
    "TokensEnded",
    "Users",
    "refusal_of",
]


@dataclass(frozen=True)
class AccessApi:
    """`authenticator` fills core's port. `tokens` works inside the caller's unit or session."""

    tokens: TokenStore
    users: Users
    login: Login
    sessions: Sessions
    authenticator: Authenticator
    devices: DeviceSecrets
    accounts: Accounts
    api_tokens: ApiTokens

    def on_token_work(self, work: QueuedWork) -> None:
        """`work` knows what was begun with API tokens."""
        self.api_tokens.work = work

    def reach(
        self, connection: Connection, user_ids: Iterable[int], permissions: Collection[str]
    ) -> Mapping[int, Groups]:
        """For each of the users the groups in whose devices any of `permissions` holds; None: everywhere,
        empty: nowhere, as for those who are disabled or removed."""
        return reach(connection, user_ids, permissions)

    def holders(self, connection: Connection, permission: str) -> Mapping[int, Groups]:
        """The users who have it, by id: the groups in whose devices, or None for everywhere; nobody who is
        disabled or removed."""
        return holders(connection, permission)

    def is_token_good(self, session: Session, token_id: int) -> bool:
        """Of an API token: it has not ended."""
        return self.api_tokens.is_good(session, token_id)

    def user_names(self, session: Session, ids: Iterable[int | None]) -> dict[int, str]:
        """The names of the users with these ids, for columns such as "created by"."""
        return user_names(session, ids)

    def user_name_of(self, user_id: SQLColumnExpression[int | None]) -> ColumnElement[str]:
        """The name of the user in a column, for lists that show, search or sort by it; NULL without one."""
        return user_name_of(user_id)
