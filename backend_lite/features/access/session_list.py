"""Sessions as people see them: from where they were begun, when they were last used, and how to end one."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend_lite.contract.accounts import SessionInfo
from backend_lite.contract.audit import ActionType
from backend_lite.contract.common import format_time, optional_time
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.db.base import storable
from backend_lite.core.db.unit import Unit
from backend_lite.core.security.principal import Principal
from backend_lite.errors import NotFoundError
from backend_lite.features.access.roles import refuse_stronger
from backend_lite.features.access.sessions import ADDRESS, USER_AGENT, Sessions
from backend_lite.features.access.tokens import Token, TokenKind, TokenStore
from backend_lite.features.access.users import rights_of, user_names


class SessionList:
    """Its methods run inside the caller's session or unit."""

    def __init__(self, tokens: TokenStore, sessions: Sessions, audit: Audit) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._audit = audit

    def all(self, session: Session, viewer: Principal) -> list[SessionInfo]:
        """The open ones that the viewer may see, newest first."""
        seen = [
            token
            for token in self._tokens.all(session, TokenKind.SESSION)
            if self._sessions.is_good(token) and (_is_of(token, viewer) or viewer.may("users:view"))
        ]
        names = user_names(session, (_user_of(token) for token in seen))
        return [self._info(token, names, viewer) for token in seen]

    def end(self, unit: Unit, session_id: int, editor: Principal) -> None:
        """At once. Raises NotFoundError, ForbiddenError."""
        token = (
            self._tokens.get(unit.session, TokenKind.SESSION, session_id) if storable(session_id) else None
        )
        if token is None or not self._sessions.is_good(token):
            raise NotFoundError("Session not found")
        if not _is_of(token, editor):
            if not editor.may("users:edit"):
                raise NotFoundError("Session not found")
            refuse_stronger(rights_of(unit.session, _user_of(token)), editor)
        self._tokens.revoke(unit, session_id)
        user_id = _user_of(token)
        name = user_names(unit.session, [user_id]).get(user_id, "")
        summary = f"{unit.caller.name} ended a session of {name}."
        self._audit.record(
            unit, "sessions.delete", ActionType.DELETE, Entity("session", session_id, name), summary
        )

    def _info(self, token: Token, names: dict[int, str], viewer: Principal) -> SessionInfo:
        used, user_id = self._sessions.last_used_ms(token), _user_of(token)
        return SessionInfo(
            id=token.id,
            user_id=user_id,
            username=names.get(user_id, ""),
            address=str(token.options.get(ADDRESS, "")),
            user_agent=str(token.options.get(USER_AGENT, "")),
            created_at=format_time(token.created_at),
            last_used_at=optional_time(used),
            expires_at=format_time(token.expires_at or token.created_at),
            current=token.id == viewer.token_id,
        )


def _user_of(token: Token) -> int:
    return token.subject.id if token.subject else 0


def _is_of(token: Token, person: Principal) -> bool:
    return _user_of(token) == person.user_id
