"""What is shown of a rollout to whom rights reach some of its devices only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend_lite.contract.runs import Counters, Rollout, Targets
from backend_lite.features.runs.reach import Reach
from backend_lite.features.runs.tables import RunRow

_Share = Counter[tuple[int, str]]
"""Runs in reach by (wave, state)."""


def narrow(
    session: Session, reach: Reach, rollouts: Sequence[Rollout], groups: frozenset[int]
) -> list[Rollout]:
    """One of which every run is in reach stays as it is. Of another only the runs in reach are counted, also
    in its waves, and its targets are the devices and groups in reach, without the query. How it stands as a
    whole is no secret: whether it is halted, or has ended."""
    shares = _shares(session, reach, [one.id for one in rollouts], groups)
    parts = [one for one in rollouts if shares[one.id].total() < one.counters.total]
    named = {device_id for one in parts for device_id in one.targets.devices}
    there = reach.devices(session, named, groups)
    narrowed = {one.id: _narrowed(one, shares[one.id], there, groups) for one in parts}
    return [narrowed.get(one.id, one) for one in rollouts]


def _shares(
    session: Session, reach: Reach, rollout_ids: Sequence[int], groups: frozenset[int]
) -> defaultdict[int, _Share]:
    of = RunRow.rollout_id, RunRow.wave, RunRow.state
    query = select(*of, func.count()).where(RunRow.rollout_id.in_(rollout_ids), reach.runs(groups))
    shares: defaultdict[int, _Share] = defaultdict(Counter)
    for rollout_id, wave, state, count in session.execute(query.group_by(*of)):
        shares[rollout_id][wave, state] = count
    return shares


def _narrowed(rollout: Rollout, share: _Share, there: set[int], groups: frozenset[int]) -> Rollout:
    states: Counter[str] = Counter()
    waves: Counter[int] = Counter()
    for (wave, state), count in share.items():
        states[state] += count
        waves[wave] += count
    targets = rollout.targets
    return msgspec.structs.replace(
        rollout,
        counters=Counters(total=share.total(), **states),
        waves=[waves[n] for n, _ in enumerate(rollout.waves, 1)],
        targets=Targets(
            devices=[one for one in targets.devices if one in there],
            groups=[one for one in targets.groups if one in groups],
        ),
    )
