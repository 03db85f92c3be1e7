"""What a person should have seen in scripts before they run, in words."""

from __future__ import annotations

from backend_lite.contract.runs import Finding, Severity
from console.core import words
from console.core.texts import plural, tr
from console.core.words import named

_PARTS = {"detect": "detect script", "undo": "undo script"}
_ORDER = [Severity.DANGER, Severity.WARNING, Severity.NOTE]


def finding_lines(findings: list[Finding], tasks: int) -> list[tuple[str, str, str]]:
    """(word, tone, sentence), the most dangerous first; the same finding at several lines is one."""
    grouped: dict[tuple[int, Severity, str, int, str], list[int]] = {}
    for finding in findings:
        key = (_ORDER.index(finding.severity), finding.severity, finding.text, finding.task, finding.part)
        grouped.setdefault(key, []).append(finding.line)
    found: list[tuple[str, str, str]] = []
    for (_at, severity, text, task, part), places in sorted(grouped.items()):
        word, tone = words.severity_word(severity)
        where = plural(
            len(places),
            "line {lines}",
            "lines {lines}",
            lines=named([str(one) for one in sorted(set(places))]),
        )
        if part in _PARTS:
            where = tr("{part}, {where}", part=tr(_PARTS[part]), where=where)
        if tasks > 1:
            where = tr("script {n}, {where}", n=task, where=where)
        found.append((word, tone, f"{text.rstrip('.')} · {where}"))
    return found
