"""Software items for their editor."""

from __future__ import annotations

import msgspec

from backend_lite.contract.live import SOFTWARE
from console.core import software_ops as ops
from console.core import words
from console.core.field_merge import Part, line
from console.core.software_edit import EditedSoftware
from console.core.software_words import detection_title, installer_title, source_words
from console.core.spans import span_text
from console.core.texts import tr
from console.features.software.editing import Editing

Item = EditedSoftware


def item_editing() -> Editing[EditedSoftware]:
    return Editing(
        live=SOFTWARE,
        artifact="software",
        list_key="software",
        icon="package",
        many=tr("Software"),
        new_title=tr("New software item"),
        missing_title=tr("There is no such software item"),
        show_all=tr("Show all software"),
        empty=EditedSoftware(),
        load=ops.load_item,
        create=ops.create_item,
        update=ops.update_item,
        parts=parts(),
    )


def parts() -> tuple[Part[Item], ...]:
    """What of an item two people can have changed; what only makes sense together stays together."""
    lines = {
        "name": tr("Name"),
        "slug": tr("Slug"),
        "version_text": tr("Version"),
        "publisher": tr("Publisher"),
        "tags": tr("Tags"),
        "description": tr("Description"),
        "exit_codes": tr("Exit codes"),
    }
    return (
        *(line(name, title) for name, title in lines.items()),
        Part(tr("Runs on"), ("target_os_type",), lambda item: words.system_word(item.target_os_type or None)),
        Part(
            tr("Installer"),
            ("installer_type", "source_type", "source", "file_name", "file_size", "sha256"),
            _installer,
        ),
        Part(tr("Installing"), ("install_command", "install_args", "language"), _install),
        Part(tr("Removing"), ("uninstall_command", "uninstall_args"), _uninstall),
        Part(tr("Detection"), ("detect_type", "detect_value", "detect_version"), _detection),
        Part(tr("Time limit"), ("timeout_s",), lambda item: span_text(item.timeout_s)),
    )


def _installer(item: Item) -> str:
    parts_ = [installer_title(item.installer_type), source_words(msgspec.structs.asdict(item))]
    if item.sha256:
        parts_.append(f"SHA-256 {item.sha256[:12]}…")
    return " · ".join(parts_)


def _install(item: Item) -> str:
    return " · ".join(part for part in (item.install_command, item.install_args) if part)


def _uninstall(item: Item) -> str:
    return " · ".join(part for part in (item.uninstall_command, item.uninstall_args) if part)


def _detection(item: Item) -> str:
    lines = (detection_title(item.detect_type), item.detect_value, item.detect_version)
    return " · ".join(line for line in lines if line)
