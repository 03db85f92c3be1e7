"""Once there is an owner, nothing makes another, whatever the address is written like."""

from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from sqlalchemy import func, select

from backend_lite.features.access.tables import UserRow
from tests.helpers.service import LAUNCH_SECRET
from tests.security.set_up_address import variants
from tests.security.site import Site

pytestmark = pytest.mark.anyio

BODY = msgspec.json.encode(
    {"secret": LAUNCH_SECRET, "username": "mallory", "password": "four other unrelated words"}
)


async def _status(app: Any, method: str, raw: str) -> int:
    """The answer to the raw path, which no client tidies up."""
    path, _, query = raw.partition("?")
    answered: list[int] = []
    told = [{"type": "http.request", "body": BODY if method == "POST" else b"", "more_body": False}]

    async def receive() -> Any:
        return told.pop() if told else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
        "method": method, "scheme": "http", "path": unquote(path), "raw_path": path.encode("latin-1"),
        "query_string": query.encode(), "root_path": "",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1),
        "headers": [(b"host", b"127.0.0.1:1"), (b"content-type", b"application/json")],
    }  # fmt: skip
    await app(scope, receive, send)
    return answered[0]


async def test_no_spelling_of_the_address_makes_an_owner(site: Site) -> None:
    paths = variants()
    assert len(paths) >= 200
    answers = {
        (method, raw): await _status(site.service.app, method, raw)
        for raw in paths
        for method in ("POST", "GET")
    }
    assert {call: status for call, status in answers.items() if status not in (401, 404, 405)} == {}
    count = select(func.count()).select_from(UserRow)
    assert await site.service.kernel.database.read(lambda session: session.scalar(count)) == 1
