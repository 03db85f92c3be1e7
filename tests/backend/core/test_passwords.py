"""Passwords: an expensive hash, and never more than two at a time."""

import asyncio
import threading

import pytest
from argon2 import Type

from backend_lite.core.security import passwords
from backend_lite.core.security.passwords import check_password, hash_password

pytestmark = pytest.mark.anyio

IN_USE = passwords._hasher


async def test_the_hash_is_argon2id_of_the_recommended_cost() -> None:
    assert IN_USE.type is Type.ID
    assert IN_USE.memory_cost >= 19 * 1024
    assert IN_USE.time_cost >= 2


async def test_a_password_is_known_again_and_stored_differently_each_time() -> None:
    first, second = await hash_password("four unrelated words"), await hash_password("four unrelated words")
    assert first != second
    assert await check_password(first, "four unrelated words")
    assert not await check_password(first, "four unrelated words ")


@pytest.mark.parametrize("stored", [None, "", "not a hash"])
async def test_nobody_has_a_password_that_fits(stored: str | None) -> None:
    assert not await check_password(stored, "nobody has this password")


async def test_at_most_two_are_checked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = threading.Barrier(2, timeout=10)
    running, most, lock = 0, 0, threading.Lock()

    class Counting:
        def verify(self, _stored: str, _password: str) -> bool:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            pair.wait()
            with lock:
                running -= 1
            return True

    monkeypatch.setattr(passwords, "_hasher", Counting())
    await asyncio.gather(*(check_password("x", "y") for _ in range(8)))
    assert most == 2
