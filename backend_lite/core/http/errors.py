"""Every error as `{"detail", "code"}`; what nobody expected as an id, with the stack in the log."""

from __future__ import annotations

import secrets
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from backend_lite.contract.common import Problem
from backend_lite.errors import ServiceError, TooFastError

log = structlog.get_logger(__name__)

_CODES = {400: "invalid", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The request is too large.",
}


def service_error(_request: Request[Any, Any, Any], error: ServiceError) -> Response[Problem]:
    """The answer to an expected refusal."""
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooFastError) else None
    if error.status == 401:
        headers = {"WWW-Authenticate": "Bearer"}
    return Response(Problem(error.detail, error.code), status_code=error.status, headers=headers)


def _http_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    status = error.status_code
    detail = _SENTENCES.get(status, error.detail or "The request was refused.")
    return Response(
        Problem(detail, _CODES.get(status, "refused")), status_code=status, headers=dict(error.headers or {})
    )


def _validation_error(_request: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    """422 with the documented list: one entry a field, `loc` from the body or the query down to it."""
    entries = error.extra if isinstance(error.extra, list) and error.extra else [{"message": error.detail}]
    detail = [
        {
            "type": "value_error",
            "loc": [str(entry.get("source", "body")), *str(entry.get("key", "")).split(".")],
            "msg": _readable(str(entry.get("message", ""))),
            "input": None,
        }
        for entry in entries
        if isinstance(entry, dict)
    ]
    return Response({"detail": detail, "code": "invalid"}, status_code=422)


def _readable(message: str) -> str:
    # msgspec's words for an empty body mean nothing to a person.
    return "A JSON body is needed." if "truncated" in message.lower() else message


def _bug(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    bug_id = secrets.token_hex(4)
    log.error("unexpected error", id=bug_id, path=request.url.path, method=request.method, exc_info=error)
    detail = f"Something went wrong inside the service. The log has the rest under {bug_id}."
    return Response(Problem(detail, "internal", bug_id), status_code=500)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    ServiceError: service_error,
    ValidationException: _validation_error,
    HTTPException: _http_error,
    Exception: _bug,
}
