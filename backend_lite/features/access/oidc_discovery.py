"""What a provider says of itself: its discovery document and its keys, fetched when needed and remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from backend_lite.core.clock import Clock
from backend_lite.core.security.outgoing import OutgoingCalls, OutgoingError
from backend_lite.errors import ConflictError, InvalidError
from backend_lite.features.access.oidc_settings import refuse_insecure

T = TypeVar("T")
Key = RSAKey | ECKey | OKPKey

DOCUMENT_S = 3600.0
KEYS_PAUSE_S = 60.0
"""Keys that are not known are asked for at most so often: whoever hands in tokens decides about their ids."""
_LEAST_RSA_BITS = 2048
_MOST_KEYS = 100


class Metadata(msgspec.Struct, frozen=True):
    """The part of the discovery document that is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: list[str] = msgspec.field(
        default_factory=lambda: ["client_secret_basic"]
    )


class _KeyDocument(msgspec.Struct):
    keys: list[dict[str, Any]]


@dataclass
class _Known:
    metadata: Metadata
    read_at: float
    keys: Sequence[Key] | None = None
    refreshed_at: float | None = None


class Discovery:
    """Remembers one provider; another issuer in the settings takes its place."""

    def __init__(self, calls: OutgoingCalls, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._issuer = ""
        self._known: _Known | None = None

    async def metadata(self, issuer: str) -> Metadata:
        """Raises ConflictError."""
        known = self._known
        if known is None or self._issuer != issuer or self._clock.monotonic() - known.read_at > DOCUMENT_S:
            metadata = await self._read(issuer)
            keys = known.keys if known is not None and known.metadata == metadata else None
            self._issuer = issuer
            self._known = _Known(metadata, self._clock.monotonic(), keys)
            return metadata
        return known.metadata

    async def keys(self, issuer: str) -> Sequence[Key]:
        """The keys that may have signed a token. Raises ConflictError."""
        metadata = await self.metadata(issuer)
        known = self._known
        assert known is not None
        if known.keys is None:
            known.keys = await self._read_keys(issuer, metadata)
        return known.keys

    async def newer_keys(self, issuer: str) -> Sequence[Key] | None:
        """Asked anew, for a token whose key is not known; None where that was done just now."""
        await self.metadata(issuer)
        known, now = self._known, self._clock.monotonic()
        assert known is not None
        if known.refreshed_at is not None and now - known.refreshed_at < KEYS_PAUSE_S:
            return None
        known.refreshed_at = now
        known.keys = await self._read_keys(issuer, known.metadata)
        return known.keys

    async def fetch(
        self, issuer: str, method: str, url: str, headers: dict[str, str], body: bytes | None = None
    ) -> tuple[int, bytes]:
        """Status and body. The LAN is open to the host that an owner wrote into the settings, and to no other
        that its document names. Raises ConflictError."""
        private = urlsplit(url).hostname == urlsplit(issuer).hostname
        try:
            answer = await self._calls.call(
                method, url, headers={"Accept": "application/json", **headers}, body=body, private=private
            )
        except (OutgoingError, InvalidError) as error:
            raise ConflictError(
                f"The provider does not answer: {error.detail}", code="provider_unreachable"
            ) from error
        return answer.status, answer.body

    async def _read(self, issuer: str) -> Metadata:
        url = issuer.rstrip("/") + "/.well-known/openid-configuration"
        metadata = await self._document(issuer, url, Metadata)
        if metadata.issuer.rstrip("/") != issuer.rstrip("/"):
            raise _odd(f'it calls itself "{metadata.issuer[:200]}", and the setting says "{issuer}"')
        more = [metadata.userinfo_endpoint] if metadata.userinfo_endpoint else []
        for endpoint in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri, *more):
            refuse_insecure(endpoint, f'The address "{endpoint[:200]}" of the provider')
        return metadata

    async def _read_keys(self, issuer: str, metadata: Metadata) -> Sequence[Key]:
        document = await self._document(issuer, metadata.jwks_uri, _KeyDocument)
        return [key for data in document.keys[:_MOST_KEYS] if (key := _key(data)) is not None]

    async def _document(self, issuer: str, url: str, kind: type[T]) -> T:
        status, body = await self.fetch(issuer, "GET", url, {})
        if status != 200:
            raise _odd(f"{url} answers with status {status}")
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise _odd(f"{url} is not what it should be: {error}") from error


def _key(data: dict[str, Any]) -> Key | None:
    """None for what signs nothing here: secrets shared with the client, keys to encrypt with, weak ones."""
    if data.get("use", "sig") != "sig" or data.get("kty") == "oct":
        return None
    try:
        key = JWKRegistry.import_key(data)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey) and key.public_key.key_size < _LEAST_RSA_BITS:
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None


def _odd(what: str) -> ConflictError:
    return ConflictError(f"The provider cannot be used: {what}.", code="bad_provider")
