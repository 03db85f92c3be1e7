"""What the window remembers about devices while it is open: recent figures, and the latest runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend_lite.contract.live import DEVICE, RUN
from console.core.live import LiveBatch, LiveStore

Object = dict[str, Any]
SAMPLES = 60
_STEPS = 2
"""For each percent."""
_MOST = 100 * _STEPS


class Figures:
    """The newest values in percent, oldest first. A fleet may be large: each value takes one byte."""

    __slots__ = ("_cpu", "_memory")

    def __init__(self) -> None:
        self._cpu, self._memory = bytearray(), bytearray()

    @property
    def cpu(self) -> list[float]:
        return _percents(self._cpu)

    @property
    def memory(self) -> list[float]:
        return _percents(self._memory)

    def add(self, metrics: Object) -> None:
        cpu, memory = self._cpu, self._memory
        cpu.append(min(_MOST, int(metrics["cpu_percent"] * _STEPS + 0.5)))
        total = metrics["memory_total"]
        memory.append(min(_MOST, int(_MOST * metrics["memory_used"] / total + 0.5)) if total else 0)
        if len(cpu) > SAMPLES:
            del cpu[0], memory[0]


def _percents(values: bytearray) -> list[float]:
    return [value / _STEPS for value in values]


def share(used: int, total: int) -> float | None:
    """In percent; None of nothing."""
    return 100.0 * used / total if total else None


class FleetWatch:
    """Follows the live stream from the moment it is made; subscribers get the devices that changed by it."""

    def __init__(self, live: LiveStore) -> None:
        self._live = live
        self._figures: dict[int, Figures] = {}
        self._metrics: dict[int, Object] = {}
        self._last_run: dict[int, Object] = {}
        self._listeners: list[Callable[[set[int]], None]] = []
        self._stops = [live.subscribe(DEVICE, self._take_devices), live.subscribe(RUN, self._take_runs)]

    def stop(self) -> None:
        for stop in self._stops:
            stop()

    def subscribe(self, listener: Callable[[set[int]], None]) -> Callable[[], None]:
        """`listener` gets the ids of devices whose latest run changed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def cpu(self, device_id: int) -> list[float]:
        found = self._figures.get(device_id)
        return found.cpu if found else []

    def figures(self, device_id: int) -> Figures:
        return self._figures.get(device_id) or Figures()

    def last_run(self, device_id: int) -> Object | None:
        return self._last_run.get(device_id)

    def recent_runs(self, device_id: int, count: int) -> list[Object]:
        """Newest first."""
        runs = [run for run in self._live.kind(RUN).values() if run.get("device_id") == device_id]
        runs.sort(key=lambda run: run["id"], reverse=True)
        return runs[:count]

    def _take_devices(self, batch: LiveBatch) -> None:
        gone = self._metrics.keys() - batch.changed.keys() if batch.reset else batch.removed
        for device_id, device in batch.changed.items():
            metrics = device.get("metrics")
            # A change that leaves the metrics alone keeps the same object.
            if metrics is None or metrics is self._metrics.get(device_id):
                continue
            self._metrics[device_id] = metrics
            figures = self._figures.get(device_id)
            if figures is None:
                figures = self._figures[device_id] = Figures()
            figures.add(metrics)
        for device_id in tuple(gone):
            self._figures.pop(device_id, None)
            self._metrics.pop(device_id, None)

    def _take_runs(self, batch: LiveBatch) -> None:
        touched: set[int] = set()
        if batch.reset:
            touched.update(self._last_run)
            self._last_run.clear()
        for run in batch.changed.values():
            device_id = run["device_id"]
            known = self._last_run.get(device_id)
            if known is None or known["id"] <= run["id"]:
                self._last_run[device_id] = run
                touched.add(device_id)
        for listener in tuple(self._listeners):
            listener(touched)
