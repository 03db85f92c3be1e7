"""Which devices have which profile: one is chosen for the other."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QWidget

from backend_lite.contract.library import os_matches
from backend_lite.contract.live import PROFILE
from console.core import words
from console.core.plan_request import AssignRequest
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import plural, tr
from console.features.plans import ops
from console.shell.context import Context
from console.shell.parts import button, column, label, row
from console.widgets.device_ticks import DeviceTicks
from console.widgets.form import Field
from console.widgets.table_columns import Column, Kind, Pill, pill_column

Object = dict[str, Any]
_WIDTH, _ROWS = 560, 8
_MARGINS = (20, 20, 20, 16)
_NONE = 0


class AssignDialog(QDialog):
    """`assigned(device_ids, profile_id)`: it is done."""

    assigned = Signal(list, object)

    def __init__(self, parent: QWidget, context: Context, request: AssignRequest) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Assign a profile"))
        self.setFixedWidth(_WIDTH)
        self._context, self._request = context, request
        self.profile = QComboBox()
        self.profile.setPlaceholderText(tr("Choose a profile…"))
        self.profile.addItem(tr("No profile"), _NONE)
        profiles = sorted(context.live.kind(PROFILE).values(), key=lambda one: str(one["name"]).lower())
        for one in profiles:
            self.profile.addItem(str(one["name"]), one["id"])
        self.about = label("", "muted", wrap=True)
        self.warning = label("", "error", wrap=True)
        self.apply = QCheckBox(tr("Apply it now"))
        self.apply.setAccessibleDescription(tr("Assigning alone runs nothing."))
        self.note = label(tr("Assigning alone runs nothing."), "secondary")
        self.save = button(tr("Assign"), self._send, "primary", need=context.rights.need("devices:edit"))
        self.save.setDefault(True)
        self.picker = DeviceTicks(context, ("assign", tr("Devices")), _columns(context), _search, rows=_ROWS)
        self.picker.table.header.setStretchLastSection(True)
        self.picker.choose(request.device_ids)
        self.picker.setVisible(not request.device_ids)
        field = Field(tr("Profile"), self.profile)
        field.setVisible(request.profile_id is None)
        lines = column(
            label(tr("Assign a profile"), "title"),
            self.about,
            field,
            self.picker,
            self.warning,
            row(self.apply, self.note, None),
            row(None, button(tr("Cancel"), self.reject), self.save),
            gap=12,
        )
        lines.setContentsMargins(*_MARGINS)
        self.setLayout(lines)
        # What they have now, or nothing: the first that comes to hand is no proposal.
        self.profile.setCurrentIndex(self.profile.findData(self._proposed() or -1))
        self.profile.currentIndexChanged.connect(lambda _at: self._refresh())
        self.picker.changed.connect(self._refresh)
        self._refresh()
        (self.profile if request.profile_id is None else self.picker.table).setFocus()

    @property
    def profile_id(self) -> int | None:
        """None for no profile, and while nothing is chosen."""
        return int(self.profile.currentData() or _NONE) or None

    @property
    def device_ids(self) -> list[int]:
        return self.picker.chosen

    # ---- inside

    def _proposed(self) -> int | None:
        """What they all have now."""
        if self._request.profile_id is not None:
            return self._request.profile_id
        now = {device.get("profile_id") for device in self.picker.chosen_devices()}
        return now.pop() if len(now) == 1 else None

    def _refresh(self) -> None:
        names = [str(device["hostname"]) for device in self.picker.chosen_devices()]
        if self._request.device_ids:
            self.about.setText(tr("What {names} should have.", names=words.named(names)))
        else:
            count = plural(len(names), "{count} device", "{count} devices") if names else tr("no device yet")
            name = self.profile.currentText()
            self.about.setText(tr("“{name}” for {count}.", name=name, count=count))
        wrong = self._wrong_systems()
        self.warning.setText(wrong)
        self.warning.setVisible(bool(wrong))
        takes = self.profile_id is not None
        self.apply.setEnabled(takes)
        self.apply.setChecked(self.apply.isChecked() and takes)
        chosen = self.profile.currentIndex() >= 0
        self.save.setText(tr("Assign") if takes or not chosen else tr("Take the profile away"))
        self.save.setEnabled(bool(names) and chosen and not wrong)

    def _wrong_systems(self) -> str:
        profile = self._context.live.get(PROFILE, self.profile_id or 0)
        target = (profile or {}).get("target_os_type")
        others = [one for one in self.picker.chosen_devices() if not os_matches(target, one.get("os_type"))]
        if not others:
            return ""
        return tr(
            "The profile is for {target}; {names} cannot take it.",
            target=words.system_word(target),
            names=words.named([str(one["hostname"]) for one in others]),
        )

    def _send(self) -> None:
        ids, profile_id = self.device_ids, self.profile_id
        self.save.setEnabled(False)
        self._context.ops.run(
            ops.assign(self._context.client, ids, profile_id),
            on_success=lambda _count: self._done(ids, profile_id),
            on_error=lambda refusal: self._refused(refusal.detail),
            owner=self,
        )

    def _refused(self, sentence: str) -> None:
        self.warning.setText(sentence)
        self.warning.show()
        self.save.setEnabled(True)

    def _done(self, ids: list[int], profile_id: int | None) -> None:
        context, now = self._context, self.apply.isChecked()
        self.assigned.emit(ids, profile_id)
        self.accept()
        context.notices.notice(
            plural(len(ids), "The profile is assigned.", "The profile is assigned to {count} devices.")
            if profile_id is not None
            else tr("The profile was taken away."),
            "good",
        )
        if now and profile_id is not None:
            context.navigator.ask(RUN_DIALOG, RunRequest(profile_id=profile_id, device_ids=tuple(ids)))


def _columns(context: Context) -> list[Column]:
    def has(device: Object) -> Pill | None:
        profile = context.live.get(PROFILE, device.get("profile_id") or 0)
        return None if profile is None else Pill(str(profile["name"]), "idle")

    return [
        Column("name", tr("Name"), lambda d: str(d.get("hostname") or d["id"]), Kind.STRONG, width=160),
        Column("system", tr("System"), words.device_system, width=130),
        pill_column("has", tr("Has now"), has, width=150),
    ]


def _search(device: Object) -> str:
    return f"{device.get('hostname')} {words.device_system(device)}".lower()


def open_assign_dialog(context: Context, request: AssignRequest) -> AssignDialog | None:
    """Over the open page; None where there is no window to open it over."""
    page = context.navigator.page
    if page is None:
        return None
    dialog = AssignDialog(page.window(), context, request)
    dialog.open()
    return dialog
