"""Images of operating systems for their editor."""

from __future__ import annotations

from backend_lite.contract.live import OS_IMAGE
from console.core import formatting, words
from console.core import software_ops as ops
from console.core.field_merge import FieldMerge, Part
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
        edited_of=EditedImage.of,
        name_of=lambda value: value.name.strip(),
        load=ops.load_image,
        create=lambda client, value: ops.create_image(client, value.as_new()),
        update=lambda client, image_id, value, saved, version: ops.update_image(
            client, image_id, value.as_change(saved), version
        ),
        merge=merge,
    )


def merge(base: EditedImage, mine: EditedImage, theirs: EditedImage) -> FieldMerge[EditedImage]:
    return FieldMerge(parts(), base, mine, theirs)


def parts() -> tuple[Part[EditedImage], ...]:
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
        *(_line(name, title) for name, title in lines.items()),
        Part(tr("System"), ("os_type",), lambda image: words.system_word(image.os_type or None)),
        Part(tr("File"), ("file_name", "file_sha256", "file_size", "verified_at"), _file),
    )


def _line(name: str, title: str) -> Part[EditedImage]:
    return Part(title, (name,), lambda image: str(getattr(image, name)))


def _file(image: EditedImage) -> str:
    if not image.file_sha256:
        return ""
    return f"{image.file_name} · {formatting.size(image.file_size)} · {image.file_sha256[:12]}…"
