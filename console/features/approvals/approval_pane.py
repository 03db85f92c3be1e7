"""Everything that has to be known to decide: who asks for what, where, why, and the very texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QWidget

from backend_lite.contract.live import GROUP, PROFILE, RUN
from backend_lite.contract.runs import Finding, Rollout
from console.core import approval_words, formatting, words
from console.core.finding_words import finding_lines
from console.core.live import LiveStore
from console.core.policy_words import policy_summary
from console.core.texts import plural, tr
from console.features.approvals.ops import Looked
from console.features.approvals.texts_view import TextsView
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.shell.theme import set_role
from console.widgets.form import Facts
from console.widgets.lines import Lines
from console.widgets.status_badge import StatusBadge

Object = dict[str, Any]
_FINDINGS = 6


class ApprovalPane(QSplitter):
    """`show_approval` says what the list knows; `show_looked` adds what the service was asked for."""

    def __init__(self, context: Context) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._context = context
        self._rollout_id = 0
        self.badge = StatusBadge()
        self.title = label("", "title", wrap=True)
        self.sentence = label("", "muted", wrap=True)
        self.hint = label("", "secondary", wrap=True)
        self.open = button(tr("Show the rollout"), self.open_rollout)
        self.reasons_title = label(tr("Why it needs a second person"), "header")
        self.reasons = Lines(tr("Why it needs a second person"))
        self.findings_title = label(tr("In the scripts"), "header")
        self.findings = Lines(tr("Findings in the scripts"), _FINDINGS)
        self.facts = Facts(84)
        self.texts = TextsView()
        self.addWidget(self._about())
        self.addWidget(self.texts)
        self.setStretchFactor(0, 4)
        self.setStretchFactor(1, 5)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(1)

    def show_approval(self, approval: Object, hint: str) -> None:
        """`hint` says why it cannot be decided here, if that is so."""
        now = self._context.clock()
        if approval["rollout_id"] != self._rollout_id:
            self._rollout_id = approval["rollout_id"]
            self.facts.clear()
            self.texts.wait()
        self.badge.show_state(*approval_words.state_word(approval["state"]))
        self.title.setText(approval["title"])
        self.sentence.setText(approval_words.sentence(approval, now))
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.reasons.show_lines([(tr("Reason"), "warning", reason) for reason in approval["reasons"]])
        self.reasons_title.setVisible(bool(approval["reasons"]))
        findings = msgspec.convert(approval["findings"], list[Finding])
        self.findings.show_lines(finding_lines(findings, len({one.task for one in findings})))
        self.findings_title.setVisible(bool(findings))
        asked = formatting.local_time(approval["requested_at"], now)
        who = tr("{who}, {when}", who=approval["requested_by"], when=asked)
        self.facts.show_fact(tr("Asked by"), who)
        self.facts.show_fact(tr("Devices"), _devices(self._context.live, approval))

    def show_looked(self, looked: Looked) -> None:
        rollout, live = looked.rollout, self._context.live
        for name, value in (
            (tr("Groups"), _groups(live, rollout)),
            (tr("Query"), rollout.targets.query),
            (tr("Profile"), _profile(live, rollout)),
            (tr("How"), policy_summary(msgspec.to_builtins(rollout), self._context.clock())),
        ):
            self.facts.show_fact(name, value)
        if looked.refusal:
            self.texts.say(looked.refusal)
        else:
            self.texts.show_texts(looked.texts)

    def say_refused(self, sentence: str) -> None:
        """What would run cannot be shown."""
        self.texts.say(sentence)

    def open_rollout(self) -> None:
        self._context.navigator.open("rollout", str(self._rollout_id))

    def _about(self) -> QScrollArea:
        head = row(self.title, self.badge, None, self.open)
        parts: Sequence[QWidget] = (
            self.sentence,
            self.hint,
            self.reasons_title,
            self.reasons,
            self.findings_title,
            self.findings,
            self.facts,
        )
        lines = column(head, *parts, None, gap=8)
        lines.setContentsMargins(16, 12, 16, 16)
        inside = QWidget()
        set_role(inside, "scrolled")
        inside.setLayout(lines)
        area = QScrollArea()
        set_role(area, "page")
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName(tr("What is asked for"))
        area.setWidget(inside)
        return area


def _devices(live: LiveStore, approval: Object) -> str:
    """Runs that are held are open, and so the live stream has all of them."""
    mine = (run for run in live.kind(RUN).values() if run["rollout_id"] == approval["rollout_id"])
    count = plural(approval["device_count"], "One device", "{count} devices")
    names = sorted({str(run["device"]) for run in mine})
    return tr("{count}: {names}", count=count, names=words.named(names)) if names else count


def _groups(live: LiveStore, rollout: Rollout) -> str:
    groups = live.kind(GROUP)
    known = [groups.get(one, {}).get("name") or tr("group {id}", id=one) for one in rollout.targets.groups]
    return words.named([str(name) for name in known])


def _profile(live: LiveStore, rollout: Rollout) -> str:
    if rollout.profile_id is None:
        return ""
    known = live.get(PROFILE, rollout.profile_id) or {}
    name = str(known.get("name") or rollout.profile_id)
    return tr("{name}, revision {n}", name=name, n=rollout.profile_revision)
