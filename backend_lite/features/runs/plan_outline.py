"""A plan as the audit has it: how many devices it is for and what it does there, without a value."""

from __future__ import annotations

from typing import Any

import msgspec

from backend_lite.contract.runs import RolloutGate
from backend_lite.features.runs.plans import Plan, is_skipped
from backend_lite.features.runs.works import Work

_NAMED = 500
"""So many devices are named; of more, their number is told."""


def outline(plan: Plan, findings: int, gate: RolloutGate) -> dict[str, Any]:
    """`findings` is how many findings its scripts have, `gate` what it had to pass."""
    devices = [one.target.id for one in plan.candidates if not is_skipped(one)]
    told = {
        "targets": len(devices),
        "skipped": len(plan.candidates) - len(devices),
        "devices": devices if len(devices) <= _NAMED else None,
        "groups": plan.targets.groups,
        "query": plan.targets.query,
        "tasks": [_task(work) for work in plan.works],
        "findings": findings,
        "confirmed_devices": plan.confirmed_devices,
        "needs_approval": gate.reasons if gate.approve else None,
        "profile_id": plan.profile_id,
        "again_of": plan.origin_id,
        "policy": msgspec.to_builtins(plan.policy),
    }
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def _task(work: Work) -> dict[str, Any]:
    told = {
        "title": work.title,
        "type": work.type,
        "action": work.action.value,
        "script_id": work.script_id,
        "revision": work.revision,
        "software_id": work.software_id,
        "parameters": sorted({*work.parameters, *work.secret_names}),
    }
    return {name: value for name, value in told.items() if value not in (None, [])}
