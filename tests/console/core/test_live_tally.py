"""Counts by sort, compared with counting anew."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from console.core.live import LiveBatch
from console.core.live_tally import LiveTally

objects = st.dictionaries(st.integers(0, 6), st.sampled_from("abc").map(lambda sort: {"sort": sort}))
batches = st.builds(LiveBatch, st.booleans(), objects, st.frozensets(st.integers(0, 6)))


class Live:
    def __init__(self) -> None:
        self.tell: Callable[[LiveBatch], None] = lambda _batch: None

    def subscribe(self, _kind: str, callback: Callable[[LiveBatch], None]) -> Callable[[], None]:
        self.tell = callback
        return lambda: None


@given(st.lists(batches, max_size=8))
def test_the_counts_are_those_of_the_objects(story: list[LiveBatch]) -> None:
    live, told, known = Live(), dict[str, int](), dict[int, Any]()
    LiveTally(live, "thing", lambda item: str(item["sort"]), told.__setitem__)  # type: ignore[arg-type]
    for batch in story:
        removed = frozenset() if batch.reset else batch.removed - batch.changed.keys()
        if batch.reset:
            known.clear()
        for gone in removed:
            known.pop(gone, None)
        known.update(batch.changed)
        live.tell(LiveBatch(batch.reset, batch.changed, removed))
    counts = Counter(item["sort"] for item in known.values())
    assert {sort: count for sort, count in told.items() if count} == counts
