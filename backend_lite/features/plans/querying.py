"""Queries of profiles and templates (`contract.query`) as conditions."""

from __future__ import annotations

from sqlalchemy import or_

from backend_lite.contract.library import TARGET_OS_TYPES, os_names
from backend_lite.contract.plan_query import PROFILE_FIELDS
from backend_lite.contract.query import Match
from backend_lite.contract.query_match import value_test
from backend_lite.core.db.query_sql import (
    Clause,
    Condition,
    ages,
    folded,
    numbers,
    parsed,
    texts,
    where,
    whether,
)
from backend_lite.features.plans.tables import ProfileRow


def profile_condition(text: str, now_ms: int) -> Condition:
    """True for the rows that the query finds. Raises InvalidError (`bad_query`)."""
    return where(parsed(text, PROFILE_FIELDS), ProfileRow.search, _clauses(now_ms))


def _clauses(now_ms: int) -> dict[str, Clause]:
    return {
        "name": texts(ProfileRow.name),
        "description": texts(ProfileRow.description),
        "os": _os,
        "tasks": numbers(ProfileRow.task_count),
        "revision": numbers(ProfileRow.revision),
        "template": whether(ProfileRow.is_template.is_(True)),
        "updated": ages(ProfileRow.updated_at, now_ms),
        "created": ages(ProfileRow.created_at, now_ms),
        "id": numbers(ProfileRow.id),
    }


def _os(match: Match) -> Condition:
    fits = value_test(match)
    covered = [name for name in TARGET_OS_TYPES if fits(os_names(name))]
    return or_(texts(ProfileRow.target_os_type)(match), folded(ProfileRow.target_os_type).in_(covered))
