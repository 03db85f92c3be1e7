"""What can go wrong between the window and the service."""

from __future__ import annotations


class ConsoleError(Exception):
    """`str()` of it is a sentence for the person at the window."""


class ApiError(ConsoleError):
    """The service refused. `detail` is its sentence, `code` is for programs, `retry_after` in seconds.

    `error_id` is there for errors inside the service: its log holds the rest under it.
    """

    def __init__(
        self,
        detail: str,
        code: str = "",
        status: int = 0,
        retry_after: float | None = None,
        error_id: str = "",
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.status = status
        self.retry_after = retry_after
        self.error_id = error_id


class ServiceGone(ConsoleError):  # noqa: N818
    """The service does not answer: not started, stopped, or out of reach."""


class UnexpectedAnswer(ConsoleError):  # noqa: N818
    """The service answered in a form that this window does not understand: a bug of one of the two."""


class Mendable(ConsoleError):  # noqa: N818
    """Something on this machine is in the way, and the person at the window can mend it: a full disk, a file
    that is no script."""
