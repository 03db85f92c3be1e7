"""The groups of options of a rollout. Each shows a policy, and writes what a person chose into one."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QWidget

from backend_lite.contract.common import format_time, parse_time
from backend_lite.contract.runs import (
    DEFAULT_EXPIRES_AFTER_S,
    MAX_REBOOTS,
    MAX_RETRIES,
    OfflinePolicy,
    Policy,
    RebootPolicy,
    Retries,
    RunAs,
    Waves,
)
from console.core import formatting
from console.core.formatting import Clock
from console.core.spans import parse_moment, span_text
from console.core.texts import tr
from console.features.runs import option_values as values
from console.features.runs.option_window import WindowFields
from console.shell.parts import column, label
from console.widgets.form import Field
from console.widgets.parsed_field import ParsedField
from console.widgets.span_field import span_field, span_words

_LONGEST_WAIT_S = 366 * 86400
_SHARE = "Write a count such as 5, or a share such as 10%."


class OptionGroup(QWidget):
    """`changed` follows a person."""

    changed = Signal()

    def __init__(self, title: str) -> None:
        super().__init__()
        self._fields: list[ParsedField[object]] = []
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(12)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1)
        self.setLayout(column(label(title, "strong"), self._grid, gap=8))

    def show_policy(self, policy: Policy) -> None:
        raise NotImplementedError

    def write(self, policy: Policy) -> None:
        """Into `policy`, as far as it is right."""
        raise NotImplementedError

    def wrong(self) -> str:
        return next((f"{one.label.text()}: {one.wrong}" for one in self._fields if one.wrong), "")

    def _place(self, *parts: QWidget, wide: tuple[QWidget, ...] = ()) -> None:
        """Two in a line, but those that are `wide`."""
        line, at = 0, 0
        for part in parts:
            if isinstance(part, ParsedField):
                self._fields.append(part)
                part.changed.connect(self.changed)
            if part in wide:
                line, at = line + (at > 0), 0
                self._grid.addWidget(part, line, 0, 1, 2)
                line += 1
                continue
            self._grid.addWidget(part, line, at, Qt.AlignmentFlag.AlignTop)
            line, at = (line + 1, 0) if at else (line, 1)

    def _combo(self, choices: dict[str, str]) -> QComboBox:
        made = QComboBox()
        for key, words in choices.items():
            made.addItem(words, key)
        made.currentIndexChanged.connect(lambda _at: self.changed.emit())
        return made

    def _check(self, text: str, what: str = "") -> QCheckBox:
        made = QCheckBox(text)
        made.setAccessibleDescription(what)
        made.setToolTip(what)
        made.toggled.connect(lambda _on: self.changed.emit())
        return made


class WhenOptions(OptionGroup):
    """Not before, the maintenance window, and devices that are away."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(tr("When"))
        self._clock = clock
        self.not_before: ParsedField[datetime] = ParsedField(
            tr("Not before"),
            lambda text: parse_moment(text, self._local()),
            tr("Write a time such as 22:00, tomorrow 6:00, Sat 22:00 or 24 Nov 18:00."),
            empty=tr("At once"),
            explain=lambda moment: f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M}",
        )
        self.offline = self._combo(
            {
                OfflinePolicy.QUEUE: tr("Run when they are back"),
                OfflinePolicy.SKIP: tr("Leave them out"),
                OfflinePolicy.FAIL: tr("Count them as failed"),
            }
        )
        self.expires = span_field(
            tr("Give up after"), empty=span_text(DEFAULT_EXPIRES_AFTER_S), most=_LONGEST_WAIT_S
        )
        self.window_ = WindowFields()
        self.window_.changed.connect(self.changed)
        away = Field(tr("Devices that are away"), self.offline)
        self._place(self.not_before, away, self.expires, self.window_, wide=(self.window_,))

    def show_policy(self, policy: Policy) -> None:
        shown = parse_time(policy.not_before).astimezone() if policy.not_before else None
        self.not_before.show_text(f"{shown:%Y-%m-%d %H:%M}" if shown else "")
        self.offline.setCurrentIndex(self.offline.findData(policy.offline.value))
        usual = policy.expires_after_s == DEFAULT_EXPIRES_AFTER_S
        self.expires.show_text("" if usual else span_text(policy.expires_after_s))
        self.window_.show_window(policy.window)

    def write(self, policy: Policy) -> None:
        moment = self.not_before.value
        policy.not_before = None if moment is None else _time(moment)
        policy.offline = OfflinePolicy(self.offline.currentData())
        policy.expires_after_s = self.expires.value or DEFAULT_EXPIRES_AFTER_S
        policy.window = self.window_.value()

    def wrong(self) -> str:
        return super().wrong() or self.window_.wrong()

    def _local(self) -> datetime:
        return self._clock().astimezone().replace(tzinfo=None)


