"""Sessions: who a bearer token belongs to, answered from memory, ended at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from backend_lite.contract.accounts import STEP_UP_S
from backend_lite.core.clock import Clock
from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.events.bus import Event, EventBus
from backend_lite.core.ids import secret_hash
from backend_lite.core.security.master_key import MasterKey
from backend_lite.core.security.principal import Principal
from backend_lite.core.settings import SettingValues
from backend_lite.features.access.rights import Held
from backend_lite.features.access.tables import TokenRow, UserRow
from backend_lite.features.access.tokens import (
    Issued,
    Subject,
    Token,
    TokenKind,
    TokensEnded,
    TokenStore,
    refusal_of,
)
from backend_lite.features.access.users import USER_SUBJECT, UserChanged, rights_of

log = structlog.get_logger(__name__)

STALE_S = 30.0
"""How old what is remembered of a session may be: another replica may have ended it meanwhile."""
FLUSH_S = 60.0
"""How often the last use of sessions is written down; a kill forgets no more than that."""


ADDRESS = "address"
USER_AGENT = "user_agent"
CONFIRMED_AT = "confirmed_at"
COMMAND = "command"
"""Options of a session's token: from where it was begun, when (ms) the password was last given, and whether
it is a command's of the account that owns the data folder."""
FACTOR_DEMANDED = "security.second_factor"


@dataclass(frozen=True, slots=True)
class SteppedUp(Event):
    """Somebody has given the password once more."""

    token_id: int


@dataclass(slots=True)
class _Remembered:
    principal: Principal
    read_at: float
    last_used_ms: int
    confirmed_ms: int | None


