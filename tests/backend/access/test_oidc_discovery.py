"""Where the service goes for what a provider says of itself, and what it takes of that."""

import json
import socket
from typing import Any

import pytest
from joserfc import jwk

from backend_lite.core.security.outgoing import OutgoingAnswer, OutgoingCalls
from backend_lite.errors import ConflictError
from backend_lite.features.access.oidc_discovery import Discovery
from tests.helpers.clock import ManualClock

pytestmark = pytest.mark.anyio

ISSUER = "https://login.example"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}


class Answers(OutgoingCalls):
    """The network: what each address answers."""

    def __init__(self, **documents: Any) -> None:
        super().__init__()
        object.__setattr__(self, "documents", documents)
        object.__setattr__(self, "asked", [])

    async def call(self, method: str, url: str, **_more: Any) -> OutgoingAnswer:
        known: dict[str, Any] = self.documents  # type: ignore[attr-defined]
        self.asked.append(url)  # type: ignore[attr-defined]
        name = url.rsplit("/", 1)[-1].replace("-", "_")
        return OutgoingAnswer(200 if name in known else 404, {}, json.dumps(known.get(name)).encode())


def discovery(keys: object = None, **changed: object) -> Discovery:
    return Discovery(Answers(openid_configuration=DOCUMENT | changed, keys=keys), ManualClock())


async def refusal(found: Discovery, issuer: str = ISSUER) -> str:
    with pytest.raises(ConflictError) as refused:
        await found.keys(issuer)
    return refused.value.detail


async def test_the_lan_is_open_to_the_host_of_the_setting_only() -> None:
    dialled: list[str] = []

    def dial(address: str, _port: int, _timeout_s: float) -> socket.socket:
        dialled.append(address)
        raise ConnectionRefusedError

    found = Discovery(OutgoingCalls(resolve=lambda *_: ["10.0.0.9"], dial=dial), ManualClock())
    with pytest.raises(ConflictError, match="cannot be reached"):
        await found.fetch(ISSUER, "GET", f"{ISSUER}:8443/keys", {})
    with pytest.raises(ConflictError, match="does not call other"):
        await found.fetch(ISSUER, "GET", "https://other.example/keys", {})
    assert dialled == ["10.0.0.9"]


async def test_a_slash_at_the_end_is_not_another_provider() -> None:
    found = discovery({"keys": []}, issuer=f"{ISSUER}/")
    assert (await found.metadata(ISSUER)).issuer == f"{ISSUER}/"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"issuer": "https://login.evil.example"}, "calls itself"),
        ({"jwks_uri": "http://login.example/keys"}, "https"),
        ({"token_endpoint": "file:///etc/passwd"}, "no address"),
        ({"userinfo_endpoint": "http://login.example/me"}, "https"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "no address"),
        ({"token_endpoint": 7}, "not what it should be"),
        ({"jwks_uri": f"{ISSUER}/nowhere"}, "status 404"),
    ],
)
async def test_what_a_document_says_is_checked(changed: dict[str, object], why: str) -> None:
    assert why in await refusal(discovery({"keys": []}, **changed))


async def test_only_keys_that_can_sign_for_others_are_taken() -> None:
    good = jwk.RSAKey.generate_key(2048, {"kid": "good"})
    keys: list[Any] = [
        good.as_dict(private=False),
        {**good.as_dict(private=False), "kid": "to encrypt", "use": "enc"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "weak"},
        {"kty": "unheard of", "kid": "new"},
        {"kid": "none"},
    ]
    assert [key.kid for key in await discovery({"keys": keys}).keys(ISSUER)] == ["good"]
