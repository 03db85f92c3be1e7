"""Prepared statements: any number of ids, in few texts, with the parameters where they belong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    select,
)

from backend_lite.core.db.prepared import BulkInsert, BulkUpdate, Prepared, among

THINGS = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String),
    Column("content", LargeBinary),
)
INSERT = BulkInsert(THINGS, ["name", "id"])
RENAME = BulkUpdate(THINGS, ["name"])
FILL = BulkUpdate(THINGS, ["content", "name"])
NAMED = Prepared(
    select(THINGS.c.id, THINGS.c.name)
    .where(THINGS.c.name == bindparam("name"), THINGS.c.id > bindparam("after"))
    .order_by(THINGS.c.id.desc()),
    "after",
    "name",
)
LISTED = Prepared(select(THINGS.c.id).where(among(THINGS.c.id)).order_by(THINGS.c.id))
CONTENTS = Prepared(select(THINGS.c.content).where(among(THINGS.c.id)))


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        THINGS.create(connection)
        INSERT.run(connection, [(f"thing {n}", n) for n in range(1, 10_001)])
        yield connection
    engine.dispose()


def test_values_are_given_in_the_order_of_the_names(connection: Connection) -> None:
    RENAME.run(connection, [("odd", 3), ("odd", 5), ("odd", 7)])
    assert NAMED.all(connection, 3, "odd") == [(7, "odd"), (5, "odd")]
    assert NAMED.all(connection, 7, "odd") == []


@pytest.mark.parametrize("count", [1, 3, 4, 5, 256, 257, 700])
def test_so_many_rows_are_changed_and_no_others(connection: Connection, count: int) -> None:
    RENAME.run(connection, [("new", n) for n in range(10, 10 + count)])
    assert [row[0] for row in NAMED.all(connection, 0, "new")] == list(range(9 + count, 9, -1))


def test_values_come_back_as_they_were(connection: Connection) -> None:
    names = ['a "quoted" \\ one\nwith\tmore', "\x00\x1f\x7f\u2028", "Grüße \N{GRINNING FACE}", "", None]
    for name in names:
        FILL.run(connection, [(b"\x00\xff", name, 9)])
        assert NAMED.all(connection, 0, name) == ([(9, name)] if name is not None else [])
    assert [tuple(row) for row in CONTENTS.listed(connection, [9])] == [(b"\x00\xff",)]


def test_large_numbers_come_back_as_they_were(connection: Connection) -> None:
    INSERT.run(connection, [("large", 2**63 - 1)])
    assert NAMED.all(connection, 0, "large") == [(2**63 - 1, "large")]


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5, 300, 4096, 4097, 9999])
def test_a_list_may_be_as_long_as_it_likes(connection: Connection, count: int) -> None:
    assert [row[0] for row in LISTED.listed(connection, range(1, count + 1))] == list(range(1, count + 1))


def test_lists_of_every_length_are_asked_for_in_few_texts(connection: Connection) -> None:
    texts: set[str] = set()
    event.listen(connection, "before_cursor_execute", lambda *given: texts.add(given[2]))
    for count in range(1, 300):
        LISTED.listed(connection, range(count))
    assert len(texts) == 6
