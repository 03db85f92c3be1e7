"""The computer is kept awake exactly while something is under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from backend_lite.core import keep_awake
from backend_lite.core.keep_awake import KeepAwake
from backend_lite.features.runs.vigil import LINGER_S, Vigil
from tests.backend.runs.harness import Harness
from tests.backend.runs.site import Site
from tests.helpers.waiting import until

Play = Callable[[Callable[[Harness], Awaitable[None]]], None]


class Recorder:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def hold(self) -> None:
        self.calls.append("hold")

    def release(self) -> None:
        self.calls.append("release")


def test_it_is_held_while_work_is_under_way_and_a_little_longer(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        way = Recorder()
        vigil = Vigil(harness.database, harness.clock, harness.hub, KeepAwake(way))

        async def after(seconds: float) -> list[str]:
            harness.clock.ms += round(seconds * 1000)
            await vigil.look()
            return way.calls

        await harness.here(1)
        run_id, other = [(await harness.start(1))[0] for _ in range(2)]
        assert await after(1) == []
        attempt = await harness.take(1)
        assert await after(1) == ["hold"]
        await harness.cancel(run_id)
        assert await after(3600) == ["hold"]
        await harness.done(attempt, "n")
        assert await after(LINGER_S - 1) == ["hold"]
        assert (await harness.run(other)).state == "queued"
        assert await after(1) == ["hold", "release"]

    play(scenario)


def test_what_a_lost_device_does_keeps_nobody_awake(play: Play) -> None:
    async def scenario(harness: Harness) -> None:
        way = Recorder()
        vigil = Vigil(harness.database, harness.clock, harness.hub, KeepAwake(way))
        await harness.here(1)
        await harness.start(1)
        await harness.take(1)
        await vigil.look()
        await harness.disconnect(1)
        harness.clock.ms += round(LINGER_S * 1000)
        await vigil.look()
        assert way.calls == ["hold", "release"]
        await harness.connect(1)
        await vigil.look()
        vigil.end()
        assert way.calls == ["hold", "release", "hold", "release"]

    play(scenario)


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(keep_awake, "_of_this_system", lambda: recorder)
    return recorder


@pytest.mark.anyio
async def test_the_running_service_holds_it_and_lets_go_when_it_stops(way: Recorder, site: Site) -> None:
    worker = await site.worker()
    await site.roll_out(await site.script(), worker.device_id)
    await worker.takes()
    runs = site.service.feature("runs")
    assert runs.start is not None
    assert runs.stop is not None
    await runs.start()
    await until(lambda: way.calls == ["hold"], "hold")
    await runs.stop()
    assert way.calls == ["hold", "release"]
