"""What an operation says while it goes through many things."""

import asyncio

from console.core.ops import Progress, each_op


def test_one_after_the_other_is_done_and_told() -> None:
    said: list[tuple[float | None, str]] = []
    done: list[str] = []

    async def work(one: str) -> None:
        done.append(f"{one} after {said[-1]}")

    op = each_op("Do it", ["a", "b"], work, "device")

    async def count() -> int:
        return await op.call(Progress(lambda part, text: said.append((part, text))))

    assert (asyncio.run(count()), op.title, op.touches) == (2, "Do it", ("device",))
    assert done == ["a after (0.0, '')", "b after (0.5, '')"]


def test_what_is_done_can_be_named() -> None:
    said: list[str] = []
    list(Progress(lambda _part, text: said.append(text)).each([1, 2], lambda one: f"No. {one}"))
    assert said == ["No. 1", "No. 2"]
