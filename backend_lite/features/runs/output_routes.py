"""Routes of output: its bytes, the order in which they came, text in it, and which runs wrote the same."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from agent.wire.messages import STREAMS
from backend_lite.contract.encodings import ENCODINGS
from backend_lite.contract.output import OutputGroups, OutputIndex, OutputMatches
from backend_lite.contract.runs import ROLLOUTS, RUNS
from backend_lite.core.db.database import Database
from backend_lite.core.feature import Route
from backend_lite.core.http.description import BYTES
from backend_lite.core.http.guard import USER
from backend_lite.errors import InvalidError
from backend_lite.features.runs.lists import Lists
from backend_lite.features.runs.output_groups import OutputGrouping
from backend_lite.features.runs.output_search import OutputSearch, Wanted
from backend_lite.features.runs.output_store import READ_LIMIT, OutputStore
from backend_lite.features.runs.reach import Reach
from backend_lite.features.runs.rollout_routes import RUN_ID, VIEW, AnyId, AnyRequest

MATCHES = 200
MOST_MATCHES = 1000
LONGEST_SEARCH = 500

_OUTPUT = f"{RUNS}/{{run_id:int}}/steps/{{n:int}}/output"


def output_routes(database: Database, lists: Lists, output: OutputStore, reach: Reach) -> Sequence[Route]:
    searching = OutputSearch(output)
    grouping = OutputGrouping(database, output, reach)

    async def attempt_id(run_id: int, n: int, attempt: int | None) -> int | None:
        return await database.read(lambda session: lists.attempt_id(session, run_id, n, attempt))

    @get(_OUTPUT, media_type=BYTES, permission=VIEW, audience=USER, within=RUN_ID)
    async def get_output(
        run_id: FromPath[int],
        n: FromPath[int],
        stream: FromQuery[str] = STREAMS[0],
        offset: FromQuery[int] = 0,
        limit: FromQuery[int] = READ_LIMIT,
        attempt: AnyId = None,
    ) -> Response[bytes]:
        """Raw bytes of `stream` from `offset`; fewer than `limit` when there are no more."""
        number = _stream(stream)
        if offset < 0 or limit < 1:
            raise InvalidError("offset must be at least 0, limit at least 1.")
        found = await attempt_id(run_id, n, attempt)
        raw = await output.read(found, number, offset, limit) if found is not None else b""
        return Response(raw, media_type=BYTES)

    @get(f"{_OUTPUT}/index", permission=VIEW, audience=USER, within=RUN_ID)
    async def get_output_index(
        run_id: FromPath[int],
        n: FromPath[int],
        start: FromQuery[int] = 0,
        attempt: AnyId = None,
    ) -> OutputIndex:
        """In which order the pieces of both streams arrived."""
        if start < 0:
            raise InvalidError("start must be at least 0.")
        found = await attempt_id(run_id, n, attempt)
        return await output.index(found, start) if found is not None else OutputIndex([], 0)

    @get(f"{_OUTPUT}/search", permission=VIEW, audience=USER, within=RUN_ID)
    async def search_output(
        run_id: FromPath[int],
        n: FromPath[int],
        q: FromQuery[str],
        stream: FromQuery[str] = STREAMS[0],
        offset: FromQuery[int] = 0,
        limit: FromQuery[int] = MATCHES,
        match_case: FromQuery[bool] = False,
        encoding: FromQuery[str | None] = None,
        attempt: AnyId = None,
    ) -> OutputMatches:
        """Lines of `stream` that hold `q`; `encoding` is told by the bytes unless it is given."""
        number, wanted = _stream(stream), _wanted(q, encoding, match_case)
        if offset < 0 or not 1 <= limit <= MOST_MATCHES:
            raise InvalidError(f"offset must be at least 0, limit between 1 and {MOST_MATCHES}.")
        found = await attempt_id(run_id, n, attempt)
        if found is None:
            return OutputMatches([], None)
        return await searching.find(found, number, wanted, offset, limit)

    @get(f"{ROLLOUTS}/{{rollout_id:int}}/outputs", permission=VIEW, audience=USER, scoped=True)
    async def get_outputs(request: AnyRequest, rollout_id: FromPath[int], step: AnyId = None) -> OutputGroups:
        """Which runs wrote the same, in one step or in all; of devices where the caller may see them."""
        return await grouping.of_rollout(rollout_id, step, request.user.groups_for(VIEW))

    return [get_output, get_output_index, search_output, get_outputs]


def _stream(name: str) -> int:
    if name not in STREAMS:
        raise InvalidError("stream is stdout or stderr.")
    return STREAMS.index(name)


def _wanted(text: str, encoding: str | None, match_case: bool) -> Wanted:
    if not 1 <= len(text) <= LONGEST_SEARCH:
        raise InvalidError(f"What is searched for has 1 to {LONGEST_SEARCH} characters.")
    if encoding is not None and encoding not in ENCODINGS:
        raise InvalidError(f"encoding is one of {', '.join(ENCODINGS)}.")
    return Wanted(text, match_case, encoding)
