"""Passwords: argon2id, at most two checks at a time, so that guessing cannot eat the machine."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
_pool = ThreadPoolExecutor(2, thread_name_prefix="password")


@cache
def _nobody() -> str:
    """Checked when there is no such user, so that the answer takes as long as for one there is."""
    return _hasher.hash("nobody has this password")


async def hash_password(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_pool, _hasher.hash, password)


async def check_password(stored: str | None, password: str) -> bool:
    """True when `password` is the one that `stored` was made from; `stored` None is nobody."""
    return await asyncio.get_running_loop().run_in_executor(_pool, _check, stored, password)


def _check(stored: str | None, password: str) -> bool:
    try:
        return _hasher.verify(_nobody() if stored is None else stored, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
