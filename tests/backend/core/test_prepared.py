"""Prepared statements: any number of ids, in few texts, with the parameters where they belong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    select,
    update,
)

from backend_lite.core.db.prepared import Prepared, among

THINGS = Table("things", MetaData(), Column("id", Integer, primary_key=True), Column("name", String))
INSERT = Prepared(insert(THINGS).values(id=bindparam("id"), name=bindparam("name")), "name", "id")
RENAME = Prepared(
    update(THINGS).where(THINGS.c.id == bindparam("row_id")).values(name=bindparam("name")), "row_id", "name"
)
NAMED = Prepared(select(THINGS.c.id).where(THINGS.c.name == bindparam("name")).order_by(THINGS.c.id), "name")
LISTED = Prepared(select(THINGS.c.id).where(among(THINGS.c.id)).order_by(THINGS.c.id))


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        THINGS.create(connection)
        INSERT.many(connection, [(f"thing {n}", n) for n in range(1, 10_001)])
        yield connection
    engine.dispose()


def test_values_are_given_in_the_order_of_the_names(connection: Connection) -> None:
    RENAME.many(connection, [(3, "odd"), (5, "odd")])
    assert [tuple(row) for row in NAMED.all(connection, "odd")] == [(3,), (5,)]


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5, 300, 4096, 4097, 9999])
def test_a_list_may_be_as_long_as_it_likes(connection: Connection, count: int) -> None:
    assert [row[0] for row in LISTED.listed(connection, range(1, count + 1))] == list(range(1, count + 1))


def test_lists_of_every_length_are_asked_for_in_few_texts(connection: Connection) -> None:
    texts: set[str] = set()
    event.listen(connection, "before_cursor_execute", lambda *given: texts.add(given[2]))
    for count in range(1, 300):
        LISTED.listed(connection, range(count))
    assert len(texts) == 6
