"""Signing in through a real OpenID provider, and what is refused on the way."""

import asyncio
import contextlib
import sqlite3
from typing import Any

import pyotp
import pytest

from backend_lite.contract.access import LOGOUT, ME
from backend_lite.contract.accounts import SECOND_FACTOR, STEP_UP, USERS
from backend_lite.contract.oidc import IDENTITIES, OIDC_CALLBACK, OIDC_LOGIN, STEP_UP_BY_PROVIDER
from backend_lite.contract.settings import SETTING_FORMS
from backend_lite.features.access.oidc_client import challenge_of
from backend_lite.features.access.oidc_routes import BAD_STATES
from backend_lite.features.access.oidc_states import MOST_OPEN
from tests.backend.access.conftest import CLIENT, Site
from tests.helpers.oidc_provider import asked
from tests.helpers.service import LAUNCH_SECRET, OWNER, OWNER_PASSWORD, InProcess, headers

pytestmark = [pytest.mark.anyio, pytest.mark.sockets]

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


async def test_a_person_whom_an_owner_expects_signs_in(site: Site) -> None:
    user_id = await site.add_user("grace", "sub-grace")
    answer = await site.sign_in("sub-grace")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["user"] == {"id": user_id, "username": "grace", "email": None, "is_admin": False}
    me = await site.client.get(ME, headers=headers(told["token"]))
    assert me.json()["username"] == "grace"
    again = await site.sign_in("sub-grace")
    assert again.json()["user"]["id"] == user_id


async def test_an_administrator_is_told_to_be_one(site: Site) -> None:
    await site.add_user("root-of-all", "sub-root", is_admin=True)
    assert (await site.sign_in("sub-root")).json()["user"]["is_admin"] is True


