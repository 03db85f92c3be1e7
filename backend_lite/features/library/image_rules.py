"""What an image may say, checked as a whole: every refusal is a sentence that names what would do."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.images import OSImageCreate
from backend_lite.core.names import checked_name
from backend_lite.errors import InvalidError
from backend_lite.features.library import rules
from backend_lite.features.library.file_rules import checked_file_name, checked_sha256
from backend_lite.features.library.refusals import named

MAX_REFERENCE = 2000


def checked_image(wanted: OSImageCreate) -> dict[str, Any]:
    """The columns of the image, but for what its kept file tells. Raises InvalidError."""
    checksum = f"sha256:{checked_sha256(wanted.checksum)}" if wanted.checksum else None
    file_sha256 = checked_sha256(wanted.file_sha256) if wanted.file_sha256 else None
    if file_sha256 and not wanted.file_name:
        raise InvalidError("Name the file: say in file_name what it is called.", code="bad_file_name")
    _refuse_differing(file_sha256, checksum)
    return {
        "name": named("name", checked_name, wanted.name, what="An OS image"),
        "version_text": named("version_text", _line, wanted.version_text, 100, "version"),
        "edition": named("edition", _line, wanted.edition, 100, "edition"),
        "os_type": named("os_type", rules.checked_target, wanted.os_type),
        "architecture": named("architecture", _line, wanted.architecture, 40, "architecture"),
        "language": named("language", _line, wanted.language, 40, "language"),
        "description": named(
            "description", rules.checked_text, wanted.description or "", rules.MAX_DESCRIPTION, "description"
        )
        or None,
        "storage_ref": named("storage_ref", _line, wanted.storage_ref, MAX_REFERENCE, "place where it lies"),
        "checksum": checksum,
        "file_name": checked_file_name(wanted.file_name) if file_sha256 else "",
        "file_sha256": file_sha256,
    }


def _refuse_differing(file_sha256: str | None, checksum: str | None) -> None:
    if file_sha256 and checksum and checksum != f"sha256:{file_sha256}":
        raise InvalidError(
            f"The file is not the one that the checksum stands for: the file has sha256:{file_sha256}, the "
            f"checksum says {checksum}. Bring the right file, or correct the checksum.",
            code="checksum_differs",
        )


def _line(text: str, limit: int, what: str) -> str:
    return checked_name(text, limit) if (text := rules.checked_text(text, limit, what).strip()) else ""
