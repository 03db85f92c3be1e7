"""Whether an ID token is what it claims to be: OpenID Connect Core 1.0, section 3.1.3.7."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from joserfc import jws
from joserfc.errors import JoseError

from backend_lite.errors import InvalidError
from backend_lite.features.access.oidc_discovery import Key

ALGORITHMS = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "PS256": "RSA",
    "PS384": "RSA",
    "PS512": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "ES512": "EC",
    "Ed25519": "OKP",
    "EdDSA": "OKP",
}
"""Those that are accepted, with the type of their keys: never `none`, and none whose key the client knows."""
LEEWAY_S = 60
"""So far the clocks of provider and service may be apart."""
MAX_TOKEN = 64_000
MAX_SUBJECT = 255

Claims = Mapping[str, Any]


class BadTokenError(InvalidError):
    code = "bad_id_token"

    def __init__(self, what: str) -> None:
        super().__init__(f"What the provider says about the person was refused: {what}.")


class UnknownKeyError(BadTokenError):
    """None of the keys has signed it: the provider may have newer ones."""


@dataclass(frozen=True)
class Expected:
    """`begun_s` is when the sign-in began, in seconds since 1970; `anew`: the person had to authenticate
    after that."""

    issuer: str
    client_id: str
    nonce: str
    begun_s: float
    access_token: str = ""
    anew: bool = False


def verified(token: str, keys: Sequence[Key], expected: Expected, now_s: float) -> Claims:
    """The claims. Raises BadTokenError."""
    algorithm, claims = _signed_claims(token, keys)
    _check_parties(claims, expected)
    _check_times(claims, expected, now_s)
    if not _same(claims.get("nonce"), expected.nonce):
        raise BadTokenError("it belongs to another sign-in")
    if "at_hash" in claims and not _same(claims["at_hash"], half_hash(algorithm, expected.access_token)):
        raise BadTokenError("it belongs to another access token")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise BadTokenError("it names nobody")
    return claims


def authenticated_since(claims: Claims, begun_s: float) -> bool:
    """Whether the person proved who they are after that, not some time before."""
    at = claims.get("auth_time")
    return _is_time(at) and at >= begun_s - LEEWAY_S


def half_hash(algorithm: str, text: str) -> str:
    """`at_hash` of an access token."""
    bits = algorithm[-3:] if algorithm[-3:] in ("256", "384") and algorithm[:2] != "Ed" else "512"
    digest = hashlib.new(f"sha{bits}", text.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _signed_claims(token: str, keys: Sequence[Key]) -> tuple[str, Claims]:
    header = _header(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise BadTokenError(f'it is signed with "{str(algorithm)[:20]}", which is not accepted')
    fitting = [key for key in keys if key.key_type == ALGORITHMS[algorithm] and kid in (None, key.kid)]
    for key in fitting:
        try:
            signed = jws.deserialize_compact(token, key, algorithms=[algorithm])
        except (JoseError, ValueError, TypeError):
            continue
        return algorithm, _object(signed.payload)
    raise UnknownKeyError("none of its keys has signed it")


def _header(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(token) > MAX_TOKEN or len(parts) != 3:
        raise BadTokenError("it is no signed token")
    try:
        return _object(urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except ValueError as error:
        raise BadTokenError("it is no signed token") from error


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadTokenError("it is no signed token") from error
    if not isinstance(found, dict):
        raise BadTokenError("it is no signed token")
    return found


def _check_parties(claims: Claims, expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise BadTokenError("another provider made it")
    audience = claims.get("aud")
    members = [audience] if isinstance(audience, str) else audience
    if not isinstance(members, list) or expected.client_id not in members:
        raise BadTokenError("it is meant for another program")
    authorized = claims.get("azp")
    if authorized != expected.client_id and (authorized is not None or len(members) > 1):
        raise BadTokenError("it was made for another program")


def _check_times(claims: Claims, expected: Expected, now_s: float) -> None:
    ends, made, starts = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
    if not _is_time(ends) or not _is_time(made) or not _is_time(starts):
        raise BadTokenError("it does not say for how long it holds")
    if now_s >= ends + LEEWAY_S or made < expected.begun_s - LEEWAY_S:
        raise BadTokenError("it is too old. Compare the clocks of both machines")
    if max(made, starts) > now_s + LEEWAY_S:
        raise BadTokenError("it is from the future. Compare the clocks of both machines")
    if expected.anew and not authenticated_since(claims, expected.begun_s):
        raise BadTokenError("the person was not asked once more who they are")


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53


def _same(given: object, wanted: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), wanted.encode())