class OrderOptions(OptionGroup):
    """Waves, limits, halting."""

    def __init__(self) -> None:
        super().__init__(tr("In which order"))
        self.sizes: ParsedField[list[str]] = ParsedField(
            tr("Waves"),
            values.sizes,
            tr("Write sizes such as 1, 10%, 50%."),
            hint=tr("Such as 1, 10%, 50%; what is left is the last wave."),
            empty=tr("All together"),
        )
        self.healthy = span_field(
            tr("The next wave starts after"),
            empty=tr("The wave has ended"),
            hint=tr("Without a lost device."),
        )
        self.by_hand = self._check(tr("Start each wave by hand"))
        self.concurrency = ParsedField(
            tr("At the same time"),
            values.count,
            tr("Write a count such as 50."),
            empty=tr("As many as there are"),
        )
        self.limit = ParsedField(
            tr("Halt when more end badly than"), values.share, tr(_SHARE), empty=tr("Never")
        )
        self.parallel = self._check(
            tr("Beside other work on the device"), tr("It does not wait until other runs there have ended.")
        )
        self._place(
            self.sizes,
            self.healthy,
            self.by_hand,
            self.concurrency,
            self.limit,
            self.parallel,
            wide=(self.by_hand, self.parallel),
        )
        self.sizes.box.textChanged.connect(self._show_needed)
        self.by_hand.toggled.connect(self._show_needed)
        self._show_needed()

    def show_policy(self, policy: Policy) -> None:
        waves = policy.waves or Waves()
        self.sizes.show_text(", ".join(waves.sizes))
        self.healthy.show_text(span_words(waves.healthy_for_s))
        self.by_hand.setChecked(waves.by_hand)
        self.concurrency.show_text(str(policy.concurrency or ""))
        self.limit.show_text(policy.failure_limit or "")
        self.parallel.setChecked(policy.parallel)

    def write(self, policy: Policy) -> None:
        sizes, by_hand = self.sizes.value, self.by_hand.isChecked()
        policy.waves = Waves(sizes, 0 if by_hand else self.healthy.value or 0, by_hand) if sizes else None
        policy.concurrency = self.concurrency.value
        policy.failure_limit = self.limit.value
        policy.parallel = self.parallel.isChecked()

    def _show_needed(self, _news: object = None) -> None:
        waves = bool(self.sizes.text)
        self.by_hand.setEnabled(waves)
        self.healthy.box.setEnabled(waves and not self.by_hand.isChecked())


