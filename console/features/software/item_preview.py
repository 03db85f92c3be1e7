"""The chosen software items, beside their list."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from backend_lite.contract.software import DetectionType
from console.core import formatting, words
from console.core.installed import is_removable
from console.core.software_words import detection_title, installer_title, source_words
from console.core.texts import tr
from console.features.software.item_actions import ItemActions
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.form import Facts

Object = dict[str, Any]


class ItemPreview(QWidget):
    def __init__(self, context: Context, actions: ItemActions) -> None:
        super().__init__()
        self._context, self._actions = context, actions
        self._items: list[Object] = []
        self.name = label("", "title", wrap=True)
        self.description = label("", "muted", wrap=True)
        self.install = button(
            tr("Install on…"),
            lambda: actions.install(self._items),
            "primary",
            need=context.rights.need("rollouts:run"),
        )
        self.remove = button(
            tr("Uninstall from…"),
            lambda: actions.uninstall(self._items),
            need=context.rights.need("rollouts:run"),
        )
        self.facts = Facts()
        self.places = button(
            tr("Where is it installed"),
            self._show_places,
            "link",
            need=context.rights.need("devices:view"),
        )
        lines = column(
            self.name,
            self.description,
            row(self.install, self.remove, None),
            self.facts,
            row(self.places, None),
            None,
            gap=12,
        )
        lines.setContentsMargins(16, 16, 16, 16)
        self.setLayout(lines)

    def show_items(self, items: list[Object]) -> None:
        self._items = items
        one = len(items) == 1
        self.remove.setEnabled(all(map(is_removable, items)))
        for part in (self.description, self.facts, self.places):
            part.setVisible(one)
        if one:
            self._show_one(items[0])
        else:
            self.name.setText(tr("{count} items are chosen", count=f"{len(items):,}"))

    def _show_one(self, item: Object) -> None:
        version = f" {item['version_text']}" if item["version_text"] else ""
        self.name.setText(f"{item['name']}{version}")
        self.description.setText(item["description"] or "")
        self.description.setVisible(bool(item["description"]))
        detection = item["detection"]
        facts = {
            tr("Publisher"): item["publisher"],
            tr("Type"): installer_title(item["installer_type"]),
            tr("Runs on"): words.system_word(item["target_os_type"]),
            tr("Source"): source_words(item),
            tr("Size"): formatting.size(item["file_size"]) if item["file_size"] else "",
            tr("SHA-256"): item["sha256"] or "",
            tr("Arguments"): item["install_args"],
            tr("Detection"): detection_title(detection["type"]),
            tr("Looks for"): "" if detection["type"] == DetectionType.SCRIPT else detection["value"],
            tr("Time limit"): formatting.duration(item["timeout_s"]),
        }
        for title, value in facts.items():
            self.facts.show_fact(title, value)

    def _show_places(self) -> None:
        self._actions.show_places(self._items[0])
