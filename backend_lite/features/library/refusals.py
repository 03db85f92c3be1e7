"""Refusals that say by their code which field is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from backend_lite.errors import InvalidError

P = ParamSpec("P")
T = TypeVar("T")


def named(field: str, check: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `check` answers. A refusal without a code of its own gets `bad_<field>`."""
    try:
        return check(*args, **kwargs)
    except InvalidError as error:
        if error.code == InvalidError.code:
            error.code = f"bad_{field}"
        raise
