"""Images of operating systems as they are in the editor."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from backend_lite.contract.images import OSImage, OSImageCreate, OSImageUpdate
from backend_lite.contract.uploads import StoredFile

ARCHITECTURES = ("x86_64", "arm64", "x86")


class EditedImage(msgspec.Struct, frozen=True):
    """Texts as they are typed; empty ones say nothing. `file_size` and `verified_at` are for show."""

    name: str = ""
    version_text: str = ""
    edition: str = ""
    os_type: str = ""
    architecture: str = ""
    language: str = ""
    description: str = ""
    storage_ref: str = ""
    checksum: str = ""
    file_name: str = ""
    file_sha256: str = ""
    file_size: int | None = None
    verified_at: str | None = None

    @staticmethod
    def of(image: OSImage) -> EditedImage:
        return EditedImage(
            name=image.name,
            version_text=image.version_text,
            edition=image.edition,
            os_type=image.os_type or "",
            architecture=image.architecture,
            language=image.language,
            description=image.description or "",
            storage_ref=image.storage_ref,
            checksum=image.checksum or "",
            file_name=image.file_name,
            file_sha256=image.file_sha256 or "",
            file_size=image.file_size,
            verified_at=image.verified_at,
        )

    def as_new(self) -> OSImageCreate:
        return OSImageCreate(**self._sent())

    def as_change(self, saved: EditedImage) -> OSImageUpdate:
        """What is not changed is not sent."""
        now, before = self._sent(), saved._sent()
        return OSImageUpdate(**{key: value if value != before[key] else UNSET for key, value in now.items()})

    def with_file(self, file: StoredFile) -> EditedImage:
        """The uploaded file; the service says when it was verified once the image is saved."""
        return msgspec.structs.replace(
            self,
            name=self.name or file.file_name.rpartition(".")[0],
            file_name=file.file_name,
            file_size=file.size,
            file_sha256=file.sha256,
            verified_at=None,
        )

    def without_file(self) -> EditedImage:
        return msgspec.structs.replace(self, file_name="", file_size=None, file_sha256="", verified_at=None)

    def _sent(self) -> dict[str, Any]:
        return {
            "name": self.name.strip(),
            "version_text": self.version_text.strip(),
            "edition": self.edition.strip(),
            "os_type": self.os_type or None,
            "architecture": self.architecture.strip(),
            "language": self.language.strip(),
            "description": self.description.strip() or None,
            "storage_ref": self.storage_ref.strip(),
            "checksum": self.checksum.strip() or None,
            "file_name": self.file_name,
            "file_sha256": self.file_sha256 or None,
        }
