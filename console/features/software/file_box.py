"""The file of an item: dropped or chosen, on its way, or kept by the service."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QLayout, QProgressBar, QStackedWidget, QWidget

from console.core import formatting
from console.core.texts import tr
from console.features.software.upload_desk import Bringing, UploadDesk
from console.shell.parts import ElidedLabel, button, column, label, row
from console.shell.theme import set_role
from console.widgets.status_badge import StatusBadge

_STEPS = 1000


class FileBox(QFrame):
    """`kinds` is the filter of the file dialog. `stored(StoredFile)`: a file has arrived. `dropped` says that
    a file begins its way, `removed` that a person wants none."""

    stored = Signal(object)
    begun = Signal()
    removed = Signal()

    def __init__(self, desk: UploadDesk, title: str, hint: str, kinds: str) -> None:
        super().__init__()
        self._desk, self._kinds, self._title = desk, kinds, title
        self._key = ""
        self._shown: Bringing | None = None
        self.setAcceptDrops(True)
        self.setAccessibleName(title)
        set_role(self, "drop")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.choose = button(tr("Choose a file…"), self.ask, name=tr("Choose a file: {title}", title=title))
        self._hint = label(hint, "muted", wrap=True)
        self._none = _part(row(self._hint, self.choose))
        self.name = ElidedLabel("", "strong")
        self.about = label("", "secondary", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress of the upload"))
        self.stop = button(tr("Stop"), lambda: self._desk.stop(self._key))
        self.go_on = button(tr("Go on"), self._go_on)
        self.forget = button(tr("Give up"), self._give_up, "quiet")
        self._moving = _part(
            column(row(self.name, None, self.stop, self.go_on, self.forget), self.bar, self.about, gap=6)
        )
        self.kept_name = ElidedLabel("", "strong")
        self.kept_about = label("", "secondary")
        self.badge = StatusBadge("", "good")
        self.replace = button(tr("Replace…"), self.ask, name=tr("Replace: {title}", title=title))
        self.remove = button(tr("Remove"), self.removed.emit, "quiet")
        self._kept = _part(
            row(
                column(row(self.kept_name, self.badge, None), self.kept_about, gap=2),
                None,
                self.replace,
                self.remove,
            )
        )
        self._parts = QStackedWidget()
        for part in (self._none, self._moving, self._kept):
            self._parts.addWidget(part)
        layout = column(self._parts)
        layout.setContentsMargins(12, 10, 12, 10)
        self.setLayout(layout)
        desk.arrived.connect(self._arrived)

    @property
    def is_moving(self) -> bool:
        return self._shown is not None

    def show_file(self, key: str, name: str, size: int | None, badge: str, *, removable: bool) -> None:
        """`key` says what is edited; a file of it that is on its way comes before the kept one."""
        self._key = key
        self.kept_name.setText(name)
        self.kept_about.setText(formatting.size(size) if size is not None else "")
        self.badge.show_state(badge, "good")
        self.remove.setVisible(removable)
        self._follow(self._desk.of(key))

    def take_arrived(self) -> None:
        """A file may have arrived while something else was edited."""
        self._arrived(self._key)

    def ask(self) -> None:
        dialog = QFileDialog(self, self._title, "", self._kinds)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.bring(Path(path)))
        dialog.open()

    def bring(self, path: Path) -> None:
        """Uploads the file; what was kept before stays until it has arrived."""
        self._follow(self._desk.start(self._key, path))
        self.begun.emit()

    # ---- what Qt calls

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if file_in(event) is not None:
            event.acceptProposedAction()
            set_role(self, "drop", "accent")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        set_role(self, "drop")
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        set_role(self, "drop")
        if (path := file_in(event)) is not None:
            event.acceptProposedAction()
            self.bring(path)

    # ---- inside

    def _follow(self, bringing: Bringing | None) -> None:
        if self._shown is not bringing:
            if self._shown is not None:
                self._shown.changed.disconnect(self._show)
            self._shown = bringing
            if bringing is not None:
                bringing.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        found = self._shown
        if found is None:
            self._parts.setCurrentWidget(self._kept if self.kept_name.text() else self._none)
            return
        self.name.setText(found.path.name)
        known = found.share is not None
        self.bar.setRange(0, _STEPS if known or not found.running else 0)
        self.bar.setValue(round(_STEPS * (found.share or 0)))
        self.about.setText(found.text if found.running else _stopped(found))
        set_role(self.about, "error" if found.problem else "secondary")
        self.stop.setVisible(found.running)
        self.go_on.setVisible(not found.running)
        self._parts.setCurrentWidget(self._moving)

    def _go_on(self) -> None:
        if self._shown is not None:
            self.bring(self._shown.path)

    def _give_up(self) -> None:
        self._desk.give_up(self._key)
        self._follow(None)
        self.begun.emit()

    def _arrived(self, key: str) -> None:
        if key == self._key and (file := self._desk.take(key)) is not None:
            self._follow(None)
            self.stored.emit(file)


def _stopped(found: Bringing) -> str:
    if found.problem:
        return found.problem
    share = f"{found.share:.0%}" if found.share else ""
    if share:
        return tr("Stopped at {share}. What has come is kept for a day.", share=share)
    return tr("Not brought yet.")


def _part(layout: QLayout) -> QWidget:
    made = QWidget()
    made.setLayout(layout)
    return made


def file_in(event: QDragEnterEvent | QDropEvent) -> Path | None:
    """The one file that is dragged."""
    urls = event.mimeData().urls()
    path = Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
    return path if path is not None and path.is_file() else None
