"""Errors that people see: each is a sentence that says what to do, with a code for programs."""

from __future__ import annotations


class ServiceError(Exception):
    """An expected refusal. `status` is the HTTP status; `detail` goes to the person as it is."""

    status = 400
    code = "invalid"

    def __init__(self, detail: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.status = status or type(self).status


class InvalidError(ServiceError):
    """The request is understood and refused for what it says."""


class UnauthorizedError(ServiceError):
    status = 401
    code = "unauthorized"


class ForbiddenError(ServiceError):
    status = 403
    code = "forbidden"


class NotFoundError(ServiceError):
    status = 404
    code = "not_found"


class ConflictError(ServiceError):
    status = 409
    code = "conflict"


class TooFastError(ServiceError):
    """`retry_after` is in whole seconds."""

    status = 429
    code = "too_fast"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class DiskFullError(ServiceError):
    """What was asked could not be kept; nothing of it was done."""

    status = 507
    code = "disk_full"


class StartError(Exception):
    """The program cannot start or go on; the text is the one sentence on stderr, the exit code is 1."""
