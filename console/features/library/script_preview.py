"""What there is to know about one script at a glance, for the right pane."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from console.core import formatting, words
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import plural, tr
from console.features.library.script_columns import parts_words
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.code_edit import CodeText
from console.widgets.form import Facts

Object = dict[str, Any]
SHOWN_LINES = 60
_HEIGHT = 300


class ScriptPreview(QWidget):
    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._script_id = 0
        self._content = ""
        self.name = label("", "title", wrap=True)
        self.description = label("", "muted", wrap=True)
        self.run = button(tr("Run…"), self._run, "primary", need=context.rights.need("rollouts:run"))
        self.open = button(tr("Edit"), self._open)
        self.facts = Facts()
        self.code = CodeText()
        self.code.setReadOnly(True)
        self.code.setAccessibleName(tr("Beginning of the script"))
        self.code.setFixedHeight(_HEIGHT)
        lines = column(
            self.name,
            self.description,
            row(self.run, self.open, None),
            self.facts,
            self.code,
            None,
            gap=12,
        )
        lines.setContentsMargins(16, 16, 16, 16)
        self.setLayout(lines)

    def show_scripts(self, scripts: list[Object]) -> None:
        one = len(scripts) == 1
        for part in (self.description, self.run, self.open, self.facts, self.code):
            part.setVisible(one)
        if one:
            self._show_one(scripts[0])
        else:
            self.name.setText(plural(len(scripts), "{count} script", "{count} scripts"))

    def _show_one(self, script: Object) -> None:
        now = self._context.clock()
        self._script_id = script["id"]
        self.name.setText(script["name"])
        self.description.setText(script.get("description") or "")
        self.description.setVisible(bool(script.get("description")))
        self.facts.show_fact(tr("Language"), words.language_word(script["language"]))
        self.facts.show_fact(tr("Runs on"), words.system_word(script.get("target_os_type")))
        self.facts.show_fact(tr("Folder"), script["folder"])
        self.facts.show_fact(tr("Tags"), ", ".join(script["tags"]))
        also = parts_words(script)
        self.facts.show_fact(tr("Also"), "" if also == formatting.NOTHING else also)
        self.facts.show_fact(tr("Time limit"), formatting.duration(script["timeout_s"]))
        self.facts.show_fact(tr("Revision"), str(script["revision"]))
        updated = formatting.local_time(script["updated_at"], now)
        by = tr("{when} by {author}", when=updated, author=script["author"]) if script["author"] else updated
        self.facts.show_fact(tr("Updated"), by)
        shown = "\n".join(script["content"].splitlines()[:SHOWN_LINES])
        if (shown, script["language"]) != (self._content, self.code.highlighter.language):
            self._content = shown
            self.code.highlighter.set_language(script["language"])
            self.code.setPlainText(shown)
            self.code.highlighter.start()

    def _run(self) -> None:
        self._context.navigator.ask(RUN_DIALOG, RunRequest(script_id=self._script_id))

    def _open(self) -> None:
        self._context.navigator.open("script", str(self._script_id))
