"""Operating system images, and the listener that serves them to boot tools."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from backend_lite.contract.common import Time

OS_IMAGES = "/api/v1/os-images"
OS_IMAGE_UPLOADS = f"{OS_IMAGES}/uploads"
BOOT_ENDPOINT = "/api/v1/boot-endpoint"


class OSImage(Struct):
    """`storage_ref` says where an image lies that the service does not keep itself; `checksum` is what
    its file must have, `sha256:` + hex. `file_*` describe the kept file; `verified_at` is when its bytes
    were checked."""

    id: int
    name: str
    version_text: str
    edition: str
    os_type: str | None
    architecture: str
    language: str
    description: str | None
    storage_ref: str
    checksum: str | None
    file_name: str
    file_size: int | None
    file_sha256: str | None
    verified_at: Time | None
    created_at: Time
    updated_at: Time
    version: int


class OSImageCreate(Struct):
    """`file_sha256` names a finished upload, `file_name` what its file is called."""

    name: str
    version_text: str = ""
    edition: str = ""
    os_type: str | None = None
    architecture: str = ""
    language: str = ""
    description: str | None = None
    storage_ref: str = ""
    checksum: str | None = None
    file_name: str = ""
    file_sha256: str | None = None


class OSImageUpdate(Struct):
    """PUT: any subset."""

    name: str | UnsetType = UNSET
    version_text: str | UnsetType = UNSET
    edition: str | UnsetType = UNSET
    os_type: str | UnsetType | None = UNSET
    architecture: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    storage_ref: str | UnsetType = UNSET
    checksum: str | UnsetType | None = UNSET
    file_name: str | UnsetType = UNSET
    file_sha256: str | UnsetType | None = UNSET


class BootUrlCreate(Struct):
    """POST OS_IMAGES/{id}/boot-url: seconds from now, a week at most."""

    ttl_s: int = 3600


class BootUrl(Struct):
    url: str
    expires_at: Time


class BootEndpoint(Struct):
    """GET BOOT_ENDPOINT: plain HTTP for boot firmware, read-only, off unless switched on. `url` is empty
    while it does not listen; `problem` says why it does not although it should. There is one; `id` is its
    number in the live stream."""

    enabled: bool
    host: str
    port: int
    url: str
    problem: str = ""
    id: int = 1


class BootEndpointUpdate(Struct):
    """PUT (needs a fresh sign-in): port 0 keeps the one used last, or takes a free one."""

    enabled: bool
    host: str = "127.0.0.1"
    port: int = 0