class MannerOptions(OptionGroup):
    """How each device carries it out: limits, account, folder, exit codes, restarts, retries."""

    def __init__(self) -> None:
        super().__init__(tr("How on each device"))
        self.timeout = span_field(tr("Time limit"))
        self.idle = span_field(tr("Stop when silent for"), empty=tr("Never"))
        self.run_as = self._combo(
            {RunAs.SYSTEM: tr("The system (root)"), RunAs.USER: tr("The signed-in user")}
        )
        self.reboot = self._combo(
            {
                RebootPolicy.WAIT: tr("Wait for the next restart"),
                RebootPolicy.NOW: tr("Restart the device at once"),
            }
        )
        self.reboots = ParsedField(
            tr("Restarts of a run at most"),
            _reboot_count,
            tr("Write a count up to {most}.", most=MAX_REBOOTS),
            empty=str(Policy().max_reboots),
        )
        self.within = span_field(
            tr("Give up without a restart for"),
            empty=span_text(Policy().reboot_within_s),
            most=_LONGEST_WAIT_S,
        )
        self.folder = ParsedField(tr("Working folder"), str, "", empty=tr("A new, empty one"))
        self.codes = ParsedField(
            tr("Exit codes of success"), values.codes, tr("Write exit codes such as 0, 3010."), empty="0"
        )
        self.retries = ParsedField(
            tr("Try again after a failure"),
            _retry_count,
            tr("Write a count from 1 to {most}.", most=MAX_RETRIES),
            empty=tr("Never"),
        )
        self.delay = span_field(
            tr("First try again after"),
            empty=span_text(Retries().delay_s),
            hint=tr("Then twice as long each time."),
        )
        self._place(
            self.timeout,
            self.idle,
            self.retries,
            self.delay,
            self.codes,
            Field(tr("When it asks for a restart"), self.reboot),
            self.reboots,
            self.within,
            Field(tr("Run as"), self.run_as),
            self.folder,
        )
        self.retries.box.textChanged.connect(self._show_needed)
        self._may_retry = True
        self._show_needed()

    def show_policy(self, policy: Policy) -> None:
        self.timeout.show_text(span_words(policy.timeout_s))
        self.idle.show_text(span_words(policy.idle_timeout_s))
        self.run_as.setCurrentIndex(self.run_as.findData(policy.run_as.value))
        self.reboot.setCurrentIndex(self.reboot.findData(policy.reboot.value))
        usual = policy.max_reboots == Policy().max_reboots
        self.reboots.show_text("" if usual else str(policy.max_reboots))
        usual = policy.reboot_within_s == Policy().reboot_within_s
        self.within.show_text("" if usual else span_text(policy.reboot_within_s))
        self.folder.show_text(policy.working_folder)
        usual = policy.exit_codes == [0]
        self.codes.show_text("" if usual else ", ".join(map(str, policy.exit_codes)))
        self.retries.show_text(str(policy.retries.count or ""))
        usual = policy.retries.delay_s == Retries().delay_s
        self.delay.show_text("" if usual else span_text(policy.retries.delay_s))

    def write(self, policy: Policy) -> None:
        policy.timeout_s = self.timeout.value
        policy.idle_timeout_s = self.idle.value
        policy.run_as = RunAs(self.run_as.currentData())
        policy.reboot = RebootPolicy(self.reboot.currentData())
        reboots = self.reboots.value
        policy.max_reboots = Policy().max_reboots if reboots is None else reboots
        policy.reboot_within_s = self.within.value or Policy().reboot_within_s
        policy.working_folder = self.folder.text
        policy.exit_codes = self.codes.value or [0]
        count = (self.retries.value or 0) if self._may_retry else 0
        policy.retries = Retries(count, self.delay.value or Retries().delay_s) if count else Retries()

    def show_limits(self, own_s: list[int]) -> None:
        """`own_s` are the time limits of the scripts."""
        one = formatting.duration(own_s[0]) if len(set(own_s)) == 1 else ""
        self.timeout.show_empty(tr("{time}, the script's own", time=one) if one else tr("Each script's own"))

    def show_repeatable(self, culprits: list[str]) -> None:
        """`culprits` are the scripts that may not be repeated after a failure."""
        self._may_retry = not culprits
        self.retries.box.setEnabled(self._may_retry)
        why = (
            tr("“{name}” is not marked as one that may be repeated after a failure.", name=culprits[0])
            if culprits
            else ""
        )
        self.retries.set_hint(why)
        self._show_needed()

    def _show_needed(self, _text: str = "") -> None:
        self.delay.box.setEnabled(self._may_retry and bool(self.retries.text))


def _retry_count(text: str) -> int | None:
    found = values.count(text)
    return found if found is not None and found <= MAX_RETRIES else None


def _reboot_count(text: str) -> int | None:
    found = 0 if text == "0" else values.count(text)
    return found if found is not None and found <= MAX_REBOOTS else None


def _time(moment: datetime) -> str:
    """A wall clock of this machine as the service's time."""
    return format_time(int(moment.astimezone(UTC).timestamp() * 1000))


def copy_of(policy: Policy) -> Policy:
    return msgspec.convert(msgspec.to_builtins(policy), Policy)
