"""Lists that a client cuts, sorts and searches: the same four parameters everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVarTuple

from sqlalchemy import Select, SQLColumnExpression, func
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend_lite.errors import InvalidError

Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, slots=True)
class ListRequest:
    """`limit` None is everything; `sort` names a field, `-` in front reverses; `q` are words to find."""

    limit: int | None = None
    offset: int = 0
    sort: str | None = None
    q: str | None = None


def select_list(
    query: Select[*Ts],
    request: ListRequest,
    *,
    sortable: Mapping[str, SQLColumnExpression[Any]],
    default_sort: str,
    tie: InstrumentedAttribute[Any],
    search: InstrumentedAttribute[str],
) -> Select[*Ts]:
    """`query` as the request wants it, without its cut; `search` is a case-folded column.

    `tie` makes the order of equal rows definite. Raises InvalidError for a field that is not sortable.
    """
    for word in (request.q or "").casefold().split():
        query = query.where(search.contains(word, autoescape=True))
    name = request.sort or default_sort
    column = sortable.get(name.removeprefix("-"))
    if column is None:
        raise InvalidError(f'Cannot sort by "{name}": use one of {", ".join(sortable)}, with - to reverse.')
    return query.order_by(column.desc() if name.startswith("-") else column.asc(), tie)


def cut(query: Select[*Ts], request: ListRequest) -> Select[*Ts]:
    """The part of the list that was asked for."""
    return query.limit(request.limit).offset(request.offset)


def total(session: Session, query: Select[*Ts]) -> int:
    """How long the list is, uncut."""
    counted = query.order_by(None).with_only_columns(func.count(), maintain_column_froms=True)
    return session.scalar(counted) or 0
