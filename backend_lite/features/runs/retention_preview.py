"""What rules of retention would remove, before somebody decides for them."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend_lite.contract.output import Retention, RetentionPreview
from backend_lite.features.runs.tables import HAS_OUTPUT

_DAY_MS = 86_400_000
_NEVER = -1

_RUNS = text(
    "SELECT count(*) FROM runs JOIN rollouts ON rollouts.id = runs.rollout_id "
    "WHERE rollouts.ended_at < :runs_before"
)
_KEPT = f"""
    SELECT kept.id, kept.size, kept.ended_at,
        kept.ended_at < :output_before OR rollouts.ended_at < :runs_before AS old,
        rollouts.ended_at IS NOT NULL AS may_go
    FROM (
        SELECT id, step_id, ended_at, stdout_size + stderr_size AS size FROM attempts WHERE {HAS_OUTPUT.text}
    ) AS kept
    JOIN steps ON steps.id = kept.step_id
    JOIN runs ON runs.id = steps.run_id
    JOIN rollouts ON rollouts.id = runs.rollout_id
"""  # noqa: S608
_OLD = text(
    f"WITH kept AS ({_KEPT}) SELECT coalesce(sum(size), 0), "  # noqa: S608
    "count(CASE WHEN may_go AND old THEN 1 END), "
    "coalesce(sum(CASE WHEN may_go AND old THEN size END), 0) FROM kept"
)
_TOO_MUCH = text(
    f"WITH kept AS ({_KEPT}), rest AS ("  # noqa: S608
    "SELECT size, sum(size) OVER (ORDER BY ended_at, id) - size AS freed FROM kept WHERE may_go AND NOT old"
    ") SELECT count(*), coalesce(sum(size), 0) FROM rest WHERE freed < :over"
)


def look_ahead(session: Session, rules: Retention, now: int) -> RetentionPreview:
    """What the next turn would remove; the same as it then does, oldest output first."""
    before = {
        "runs_before": now - rules.runs_days * _DAY_MS if rules.runs_days else _NEVER,
        "output_before": now - rules.output_days * _DAY_MS if rules.output_days else _NEVER,
    }
    runs = session.scalar(_RUNS, {"runs_before": before["runs_before"]}) or 0
    total, outputs, size = (int(value) for value in session.execute(_OLD, before).one())
    over = total - size - rules.output_max_bytes if rules.output_max_bytes else 0
    if over > 0:
        more, freed = session.execute(_TOO_MUCH, {**before, "over": over}).one()
        outputs, size = outputs + int(more), size + int(freed)
    return RetentionPreview(runs, outputs, size, total)
