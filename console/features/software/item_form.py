"""Everything that can be said about a software item; what is asked for follows the kind of installer."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QWidget

from backend_lite.contract.library import TARGET_OS_TYPES, Language
from backend_lite.contract.software import DetectionType, InstallerType, SourceType
from console.core import words
from console.core.software_edit import EditedSoftware, Shape, parse_codes, shape_of
from console.core.software_words import (
    detection_help,
    detection_title,
    installer_title,
    source_help,
    source_title,
)
from console.core.texts import tr
from console.features.software.file_form import FileForm
from console.features.software.upload_desk import UploadDesk
from console.shell.parts import card, column, label, row
from console.widgets.form import Field
from console.widgets.span_field import span_field, span_words

_KINDS = "*.msi *.exe *.msix *.deb *.rpm *.zip *.ps1 *.sh"
_MAX_TEXT = 4000


class ItemForm(FileForm):
    def __init__(self, desk: UploadDesk) -> None:
        super().__init__(
            EditedSoftware(),
            desk,
            tr("Installer file"),
            tr("Drop the installer here. The service keeps it, and devices get it from there."),
            tr("Installers ({kinds});;All files (*)", kinds=_KINDS),
        )
        self.limit = span_field(tr("Time limit"), hint=tr("After that it is stopped with all it started."))
        self.fields["timeout_s"] = self.limit
        left = column(self._about(), self._installer(), None, gap=12)
        right = column(self._removal(), self._detection(), self._success(), None, gap=12)
        self._stand_beside(left, right)
        self.limit.changed.connect(self._limit_changed)

    # ---- what the page asks

    def wrong(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if not self.value.name.strip():
            found["name"] = tr("Give it a name.")
        if parse_codes(self.value.exit_codes) is None:
            found["exit_codes"] = tr("Write whole numbers with commas between them, such as 0, 3010.")
        if self.limit.wrong or not self.limit.text:
            found["timeout_s"] = self.limit.wrong or tr("Say how long it may take, such as 30 min.")
        if self.value.source_type == SourceType.UPLOAD and not self.value.sha256:
            found["file"] = (
                tr("Wait until the file has arrived, then save.")
                if self.pending_file()
                else tr("Bring the installer first, or choose another source.")
            )
        return found

    def show_rest(self, value: EditedSoftware) -> None:
        shape = shape_of(value)
        self._show_choices(value, shape)
        self.show_file(value)
        upload = value.source_type == SourceType.UPLOAD
        shown = {
            "source_type": not shape.package,
            "file": upload or self.file.is_moving,
            "source": shape.package or value.source_type not in (SourceType.NONE, SourceType.UPLOAD),
            "sha256": bool(shape.checksum) and (bool(value.sha256) or not upload),
            "language": shape.language,
            "install_command": bool(shape.install),
            "uninstall_command": bool(shape.uninstall),
            "detect_value": value.detect_type not in (DetectionType.NONE, DetectionType.SCRIPT),
            "detect_script": value.detect_type == DetectionType.SCRIPT,
            "detect_version": shape.detect_version,
        }
        for name, visible in shown.items():
            self.fields[name].setVisible(visible)
        self._show_words(value, shape)
        if self.limit.value != value.timeout_s:
            self.limit.show_text(span_words(value.timeout_s))

    def take_choice(self, name: str, chosen: str) -> None:
        value: EditedSoftware = self.value
        if name == "installer_type":
            self.change(name, value.with_installer(chosen))
        elif name == "source_type":
            self.change(name, value.with_source(chosen))
        elif name == "detect_type":
            self.change(name, value.with_detection(chosen))
        else:
            super().take_choice(name, chosen)

    # ---- the cards

    def _about(self) -> QWidget:
        systems = {one: words.system_word(one or None) for one in ("", *TARGET_OS_TYPES)}
        first = row(self.line("name", tr("Name")), self.line("version_text", tr("Version"), most=100), gap=12)
        first.setStretch(0, 3)
        first.setStretch(1, 1)
        second = row(
            self.line("publisher", tr("Publisher")),
            self.choice("target_os_type", tr("Runs on"), systems),
            gap=12,
        )
        third = row(
            self.line("tags", tr("Tags"), most=_MAX_TEXT, empty=tr("Words with commas between them")),
            self.line("slug", tr("Slug"), empty=tr("Follows the name")),
            gap=12,
        )
        self.fields["slug"].input.setToolTip(
            tr("What programs call it: lower-case letters and digits, with - between them.")
        )
        return card(
            label(tr("What it is"), "title"),
            first,
            second,
            third,
            self.line("description", tr("Description"), most=_MAX_TEXT),
        )

    def _installer(self) -> QWidget:
        kinds = {one.value: installer_title(one) for one in InstallerType}
        self.fields["file"] = Field(tr("File"), self.file)
        languages = {one.value: words.language_word(one) for one in Language}
        kind = row(
            self.choice("installer_type", tr("Installed by"), kinds),
            self.choice("source_type", tr("Its file"), {}),
            gap=12,
        )
        for at in range(2):
            kind.setStretch(at, 1)
        return card(
            label(tr("How it is installed"), "title"),
            kind,
            self.fields["file"],
            self.line("source", tr("Source"), " ", most=2000),
            self.line("sha256", tr("Checksum (SHA-256)"), " ", most=100),
            self.choice("language", tr("Language"), languages),
            self.text("install_command", tr("Install script")),
            self.line("install_args", tr("Arguments"), " ", most=_MAX_TEXT),
        )

    def _removal(self) -> QWidget:
        self.by_itself = label("", "secondary", wrap=True)
        return card(
            label(tr("How it is removed"), "title"),
            self.by_itself,
            self.text("uninstall_command", tr("Uninstall script"), height=100),
            self.line("uninstall_args", tr("Arguments for removing"), most=_MAX_TEXT),
        )

    def _detection(self) -> QWidget:
        value = self.line("detect_value", tr("Looks for"), most=1000)
        script = self.text("detect_script", tr("Detection script"), height=100, of="detect_value")
        return card(
            label(tr("How devices tell that it is there"), "title"),
            self.choice("detect_type", tr("Detection"), {}, " "),
            value,
            script,
            self.line(
                "detect_version",
                tr("At least in version"),
                most=100,
                empty=tr("Any version"),
            ),
        )

    def _success(self) -> QWidget:
        codes = self.line("exit_codes", tr("Exit codes that mean success"), " ", most=400)
        line = row(codes, self.limit, gap=12)
        for at in range(2):
            line.setStretch(at, 1)
        line.setAlignment(codes, Qt.AlignmentFlag.AlignTop)
        line.setAlignment(self.limit, Qt.AlignmentFlag.AlignTop)
        return card(label(tr("When it has succeeded"), "title"), line)

    # ---- what depends on other fields

    def _show_choices(self, value: EditedSoftware, shape: Shape) -> None:
        sources = {one.value: source_title(one) for one in shape.sources}
        detections = {one.value: detection_title(one) for one in shape.detections}
        # What the service has of it is shown, also where it would not be offered.
        sources.setdefault(value.source_type, source_title(value.source_type))
        detections.setdefault(value.detect_type, detection_title(value.detect_type))
        _offer(self._choices["source_type"], sources, value.source_type)
        _offer(self._choices["detect_type"], detections, value.detect_type)

    def show_file(self, value: EditedSoftware) -> None:
        uploaded = value.source_type == SourceType.UPLOAD and bool(value.sha256)
        self.file.show_file(
            self._key,
            value.file_name if uploaded else "",
            value.file_size,
            tr("Checksum verified") if uploaded else "",
            removable=False,
        )

    def _show_words(self, value: EditedSoftware, shape: Shape) -> None:
        installer = InstallerType(value.installer_type)
        _say(self.fields["source"], *_source_words(value, shape))
        shown = shape.checksum == "shown"
        self._lines["sha256"].setReadOnly(shown)
        self.fields["sha256"].set_hint(
            tr("Of the bytes that the service keeps; every device checks it.")
            if shown
            else tr("Its publisher names it. Devices refuse a file that differs.")
        )
        script = shape.install == "script"
        _say(
            self.fields["install_command"],
            tr("Install script") if script else tr("Command"),
            tr("The file lies where the variable DEPLOYFLOW_FILE says.")
            if value.source_type != SourceType.NONE
            else "",
        )
        removes = shape.uninstall == "script"
        _say(
            self.fields["uninstall_command"],
            tr("Uninstall script") if removes else tr("Command that removes it"),
            tr("Without one it can be installed but not removed."),
        )
        self.by_itself.setText("" if shape.uninstall else _by_itself(installer))
        self.by_itself.setVisible(not shape.uninstall)
        self.fields["install_args"].set_hint(_arguments_hint(installer))
        self.fields["detect_type"].set_hint(detection_help(value.detect_type))
        self.fields["exit_codes"].set_hint(tr("Those that ask for a restart are understood as well."))
        shell = "cmd" if value.target_os_type.startswith("windows") else "bash"
        for name in ("install_command", "uninstall_command", "detect_value"):
            self._texts[name].set_language(value.language if value.language else shell)

    # ---- what a person does

    def _limit_changed(self) -> None:
        if self.limit.value is not None:
            self.change("timeout_s", msgspec.structs.replace(self.value, timeout_s=self.limit.value))


def _offer(box: QComboBox, options: dict[str, str], chosen: str) -> None:
    if [box.itemData(at) for at in range(box.count())] != list(options):
        box.clear()
        for value, text in options.items():
            box.addItem(text, value)
    box.setCurrentIndex(box.findData(chosen))


def _say(field: Field, title: str, hint: str) -> None:
    field.label.setText(title)
    field.input.setAccessibleName(title)
    field.set_hint(hint)


def _source_words(value: EditedSoftware, shape: Shape) -> tuple[str, str]:
    if shape.package:
        return tr("Package"), tr("As its package manager calls it; without one the name is looked for.")
    return source_title(value.source_type), source_help(value.source_type)


def _by_itself(installer: InstallerType) -> str:
    if installer is InstallerType.MSI:
        return tr(
            "Windows Installer removes it: by the product code of the detection, or with the same file."
        )
    return tr("The package manager removes what it installed.")


def _arguments_hint(installer: InstallerType) -> str:
    if installer is InstallerType.MSI:
        return tr("Besides /qn /norestart, such as INSTALLDIR=D:\\Apps.")
    if installer is InstallerType.EXE:
        return tr("What makes it silent, such as /S or /quiet /norestart.")
    return ""
