"""Old events go into sealed files, and the check goes on over them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from backend_lite.contract.audit import ActionType
from backend_lite.core.audit.record import Entity
from backend_lite.features.audit.sealing import Sealing
from tests.helpers.service import InProcess

pytestmark = pytest.mark.anyio
DAY_S = 86_400


async def _record(service: InProcess, count: int) -> None:
    audit = service.kernel.audit
    for n in range(count):
        entity = Entity("script", n, f"Script {n}")
        await service.kernel.database.write(
            lambda unit, entity=entity: audit.record(  # type: ignore[misc]
                unit, "scripts.update", ActionType.UPDATE, entity, "changed 🙂", after={"n": 1}
            )
        )


async def _sealed(service: InProcess, days: int = 30) -> Sealing:
    await _record(service, 6)
    service.clock.advance(31 * DAY_S)
    await _record(service, 3)
    kernel = service.kernel
    folder = kernel.config.data.audit
    sealing = Sealing(kernel.database, folder, kernel.clock, kernel.audit, lambda: days)
    assert await sealing.turn() == (6 if days else 0)
    return sealing


def _segment(service: InProcess) -> Path:
    return service.kernel.config.data.audit / "segment-1-6.jsonl.gz"


async def test_old_events_go_and_the_check_still_reads_them(service: InProcess) -> None:
    sealing = await _sealed(service)
    verdict = await sealing.verify()
    assert (verdict.events, verdict.segments, verdict.broken_at) == (4, 1, None)
    assert gzip.decompress(_segment(service).read_bytes()).count(b"\n") == 6
    assert await sealing.turn() == 0


async def test_nothing_goes_where_everything_is_kept(service: InProcess) -> None:
    sealing = await _sealed(service, days=0)
    assert (await sealing.verify()).events == 9


async def test_a_segment_that_is_kept_elsewhere_is_trusted(service: InProcess) -> None:
    sealing = await _sealed(service)
    _segment(service).unlink()
    assert (await sealing.verify()).broken_at is None


def _reworded(lines: bytes) -> bytes:
    return lines.replace(b"Script 3", b"Script X")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda path: gzip.compress(_reworded(gzip.decompress(path.read_bytes()))), 4),
        (lambda path: gzip.compress(b"".join(gzip.decompress(path.read_bytes()).splitlines(True)[:4])), 6),
        (lambda path: gzip.compress(gzip.decompress(path.read_bytes())) + b"", 1),
        (lambda path: path.read_bytes()[:50], 1),
        (lambda path: b"rubbish", 1),
        (lambda path: gzip.compress(b"[]\n"), 1),
    ],
)
async def test_a_changed_segment_is_found(
    service: InProcess, change: Callable[[Path], bytes], found: int
) -> None:
    sealing = await _sealed(service)
    path = _segment(service)
    path.write_bytes(change(path))
    assert (await sealing.verify()).broken_at == found


async def test_a_segment_whose_row_was_taken_away_is_missed(service: InProcess) -> None:
    sealing = await _sealed(service)
    forget = text("DELETE FROM audit_segments")
    await service.kernel.database.write(lambda unit: unit.session.execute(forget))
    assert (await sealing.verify()).broken_at == 1


async def test_a_kill_between_the_file_and_its_row_loses_nothing(service: InProcess) -> None:
    sealing = await _sealed(service)
    await _record(service, 1)
    folder = service.kernel.config.data.audit
    (folder / "segment-7-11.jsonl.gz").write_bytes(b"half")
    service.clock.advance(31 * DAY_S)
    assert await sealing.turn() == 5
    assert (await sealing.verify()).broken_at is None
