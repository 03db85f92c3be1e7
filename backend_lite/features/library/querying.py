"""Queries of scripts (`contract.query`) as conditions on a script and its current revision."""

from __future__ import annotations

from sqlalchemy import exists, false, func, or_, true

from backend_lite.contract.library import TARGET_OS_TYPES
from backend_lite.contract.query import Match
from backend_lite.contract.query_match import value_test
from backend_lite.contract.script_query import PARTS, SCRIPT_FIELDS, system_words
from backend_lite.core.db.query_sql import (
    Clause,
    Column,
    Condition,
    ages,
    elements,
    numbers,
    parsed,
    texts,
    where,
    whether,
)
from backend_lite.features.library.tables import FavoriteScriptRow, ScriptRevisionRow, ScriptRow

_TEXTS: tuple[Column, ...] = (ScriptRevisionRow.content, ScriptRevisionRow.detect, ScriptRevisionRow.undo)
_HAS: dict[str, Condition] = {
    "detect": ScriptRevisionRow.detect.is_not(None),
    "undo": ScriptRevisionRow.undo.is_not(None),
    "parameters": func.json_array_length(ScriptRevisionRow.parameters) > 0,
}


def script_condition(text: str, user_id: int, author: Column, now_ms: int) -> Condition:
    """True for the scripts that the query of this user finds; `author` is the name of who made the revision.

    Raises InvalidError (`bad_query`).
    """
    return where(parsed(text, SCRIPT_FIELDS), ScriptRow.search, _clauses(user_id, author, now_ms))


def _clauses(user_id: int, author: Column, now_ms: int) -> dict[str, Clause]:
    favorite = exists().where(
        FavoriteScriptRow.script_id == ScriptRow.id, FavoriteScriptRow.user_id == user_id
    )
    return {
        "name": texts(ScriptRow.name),
        "language": texts(ScriptRevisionRow.language),
        "os": _os,
        "folder": texts(func.nullif(ScriptRow.folder, "")),
        "tag": elements(ScriptRow.tags),
        "favorite": whether(favorite),
        "author": texts(author),
        "changed": ages(ScriptRow.updated_at, now_ms),
        "created": ages(ScriptRow.created_at, now_ms),
        "text": lambda match: or_(*(texts(column)(match) for column in _TEXTS)),
        "has": _has,
        "repeatable": whether(ScriptRow.idempotent.is_(True)),
        "timeout": numbers(ScriptRow.timeout_s),
        "revision": numbers(ScriptRow.revision),
        "id": numbers(ScriptRow.id),
    }


def _os(match: Match) -> Condition:
    fits = value_test(match)
    wanted = [name for name in TARGET_OS_TYPES if fits(system_words(name))]
    any_system = true() if fits(system_words(None)) else false()
    return or_(ScriptRow.target_os_type.in_(wanted), ScriptRow.target_os_type.is_(None) & any_system)


def _has(match: Match) -> Condition:
    fits = value_test(match)
    return or_(false(), *(_HAS[part] for part in PARTS if fits(part)))
