"""Which tasks of a rollout are carried out where, as the devices are when it is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from backend_lite.contract.library import os_matches
from backend_lite.contract.runs import TaskCondition
from backend_lite.features.fleet.api import FleetApi, RunTarget

CONDITION = "condition"
"""The reason of a step, and of a run that has only such steps, which is not for its device."""

Skips = dict[int, frozenset[int]]
"""By device: the places (from 0) of the tasks that are not for it; none where all of them are."""


def skips_of(
    session: Session, fleet: FleetApi, conditions: Sequence[TaskCondition], targets: Iterable[RunTarget]
) -> Skips:
    """Each query is asked once. Raises InvalidError for one that cannot be read."""
    some = [(n, one) for n, one in enumerate(conditions) if one.os_type or one.query.strip()]
    if not some:
        return {}
    queries = {one.query for _, one in some if one.query.strip()}
    found = {query: set(fleet.match(session, query)) for query in queries}

    def holds(condition: TaskCondition, target: RunTarget) -> bool:
        matched = found.get(condition.query)
        return os_matches(condition.os_type, target.os_type) and (matched is None or target.id in matched)

    left_out = {target.id: frozenset(n for n, one in some if not holds(one, target)) for target in targets}
    return {device_id: skips for device_id, skips in left_out.items() if skips}
