"""Talking with the provider: where the browser is sent, and what the code that it brings back stands for."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import msgspec

from backend_lite.core.clock import Clock
from backend_lite.core.security.outgoing import OutgoingCalls
from backend_lite.errors import InvalidError
from backend_lite.features.access.oidc_discovery import Discovery, Metadata
from backend_lite.features.access.oidc_settings import Provider
from backend_lite.features.access.oidc_token import (
    BadTokenError,
    Claims,
    Expected,
    UnknownKeyError,
    verified,
)


@dataclass(frozen=True)
class Request:
    """One sign-in at the provider, as it was begun. `anew`: the person is to authenticate even where the
    provider still knows them."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    begun_s: float
    anew: bool


class _Tokens(msgspec.Struct):
    id_token: str
    access_token: str = ""


class _Refusal(msgspec.Struct):
    error: str = ""


class ProviderClient:
    def __init__(self, calls: OutgoingCalls, clock: Clock) -> None:
        self._discovery = Discovery(calls, clock)
        self._clock = clock

    async def address(self, provider: Provider, request: Request) -> str:
        """Where the browser goes. Raises ConflictError."""
        metadata = await self._discovery.metadata(provider.issuer)
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": request.redirect_uri,
            "scope": provider.scopes,
            "state": request.state,
            "nonce": request.nonce,
            "code_challenge": challenge_of(request.verifier),
            "code_challenge_method": "S256",
        }
        if request.anew:
            asked |= {"prompt": "login", "max_age": "0"}
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return metadata.authorization_endpoint + joint + urlencode(asked, quote_via=quote)

    async def issuer(self, provider: Provider) -> str:
        """As the provider itself writes it: that is what identities are kept under. Raises ConflictError."""
        return (await self._discovery.metadata(provider.issuer)).issuer

    async def redeem(self, provider: Provider, request: Request, code: str) -> Claims:
        """Who the person is, with what the provider tells of them. Raises ConflictError, InvalidError."""
        metadata = await self._discovery.metadata(provider.issuer)
        tokens = await self._exchange(provider, metadata, request, code)
        expected = Expected(
            metadata.issuer,
            provider.client_id,
            request.nonce,
            request.begun_s,
            tokens.access_token,
            request.anew,
        )
        claims = await self._verified(provider, tokens.id_token, expected)
        if provider.new_user_role and provider.username_claim not in claims and metadata.userinfo_endpoint:
            return {**await self._more(provider, metadata, tokens.access_token, claims["sub"]), **claims}
        return claims

    async def _verified(self, provider: Provider, token: str, expected: Expected) -> Claims:
        now_s = self._clock.now_ms() / 1000
        try:
            return verified(token, await self._discovery.keys(provider.issuer), expected, now_s)
        except UnknownKeyError:
            keys = await self._discovery.newer_keys(provider.issuer)
            if keys is None:
                raise
            return verified(token, keys, expected, now_s)

    async def _exchange(self, provider: Provider, metadata: Metadata, request: Request, code: str) -> _Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": request.redirect_uri,
            "code_verifier": request.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        methods = metadata.token_endpoint_auth_methods_supported
        if provider.client_secret and ("client_secret_basic" in methods or not methods):
            headers["Authorization"] = _basic(provider.client_id, provider.client_secret)
        else:
            form["client_id"] = provider.client_id
            if provider.client_secret:
                form["client_secret"] = provider.client_secret
        status, body = await self._discovery.fetch(
            provider.issuer, "POST", metadata.token_endpoint, headers, urlencode(form).encode()
        )
        if status != 200:
            raise InvalidError(_refused(status, body), code="provider_refused")
        try:
            return msgspec.json.decode(body, type=_Tokens)
        except msgspec.MsgspecError as error:
            raise BadTokenError("it gave no token for the person") from error

    async def _more(
        self, provider: Provider, metadata: Metadata, access_token: str, subject: str
    ) -> Mapping[str, object]:
        headers = {"Authorization": f"Bearer {access_token}"}
        status, body = await self._discovery.fetch(
            provider.issuer, "GET", metadata.userinfo_endpoint, headers
        )
        try:
            told = msgspec.json.decode(body, type=dict[str, object]) if status == 200 else {}
        except msgspec.MsgspecError:
            told = {}
        return told if told.get("sub") == subject else {}


def new_verifier() -> str:
    return secrets.token_urlsafe(48)


def challenge_of(verifier: str) -> str:
    """S256 of RFC 7636."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _basic(client_id: str, secret: str) -> str:
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + b64encode(pair.encode()).decode()


def _refused(status: int, body: bytes) -> str:
    try:
        error = msgspec.json.decode(body, type=_Refusal).error
    except msgspec.MsgspecError:
        error = ""
    if error == "invalid_client":
        return "The provider does not know this program: check client id and client secret in the settings."
    told = f"{error[:60]}, status {status}" if error.isascii() and error.isprintable() else f"status {status}"
    return f"The provider did not take the sign-in ({told.removeprefix(', ')}). Begin once more."
