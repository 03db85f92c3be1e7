"""What of a script can be edited besides its texts."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QCompleter, QFrame, QLineEdit

from backend_lite.contract.library import MAX_FOLDER, MAX_NAME, TARGET_OS_TYPES, Language
from backend_lite.contract.parameters import ScriptParameter
from console.core import words
from console.core.texts import tr
from console.features.library.edited import Edited
from console.features.library.folders import plain_folder, plain_tags
from console.shell.parts import column, frame, row
from console.widgets.form import Field
from console.widgets.minutes_box import MinutesBox


class ScriptFields(QFrame):
    """`changed` follows what a person changes, not what `show_script` sets."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._quiet = False
        self.name_box = QLineEdit()
        self.name_box.setMaxLength(MAX_NAME)
        self.name = Field(tr("Name"), self.name_box)
        self.language = QComboBox()
        for language in Language:
            self.language.addItem(words.language_word(language), language.value)
        self.system = QComboBox()
        for system in ("", *TARGET_OS_TYPES):
            self.system.addItem(words.system_word(system or None), system)
        self.timeout = MinutesBox()
        self.description, self.folder, self.tags = QLineEdit(), QLineEdit(), QLineEdit()
        self.folder.setPlaceholderText(tr("Windows/Clean up"))
        self.folder.setMaxLength(MAX_FOLDER)
        self.tags.setPlaceholderText(tr("disk, weekly"))
        self._folders = QStringListModel()
        completer = QCompleter(self._folders, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.folder.setCompleter(completer)
        self.idempotent = QCheckBox(tr("May be repeated"))
        meaning = tr("Running it twice does no harm: a rollout may then try again by itself.")
        self.idempotent.setAccessibleDescription(meaning)
        self.idempotent.setToolTip(meaning)
        first = row(
            self.name,
            Field(tr("Language"), self.language),
            Field(tr("Runs on"), self.system),
            Field(tr("Time limit"), self.timeout),
        )
        first.setStretch(0, 1)
        after = Field(tr("After a failure"), self.idempotent)
        second = row(
            Field(tr("Description"), self.description),
            Field(tr("Folder"), self.folder),
            Field(tr("Tags"), self.tags),
            after,
        )
        second.setAlignment(after, Qt.AlignmentFlag.AlignTop)
        for at, share in enumerate((3, 2, 2)):
            second.setStretch(at, share)
        inside = frame("tool-bar", column(first, second), (16, 10, 16, 10))
        self.setLayout(column(inside))
        self._connect()

    def offer_folders(self, folders: Iterable[str]) -> None:
        """Those that there are, for completion."""
        self._folders.setStringList(sorted(folders, key=str.casefold))

    def show_script(self, edited: Edited) -> None:
        self._quiet = True
        texts = {
            self.name_box: edited.name,
            self.description: edited.description,
            self.folder: edited.folder,
            self.tags: ", ".join(edited.tags),
        }
        for box, text in texts.items():
            box.setText(text)
            box.setCursorPosition(0)
        self.language.setCurrentIndex(max(self.language.findData(str(edited.language)), 0))
        self.system.setCurrentIndex(max(self.system.findData(edited.target_os_type), 0))
        self.timeout.show_seconds(edited.timeout_s)
        self.idempotent.setChecked(edited.idempotent)
        self._quiet = False
        self.name.set_error("")

    def value(
        self, content: str, parameters: tuple[ScriptParameter, ...], detect: str = "", undo: str = ""
    ) -> Edited:
        return Edited(
            name=self.name_box.text().strip(),
            language=self.language.currentData(),
            target_os_type=self.system.currentData(),
            timeout_s=self.timeout.seconds,
            description=self.description.text().strip(),
            content=content,
            parameters=parameters,
            idempotent=self.idempotent.isChecked(),
            folder=plain_folder(self.folder.text()),
            tags=plain_tags(self.tags.text()),
            detect=detect,
            undo=undo,
        )

    def _connect(self) -> None:
        for box in (self.name_box, self.description, self.folder, self.tags):
            box.textEdited.connect(self._tell)
        # What is taken from the completion is not "edited".
        self.folder.completer().activated.connect(self._tell)
        self.language.currentIndexChanged.connect(self._tell)
        self.system.currentIndexChanged.connect(self._tell)
        self.timeout.edited.connect(self._tell)
        self.idempotent.toggled.connect(self._tell)

    def _tell(self, _news: object = None) -> None:
        if not self._quiet:
            self.name.set_error("")
            self.changed.emit()
