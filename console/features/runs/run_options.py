"""How a rollout is carried out: folded away under one sentence of what is chosen."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from backend_lite.contract.common import parse_time
from backend_lite.contract.runs import Policy, Retries
from console.core.formatting import Clock
from console.core.policy_words import policy_summary
from console.core.texts import tr
from console.features.runs.option_parts import (
    MannerOptions,
    OrderOptions,
    WhenOptions,
    copy_of,
)
from console.shell.parts import button, column, label, row
from console.shell.theme import theme

Object = dict[str, Any]


class RunOptions(QWidget):
    """`changed` follows a person. The fields are made when they are first unfolded."""

    changed = Signal()

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._base = Policy()
        self._works: list[Object] = []
        self._groups: tuple[WhenOptions, OrderOptions, MannerOptions] | None = None
        self.fold: QPushButton = button(tr("Options"), self._toggle, "section", icon="chevron-right")
        self.summary = label("", "secondary", wrap=True)
        self._inside = column(gap=20)
        self._inside.setContentsMargins(0, theme().gap, 0, 0)
        self.inside = QWidget()
        self.inside.setLayout(self._inside)
        self.inside.hide()
        self.setLayout(column(row(self.fold, None), self.summary, self.inside, gap=4))
        self._summarize()

    @property
    def groups(self) -> tuple[WhenOptions, OrderOptions, MannerOptions]:
        if self._groups is None:
            self._groups = (WhenOptions(self._clock), OrderOptions(), MannerOptions())
            for group in self._groups:
                group.show_policy(self._base)
                group.changed.connect(self._tell)
                self._inside.addWidget(group)
            self._show_works()
        return self._groups

    @property
    def when(self) -> WhenOptions:
        return self.groups[0]

    @property
    def order(self) -> OrderOptions:
        return self.groups[1]

    @property
    def manner(self) -> MannerOptions:
        return self.groups[2]

    def show_policy(self, policy: Policy) -> None:
        """A moment that has passed is none any more."""
        self._base = copy_of(policy)
        if policy.not_before and parse_time(policy.not_before) <= self._clock():
            self._base.not_before = None
        for group in self._groups or ():
            group.show_policy(self._base)
        self._summarize()

    def show_works(self, scripts: list[Object]) -> None:
        self._works = list(scripts)
        self._show_works()
        self._summarize()

    def value(self) -> Policy:
        policy = copy_of(self._base)
        for group in self._groups or ():
            group.write(policy)
        if self._unrepeatable():
            policy.retries = Retries()
        return policy

    def wrong(self) -> str:
        """What has to be mended first, in a sentence; empty when nothing has."""
        return next((wrong for group in self._groups or () if (wrong := group.wrong())), "")

    def unfold(self, shown: bool = True) -> None:
        if shown and self._groups is None:
            assert self.groups
        self.inside.setVisible(shown)
        theme().set_icon(self.fold, "chevron-down" if shown else "chevron-right")
        self.fold.setAccessibleDescription(tr("unfolded") if shown else tr("folded"))

    def _unrepeatable(self) -> list[str]:
        """The scripts that may not be repeated after a failure."""
        if self._base.idempotent:
            return []
        return [script["name"] for script in self._works if not script.get("idempotent")]

    def _show_works(self) -> None:
        if self._groups is not None:
            self.manner.show_limits([one["timeout_s"] for one in self._works if "timeout_s" in one])
            self.manner.show_repeatable(self._unrepeatable())

    def _toggle(self) -> None:
        self.unfold(self.inside.isHidden())

    def _tell(self) -> None:
        self._summarize()
        self.changed.emit()

    def _summarize(self) -> None:
        self.summary.setText(policy_summary({"policy": msgspec.to_builtins(self.value())}, self._clock()))
