"""What the live stream has, and what is older."""

import asyncio
from typing import Any

import httpx
import pytest

from backend_lite.contract.live import LIVE_ENDED_RUNS, RUN
from backend_lite.contract.runs import RUNS
from console.core import words
from console.core.client import ApiClient
from console.core.errors import ApiError
from console.core.history import History
from console.core.live import LiveBatch, LiveStore
from tests.console import objects
from tests.helpers.fake_service import FakeApi

MANY = [objects.run(number) for number in range(1000, 1000 + LIVE_ENDED_RUNS)]


def batch(*runs: dict[str, Any], reset: bool = False) -> LiveBatch:
    return LiveBatch(reset, objects.by_id(*runs), frozenset())


class Story:
    def __init__(self, **options: Any) -> None:
        self.api = FakeApi()
        client = ApiClient("http://127.0.0.1:1", transport=self.api.transport)
        self.live = LiveStore(client)
        self.live.objects[RUN] = objects.by_id(*MANY)
        self.history = History(self.live, client, RUN, RUNS, words.is_open, **options)

    def pages(self, *pages: list[int]) -> None:
        def answer(request: httpx.Request) -> tuple[int, Any]:
            at = int(request.url.params.get("cursor", "0"))
            following = str(at + 1) if at + 1 < len(pages) else None
            return 200, {"items": [objects.run(number) for number in pages[at]], "next": following}

        self.api.answers[f"GET {RUNS}"] = answer


def test_pages_are_read_until_one_says_something_new() -> None:
    story = Story(where={"device_id": 1})
    story.pages([1001, 1000], [1000, 999], [998])
    assert list(asyncio.run(story.history.older())) == [999]
    assert list(asyncio.run(story.history.older())) == [998]
    assert story.history.is_complete()
    assert asyncio.run(story.history.older()) == {}
    params = story.api.requests[0].url.params
    assert (params["device_id"], params.get("q")) == ("1", None)


def test_every_query_is_read_by_itself() -> None:
    story = Story()
    story.pages([999])
    assert list(asyncio.run(story.history.older("state:failed"))) == [999]
    assert story.history.is_complete("state:failed")
    assert not story.history.is_complete()
    assert story.api.requests[0].url.params["q"] == "state:failed"


def test_a_snapshot_with_room_left_holds_everything() -> None:
    story = Story()
    story.live.objects[RUN] = objects.by_id(objects.run(1))
    assert story.history.is_complete()
    assert not story.history.has_read()


def test_only_what_belongs_here_is_taken() -> None:
    story = Story(holds=lambda run: run["device_id"] == 2)
    assert story.history.objects == {}
    mine = story.history.take(
        LiveBatch(False, objects.by_id(objects.run(5), objects.run(6, device_id=2)), frozenset())
    )
    assert list(mine.changed) == [6]
    assert story.history.take(LiveBatch(False, {}, frozenset({5, 6}))).removed == {6}
    assert story.history.objects == {}


def test_what_was_open_and_is_missing_from_a_new_snapshot_is_not_shown_as_open() -> None:
    story = Story()
    presumed = objects.run(3, "unknown", source="presumed")
    story.history.take(
        LiveBatch(False, objects.by_id(objects.run(1), objects.run(2, "running"), presumed), frozenset())
    )
    story.pages([1, 2, 3])
    asyncio.run(story.history.older())
    again = story.history.take(batch(*MANY, reset=True))
    assert again.reset
    assert 1 in again.changed
    assert 2 not in again.changed
    assert 3 not in again.changed
    assert list(asyncio.run(story.history.older())) == [2, 3]


def test_a_refusal_leaves_everything_as_it_is() -> None:
    story = Story()
    story.api.answers[f"GET {RUNS}"] = (400, {"detail": "No."})
    with pytest.raises(ApiError):
        asyncio.run(story.history.older("x"))
    story.pages([999])
    assert list(asyncio.run(story.history.older("x"))) == [999]
