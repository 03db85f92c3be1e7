"""What an ID token must be, without a provider."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jws

from backend_lite.features.access.oidc_discovery import Key
from backend_lite.features.access.oidc_token import BadTokenError, Expected, half_hash, verified

NOW = 1_800_000_000
EXPECTED = Expected("https://login.example", "deployflow", "n", NOW - 5, "access")
RSA, EC, EC_384, OKP = (
    jwk.RSAKey.generate_key(2048),
    jwk.ECKey.generate_key("P-256"),
    jwk.ECKey.generate_key("P-384"),
    jwk.OKPKey.generate_key("Ed25519"),
)


def token(key: Key, algorithm: str, **changed: Any) -> str:
    claims = {
        "iss": "https://login.example", "aud": "deployflow", "sub": "grace", "nonce": "n", "iat": NOW,
        "exp": NOW + 60, "at_hash": half_hash(algorithm, "access"),
    }  # fmt: skip
    return signed(key, algorithm, json.dumps(claims | changed).encode())


def signed(key: Key, algorithm: str, payload: bytes) -> str:
    return jws.serialize_compact({"alg": algorithm}, payload, key, algorithms=[algorithm])


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(RSA, "RS256"), (RSA, "RS512"), (RSA, "PS384"), (EC, "ES256"), (EC_384, "ES384"), (OKP, "Ed25519")],
)
def test_every_accepted_algorithm_is_verified_with_its_own_kind_of_key(key: Key, algorithm: str) -> None:
    keys: list[Key] = [RSA, EC, EC_384, OKP]
    assert verified(token(key, algorithm), keys, EXPECTED, NOW)["sub"] == "grace"
    others = [one for one in keys if one is not key]
    with pytest.raises(BadTokenError, match="none of its keys"):
        verified(token(key, algorithm), others, EXPECTED, NOW)


def test_the_hash_of_an_access_token_is_that_of_the_specification() -> None:
    # OpenID Connect Core 1.0, A.3 and A.4.
    access = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    assert half_hash("RS256", access) == "77QmUPtjPfzWtF2AnpK9RQ"
    code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"
    assert half_hash("RS256", code) == "LDktKdoQak3Pk0cnXxCltA"


def test_several_audiences_need_to_say_whom_it_was_made_for() -> None:
    both = ["deployflow", "another"]
    assert verified(token(RSA, "RS256", aud=both, azp="deployflow"), [RSA], EXPECTED, NOW)
    with pytest.raises(BadTokenError, match="another program"):
        verified(token(RSA, "RS256", aud=both), [RSA], EXPECTED, NOW)


@pytest.mark.parametrize(
    ("at_s", "good"), [(NOW + 119, True), (NOW + 120, False), (NOW - 60, True), (NOW - 61, False)]
)
def test_clocks_may_be_a_minute_apart(at_s: int, good: bool) -> None:
    early = Expected("https://login.example", "deployflow", "n", NOW - 100, "access")
    if good:
        assert verified(token(RSA, "RS256"), [RSA], early, at_s)
    else:
        with pytest.raises(BadTokenError):
            verified(token(RSA, "RS256"), [RSA], early, at_s)


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"\xff", b"[" * 10_000])
def test_what_is_signed_and_says_nothing_is_refused(payload: bytes) -> None:
    with pytest.raises(BadTokenError):
        verified(signed(EC, "ES256", payload), [EC], EXPECTED, NOW)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.text(max_size=80) | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True)
)
def test_no_text_is_taken_for_a_token(text: str) -> None:
    with pytest.raises(BadTokenError):
        verified(text, [RSA, EC], EXPECTED, NOW)


@given(st.sampled_from(["iss", "aud", "azp", "sub", "nonce", "iat", "exp", "nbf", "at_hash"]), _JSON)
def test_a_claim_of_any_kind_is_either_right_or_refused(name: str, value: Any) -> None:
    try:
        claims = verified(token(EC, "ES256", **{name: value}), [EC], EXPECTED, NOW)
    except BadTokenError:
        return
    assert isinstance(claims["sub"], str) and claims["iss"] == "https://login.example"
