import asyncio

import httpx
import pytest
import uvicorn

from backend_lite.contract.access import LOGIN, LoginRequest, TokenAnswer
from backend_lite.contract.system import HEALTH, Health
from console.core.client import IDLE_S, ApiClient
from console.core.errors import ApiError, ServiceGone, UnexpectedAnswer
from tests.helpers.fake_service import Answer, FakeApi

GOOD = (200, {"status": "ok", "service": "deployflow", "version": "1"})


def client(api: FakeApi, token: str | None = None) -> ApiClient:
    return ApiClient("http://service", token, api.transport)


def test_an_answer_is_of_the_contract() -> None:
    api = FakeApi({f"GET {HEALTH}": GOOD})
    assert asyncio.run(client(api).get(HEALTH, Health)).version == "1"


def test_the_session_is_sent_as_bearer() -> None:
    api = FakeApi({f"GET {HEALTH}": GOOD})
    asyncio.run(client(api, "secret").get(HEALTH, Health))
    assert api.requests[0].headers["Authorization"] == "Bearer secret"


def test_the_list_of_sessions_can_call_the_window_by_its_name() -> None:
    api = FakeApi({f"GET {HEALTH}": GOOD})
    asyncio.run(client(api).get(HEALTH, Health))
    assert api.requests[0].headers["User-Agent"].startswith("DeployFlow window ")


def test_connections_are_given_up_long_before_the_service_closes_them() -> None:
    assert uvicorn.Config("app").timeout_keep_alive / 2 > IDLE_S


def test_a_body_is_json_and_none_is_no_body() -> None:
    api = FakeApi({"POST /x": (204, None)})
    asyncio.run(client(api).post("/x", {"a": 1}))
    asyncio.run(client(api).post("/x"))
    first, second = api.requests
    assert (first.headers["Content-Type"], first.content) == ("application/json", b'{"a":1}')
    assert "Content-Type" not in second.headers


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            (409, {"detail": "There is one already.", "code": "taken"}),
            ("There is one already.", "taken", 409),
        ),
        (
            (422, {"detail": [{"loc": ["body", "name"], "msg": "is missing", "type": "x"}]}),
            ("name: is missing", "", 422),
        ),
        ((502, b"<html>"), ("The service refused with status 502.", "", 502)),
    ],
)
def test_a_refusal_carries_the_sentence(answer: Answer, expected: tuple[str, str, int]) -> None:
    api = FakeApi({f"POST {LOGIN}": answer})
    with pytest.raises(ApiError) as refused:
        asyncio.run(client(api).post(LOGIN, LoginRequest("a", "b"), TokenAnswer))
    assert (refused.value.detail, refused.value.code, refused.value.status) == expected


def test_a_refusal_says_when_to_come_back() -> None:
    api = FakeApi({f"POST {LOGIN}": (429, {"detail": "Too fast."})}, headers={"Retry-After": "8"})
    with pytest.raises(ApiError) as refused:
        asyncio.run(client(api).post(LOGIN, LoginRequest("a", "b"), TokenAnswer))
    assert refused.value.retry_after == 8


def test_silence_is_a_service_that_is_gone() -> None:
    with pytest.raises(ServiceGone):
        asyncio.run(client(FakeApi(gone=True)).get(HEALTH, Health))


def test_an_answer_of_another_form_is_said_to_be_one() -> None:
    with pytest.raises(UnexpectedAnswer, match="version"):
        asyncio.run(
            client(FakeApi({f"GET {HEALTH}": (200, {"status": "ok", "service": "x"})})).get(HEALTH, Health)
        )


def test_a_large_answer_comes_in_pieces() -> None:
    async def work() -> bytes:
        async with client(FakeApi({"GET /o": (200, b"abc" * 1000)})).stream("/o") as pieces:
            return b"".join([piece async for piece in pieces])

    assert asyncio.run(work()) == b"abc" * 1000


def test_a_refused_stream_carries_the_sentence_too() -> None:
    async def work() -> None:
        async with client(FakeApi()).stream("/o"):
            raise AssertionError("not reached")

    with pytest.raises(ApiError, match="nothing at this address"):
        asyncio.run(work())


def test_a_stream_is_asked_for_again_once_the_person_has_confirmed() -> None:
    fresh: list[bool] = []
    refused = (403, {"detail": "Confirm it.", "code": "step_up_required"})

    async def confirm() -> bool:
        fresh.append(True)
        return True

    async def work() -> bytes:
        made = client(FakeApi({"POST /o": lambda _request: (200, b"abc") if fresh else refused}))
        made.confirm_person = confirm
        async with made.stream("/o", body={"n": 1}) as pieces:
            return b"".join([piece async for piece in pieces])

    assert asyncio.run(work()) == b"abc"
    assert fresh == [True]


def test_proxies_of_the_environment_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:1")
    made = ApiClient("http://service")
    assert isinstance(made._client(), httpx.AsyncClient)
    assert made._client().trust_env is False
    asyncio.run(made.aclose())
