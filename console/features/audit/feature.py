"""What the audit gives to the window."""

from __future__ import annotations

from console.core.texts import tr
from console.features.audit.audit_page import AuditPage
from console.shell.feature import Command, Feature, NavEntry


def feature() -> Feature:
    return Feature(
        "audit",
        navigation=[NavEntry(tr("Administration"), tr("Audit"), AuditPage.key, "history")],
        pages={AuditPage.key: AuditPage},
        needs={AuditPage.key: ("audit:view",)},
        commands=[
            Command(
                tr("Audit"),
                lambda context: context.navigator.open(AuditPage.key),
                "history",
                "log who changed what history trail export check",
            ),
        ],
    )
