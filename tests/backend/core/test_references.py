"""Who uses what, asked before it is deleted."""

from typing import Any, cast

import pytest
from sqlalchemy.orm import Session

from backend_lite.core.db.references import Reference, References
from backend_lite.errors import ConflictError

SESSION = cast("Session", cast("Any", None))


def used_by(count: int) -> References:
    references = References()
    users = [Reference("profile", n, f"Number {n}") for n in range(1, count + 1)]
    references.register("script", lambda _session, script_id: users if script_id == 7 else [])
    return references


def test_what_nobody_uses_may_go() -> None:
    references = used_by(2)
    references.refuse_used(SESSION, "script", 8, "Other")
    references.refuse_used(SESSION, "software", 7, "Other")
    assert references.of(SESSION, "script", 8) == []


def test_the_users_are_named() -> None:
    references = used_by(1)
    references.register("script", lambda _session, _id: [Reference("template", 9, "Kiosk")])
    with pytest.raises(ConflictError) as refused:
        references.refuse_used(SESSION, "script", 7, "Restart")
    assert refused.value.code == "in_use"
    assert 'profile "Number 1", template "Kiosk". Change' in refused.value.detail


def test_of_many_users_ten_are_named() -> None:
    with pytest.raises(ConflictError) as refused:
        used_by(12).refuse_used(SESSION, "script", 7, "Restart")
    assert 'profile "Number 10" and 2 more' in refused.value.detail
    assert "Number 11" not in refused.value.detail


def test_users_that_are_hidden_are_neither_named_nor_counted() -> None:
    references = used_by(1)
    devices = [Reference("device", n, f"web-{n}") for n in (1, 2)]
    references.register("script", lambda _session, _id: devices)
    with pytest.raises(ConflictError) as refused:
        references.refuse_used(SESSION, "script", 7, "Restart", hidden=("device", "role"))
    assert 'used by profile "Number 1" and devices that you may not see. Change' in refused.value.detail
    with pytest.raises(ConflictError) as refused:
        references.refuse_used(SESSION, "script", 8, "Other", hidden=("device",))
    assert "used by devices that you may not see. Change" in refused.value.detail
