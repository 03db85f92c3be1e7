"""Where the output of a step comes from: ranges over the contract."""

from __future__ import annotations

from backend_lite.contract.output import OutputIndex, OutputMatches
from backend_lite.contract.runs import RUNS
from backend_lite.contract.streams import STREAMS
from console.core.client import ApiClient


class RunOutput:
    """The output of one attempt of one step."""

    def __init__(self, client: ApiClient, run_id: int, n: int, attempt: int) -> None:
        self._client = client
        self._path = f"{RUNS}/{run_id}/steps/{n}/output"
        self._attempt = attempt

    async def index(self, start: int) -> OutputIndex:
        params = {"start": start, "attempt": self._attempt}
        return await self._client.get(f"{self._path}/index", OutputIndex, params)

    async def read(self, stream: int, offset: int, limit: int) -> bytes:
        return await self._client.get_bytes(
            self._path,
            {"stream": STREAMS[stream], "offset": offset, "limit": limit, "attempt": self._attempt},
        )

    async def search(
        self, stream: int, text: str, offset: int, *, limit: int, match_case: bool, encoding: str | None
    ) -> OutputMatches:
        params: dict[str, str | int | float | bool] = {
            "q": text,
            "stream": STREAMS[stream],
            "offset": offset,
            "limit": limit,
            "match_case": match_case,
            "attempt": self._attempt,
        }
        if encoding is not None:
            params["encoding"] = encoding
        return await self._client.get(f"{self._path}/search", OutputMatches, params)
