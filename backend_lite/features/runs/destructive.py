"""Which work is destructive: what it takes away comes back by no other work of ours.

Uninstalling, undoing, removing the agent, and scripts that wipe or delete without limits, as far as the
findings see it. Restarts are not: the machine comes back, and patching a fleet is full of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from backend_lite.contract.actions import ActionType
from backend_lite.contract.runs import Finding, Severity, TaskAction
from backend_lite.features.runs.works import Work

_ACTIONS = frozenset({TaskAction.UNINSTALL, TaskAction.UNDO})
_RULES = frozenset({"delete", "disk", "backup"})
"""Of the dangers those that destroy; the others are about what a script lets in or gives away."""


def is_destructive(work: Work, findings: Sequence[Finding]) -> bool:
    """`findings` are those of the work's script."""
    if work.type == ActionType.AGENT_UNINSTALL or work.action in _ACTIONS:
        return True
    return any(one.severity is Severity.DANGER and one.rule in _RULES for one in findings)
