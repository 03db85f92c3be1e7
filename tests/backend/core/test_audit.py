"""The hash chain of the audit: nothing in it can be changed, moved or left out unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from backend_lite.contract.audit import ActionType
from backend_lite.core.audit.chain import BEGINNING, HASHED, event_hash, first_broken
from backend_lite.core.audit.record import Audit, Entity
from backend_lite.core.caller import Caller
from backend_lite.core.db.base import Base
from backend_lite.core.db.unit import Unit
from backend_lite.features.audit.check import verify
from tests.helpers.clock import ManualClock

NOWHERE = Path("no such folder")
ADA = Caller("ada", 1, "127.0.0.1", "console")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{tmp_path / 'audit.db'}")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def _fill(session: Session, count: int) -> None:
    audit, unit = Audit(ManualClock()), Unit(session.connection(), ADA)
    for n in range(count):
        audit.record(
            unit, "scripts.update", ActionType.UPDATE, Entity("script", n, f"Script {n}"), f"ada changed {n}",
            before={"name": f"old {n}", "language": "sh"}, after={"name": f"new {n}", "language": "sh"},
        )  # fmt: skip


def test_an_untouched_audit_is_whole(session: Session) -> None:
    assert verify(session, NOWHERE).broken_at is None
    _fill(session, 30)
    found = verify(session, NOWHERE)
    assert (found.events, found.broken_at, found.problem) == (30, None, "")


def test_an_event_tells_who_what_and_only_what_changed(session: Session) -> None:
    _fill(session, 1)
    row: Any = session.execute(text("SELECT * FROM audit_events")).mappings().one()
    assert (row["actor"], row["actor_id"], row["address"]) == ("ada", 1, "127.0.0.1")
    assert (row["before"], row["after"]) == ('{"name": "old 0"}', '{"name": "new 0"}')


def test_what_devices_and_callers_call_themselves_forges_no_line(session: Session) -> None:
    forged = 'pc"\r\n2027-01-15 ada approved \x1b[2Jeverything\u202e' + "x" * 5_000
    unit = Unit(session.connection(), Caller(f"device {forged}", None, "10.0.0.9", "agent"))
    Audit(ManualClock()).record(
        unit, "devices.enroll", ActionType.SYSTEM, Entity("device", 1, forged), f'"{forged}" enrolled.'
    )
    row: Any = session.execute(text("SELECT * FROM audit_events")).mappings().one()
    told = [row["actor"], row["entity_name"], row["summary"]]
    assert all(one.isprintable() and len(one) <= 2_000 for one in told)
    assert row["entity_name"].startswith('pc" 2027-01-15 ada approved [2Jeverything')


@pytest.mark.parametrize("column", [*HASHED[1:], "previous", "hash"])
def test_a_changed_field_is_found_at_its_event(session: Session, column: str) -> None:
    _fill(session, 9)
    value = 7 if column in ("at", "actor_id") else '"x"'
    session.execute(text(f"UPDATE audit_events SET {column} = :v WHERE id = 5"), {"v": value})  # noqa: S608
    assert verify(session, NOWHERE).broken_at == 5


@pytest.mark.parametrize(("missing", "found"), [("id = 1", 1), ("id = 4", 4), ("id >= 8", 8), ("id > 0", 1)])
def test_missing_events_are_found(session: Session, missing: str, found: int) -> None:
    _fill(session, 9)
    session.execute(text(f"DELETE FROM audit_events WHERE {missing}"))  # noqa: S608
    assert verify(session, NOWHERE).broken_at == found


def test_an_event_that_was_hashed_anew_is_found_at_the_next_one(session: Session) -> None:
    _fill(session, 9)
    row = dict(session.execute(text("SELECT * FROM audit_events WHERE id = 5")).mappings().one())
    forged = row | {
        "actor": "mallory",
        "before": {"name": "old 4"},
        "after": {"name": "new 4"},
        "details": {},
    }
    session.execute(
        text("UPDATE audit_events SET actor = 'mallory', hash = :hash WHERE id = 5"),
        {"hash": event_hash(row["previous"], forged)},
    )
    assert verify(session, NOWHERE).broken_at == 6


def test_secrets_are_not_in_it(session: Session) -> None:
    audit, unit = Audit(ManualClock()), Unit(session.connection(), ADA)
    said = {
        "name": "x",
        "password": "canary",
        "options": [{"api_token": "canary", "token_id": 4}],
        "otp": None,
    }
    audit.record(unit, "users.create", ActionType.CREATE, Entity("user", 1), "made", after=said, details=said)
    row = str(session.execute(text("SELECT * FROM audit_events")).mappings().one())
    assert "canary" not in row
    assert '"token_id": 4' in row


def test_long_texts_are_cut(session: Session) -> None:
    audit, unit = Audit(ManualClock()), Unit(session.connection(), ADA)
    audit.record(
        unit, "scripts.create", ActionType.CREATE, Entity("script", 1), "made", after={"content": "x" * 9000}
    )
    row = session.execute(text("SELECT after FROM audit_events")).scalar_one()
    assert "(9000 characters)" in row
    assert len(row) < 3000


@settings(max_examples=60, deadline=None)
@given(
    events=st.lists(
        st.fixed_dictionaries({name: st.one_of(st.text(), st.none()) for name in HASHED}), max_size=6
    )
)
def test_any_text_can_be_chained(events: list[dict[str, Any]]) -> None:
    previous, chained = BEGINNING, []
    for event in events:
        hashed = event_hash(previous, event)
        chained.append(event | {"previous": previous, "hash": hashed})
        previous = hashed
    assert first_broken(BEGINNING, chained) == (None, previous)
