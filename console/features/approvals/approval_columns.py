"""The list of approvals: what waits comes first, then the newest decisions."""

from __future__ import annotations

from typing import Any

from console.core import approval_words, formatting
from console.core.approval_words import is_waiting
from console.core.formatting import NOTHING, Clock
from console.core.texts import tr
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]


def approval_columns(clock: Clock) -> list[Column]:
    def asked(approval: Object) -> str:
        return formatting.ago(approval["requested_at"], clock())

    def expires(approval: Object) -> str:
        return formatting.ago(approval["expires_at"], clock()) if is_waiting(approval) else NOTHING

    def decided(approval: Object) -> str:
        if not approval["decided_by"]:
            return ""
        when = formatting.local_time(approval["decided_at"], clock())
        return tr("{who}, {when}", who=approval["decided_by"], when=when)

    return [
        pill_column(
            "state",
            tr("State"),
            lambda one: Pill(*approval_words.state_word(one["state"])),
            sort=lambda one: (not is_waiting(one), -int(one["id"])),
            width=92,
        ),
        Column("title", tr("What"), lambda one: str(one["title"]), Kind.STRONG, width=190),
        Column("who", tr("Asked by"), lambda one: str(one["requested_by"]), width=90),
        Column(
            "devices",
            tr("Devices"),
            lambda one: f"{one['device_count']:,}",
            Kind.NUMBER,
            sort=lambda one: int(one["device_count"]),
            width=74,
        ),
        Column("why", tr("Why"), lambda one: " ".join(one["reasons"]), Kind.MUTED, width=260),
        Column("asked", tr("Asked"), asked, sort=lambda one: int(one["id"]), width=96),
        Column("expires", tr("Expires"), expires, Kind.MUTED, sort=lambda one: one["expires_at"], width=86),
        Column("decided", tr("Decided by"), decided, Kind.MUTED, width=140),
    ]


def search_text(approval: Object) -> str:
    return f"{approval['title']} {approval['requested_by']} {approval['decided_by']}".lower()
