"""How long runs and their output are kept."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from backend_lite.contract.output import Retention, RetentionPreview
from console.core.errors import ApiError
from console.core.texts import tr
from console.features.runs import retention_ops, retention_words
from console.shell.context import Context
from console.shell.needing import follow
from console.shell.op_runner import OpHandle
from console.shell.parts import PageHeader, column, label, row, rule
from console.shell.theme import set_role
from console.widgets.confirm import choose, confirm
from console.widgets.form_base import FormPage
from console.widgets.lines import Lines
from console.widgets.parsed_field import ParsedField

AFTER_MS = 250
_FIELD_WIDTH = 220
_TEXT_WIDTH = 560
_WHOLE = 100


class RetentionPage(FormPage):
    """Says what a person's rules would remove before they are saved."""

    key = "retention"

    def __init__(self, context: Context) -> None:
        super().__init__(context, context.rights.need("settings:edit"))
        self._saved: Retention | None = None
        self._preview: RetentionPreview | None = None
        self._asked: Retention | None = None
        self._handle: OpHandle | None = None
        self.setWindowTitle(tr("Retention"))
        self.search_hint = tr("Search devices, runs, scripts or commands")
        self.header = PageHeader(tr("Retention"), self.save)
        self.header.below.addWidget(
            label(tr("What is removed, and only of rollouts that have ended."), "muted", wrap=True), 1
        )
        self.runs = _days(tr("Keep runs for"))
        self.output = _days(tr("Keep output for"))
        self.room = ParsedField(
            tr("Keep output up to"),
            retention_words.parse_bytes,
            tr("Write a size such as 20 GB or 1.5 TB."),
            empty=tr("Any size"),
        )
        self.lines = Lines(tr("What would be removed"))
        self.unknown = label("", "muted", wrap=True)
        self.setLayout(column(self.header, self.notice, self._content(), gap=0))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AFTER_MS)
        self._timer.timeout.connect(self._look)
        for field in self._fields:
            field.changed.connect(self._changed)
        follow(self, self._writes, lambda _met: self._show_state())

    def show_target(self, _target: str | None) -> None:
        """What somebody else has saved meanwhile is shown, unless a person was changing it here."""
        if not self.dirty:
            self._context.ops.run(
                retention_ops.load(self._context.client),
                on_success=self._show,
                on_error=self._refused,
                owner=self,
            )

    @property
    def dirty(self) -> bool:
        return self._saved is not None and self._texts() != _texts_of(self._saved)

    def value(self) -> Retention:
        """What is written; an empty line keeps for ever. A size that was not touched stays exact."""
        saved, room = self._saved or Retention(), self.room.value or 0
        if self.room.text == retention_words.bytes_text(saved.output_max_bytes):
            room = saved.output_max_bytes
        return Retention(self.runs.value or 0, self.output.value or 0, room)

    def wrong(self) -> str:
        return next((field.wrong for field in self._fields if field.wrong), "")

    def save_now(self) -> None:
        """Asks first where more would be removed than before."""
        if self._saving or not self.dirty or self.wrong():
            return
        preview = self._preview if self._asked == self.value() else None
        if preview is not None and not retention_words.takes_something(preview):
            self._send()
            return
        what = (
            [text for _word, tone, text in retention_words.lines(preview) if tone == "warning"]
            if preview
            else []
        )
        confirm(
            self.window(),
            tr("Remove what these rules do not keep?"),
            " ".join([tr("Within ten minutes this goes, and it cannot be brought back:"), *what])
            if what
            else tr("What they do not keep goes within ten minutes, and cannot be brought back."),
            tr("Save and remove"),
            self._send,
        )

    # ---- inside

    @property
    def _fields(self) -> tuple[ParsedField[int], ...]:
        return self.runs, self.output, self.room

    def _content(self) -> QWidget:
        inside = QWidget()
        set_role(inside, "scrolled")
        lines = column(
            _rule(
                self.runs,
                tr(
                    "Runs of rollouts that ended longer ago are removed with all that they wrote, and the "
                    "rollout with its last run. What devices did before is not known any more then."
                ),
            ),
            rule(),
            _rule(
                self.output,
                tr("Older output is removed. What each run came to, when and with which exit code, stays."),
            ),
            rule(),
            _rule(
                self.room,
                tr("Where all output together is larger, the oldest is removed until it is not."),
            ),
            rule(),
            label(tr("What would go the next time"), "title"),
            self.lines,
            self.unknown,
            None,
            gap=16,
        )
        lines.setContentsMargins(16, 16, 16, 16)
        inside.setLayout(lines)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inside)
        return area

    def _texts(self) -> list[str]:
        return [field.text for field in self._fields]

    def _show(self, rules: Retention) -> None:
        self._saved = rules
        for field, text in zip(self._fields, _texts_of(rules), strict=True):
            field.show_text(text)
        self.notice.say("")
        self._asked = None
        self._show_state()
        self._look()

    def _refused(self, refusal: ApiError) -> None:
        self.notice.say(refusal.detail, "bad")

    def _changed(self) -> None:
        self._show_state()
        self._timer.start()

    def _show_state(self) -> None:
        for field in self._fields:
            field.box.setEnabled(self._saved is not None and self._writes.is_met)
        self.header.set_mark(tr("unsaved") if self.dirty else "", "accent")
        self.save.setEnabled(self.dirty and not self.wrong() and not self._saving)

    # ---- what would go

    def _look(self) -> None:
        if self.wrong():
            self._asked = None
            self._say(self.wrong())
            return
        wanted = self.value()
        if wanted == self._asked:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._asked, self._preview = wanted, None
        self._say(tr("Looking at what there is…"))
        self._handle = self._context.ops.run(
            retention_ops.look_ahead(self._context.client, wanted),
            on_success=partial(self._found, wanted),
            on_error=lambda refusal: self._say(refusal.detail),
            owner=self,
        )

    def _found(self, wanted: Retention, preview: RetentionPreview) -> None:
        if wanted is self._asked:
            self._preview = preview
            self.lines.show_lines(retention_words.lines(preview))
            self.unknown.hide()

    def _say(self, sentence: str) -> None:
        self._preview = None
        self.lines.show_lines([])
        self.unknown.setText(sentence)
        self.unknown.show()

    # ---- saving

    def _send(self) -> None:
        self._run_save(retention_ops.save(self._context.client, self.value()), self._sent)

    def _sent(self, rules: Retention) -> None:
        self._show(rules)
        self._context.notices.notice(tr("Saved. It holds from the next turn on, in some minutes."), "good")

    async def _ask_to_leave(self) -> bool:
        choices = {"discard": (tr("Throw away"), "danger")}
        if not self.wrong():
            choices["save"] = (tr("Save"), "primary")
        answer = await choose(
            self,
            tr("The rules are not saved"),
            tr("Rules that are saved hold within ten minutes, and what they do not keep is removed."),
            choices,
        )
        if answer == "save":
            self._send()
            await self._save_done.wait()
        elif answer == "discard" and self._saved is not None:
            self._show(self._saved)
        return bool(answer) and not self.dirty


def _days(title: str) -> ParsedField[int]:
    return ParsedField(
        title,
        retention_words.parse_days,
        tr("Write a number of days, up to {most}.", most=f"{retention_words.MOST_DAYS:,}"),
        empty=tr("For ever"),
    )


def _rule(field: ParsedField[int], meaning: str) -> QWidget:
    field.box.setFixedWidth(_FIELD_WIDTH)
    field.setFixedWidth(_FIELD_WIDTH)
    text = label(meaning, "muted", wrap=True)
    text.setMaximumWidth(_TEXT_WIDTH)
    field.box.setAccessibleDescription(meaning)
    made = QWidget()
    text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    line = row(column(field, None), text, None, gap=24)
    line.setStretch(1, _WHOLE)
    made.setLayout(line)
    return made


def _texts_of(rules: Retention) -> list[str]:
    return [
        retention_words.days_text(rules.runs_days),
        retention_words.days_text(rules.output_days),
        retention_words.bytes_text(rules.output_max_bytes),
    ]
