"""What a web page can make a browser send is refused before any route sees it."""

from typing import Any

import httpx
import pytest

from backend_lite.core.http.browser_shield import BrowserShield

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1:4711"
FORM = "application/x-www-form-urlencoded"


async def _app(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"in"})


def _body_types(path: str) -> frozenset[str]:
    return frozenset({FORM}) if path == "/token" else frozenset()


async def status(method: str, path: str = "/x", host: str = HOST, **more: Any) -> int:
    hosts = frozenset({HOST, "localhost:4711"})
    shield: Any = BrowserShield(_app, lambda: hosts, _body_types, frozenset({"/callback"}))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=shield), base_url=f"http://{host}"
    ) as client:
        answer = await client.request(method, path, **more)
    if answer.status_code != 200:
        assert set(answer.json()) == {"detail", "code"}
    return answer.status_code


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (HOST, 200),
        ("localhost:4711", 200),
        ("LOCALHOST:4711", 200),
        ("127.0.0.1", 421),
        ("127.0.0.1:4712", 421),
        ("rebound.example:4711", 421),
        ("localhost.rebound.example:4711", 421),
    ],
)
async def test_only_our_own_names_are_answered(host: str, expected: int) -> None:
    assert await status("GET", host=host) == expected


async def test_without_a_host_nothing_is_answered() -> None:
    shield = BrowserShield(_app, lambda: frozenset({HOST}), _body_types)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "method": "GET", "path": "/", "headers": []}
    await shield(scope, None, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 421


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"http://{HOST}", ""])
async def test_no_page_calls_not_even_one_that_claims_to_be_ours(origin: str) -> None:
    assert await status("GET", headers={"Origin": origin}) == 403


@pytest.mark.parametrize(
    ("site", "expected"), [("none", 200), ("same-origin", 200), ("same-site", 403), ("cross-site", 403)]
)
async def test_what_a_browser_fetches_for_another_site_is_refused(site: str, expected: int) -> None:
    assert await status("GET", headers={"Sec-Fetch-Site": site}) == expected


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("text/plain", 415),
        ("text/plain; application/json", 415),
        (FORM, 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/json-not", 415),
        ("", 415),
    ],
)
async def test_a_body_is_json(method: str, content_type: str, expected: int) -> None:
    assert await status(method, content=b"{}", headers={"Content-Type": content_type}) == expected


async def test_a_body_of_unknown_length_is_a_body() -> None:
    async def pieces() -> Any:
        yield b"{}"

    assert await status("POST", content=pieces(), headers={"Content-Type": "text/plain"}) == 415


async def test_without_a_body_no_content_type_is_asked() -> None:
    assert await status("POST") == 200
    assert await status("DELETE") == 200


async def test_the_documented_form_log_ins_take_forms() -> None:
    assert await status("POST", "/token", data={"username": "a"}) == 200
    assert await status("POST", "/token/", data={"username": "a"}) == 415


async def test_a_web_socket_of_a_page_is_closed_before_it_opens() -> None:
    shield = BrowserShield(_app, lambda: frozenset({HOST}), _body_types)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", HOST.encode()), (b"origin", b"https://evil.example")]
    scope: Any = {"type": "websocket", "path": "/", "headers": headers}
    await shield(scope, None, send)  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_the_listener_for_agents_is_reached_by_any_name() -> None:
    shield: Any = BrowserShield(_app, None, _body_types)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=shield), base_url="http://any.example"
    ) as client:
        assert (await client.get("/")).status_code == 200
        assert (await client.get("/", headers={"Origin": "https://evil.example"})).status_code == 403


async def test_another_site_may_send_the_browser_back_and_nothing_more() -> None:
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert await status("GET", "/callback?code=1", headers=cross) == 200
    assert await status("GET", "/callback/", headers=cross) == 200
    assert await status("GET", "/callback/more", headers=cross) == 403
    assert await status("GET", "/x", headers=cross) == 403
    assert await status("GET", "/callback", headers={**cross, "Origin": "https://evil.example"}) == 403
    assert await status("GET", "/callback", headers=cross, host="rebound.example:4711") == 421
    form = {**cross, "Content-Type": FORM}
    assert await status("POST", "/callback", headers=form, content=b"code=1&state=2") == 415
