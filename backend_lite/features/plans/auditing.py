"""A profile as the audit has it: the values of its tasks by their names."""

from __future__ import annotations

from typing import Any

import msgspec

from backend_lite.contract.plans import ProfileWithTasks

_OF_NOBODY = ("created_at", "updated_at", "version", "revision", "task_count", "script_name", "software_name")


def told(profile: ProfileWithTasks) -> dict[str, Any]:
    plain = _without(msgspec.to_builtins(profile))
    plain["tasks"] = [_without(task) | {"parameters": sorted(task["parameters"])} for task in plain["tasks"]]
    return plain


def _without(plain: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in plain.items() if name not in _OF_NOBODY}
