"""Loads in bytes: half percents of processor, memory and disk, every five minutes of a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.wire.messages import Metrics
from backend_lite.contract.common import format_time
from backend_lite.contract.fleet import METRIC_STEP_S, MetricPoint

SIZE = 3
NOTHING = 255
STEP_MS = METRIC_STEP_S * 1000
DAY_MS = 86_400_000
SLOTS = DAY_MS // STEP_MS


def packed(metrics: Metrics) -> bytes:
    """One sample."""
    shares = (
        metrics.cpu_percent,
        _share(metrics.memory_used, metrics.memory_total),
        _share(metrics.disk_used, metrics.disk_total),
    )
    return bytes(NOTHING if share is None else round(2 * min(max(share, 0.0), 100.0)) for share in shares)


def placed(samples: bytes, slot: int, sample: bytes) -> bytes:
    """The day's samples with this one in its place: behind those that are there, or instead of one."""
    before = samples[: slot * SIZE].ljust(slot * SIZE, bytes([NOTHING]))
    return before + sample + samples[(slot + 1) * SIZE :]


def points_of(
    days: Mapping[int, Iterable[bytes]], since: int, until: int, steps_together: int
) -> list[MetricPoint]:
    """Means of the samples of some days in `[since, until)`, both in steps of STEP_MS since 1970.

    Of the `days` of several devices that followed each other, what was heard of any of them counts.
    """
    points = []
    for start in range(since, until, steps_together):
        sums, counts = [0, 0, 0], [0, 0, 0]
        for step in range(start, min(start + steps_together, until)):
            for samples in days.get(step // SLOTS, ()):
                at = step % SLOTS * SIZE
                for n, value in enumerate(samples[at : at + SIZE]):
                    if value != NOTHING:
                        sums[n] += value
                        counts[n] += 1
        means = [
            round(total / count / 2, 1) if count else None for total, count in zip(sums, counts, strict=True)
        ]
        points.append(MetricPoint(format_time(start * STEP_MS), *means))
    return points


def _share(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole > 0 else None
