"""Runs and rollouts are found by the query language, page by page, and by an index where it matters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, insert, select, text, true
from sqlalchemy.orm import Session

from agent.wire.states import RunState
from backend_lite.core.db.base import Base
from backend_lite.core.db.engine import migration_engine, reader_engine
from backend_lite.errors import InvalidError
from backend_lite.features.access import tables as _access_tables  # noqa: F401
from backend_lite.features.fleet import tables as _fleet_tables  # noqa: F401
from backend_lite.features.library import tables as _library_tables  # noqa: F401
from backend_lite.features.runs.lists import ordered_runs
from backend_lite.features.runs.run_queries import rollout_condition, run_conditions, state_condition
from backend_lite.features.runs.tables import RolloutRow, RunRow, StepRow

NOW = 1_700_000_000_000
HOUR = 3_600_000
STATES = list(RunState)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Two rollouts with ten runs each: run n is on `pc-<n>`, in the n-th state, and ended n hours ago."""
    path: Path = tmp_path_factory.mktemp("queries") / "data.db"
    engine = migration_engine(path)
    Base.metadata.create_all(engine)
    with Session(engine) as made:
        for n, (title, by) in enumerate((("Clean Temp", "anna"), ("Größe messen", "bert")), 1):
            made.execute(
                insert(RolloutRow).values(id=n, **_rollout(title, by, "done" if n == 1 else "running"))
            )
        for n in range(1, 21):
            made.execute(insert(RunRow).values(id=n, **_run(n)))
            made.execute(insert(StepRow).values(id=n, run_id=n, exit_code=n % 4, **_step()))
        made.commit()
    engine.dispose()
    reader = reader_engine(path, 1)
    with Session(reader) as found:
        yield found
    reader.dispose()


def _rollout(title: str, by: str, state: str) -> dict[str, Any]:
    return {
        "title": title, "state": state, "type": "sh", "arguments": [], "parameters": {}, "policy": {},
        "created_by_id": 1, "created_by": by, "created_at": NOW - HOUR,
    }  # fmt: skip


def _run(n: int) -> dict[str, Any]:
    state = STATES[n % 10]
    ended = NOW - n * HOUR if n % 10 >= 4 else None
    return {
        "rollout_id": 1 + (n > 10),
        "device_id": 1,
        "device": f"PC-{n}",
        "state": state,
        "expires_at": 0,
        "started_at": NOW - 11 * HOUR,
        "reason": "timeout" if n == 5 else "",
        "created_at": NOW - n * HOUR,
        "ended_at": ended,
        "wave": 1 + n % 2,
    }


def _step() -> dict[str, Any]:
    return {
        "device_id": 1, "n": 1, "type": "sh", "name": "x", "timeout_s": 1, "state": "failed", "created_at": 0,
        "updated_at": 0,
    }  # fmt: skip


def _found(session: Session, query: str) -> list[int]:
    return list(session.scalars(select(RunRow.id).where(*run_conditions(query, NOW)).order_by(RunRow.id)))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("state:failed", [5, 15]),
        ("-state:waiting,queued state:succeeded", [4, 14]),
        ("state:failed,unknown", [5, 9, 15, 19]),
        ("device=pc-7", [7]),
        ("device:pc-1*", [1, *range(10, 20)]),
        ("title:größe id<14", [11, 12, 13]),
        ("script:temp by:anna id<3", [1, 2]),
        ("by:bert state:failed", [15]),
        ("by:bert or id:1", [1, *range(11, 21)]),
        ("rollout:2 exit:3", [11, 15, 19]),
        ("ended<5h", [4]),
        ("ended<=5h", [4, 5]),
        ("ended>19h", []),
        ("created<3h", [1, 2]),
        ("wave:2 id<6", [1, 3, 5]),
        ("reason:timeout", [5]),
        ("took>5h state:failed", [5]),
        ("GRÖSSE pc-12", [12]),
        ("Größe pc-12", [12]),
        ("", list(range(1, 21))),
    ],
)
def test_runs_are_found(session: Session, query: str, ids: list[int]) -> None:
    assert _found(session, query) == ids


def test_rollouts_are_found(session: Session) -> None:
    for query, ids in (("state:running", [2]), ("temp", [1]), ("by:anna or by:bert", [1, 2]), ("id>1", [2])):
        found = session.scalars(select(RolloutRow.id).where(rollout_condition(query, NOW)))
        assert sorted(found) == ids, query


def test_a_mistake_is_told_with_its_place(session: Session) -> None:
    with pytest.raises(InvalidError, match="At character 1"):
        run_conditions("colour:red", NOW)


@pytest.mark.parametrize(
    "sort", ["id", "-id", "device", "-device", "title", "-title", "state", "started", "-ended", "ended"]
)
def test_pages_hold_every_run_once_in_order(session: Session, sort: str) -> None:
    whole = list(session.scalars(ordered_runs(session, sort, None, true())))
    assert sorted(whole) == list(range(1, 21))
    paged: list[int] = []
    while True:
        page = list(
            session.scalars(ordered_runs(session, sort, paged[-1] if paged else None, true()).limit(3))
        )
        if not page:
            break
        paged += page
    assert paged == whole


def test_orders_are_what_they_say(session: Session) -> None:
    assert next(iter(session.scalars(ordered_runs(session, "-ended", None, true())))) == 4
    assert next(iter(session.scalars(ordered_runs(session, "device", None, true())))) == 1
    with pytest.raises(InvalidError, match="Cannot sort"):
        ordered_runs(session, "colour", None, true())
    with pytest.raises(InvalidError, match="first page"):
        ordered_runs(session, "device", 99, true())


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("state:failed", "ix_runs_troubled"),
        ("state:queued,running", "ix_runs_state_expires_at"),
        ("title:temp", "ix_runs_rollout_id"),
        ("rollout:1 wave:2", "ix_runs_rollout_id"),
        ("id:7", "rowid="),
    ],
)
def test_usual_questions_are_answered_by_an_index(session: Session, query: str, index: str) -> None:
    asked = ordered_runs(session, "-id", None, true()).where(*run_conditions(query, NOW)).limit(100)
    assert index in _plan(session, asked)


def test_the_newest_that_went_well_are_found_without_sorting(session: Session) -> None:
    asked = ordered_runs(session, "-id", None, true()).where(state_condition([RunState.SUCCEEDED])).limit(100)
    assert "TEMP B-TREE" not in _plan(session, asked)
    asked = ordered_runs(session, "-id", None, true()).where(state_condition([RunState.FAILED])).limit(100)
    assert "TEMP B-TREE" not in _plan(session, asked)


def _plan(session: Session, query: Select[Any]) -> str:
    compiled = query.compile(session.bind, compile_kwargs={"literal_binds": True})
    return "; ".join(row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {compiled}")))
