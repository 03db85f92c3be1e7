"""What other areas may ask of access."""

from __future__ import annotations

from dataclasses import dataclass

from backend_lite.features.access.login import Login
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
from backend_lite.features.access.users import OwnerExistsError, Users, user_names

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
    "refusal_of",
    "user_names",
]


@dataclass(frozen=True)
class AccessApi:
    """`authenticator` fills core's port. `tokens` works inside the caller's unit or session.

    `user_names(session, ids)` gives the names of users, for columns such as "created by".
    """

    tokens: TokenStore
    users: Users
    login: Login
    authenticator: Sessions
