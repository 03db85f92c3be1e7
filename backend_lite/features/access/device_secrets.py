"""Secrets of devices that speak plain HTTP: each opens the calls of its device and nothing else."""

from __future__ import annotations

from backend_lite.core.db.database import Database
from backend_lite.core.db.unit import Unit
from backend_lite.core.ids import secret_kind
from backend_lite.core.security.principal import AGENT_REPORT, Principal
from backend_lite.features.access.api_tokens import ApiTokens
from backend_lite.features.access.sessions import Sessions
from backend_lite.features.access.tokens import Subject, TokenKind, TokenStore, refusal_of

DEVICE_SUBJECT = "device"
_FOR_EVER = 2**53


class DeviceSecrets:
    def __init__(self, database: Database, tokens: TokenStore) -> None:
        self._database = database
        self._tokens = tokens

    def issue(self, unit: Unit, device_id: int) -> str:
        """A secret for a new device; this is the only place that shows it."""
        issued = self._tokens.issue(unit, TokenKind.DEVICE, subject=Subject(DEVICE_SUBJECT, device_id))
        return issued.secret

    async def authenticate(self, secret: str) -> Principal | None:
        token = await self._database.read(
            lambda session: self._tokens.find(session, TokenKind.DEVICE, secret)
        )
        if token is None or token.subject is None or refusal_of(token, 0) is not None:
            return None
        device_id = token.subject.id
        name = f"device {device_id}"
        return Principal(0, name, token.id, _FOR_EVER, frozenset({AGENT_REPORT}), device_id=device_id)


class Credentials:
    """The Authenticator of both listeners: the prefix of a secret tells what it is."""

    def __init__(self, sessions: Sessions, devices: DeviceSecrets, api: ApiTokens) -> None:
        self._sessions = sessions
        self._devices = devices
        self._api = api

    async def authenticate(self, token: str, *, used: bool = True) -> Principal | None:
        kind = secret_kind(token)
        if kind == TokenKind.DEVICE.prefix:
            return await self._devices.authenticate(token)
        if kind == TokenKind.API.prefix:
            return await self._api.authenticate(token)
        if kind == TokenKind.SDK.prefix:
            return await self._api.authenticate_sdk(token)
        return await self._sessions.authenticate(token, used=used)
