"""What nobody expected: an id for the person, everything else for the log."""

from typing import Any

import httpx
import pytest
import structlog
from litestar import get

from backend_lite.contract.access import LOGIN
from backend_lite.core.feature import Feature
from backend_lite.core.http.app import make_app
from backend_lite.core.http.guard import OPEN, USER
from backend_lite.errors import ConflictError, TooFastError
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio


async def answer(service: InProcess, error: Exception) -> httpx.Response:
    @get("/raises", permission=OPEN, audience=USER)
    async def raises() -> None:
        raise error

    app: Any = make_app(
        [Feature("test", routes=lambda: [raises])],
        service.access.authenticator,
        service.kernel.within,
        machines_only=False,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        return await client.get("/raises")


async def test_a_bug_shows_an_id_and_no_stack(service: InProcess) -> None:
    with structlog.testing.capture_logs() as logged:
        shown = await answer(service, KeyError("the password column"))
    assert shown.status_code == 500
    body = shown.json()
    assert body["code"] == "internal"
    assert body["id"] in body["detail"]
    assert "KeyError" not in shown.text
    assert "password" not in shown.text
    (line,) = logged
    assert (line["id"], line["path"]) == (body["id"], "/raises")
    assert isinstance(line["exc_info"], KeyError)


async def test_a_refusal_shows_its_sentence_and_code(service: InProcess) -> None:
    shown = await answer(service, ConflictError("That is taken.", code="taken"))
    assert (shown.status_code, shown.json()) == (409, {"detail": "That is taken.", "code": "taken"})


async def test_too_fast_says_how_long_to_wait(service: InProcess) -> None:
    shown = await answer(service, TooFastError("Wait.", 7))
    assert (shown.status_code, shown.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize("body", [b'{"username":"\xff"}', b'{"username":"\xc3"}', b"\xed\xa0\x80"])
async def test_a_body_that_is_not_utf_8_is_a_refusal_and_no_bug(service: InProcess, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    with structlog.testing.capture_logs() as logged:
        refused = await service.client.post(LOGIN, content=body, headers=headers)
    assert (refused.status_code, refused.json()["code"], logged) == (422, "invalid", [])


async def test_other_text_that_cannot_be_read_is_a_bug(service: InProcess) -> None:
    shown = await answer(service, UnicodeDecodeError("utf-8", b"\xff", 0, 1, "elsewhere"))
    assert shown.status_code == 500
