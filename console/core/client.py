"""The one HTTP client of the window."""

from __future__ import annotations

import platform
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar, overload

import msgspec

from backend_lite.contract.common import Problem
from console import __version__
from console.core.errors import ApiError, ServiceGone, UnexpectedAnswer
from console.core.texts import tr

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
Params = Mapping[str, str | int | float | bool]

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 30.0
IDLE_S = 1.5
"""A connection that was idle for longer is not used again: the service closes it some seconds later, and a
request that meets that end gets no answer."""
_PROGRAM = f"DeployFlow window {__version__} ({platform.system()})"
"""What the list of sessions and the audit call it."""
STEP_UP_REQUIRED = "step_up_required"
"""Code of a refusal that the password, given once more, turns into a yes."""


def if_match(version: int) -> dict[str, str]:
    """Headers of a change that builds on this version: refused as `stale` where there is another."""
    return {"If-Match": f'"{version}"'}


class ApiClient:
    """Speaks the contract with one service, as one session.

    Paths are the constants of `backend_lite.contract`; bodies and answers are its Structs. Every method
    raises ApiError when the service refuses and ServiceGone when it does not answer. `base_url` changes
    when the service comes back on another port, `token` when a person signs in or out. `confirm_person`
    asks for the password once more where the service wants that, and says whether it was right; the refused
    request is then sent again, once. `transport` is for tests.
    """

    def __init__(
        self, base_url: str, token: str | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.base_url = base_url
        self.token = token
        self.confirm_person: Callable[[], Awaitable[bool]] | None = None
        self._transport = transport
        self._http: httpx.AsyncClient | None = None

    async def get(self, path: str, type: type[T], params: Params | None = None) -> T:
        return _decoded(await self._request("GET", path, params=params), type)

    @overload
    async def post(
        self,
        path: str,
        body: object,
        type: type[T],
        headers: Mapping[str, str] | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> T: ...
    @overload
    async def post(
        self,
        path: str,
        body: object = None,
        type: None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None: ...
    async def post(
        self,
        path: str,
        body: object = None,
        type: type[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> Any:
        """`body` is a Struct, plain JSON or None (no body); without `type` the answer is dropped."""
        answer = await self._request("POST", path, body=body, headers=headers, timeout_s=timeout_s)
        return None if type is None else _decoded(answer, type)

    async def put(
        self,
        path: str,
        body: object,
        type: type[T],
        headers: Mapping[str, str] | None = None,
    ) -> T:
        return _decoded(await self._request("PUT", path, body=body, headers=headers), type)

    async def delete(
        self, path: str, params: Params | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        await self._request("DELETE", path, params=params, headers=headers)

    async def get_list(self, path: str, type: type[T], params: Params | None = None) -> tuple[list[T], int]:
        """A part of a list, and how many there are without the cut."""
        answer = await self._request("GET", path, params=params)
        found: list[T] = _decoded(answer, list[type])  # type: ignore[valid-type]
        return found, int(answer.headers.get("X-Total-Count") or len(found))

    async def put_bytes(self, path: str, content: bytes, type: type[T], params: Params | None = None) -> T:
        """Sends bytes as they are, such as a piece of a file."""
        headers = {"Content-Type": "application/octet-stream"}
        return _decoded(
            await self._request("PUT", path, params=params, content=content, headers=headers), type
        )

    async def get_bytes(self, path: str, params: Params | None = None) -> bytes:
        """The raw answer, such as a range of a step's output."""
        return (await self._request("GET", path, params=params)).content

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The raw answer piece by piece, for what may be large: `async with client.stream(p) as pieces`. With
        a `body` it is asked for by POST."""
        import httpx

        sent, content, method = self._headers(headers), None, "GET"
        if body is not None:
            method, content, sent["Content-Type"] = "POST", msgspec.json.encode(body), "application/json"
        timeout = httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S)
        try:
            async with AsyncExitStack() as stack:

                async def send() -> httpx.Response:
                    answer = await stack.enter_async_context(
                        self._client().stream(
                            method,
                            self.base_url + path,
                            params=params,
                            content=content,
                            headers=sent,
                            timeout=timeout,
                        )
                    )
                    if answer.is_error:
                        await answer.aread()
                    return answer

                answer = await send()
                if answer.is_error and await self._confirmed(_refusal(answer)):
                    answer = await send()
                if answer.is_error:
                    raise _refusal(answer)
                yield answer.aiter_bytes()
        except httpx.HTTPError as error:
            raise ServiceGone(_gone_sentence()) from error

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    def _client(self) -> httpx.AsyncClient:
        import httpx

        if self._http is None:
            timeout = httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
            # Proxies and certificates of the environment are none of a local service's business.
            self._http = httpx.AsyncClient(
                timeout=timeout,
                trust_env=False,
                transport=self._transport,
                headers={"User-Agent": _PROGRAM},
                limits=httpx.Limits(keepalive_expiry=IDLE_S),
            )
        return self._http

    def _headers(self, extra: Mapping[str, str] | None) -> dict[str, str]:
        headers = dict(extra or {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    async def _request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> httpx.Response:
        import httpx

        sent = self._headers(headers)
        timeout = httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S)
        if body is not None:
            content = msgspec.json.encode(body)
            sent["Content-Type"] = "application/json"

        async def send() -> httpx.Response:
            try:
                return await self._client().request(
                    method,
                    self.base_url + path,
                    params=params,
                    content=content,
                    headers=sent,
                    timeout=timeout,
                )
            except httpx.HTTPError as error:
                raise ServiceGone(_gone_sentence()) from error

        answer = await send()
        if answer.is_error and await self._confirmed(_refusal(answer)):
            answer = await send()
        if answer.is_error:
            raise _refusal(answer)
        return answer

    async def _confirmed(self, refusal: ApiError) -> bool:
        if refusal.code != STEP_UP_REQUIRED or self.confirm_person is None:
            return False
        return await self.confirm_person()


def _gone_sentence() -> str:
    return tr("The service does not answer.")


def _decoded(answer: httpx.Response, type: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=type)
    except msgspec.DecodeError as error:
        raise UnexpectedAnswer(
            tr("The service gave an answer that this window does not understand: {error}.", error=error)
        ) from error


def _refusal(answer: httpx.Response) -> ApiError:
    status = answer.status_code
    retry_after = _seconds(answer.headers.get("Retry-After"))
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
    except msgspec.DecodeError:
        detail = _validation_sentence(answer.content) or tr(
            "The service refused with status {status}.", status=status
        )
        return ApiError(detail, status=status, retry_after=retry_after)
    return ApiError(problem.detail, problem.code, status, retry_after, problem.id)


class _Invalid(msgspec.Struct):
    msg: str
    loc: list[str | int] = []


class _InvalidList(msgspec.Struct):
    detail: list[_Invalid]


def _validation_sentence(content: bytes) -> str:
    """The sentence in a 422 of the documented form: a list of places and messages."""
    try:
        problems = msgspec.json.decode(content, type=_InvalidList).detail
    except msgspec.DecodeError:
        return ""
    return "; ".join(f"{'.'.join(map(str, p.loc[1:]))}: {p.msg}" if p.loc[1:] else p.msg for p in problems)


def _seconds(header: str | None) -> float | None:
    try:
        return float(header) if header else None
    except ValueError:
        return None
