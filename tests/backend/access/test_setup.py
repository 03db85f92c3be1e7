"""The first owner: made once, by somebody on the machine."""

import asyncio

import pytest

from backend_lite.contract.access import LOCAL_LOGIN, LOGIN, ME, SETUP
from tests.helpers.service import LAUNCH_SECRET, OWNER, OWNER_PASSWORD, InProcess, headers

pytestmark = pytest.mark.anyio

OWNER_REQUEST = {"secret": LAUNCH_SECRET, "username": OWNER, "password": OWNER_PASSWORD}


async def test_set_up_makes_the_owner_signs_in_and_is_gone(service: InProcess) -> None:
    assert (await service.client.get(SETUP)).json() == {"needed": True}
    answer = await service.client.post(SETUP, json=OWNER_REQUEST | {"full_name": "Ada L."})
    assert answer.status_code == 201
    assert answer.json()["user"]["full_name"] == "Ada L."
    me = await service.client.get(ME, headers=headers(answer.json()["access_token"]))
    assert me.json()["username"] == OWNER
    assert (await service.client.get(SETUP)).status_code == 404
    assert (await service.client.post(SETUP, json=OWNER_REQUEST)).status_code == 404
    assert (await service.client.post(SETUP, json=OWNER_REQUEST | {"secret": "x"})).status_code == 404
    assert (await service.client.post(LOGIN, json=OWNER_REQUEST)).status_code == 200


async def test_of_many_set_ups_at_once_one_makes_an_owner(service: InProcess) -> None:
    requests = [OWNER_REQUEST | {"username": f"ada{n}"} for n in range(8)]
    answers = await asyncio.gather(*(service.client.post(SETUP, json=request) for request in requests))
    assert sorted(answer.status_code for answer in answers) == [201] + [404] * 7


async def test_without_the_launch_secret_nobody_sets_up(service: InProcess) -> None:
    refused = await service.client.post(SETUP, json=OWNER_REQUEST | {"secret": "guessed"})
    assert refused.status_code == 403
    assert (await service.client.get(SETUP)).json() == {"needed": True}


async def test_before_the_set_up_this_machine_cannot_sign_in(service: InProcess) -> None:
    refused = await service.client.post(LOCAL_LOGIN, json={"secret": LAUNCH_SECRET})
    assert (refused.status_code, refused.json()["code"]) == (409, "setup_needed")


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "The password has 5 characters; it needs at least 12."),
        ("changemechangeme", "This password is among the first that are tried."),
        ("Administrator1!", "This password is among the first that are tried."),
        ("Password123456", "This password is among the first that are tried."),
        ("abababababab", "This password is among the first that are tried."),
        ("123456789012", "This password is among the first that are tried."),
        ("countess-lovelace1", "This password is among the first that are tried."),
    ],
)
async def test_a_weak_password_is_refused(service: InProcess, password: str, sentence: str) -> None:
    request = OWNER_REQUEST | {"username": "countess-lovelace", "password": password}
    refused = await service.client.post(SETUP, json=request)
    assert (refused.status_code, refused.json()["code"]) == (400, "weak_password")
    assert refused.json()["detail"].startswith(sentence)


@pytest.mark.parametrize("username", ["", "  ", "two words", "-dash", "a" * 101, "tab\tname", "a/b"])
async def test_a_name_that_cannot_be_typed_again_is_refused(service: InProcess, username: str) -> None:
    refused = await service.client.post(SETUP, json=OWNER_REQUEST | {"username": username})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_username")


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("admin", "admin123"),
        ("admin", "admin"),
        ("administrator", "changeme"),
        ("nobody has", "this password"),
    ],
)
async def test_nobody_is_there_before_the_set_up(service: InProcess, username: str, password: str) -> None:
    refused = await service.client.post(LOGIN, json={"username": username, "password": password})
    assert refused.status_code == 401


async def test_no_token_is_there_before_one_is_made(service: InProcess) -> None:
    for token in ("changeme", "", "null", LAUNCH_SECRET):
        assert (await service.client.get(ME, headers=headers(token))).status_code == 401
