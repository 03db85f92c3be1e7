"""The address of the first set-up in other words: what a careless router would take for the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import msgspec
from sqlalchemy import func, select

from backend_lite.features.access.tables import UserRow
from tests.helpers.service import LAUNCH_SECRET
from tests.security.site import Site

SET_UP = "/api/v1/setup"
REFUSED = (401, 404, 405)
_BODY = msgspec.json.encode(
    {"secret": LAUNCH_SECRET, "username": "mallory", "password": "four other unrelated words"}
)


async def opened(site: Site) -> tuple[int, list[str]]:
    """How many requests were sent, and which of them were not refused, or what they made."""
    calls = [(method, raw) for raw in variants() for method in ("POST", "GET", "PUT", "HEAD")]
    answers = {call: await _status(site.service.app, *call) for call in calls}
    wrong = [
        f"{method} {raw}: {status}" for (method, raw), status in answers.items() if status not in REFUSED
    ]
    count = select(func.count()).select_from(UserRow)
    users = await site.service.kernel.database.read(lambda session: session.scalar(count))
    return len(calls), wrong if users == 1 else [*wrong, f"there are {users} users"]


async def _status(app: Any, method: str, raw: str) -> int:
    """The answer to the raw path, which no client tidies up."""
    path, _, query = raw.partition("?")
    answered: list[int] = []
    told = [{"type": "http.request", "body": _BODY if method in ("POST", "PUT") else b"", "more_body": False}]

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


def variants() -> list[str]:
    """Raw paths, as they stand in a request."""
    return list(dict.fromkeys(_variants()))


def _variants() -> Iterator[str]:
    parts = SET_UP.split("/")[1:]
    yield from (SET_UP.upper(), SET_UP.title(), "/api/v1/Setup", "/API/v1/setup", "/api/V1/setup")
    yield from (SET_UP + end for end in _ENDS.split())
    yield from (start + SET_UP for start in _STARTS.split())
    for place, between in itertools.product(range(1, len(parts)), _BETWEEN.split()):
        yield "/" + "/".join(parts[:place]) + between + "/".join(parts[place:])
    for place, letter in enumerate(SET_UP):
        if letter != "/":
            yield f"{SET_UP[:place]}%{ord(letter):02x}{SET_UP[place + 1 :]}"
            yield f"{SET_UP[:place]}%25{ord(letter):02x}{SET_UP[place + 1 :]}"
    yield from (f"/api/v1/{lookalike}" for lookalike in _LOOKALIKES.split())
    yield from (f"/api/{version}/setup" for version in _VERSIONS.split())
    for place, letter in itertools.product(range(1, len(SET_UP)), _WITHIN.split()):
        yield SET_UP[:place] + letter + SET_UP[place:]


_ENDS = (
    "/ // /. /.. /./ /%2e /x/.. ; ;a=b %20 %00 .json . %2f %5c %0a %0d%0a %09 ? %3f %23 # ~ %ff %c0%af "
    "%e2%80%8b * , %2500"
)
_STARTS = "/ // /. /./ /../ /x/.. /%2e /%2e%2e /; /%20 /%00 /%5c /%2f"
_BETWEEN = r"// /// /./ /../ /%2e/ /%2e%2e/ %2f %5c \ /;/ /.;/ /..;/ /%00/ /%20/ /%252f/"
_LOOKALIKES = "%ef%bd%93etup s%c4%97tup %c5%bfetup set%cc%88up setu%d1%80 %ef%bc%8fsetup"
_VERSIONS = "v0 v2 v01 v1.0 v1%00 %76%31 v1; v1/..;/v1"
_WITHIN = "%00 %0a . ; // %20 %e2%80%8b %ff %5c"