class Sessions:
    """The Authenticator. A session ends some hours after its last use and some days after it began, as the
    settings say, at log-out, and when its user is disabled."""

    def __init__(
        self,
        database: Database,
        bus: EventBus,
        clock: Clock,
        tokens: TokenStore,
        settings: SettingValues,
        master_key: MasterKey,
    ) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._settings = settings
        self._master_key = master_key
        self._known: dict[bytes, _Remembered] = {}
        self._used: dict[int, int] = {}
        self._endings = 0
        self._flushing: asyncio.Task[None] | None = None
        bus.subscribe(TokensEnded, lambda _event: self._forget())
        bus.subscribe(UserChanged, lambda _event: self._forget())
        bus.subscribe(SteppedUp, lambda _event: self._forget())
        settings.on_change(FACTOR_DEMANDED, call=self._demand)

    @property
    def longest_s(self) -> int:
        """How long a session that begins now can last."""
        return self._settings.whole("security.session_days") * 86400

    @property
    def idle_s(self) -> int:
        return self._settings.whole("security.session_idle_hours") * 3600

    @property
    def demands_factor(self) -> bool:
        """Of everybody who signs in; not where nobody could set one up, for want of a key to keep it with."""
        return self._settings.flag(FACTOR_DEMANDED) and not self._master_key.problem

    def begin(
        self, unit: Unit, user_id: int, *, confirmed: bool, longest_s: int, command: bool = False
    ) -> Issued:
        """A new session of the user; `confirmed` by the password. Those that are over for good make room."""
        over = (TokenRow.kind == TokenKind.SESSION) & (TokenRow.expires_at <= self._clock.now_ms())
        unit.session.execute(delete(TokenRow).where(over))
        return self._tokens.issue(
            unit,
            TokenKind.SESSION,
            subject=Subject(USER_SUBJECT, user_id),
            options={
                ADDRESS: unit.caller.address,
                USER_AGENT: unit.caller.user_agent,
                CONFIRMED_AT: self._clock.now_ms() if confirmed else None,
                COMMAND: command,
            },
            created_by=user_id,
            ttl_ms=longest_s * 1000,
            idle_timeout_ms=self.idle_s * 1000,
        )

    def confirm(self, unit: Unit, token_id: int) -> None:
        """Its person has given the password just now."""
        token = self._tokens.get(unit.session, TokenKind.SESSION, token_id)
        if token is not None:
            self._tokens.set_options(unit, token_id, {**token.options, CONFIRMED_AT: self._clock.now_ms()})
            unit.publish(SteppedUp(token_id))

    def end_others(self, unit: Unit, user_id: int, keep: int) -> None:
        """What somebody signs in with has changed: the user's sessions but `keep` (a token's id) end."""
        self._tokens.revoke_others(unit, TokenKind.SESSION, Subject(USER_SUBJECT, user_id), keep)

    def is_open(self, session: Session, token_id: int) -> bool:
        token = self._tokens.get(session, TokenKind.SESSION, token_id)
        return token is not None and self.is_good(token)

    def is_good(self, token: Token) -> bool:
        """That of a session that has not ended."""
        used = replace(token, last_used_at=self.last_used_ms(token))
        return refusal_of(used, self._clock.now_ms()) is None

    def last_used_ms(self, token: Token) -> int | None:
        """Also where that is not written down yet."""
        return self._used.get(token.id, token.last_used_at)

    async def authenticate(self, token: str, *, used: bool = True) -> Principal | None:
        key = secret_hash(token)
        known = self._known.get(key)
        if known is None or self._clock.monotonic() - known.read_at > STALE_S:
            known = await self._read(key, token)
        if known is None or self._over(known):
            return None
        if used:
            known.last_used_ms = self._used[known.principal.token_id] = self._clock.now_ms()
        return replace(known.principal, fresh=True) if self._is_fresh(known) else known.principal

    async def start(self) -> None:
        self._flushing = asyncio.create_task(self._keep_flushing(), name="session use")

    async def stop(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
            await asyncio.gather(self._flushing, return_exceptions=True)
            await self.flush()

    async def flush(self) -> None:
        """Write down when sessions were last used, and let go of those that nobody uses now."""
        oldest = self._clock.monotonic() - STALE_S
        self._known = {key: known for key, known in self._known.items() if known.read_at >= oldest}
        used = dict(self._used)
        if not used:
            return

        def work(unit: Unit) -> None:
            for token_id, last_used_ms in used.items():
                unit.session.execute(
                    update(TokenRow).where(TokenRow.id == token_id).values(last_used_at=last_used_ms)
                )

        await self._database.write(work)
        for token_id, last_used_ms in used.items():
            if self._used[token_id] == last_used_ms:
                del self._used[token_id]

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            try:
                await self.flush()
            except Exception:
                log.exception("the last use of sessions could not be written")

    async def _read(self, key: bytes, secret: str) -> _Remembered | None:
        endings = self._endings
        known = await self._database.read(lambda session: self._look_up(session, secret))
        if known is None:
            self._known.pop(key, None)
        elif endings == self._endings:
            # Else some session ended while this one was read, and it might have been this one.
            self._known[key] = known
        return known

    def _look_up(self, session: Session, secret: str) -> _Remembered | None:
        token = self._tokens.find(session, TokenKind.SESSION, secret)
        if token is None or token.revoked_at or token.subject is None:
            return None
        user = session.get(UserRow, token.subject.id)
        if user is None or not user.is_active:
            return None
        expires_at = token.expires_at or token.created_at
        is_command = token.options.get(COMMAND, False)
        lacks_factor = self.demands_factor and user.otp_enabled_at is None and not is_command
        held = Held() if lacks_factor else rights_of(session, user.id)
        principal = Principal(
            user.id,
            user.username,
            token.id,
            expires_at,
            held.everywhere,
            held.limited,
            session=True,
            lacks_factor=lacks_factor,
        )
        last_used = max(token.last_used_at or token.created_at, self._used.get(token.id, 0))
        return _Remembered(principal, self._clock.monotonic(), last_used, token.options.get(CONFIRMED_AT))

    def _over(self, known: _Remembered) -> bool:
        now = self._clock.now_ms()
        return now >= min(known.principal.expires_at_ms, known.last_used_ms + self.idle_s * 1000)

    def _is_fresh(self, known: _Remembered) -> bool:
        # A clock that was set back must not make a sign-in fresh for longer.
        return (
            known.confirmed_ms is not None
            and 0 <= self._clock.now_ms() - known.confirmed_ms < STEP_UP_S * 1000
        )

    def _demand(self) -> None:
        self._forget()
        if self._settings.flag(FACTOR_DEMANDED) and not self.demands_factor:
            log.warning("the second factor is not demanded of anybody", reason=self._master_key.problem)

    def _forget(self) -> None:
        self._endings += 1
        self._known.clear()
