"""Every error as `{"detail", "code"}`; what nobody expected as an id, with the stack in the log."""

from __future__ import annotations

import secrets
import traceback
from enum import Enum
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.serialization import decode_json
from litestar.types import ExceptionHandlersMap

from backend_lite.contract.common import Problem
from backend_lite.errors import ServiceError, TooFastError

log = structlog.get_logger(__name__)

_WHOLE_BODY = "data"
_BODY_READER = decode_json.__module__

_CODES = {
    400: "invalid",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
}
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
}


def service_error(_request: Request[Any, Any, Any], error: ServiceError) -> Response[Problem]:
    """The answer to an expected refusal."""
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooFastError) else None
    if error.status == 401:
        headers = {"WWW-Authenticate": "Bearer"}
    return Response(Problem(error.detail, error.code), status_code=error.status, headers=headers)


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if isinstance(error.__cause__, SerializationException):
        return _invalid("json_invalid", ["body"], f"The body cannot be read: {error.detail}.")
    status = error.status_code
    detail = _SENTENCES.get(status, error.detail or "The request was refused.")
    if status == 413:
        limit = request.route_handler.resolve_request_max_body_size()
        detail = f"The request is too large: this address takes at most {limit:,} bytes."
    return Response(
        Problem(detail, _CODES.get(status, "refused")), status_code=status, headers=dict(error.headers or {})
    )


def _validation_error(_request: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    """422 with the documented list: `loc` goes from the body or the query down to the field."""
    extra = error.extra if isinstance(error.extra, list) else []
    entry = next((entry for entry in extra if isinstance(entry, dict)), {"message": error.detail})
    source, key, message = entry.get("source", "body"), str(entry.get("key", "")), str(entry["message"])
    location = [source.value if isinstance(source, Enum) else str(source)]
    if key != _WHOLE_BODY:
        location += key.split(".")
    # The framework's words for a body that is not there mean nothing to a person.
    missing = message == f"'{_WHOLE_BODY}'"
    return _invalid("value_error", location, "A JSON body is needed." if missing else message)


def _recursion_error(request: Request[Any, Any, Any], error: RecursionError) -> Response[Any]:
    """A body that is nested without end; msgspec says so in words alone."""
    if "deserializing" in str(error):
        return _invalid("json_invalid", ["body"], "The body cannot be read: it is nested too deeply.")
    return _bug(request, error)


def _undecodable(request: Request[Any, Any, Any], error: UnicodeDecodeError) -> Response[Any]:
    """A body in another encoding; the framework passes it on as if it were a mistake of ours."""
    frames = traceback.walk_tb(error.__traceback__)
    if any(frame.f_globals.get("__name__") == _BODY_READER for frame, _ in frames):
        return _invalid("json_invalid", ["body"], "The body cannot be read: it is not UTF-8.")
    return _bug(request, error)


def _invalid(kind: str, location: list[str], message: str) -> Response[Any]:
    # One entry: the framework stops at the first mistake.
    entry = {"type": kind, "loc": location, "msg": message, "input": None}
    return Response({"detail": [entry], "code": "invalid"}, status_code=422)


def _bug(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    bug_id = secrets.token_hex(4)
    log.error("unexpected error", id=bug_id, path=request.url.path, method=request.method, exc_info=error)
    detail = f"Something went wrong inside the service. The log has the rest under {bug_id}."
    return Response(Problem(detail, "internal", bug_id), status_code=500)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    ServiceError: service_error,
    ValidationException: _validation_error,
    HTTPException: _http_error,
    RecursionError: _recursion_error,
    UnicodeDecodeError: _undecodable,
    Exception: _bug,
}
