"""A run in the words of the query language."""

from datetime import UTC, datetime

import pytest

from backend_lite.contract.query import matches, parse
from backend_lite.contract.run_query import RUN_FIELDS
from console.core.run_query import value_of
from tests.console import objects

NOW = datetime(2026, 3, 4, 10, 42, 7, tzinfo=UTC)
RUN = objects.run(17, "failed", device="SRV-1", wave=2, reason="timeout")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state:failed", True),
        ("state:succeeded,failed", True),
        ("-state:failed", False),
        ("script:script device:srv*", True),
        ('"srv-1" owner', True),
        ("by:owner exit:3", True),
        ("exit>3", False),
        ("took>9s", True),
        ("took<10s", False),
        ("started<1m asked<1m ended<5s", True),
        ("wave:2 rollout:7 run:17", True),
        ("reason:timeout", True),
        ("run:18", False),
    ],
)
def test_a_query_finds_a_run_by_its_values(query: str, found: bool) -> None:
    node = parse(query, RUN_FIELDS)
    assert matches(node, lambda name: value_of(RUN, name, NOW)) is found


@pytest.mark.parametrize("query", ["took<1h", "ended<1h", "exit<999", "started<1h"])
def test_what_has_no_value_is_not_found(query: str) -> None:
    waiting = objects.run(18, "waiting")
    assert not matches(parse(query, RUN_FIELDS), lambda name: value_of(waiting, name, NOW))


def test_every_field_of_the_contract_has_a_value() -> None:
    assert [field.name for field in RUN_FIELDS if value_of(RUN, field.name, NOW) is None] == []
