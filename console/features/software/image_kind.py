"""Images of operating systems for their editor."""

from __future__ import annotations

from backend_lite.contract.live import OS_IMAGE
from console.core import formatting, words
from console.core import software_ops as ops
from console.core.field_merge import Part, line
from console.core.image_edit import EditedImage
from console.core.texts import tr
from console.features.software.editing import Editing


def image_editing() -> Editing[EditedImage]:
    return Editing(
        live=OS_IMAGE,
        artifact="os_images",
        list_key="os-images",
        icon="disc",
        many=tr("OS images"),
        new_title=tr("New OS image"),
        missing_title=tr("There is no such image"),
        show_all=tr("Show all images"),
        empty=EditedImage(),
        load=ops.load_image,
        create=ops.create_image,
        update=ops.update_image,
        parts=_parts(),
    )


def _parts() -> tuple[Part[EditedImage], ...]:
    """What of an image two people can have changed."""
    lines = {
        "name": tr("Name"),
        "version_text": tr("Version"),
        "edition": tr("Edition"),
        "architecture": tr("Architecture"),
        "language": tr("Language"),
        "description": tr("Description"),
        "storage_ref": tr("Where it lies"),
        "checksum": tr("Checksum"),
    }
    return (
        *(line(name, title) for name, title in lines.items()),
        Part(tr("System"), ("os_type",), lambda image: words.system_word(image.os_type or None)),
        Part(tr("File"), ("file_name", "file_sha256", "file_size", "verified_at"), _file),
    )


def _file(image: EditedImage) -> str:
    if not image.file_sha256:
        return ""
    return f"{image.file_name} · {formatting.size(image.file_size)} · {image.file_sha256[:12]}…"
