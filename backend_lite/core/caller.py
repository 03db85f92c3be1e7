"""Who caused what is going on: known from the door on, kept by every write."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` as the audit shows it. `user_id` is None for the service itself, agents and strangers."""

    name: str
    user_id: int | None = None
    address: str = ""
    user_agent: str = ""


SERVICE = Caller("service")
_current: ContextVar[Caller] = ContextVar("caller", default=SERVICE)


def current_caller() -> Caller:
    """Of this task: the service, unless a request has said otherwise."""
    return _current.get()


def set_caller(caller: Caller) -> None:
    """From now on, in this task and those it starts."""
    _current.set(caller)
