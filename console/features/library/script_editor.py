"""The editing part of the script page: fields, text, and in their place older texts and differences."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from backend_lite.contract.library import ScriptRevision, ScriptText
from console.core.texts import tr
from console.features.library.comparison import Comparison
from console.features.library.edited import Edited
from console.features.library.findings_list import FindingsList
from console.features.library.merge_view import MergeView
from console.features.library.merging import Merging
from console.features.library.parameter_text import name_forms, texts_to_compare, whole_text
from console.features.library.parameters_editor import ParametersEditor
from console.features.library.script_form import ScriptFields
from console.features.library.script_texts import DETECT, SCRIPT, UNDO, ScriptTexts
from console.shell.parts import column
from console.widgets.empty_state import EmptyState
from console.widgets.notice_bar import NoticeBar


class ScriptEditor(QWidget):
    """`changed` follows every change by a person, and undo. `parameters` stand elsewhere on the page."""

    changed = Signal()

    def __init__(self, back: QPushButton, parameters: ParametersEditor, notice: NoticeBar) -> None:
        super().__init__()
        self.parameters = parameters
        self._saved = Edited()
        self.fields = ScriptFields()
        self.notice = notice
        self.texts = ScriptTexts()
        self.code = self.texts.edits[SCRIPT]
        self.findings = FindingsList()
        self.findings.wanted.connect(self.texts.go_to)
        self._text = QWidget()
        lines = column(self.texts, self.findings, gap=0)
        lines.setStretch(0, 1)
        self._text.setLayout(lines)
        self.comparison = Comparison()
        self.merge = MergeView()
        self.missing = EmptyState(
            "script",
            tr("There is no such script"),
            tr("It was deleted, or the address is wrong."),
            back,
        )
        self.centre = QStackedWidget()
        for part in (self._text, self.comparison, self.merge, self.missing):
            self.centre.addWidget(part)
        self.setLayout(column(self.fields, self.notice, self.centre, gap=0))
        self.fields.changed.connect(self.changed)
        parameters.changed.connect(self._parameters_changed)
        self.fields.language.currentIndexChanged.connect(self._language_changed)
        self.texts.changed.connect(self.changed)
        self.comparison.closed.connect(self.end_comparison)
        self.merge.closed.connect(self.end_comparison)

    @property
    def dirty(self) -> bool:
        return self.texts.modified or self._without_text() != _without_text(self._saved)

    @property
    def base(self) -> Edited:
        """What the changes in the editor began with."""
        return self._saved

    @property
    def name(self) -> str:
        return self.fields.name_box.text().strip()

    def text(self) -> ScriptText:
        texts = self.texts
        return ScriptText(
            self.fields.language.currentData(),
            texts.text(),
            texts.text(DETECT) or None,
            texts.text(UNDO) or None,
        )

    def value(self) -> Edited:
        texts = self.texts
        return self.fields.value(texts.text(), self.parameters.value, texts.text(DETECT), texts.text(UNDO))

    def set_read_only(self, read_only: bool) -> None:
        """All of it can still be looked at and copied."""
        for edit in self.texts.edits.values():
            edit.set_read_only(read_only)
        for part in (self.fields, self.parameters):
            part.setEnabled(not read_only)

    def show_saved(self, edited: Edited) -> None:
        """Another script, or this one as somebody else left it: undo begins here."""
        self._saved = edited
        self.fields.show_script(edited)
        self.parameters.show_saved(edited.parameters)
        self._show_language(edited.language)
        self.texts.load(edited)
        self.fields.show()
        self.parameters.show()
        self.centre.setCurrentWidget(self._text)

    def show_unsaved(self, edited: Edited, base: Edited | None = None) -> None:
        """Over what is saved, or what they began with; text and parameters as changes that can be undone."""
        self._saved = base or self._saved
        self.fields.show_script(edited)
        self.parameters.show_unsaved(edited.parameters)
        self._show_language(edited.language)
        self.texts.replace(edited)

    def show_missing(self) -> None:
        self.fields.hide()
        self.parameters.hide()
        self.notice.say("")
        self.centre.setCurrentWidget(self.missing)

    def saved(self, sent: Edited, kept: Edited) -> None:
        """`sent` is saved, and the service made `kept` of it; what was typed meanwhile stays unsaved."""
        self._saved = kept
        self.texts.saved(sent)
        if self._without_text() == _without_text(sent):
            self.fields.show_script(kept)
            self.parameters.show_unsaved(kept.parameters)

    def give_way(self, theirs: Edited) -> None:
        """Takes somebody else's text as the saved one; undo brings the own one back."""
        self.show_unsaved(theirs)
        self._saved = theirs
        self.texts.saved(self.value())
        self.end_comparison()

    def wrong(self) -> str:
        """What has to be mended before it can be saved, said in place; empty when nothing has."""
        if not self.name:
            self.fields.name.set_error(tr("Give the script a name."))
            self.fields.name_box.setFocus()
            return self.fields.name.error
        if not self.code.text().strip():
            self.notice.say(tr("The script is empty: write what it should do."), "bad")
            self.texts.show_part(SCRIPT).setFocus()
            return self.notice.text.text()
        return self.parameters.go_to_problem()

    def show_merging(self, merging: Merging) -> None:
        self.merge.show_merging(merging)
        self.centre.setCurrentWidget(self.merge)

    def compare(self, title: str, old: Edited, new: Edited) -> None:
        """Text and, where they differ, parameters."""
        self.comparison.show_diff(title, *texts_to_compare(old, new))
        self.centre.setCurrentWidget(self.comparison)

    def view(self, revision: ScriptRevision) -> None:
        title = tr("Revision {n}, as it was", n=revision.number)
        self.comparison.show_text(title, whole_text(Edited.of_revision(revision)), revision.language)
        self.centre.setCurrentWidget(self.comparison)

    def go_back(self, revision: ScriptRevision) -> None:
        self.end_comparison()
        self.texts.replace(Edited.of_revision(revision))
        self.parameters.show_unsaved(revision.parameters)
        self.fields.language.setCurrentIndex(self.fields.language.findData(str(revision.language)))

    def end_comparison(self) -> None:
        if self.centre.currentWidget() in (self.comparison, self.merge):
            self.centre.setCurrentWidget(self._text)
            self.texts.setFocus()

    def _language_changed(self, _at: int) -> None:
        self._show_language(self.fields.language.currentData())

    def _show_language(self, language: str) -> None:
        self.texts.set_language(language)
        self.parameters.set_language(language)
        self._offer_names()

    def _parameters_changed(self) -> None:
        self._offer_names()
        self.changed.emit()

    def _offer_names(self) -> None:
        names = [one.name for one in self.parameters.value if one.name]
        self.texts.offer(name_forms(self.fields.language.currentData(), names))

    def _without_text(self) -> Edited:
        return self.fields.value("", self.parameters.value)


def _without_text(edited: Edited) -> Edited:
    return msgspec.structs.replace(edited, content="", detect="", undo="")