async def test_the_provider_is_asked_with_pkce_state_and_nonce(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    url = await site.authorization_url()
    query = asked(url)
    assert query["code_challenge_method"] == "S256"
    assert len(query["state"]) >= 43 and len(query["nonce"]) >= 43
    assert (query["response_type"], query["client_id"]) == ("code", CLIENT)
    assert query["scope"].split() == ["openid", "profile", "email"]
    assert query["redirect_uri"] == f"http://127.0.0.1:1{OIDC_CALLBACK}"
    back = await site.provider.sign_in(url, "sub-grace")
    assert (await site.call_back(**back)).status_code == 200
    sent = (await site.provider.heard("/oauth2/token"))[-1]
    assert challenge_of(sent["code_verifier"]) == query["code_challenge"]
    assert sent["authorization"].startswith("Basic ")
    assert sent["redirect_uri"] == query["redirect_uri"]


async def test_whom_nobody_expects_is_refused(site: Site) -> None:
    answer = await site.sign_in("sub-stranger")
    assert answer.status_code == 400
    assert answer.json() == {"detail": "User not found", "error": "User not found", "code": "unknown_user"}
    assert (await site.refusals())[0].startswith("A sign-in through Company login was refused")


async def test_new_people_get_an_account_where_the_settings_say_so(site: Site) -> None:
    await site.configure(new_user_role="Read only")
    claims = {"preferred_username": "linus", "email": "linus@example.org", "name": "Linus  T."}
    await site.provider.set_claims("sub-linus", **claims)
    answer = await site.sign_in("sub-linus")
    assert answer.status_code == 200, answer.text
    user = answer.json()["user"]
    assert (user["username"], user["email"], user["is_admin"]) == ("linus", "linus@example.org", False)
    account = await site.client.get(f"{USERS}/{user['id']}", headers=await site.service.sign_in())
    assert account.json()["providers"] == [site.provider.issuer]
    assert account.json()["full_name"] == "Linus T."


async def test_a_name_that_is_taken_stays_its_owners(site: Site) -> None:
    await site.configure(new_user_role="Read only")
    await site.provider.set_claims("sub-evil", preferred_username=OWNER.upper())
    user = (await site.sign_in("sub-evil")).json()["user"]
    assert (user["username"], user["is_admin"]) == (f"{OWNER.upper()}-2", False)


async def test_nobody_becomes_an_owner_by_coming(site: Site) -> None:
    for role in ("Owner", "No such role"):
        await site.configure(new_user_role=role)
        answer = await site.sign_in("sub-new")
        assert (answer.status_code, answer.json()["code"]) == (409, "bad_provider"), role


async def test_a_state_and_a_code_are_good_once(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    back = await site.come_back("sub-grace")
    answers = await asyncio.gather(*(site.call_back(**back) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    again = await site.call_back(**back)
    assert again.json()["error"] == "Invalid or expired state"
    fresh = asked(await site.authorization_url())["state"]
    replayed = await site.call_back(code=back["code"], state=fresh)
    assert (replayed.status_code, replayed.json()["code"]) == (400, "provider_refused")


async def test_a_state_is_good_for_ten_minutes(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    back = await site.come_back("sub-grace")
    site.service.clock.advance(601)
    assert (await site.call_back(**back)).json()["error"] == "Invalid or expired state"


async def test_what_is_missing_is_said(service: InProcess) -> None:
    for body in ({}, {"code": "x"}, {"state": "x"}, {"handle": "x"}):
        for answer in (
            await service.client.post(OIDC_CALLBACK, json=body),
            await service.client.get(OIDC_CALLBACK, params=body),
        ):
            assert (answer.status_code, answer.json()["error"]) == (400, "Missing required parameters"), body


LONG_AGO = 1_600_000_000


FORGERIES: list[tuple[dict[str, Any], str]] = [
    ({"claims": {"nonce": "of another sign-in"}}, "another sign-in"),
    ({"drop": ["nonce"]}, "another sign-in"),
    ({"claims": {"iss": "https://login.evil.example"}}, "another provider"),
    ({"claims": {"aud": "another-program"}}, "another program"),
    ({"claims": {"aud": [CLIENT, "another-program"]}}, "another program"),
    ({"claims": {"azp": "another-program"}}, "another program"),
    ({"claims": {"exp": LONG_AGO}}, "too old"),
    ({"claims": {"iat": LONG_AGO}}, "too old"),
    ({"claims": {"iat": 4_000_000_000, "exp": 4_000_000_600}}, "future"),
    ({"drop": ["exp"]}, "how long"),
    ({"drop": ["sub"]}, "nobody"),
    ({"claims": {"sub": ""}}, "nobody"),
    ({"claims": {"at_hash": "of-another-token"}}, "another access token"),
    ({"sign": "none"}, "not accepted"),
    ({"sign": "HS256"}, "not accepted"),
    ({"sign": "other"}, "none of its keys"),
    ({"header": {"kid": "of nobody"}}, "none of its keys"),
]


async def test_a_token_that_is_not_what_it_should_be_lets_nobody_in(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    for forgery, why in FORGERIES:
        await site.provider.forge(**forgery)
        answer = await site.sign_in("sub-grace")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_id_token"), forgery
        assert why in answer.json()["detail"], forgery
    assert len(await site.refusals()) == len(FORGERIES)
    assert FORGERIES[-1][1] in (await site.refusals())[0]
    await site.provider.forge()
    assert (await site.sign_in("sub-grace")).status_code == 200


async def test_keys_may_change_and_are_not_asked_for_all_the_time(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    await site.provider.rotate("first")
    assert (await site.sign_in("sub-grace")).status_code == 200
    before = len(await site.provider.heard("/jwks"))
    await site.provider.rotate("second")
    assert (await site.sign_in("sub-grace")).status_code == 200
    assert len(await site.provider.heard("/jwks")) == before + 1
    await site.provider.forge(header={"kid": "of nobody"})
    for _ in range(3):
        assert (await site.sign_in("sub-grace")).status_code == 400
    assert len(await site.provider.heard("/jwks")) == before + 1
    site.service.clock.advance(61)
    await site.sign_in("sub-grace")
    assert len(await site.provider.heard("/jwks")) == before + 2


async def test_a_disabled_user_and_a_removed_one_stay_out(site: Site) -> None:
    user_id = await site.add_user("grace", "sub-grace")
    assert (await site.sign_in("sub-grace")).status_code == 200
    owner = await site.service.sign_in()
    await site.client.put(f"{USERS}/{user_id}", json={"is_active": False}, headers=owner)
    assert (await site.sign_in("sub-grace")).json()["code"] == "inactive_user"
    await site.client.delete(f"{USERS}/{user_id}", headers=owner)
    await site.configure(new_user_role="Read only")
    assert (await site.sign_in("sub-grace")).json()["code"] == "unknown_user"
    again = await site.add_user("grace-again", "sub-grace")
    assert (await site.sign_in("sub-grace")).json()["user"]["id"] == again


async def test_who_is_disabled_on_the_way_stays_out(site: Site) -> None:
    user_id = await site.add_user("grace", "sub-grace")
    begun = await site.begin()
    assert (await site.browse(begun, "sub-grace")).status_code == 200
    owner = await site.service.sign_in()
    await site.client.put(f"{USERS}/{user_id}", json={"is_active": False}, headers=owner)
    answer = await site.collect(begun)
    assert (answer.status_code, answer.json()["code"]) == (401, "inactive_user")


async def test_the_same_subject_of_another_provider_is_somebody_else(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    await site.sign_in("sub-grace")
    await site.provider.forge(claims={"iss": f"{site.provider.issuer}/"})
    assert (await site.sign_in("sub-grace")).json()["code"] == "bad_id_token"


async def test_who_gives_up_at_the_provider_is_told_so(site: Site) -> None:
    begun = await site.begin()
    back = await site.provider.deny(begun["authorization_url"])
    page = await site.client.get(OIDC_CALLBACK, params=back, headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert "given up" in page.text
    answer = await site.collect(begun)
    assert (answer.status_code, answer.json()["code"]) == (400, "provider_refused")
    assert "given up" in answer.json()["detail"]


async def test_what_stands_in_an_address_is_only_text_on_the_page(site: Site) -> None:
    begun = await site.begin()
    back = {"state": begun["state"], "error": "<script>alert(1)</script>"}
    page = await site.client.get(OIDC_CALLBACK, params=back, headers=BROWSER)
    assert "<script" not in page.text and "&lt;script&gt;" in page.text


async def test_another_provider_may_not_answer(site: Site) -> None:
    back = await site.come_back("sub-grace")
    answer = await site.client.get(OIDC_CALLBACK, params={**back, "iss": "https://login.evil.example"})
    assert (answer.status_code, "Another provider" in answer.json()["detail"]) == (400, True)


async def test_a_window_gets_its_session_and_the_browser_does_not(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    begun = await site.begin()
    assert begun["provider"] == "Company login"
    assert (await site.collect(begun)).json() == {"done": False, "session": None}
    page = await site.browse(begun, "sub-grace")
    assert (page.status_code, "close this page" in page.text) == (200, True)
    stolen = await site.call_back(state=begun["state"], handle="guessed")
    assert stolen.json()["error"] == "Invalid or expired state"
    done = (await site.collect(begun)).json()
    assert done["done"] and done["session"]["user"]["username"] == "grace"
    assert (await site.client.get(ME, headers=headers(done["session"]["access_token"]))).status_code == 200
    assert (await site.collect(begun)).status_code == 400


async def test_the_documented_browser_gets_the_documented_answer(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    answer = await site.client.get(OIDC_CALLBACK, params=await site.come_back("sub-grace"))
    assert answer.json()["user"]["username"] == "grace"


async def test_the_second_factor_is_asked_for_all_the_same(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    mine = headers((await site.sign_in("sub-grace")).json()["token"])
    secret = (await site.client.post(SECOND_FACTOR, headers=mine)).json()["secret"]
    code = {"otp": _code(site, secret)}
    assert (await site.client.post(f"{SECOND_FACTOR}/confirm", json=code, headers=mine)).status_code == 200
    back = await site.come_back("sub-grace")
    without = await site.call_back(**back)
    assert (without.status_code, without.json()["code"]) == (401, "otp_required")
    assert (await site.call_back(**back, otp="000000")).json()["code"] == "otp_wrong"
    assert (await site.call_back(code="guessed", state=back["state"], otp="1")).status_code == 400
    site.service.clock.advance(31)
    assert (await site.call_back(**back, otp=_code(site, secret))).status_code == 200
    begun = await site.begin(STEP_UP_BY_PROVIDER, mine)
    await site.browse(begun, "sub-grace")
    asked_for = await site.collect(begun)
    assert (asked_for.status_code, asked_for.json()["code"]) == (400, "otp_required")
    site.service.clock.advance(31)
    assert (await site.collect(begun, otp=_code(site, secret))).json()["done"]


async def test_the_provider_confirms_who_has_no_password(site: Site) -> None:
    user_id = await site.add_user("grace", "sub-grace", is_admin=True)
    mine = headers((await site.sign_in("sub-grace")).json()["token"])
    site.service.clock.advance(601)
    refused = await site.client.post(SECOND_FACTOR, headers=mine)
    assert refused.json()["code"] == "step_up_required"
    by_password = await site.client.post(STEP_UP, json={"password": "x"}, headers=mine)
    assert by_password.json()["code"] == "no_password"
    await site.provider.forge(claims=_times(site))
    begun = await site.begin(STEP_UP_BY_PROVIDER, mine)
    query = asked(begun["authorization_url"])
    assert (query["prompt"], query["max_age"]) == ("login", "0")
    await site.browse(begun, "sub-somebody-else")
    assert (await site.collect(begun)).json()["code"] == "other_person"
    begun = await site.begin(STEP_UP_BY_PROVIDER, mine)
    await site.browse(begun, "sub-grace")
    assert (await site.collect(begun)).json() == {"done": True, "session": None}
    assert (await site.client.post(SECOND_FACTOR, headers=mine)).status_code == 200
    assert user_id


async def test_a_provider_that_did_not_ask_once_more_confirms_nothing(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    mine = headers((await site.sign_in("sub-grace")).json()["token"])
    for forgery in ({"claims": {"auth_time": LONG_AGO}}, {"drop": ["auth_time"]}):
        await site.provider.forge(**forgery)
        begun = await site.begin(STEP_UP_BY_PROVIDER, mine)
        await site.browse(begun, "sub-grace")
        assert "not asked once more" in (await site.collect(begun)).json()["detail"]


async def test_a_sign_in_that_the_provider_remembered_is_no_fresh_one(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    await site.provider.forge(claims={"auth_time": LONG_AGO})
    mine = headers((await site.sign_in("sub-grace")).json()["token"])
    refused = await site.client.post(SECOND_FACTOR, headers=mine)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")


async def test_somebody_with_a_password_links_the_provider_and_takes_it_away(site: Site) -> None:
    owner = await site.service.sign_in()
    before = (await site.client.get(IDENTITIES, headers=owner)).json()
    assert before == {
        "has_password": True,
        "provider": "Company login",
        "step_up": False,
        "identities": [],
    }
    refused = await site.client.post(STEP_UP_BY_PROVIDER, headers=owner)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_identity")
    begun = await site.begin(IDENTITIES, owner)
    await site.browse(begun, "sub-owner")
    assert (await site.collect(begun)).json() == {"done": True, "session": None}
    after = (await site.client.get(IDENTITIES, headers=owner)).json()
    assert [one["subject"] for one in after["identities"]] == ["sub-owner"] and after["step_up"]
    through = (await site.sign_in("sub-owner")).json()
    assert through["user"]["username"] == OWNER
    one = f"{IDENTITIES}/{after['identities'][0]['id']}"
    assert (await site.client.delete(one, headers=owner)).status_code == 204
    assert (await site.client.get(ME, headers=headers(through["token"]))).status_code == 401
    assert (await site.client.delete(one, headers=owner)).status_code == 404
    assert (await site.sign_in("sub-owner")).json()["code"] == "unknown_user"


async def test_a_session_that_has_ended_links_nothing_any_more(site: Site) -> None:
    """Else who had a stolen one would come back by it, for all the new password of its owner."""
    owner = await site.service.sign_in()
    begun = await site.begin(IDENTITIES, owner)
    assert (await site.client.post(LOGOUT, headers=owner)).is_success
    assert (await site.browse(begun, "sub-thief")).status_code == 400
    assert "has ended" in (await site.collect(begun)).json()["detail"]
    assert (await site.sign_in("sub-thief")).json()["code"] == "unknown_user"


async def test_what_was_begun_by_a_way_in_that_is_taken_away_comes_to_nothing(site: Site) -> None:
    owner = await site.service.sign_in()
    linking = await site.begin(IDENTITIES, owner)
    await site.browse(linking, "sub-owner")
    await site.collect(linking)
    begun = await site.begin()
    await site.browse(begun, "sub-owner")
    (linked,) = (await site.client.get(IDENTITIES, headers=owner)).json()["identities"]
    assert (await site.client.delete(f"{IDENTITIES}/{linked['id']}", headers=owner)).is_success
    assert (await site.collect(begun)).status_code == 400


async def test_what_is_somebody_elses_cannot_be_linked(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    owner = await site.service.sign_in()
    begun = await site.begin(IDENTITIES, owner)
    await site.browse(begun, "sub-grace")
    assert (await site.collect(begun)).json()["code"] == "identity_taken"


async def test_the_only_way_in_is_not_taken_away(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    mine = headers((await site.sign_in("sub-grace")).json()["token"])
    identity = (await site.client.get(IDENTITIES, headers=mine)).json()["identities"][0]["id"]
    answer = await site.client.delete(f"{IDENTITIES}/{identity}", headers=mine)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_sign_in")


async def test_guessing_states_is_slowed_down_and_a_good_one_still_works(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    back = await site.come_back("sub-grace")
    for _ in range(BAD_STATES):
        assert (await site.call_back(code="x", state="guessed")).status_code == 400
    answer = await site.call_back(code="x", state="guessed")
    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (429, True)
    assert (await site.call_back(**back)).status_code == 200


async def test_not_everybody_can_begin_at_once(site: Site) -> None:
    for _ in range(MOST_OPEN):
        await site.authorization_url()
    answer = await site.client.get(OIDC_LOGIN)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    site.service.clock.advance(601)
    assert (await site.client.get(OIDC_LOGIN)).status_code == 200


async def test_what_was_secret_of_a_sign_in_is_gone_after_it(site: Site) -> None:
    await site.add_user("grace", "sub-grace")
    url = await site.authorization_url()
    back = await site.provider.sign_in(url, "sub-grace")
    assert (await site.call_back(**back)).status_code == 200
    verifier = (await site.provider.heard("/oauth2/token"))[-1]["code_verifier"]
    with contextlib.closing(sqlite3.connect(site.service.kernel.config.data.database)) as database:
        kept = "\n".join(database.iterdump())
    assert asked(url)["redirect_uri"] in kept
    for secret in (asked(url)["nonce"], asked(url)["state"], verifier, back["code"]):
        assert secret not in kept


async def test_whether_there_is_a_provider_can_be_asked(site: Site) -> None:
    answer = await site.client.get(OIDC_LOGIN, params={"begin": "false"})
    assert answer.json() == {"authorization_url": "", "provider": "Company login"}
    await site.configure(enabled=False)
    body = {"secret": LAUNCH_SECRET}
    for call in (site.client.get(OIDC_LOGIN), site.client.post(OIDC_LOGIN, json=body)):
        answer = await call
        assert (answer.status_code, answer.json()["code"]) == (409, "no_provider")


@pytest.mark.parametrize("body", [None, {}, {"secret": ""}, {"secret": "dfl_of-an-earlier-start"}])
async def test_no_stranger_begins_what_somebody_else_would_complete(site: Site, body: Any) -> None:
    refused = await site.client.post(OIDC_LOGIN, json=body)
    assert refused.status_code in (400, 401, 422)
    assert "handle" not in refused.text


async def test_only_an_owner_who_confirmed_it_says_who_is_the_provider(site: Site) -> None:
    role = {"name": "Settings", "grants": [{"artifact": "settings", "verbs": ["view", "edit"]}]}
    owner = await site.service.sign_in()
    role_id = (await site.client.post("/api/v1/roles", json=role, headers=owner)).json()["id"]
    user = {"username": "linus", "password": OWNER_PASSWORD, "roles": [role_id]}
    assert (await site.client.post(USERS, json=user, headers=owner)).status_code == 201
    signed_in = await site.client.post(
        "/api/v1/auth/login", json={"username": "linus", "password": OWNER_PASSWORD}
    )
    mine = headers(signed_in.json()["access_token"])
    evil = {"issuer": "https://login.evil.example"}
    for path, body in (
        ("/api/v1/setting-forms/oidc", evil),
        ("/api/settings/oidc", evil),
        ("/api/settings/general", {"service_name": "Mine"}),
    ):
        answer = await site.client.put(path, json=body, headers=mine)
        assert answer.status_code == (200 if "general" in path else 403), answer.text
    site.service.clock.advance(601)
    stale = await site.client.put("/api/v1/setting-forms/oidc", json=evil, headers=owner)
    assert stale.json()["code"] == "step_up_required"


async def test_only_https_is_spoken_with_a_provider(site: Site) -> None:
    owner = await site.service.sign_in()
    for issuer in ("http://login.example", "login.example"):
        answer = await site.client.put(f"{SETTING_FORMS}/oidc", json={"issuer": issuer}, headers=owner)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_setting")
    await site.configure(issuer="https:// login.example")
    answer = await site.client.get(OIDC_LOGIN)
    assert (answer.status_code, answer.json()["code"]) == (409, "bad_provider")


async def test_this_machine_is_no_provider_without_a_test_that_says_so(service: InProcess) -> None:
    owner = await service.sign_in()
    values = {"enabled": True, "issuer": "https://127.0.0.1:8443", "client_id": "x"}
    await service.client.put("/api/v1/setting-forms/oidc", json=values, headers=owner)
    answer = await service.client.get(OIDC_LOGIN)
    assert (answer.status_code, answer.json()["code"]) == (409, "provider_unreachable")
    assert "does not call 127.0.0.1" in answer.json()["detail"]


def _code(site: Site, secret: str) -> str:
    return pyotp.TOTP(secret).at(site.service.clock.now_ms() // 1000)


def _times(site: Site) -> dict[str, int]:
    """The service's clock was moved on; the provider's is the machine's."""
    now = site.service.clock.now_ms() // 1000
    return {"iat": now, "exp": now + 600, "auth_time": now}
