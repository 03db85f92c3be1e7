import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from backend_lite.contract.live import DEVICE, OUTPUT, SCRIPT
from console.core.client import ApiClient
from console.core.live import LiveBatch, LiveState, LiveStore, back_off
from console.core.live_batches import MIN_INTERVAL_S
from tests.helpers.fake_service import FakeLive
from tests.helpers.waiting import until

Scene = Callable[["Stage"], Coroutine[Any, Any, None]]


class Stage:
    def __init__(self) -> None:
        self.service = FakeLive()
        self.client = ApiClient("http://service", "token")
        self.store = LiveStore(self.client, delay=lambda _attempt: 0.0, connect=self.service.connect)
        self.batches: list[LiveBatch] = []
        self.states: list[LiveState] = []

    def watch(self, kind: str) -> Callable[[], None]:
        return self.store.subscribe(kind, self.batches.append)

    async def live(self, **kinds: list[dict[str, Any]]) -> None:
        """With a snapshot that everybody has been told of: a change that is quicker comes in one with it."""
        self.service.snapshot(10, **kinds)
        told: list[LiveBatch] = []
        for kind in kinds:
            self.store.subscribe(kind, told.append)
        self.store.start()
        await self.until(lambda: self.store.state is LiveState.LIVE and len(told) == 2 * len(kinds))

    async def until(self, holds: Callable[[], object]) -> None:
        await until(holds)


def play(scene: Scene) -> Stage:
    async def work() -> Stage:
        stage = Stage()
        stage.store.subscribe_state(stage.states.append)
        await scene(stage)
        await stage.store.stop()
        return stage

    return asyncio.run(work())


def test_the_snapshot_comes_as_one_reset_batch() -> None:
    async def scene(stage: Stage) -> None:
        stage.watch(DEVICE)
        await stage.live(device=[{"id": 1, "hostname": "a"}, {"id": 2, "hostname": "b"}])
        await stage.until(lambda: len(stage.batches) == 2)

    stage = play(scene)
    first, second = stage.batches
    assert (first.reset, first.changed) == (True, {})
    assert (second.reset, set(second.changed)) == (True, {1, 2})
    assert stage.states == [LiveState.STOPPED, LiveState.CONNECTING, LiveState.LIVE, LiveState.STOPPED]
    assert stage.service.hellos == [{"access_token": "token", "since": None}]


def test_a_change_is_merged_into_a_new_object() -> None:
    async def scene(stage: Stage) -> None:
        await stage.live(device=[{"id": 1, "hostname": "a", "tags": []}])
        before = stage.store.get(DEVICE, 1)
        stage.watch(DEVICE)
        stage.service.change(11, DEVICE, 1, {"hostname": "b"})
        await stage.until(lambda: any(not batch.reset for batch in stage.batches))
        assert before == {"id": 1, "hostname": "a", "tags": []}

    batch = play(scene).batches[-1]
    assert batch.changed == {1: {"id": 1, "hostname": "b", "tags": []}}


def test_what_is_gone_is_said_to_be_gone() -> None:
    async def scene(stage: Stage) -> None:
        await stage.live(device=[{"id": 1}])
        stage.watch(DEVICE)
        stage.service.change(11, DEVICE, 1, None)
        await stage.until(lambda: any(batch.removed for batch in stage.batches))
        assert stage.store.kind(DEVICE) == {}

    assert play(scene).batches[-1].removed == {1}


def test_many_changes_make_few_batches() -> None:
    async def scene(stage: Stage) -> None:
        await stage.live(device=[{"id": n} for n in range(100)])
        stage.watch(DEVICE)
        for n in range(1000):
            stage.service.change(11 + n, DEVICE, n % 100, {"value": n})
        await stage.until(lambda: stage.batches[-1].changed.get(99, {}).get("value") == 999)

    stage = play(scene)
    assert len(stage.batches) <= 6
    assert MIN_INTERVAL_S == 0.05


def test_output_passes_without_being_kept() -> None:
    async def scene(stage: Stage) -> None:
        await stage.live()
        stage.watch(OUTPUT)
        assert stage.batches == []
        stage.service.change(11, OUTPUT, 7, {"run_id": 3, "stdout": 10})
        stage.service.change(12, OUTPUT, 7, {"run_id": 3, "stdout": 20})
        await stage.until(lambda: stage.batches)
        assert OUTPUT not in stage.store.objects or stage.store.objects[OUTPUT] == {}

    assert play(scene).batches[-1].changed == {7: {"run_id": 3, "stdout": 20}}


def test_after_a_break_it_goes_on_where_it_was() -> None:
    async def scene(stage: Stage) -> None:
        await stage.live(device=[{"id": 1, "hostname": "a"}])
        stage.service.change(15, DEVICE, 1, {"hostname": "b"})
        await stage.until(lambda: stage.store.get(DEVICE, 1) == {"id": 1, "hostname": "b"})
        stage.watch(DEVICE)
        stage.service.cut()
        await stage.until(lambda: len(stage.service.hellos) == 2)
        await stage.until(lambda: stage.store.state is LiveState.LIVE)
        stage.service.change(16, DEVICE, 1, {"hostname": "c"})
        await stage.until(lambda: stage.store.get(DEVICE, 1) == {"id": 1, "hostname": "c"})

    stage = play(scene)
    assert stage.service.hellos[1]["since"] == 15
    assert LiveState.LOST in stage.states
    assert [batch.reset for batch in stage.batches[1:]] == [False] * len(stage.batches[1:])


def test_what_was_known_stays_while_the_service_is_gone() -> None:
    async def scene(stage: Stage) -> None:
        await stage.live(device=[{"id": 1}])
        stage.service.refuse_connections = True
        stage.service.cut()
        await stage.until(lambda: stage.store.state is LiveState.LOST)
        assert stage.store.get(DEVICE, 1) == {"id": 1}

    play(scene)


def test_a_refused_session_is_not_tried_again() -> None:
    async def scene(stage: Stage) -> None:
        stage.service.problem("Sign in again.")
        stage.store.start()
        await stage.until(lambda: stage.store.state is LiveState.REFUSED)
        assert stage.store.problem == "Sign in again."

    assert len(play(scene).service.hellos) == 1


def test_a_view_that_fails_leaves_the_others_their_changes() -> None:
    async def scene(stage: Stage) -> None:
        failures: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
        await stage.live()
        calls = 0

        def broken(_batch: LiveBatch) -> None:
            nonlocal calls
            calls += 1
            if calls > 1:
                raise ValueError("mine")

        stage.store.subscribe(SCRIPT, broken)
        stage.watch(SCRIPT)
        stage.service.change(11, SCRIPT, 1, {"name": "x"})
        await stage.until(lambda: len(stage.batches) == 2)
        assert isinstance(failures[0]["exception"], ValueError)

    play(scene)


def test_who_unsubscribed_hears_nothing_more() -> None:
    async def scene(stage: Stage) -> None:
        await stage.live()
        stop = stage.watch(DEVICE)
        stop()
        stage.store.subscribe(DEVICE, (other := list[LiveBatch]()).append)
        stage.service.change(11, DEVICE, 1, {"hostname": "a"})
        await stage.until(lambda: len(other) == 2)
        assert len(stage.batches) == 1

    play(scene)


@pytest.mark.parametrize("attempt", [0, 3, 20])
def test_the_back_off_stays_within_its_limits(attempt: int) -> None:
    assert 0.1 <= back_off(attempt) <= 5.0
