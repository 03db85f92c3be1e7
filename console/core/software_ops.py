"""What can be done with software items, with images, and with what is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from backend_lite.contract.fleet import DEVICES
from backend_lite.contract.images import (
    BOOT_ENDPOINT,
    OS_IMAGES,
    BootEndpoint,
    BootEndpointUpdate,
    BootUrl,
    BootUrlCreate,
    OSImage,
    OSImageCreate,
    OSImageUpdate,
)
from backend_lite.contract.live import BOOT_ENDPOINT as BOOT
from backend_lite.contract.live import OS_IMAGE
from backend_lite.contract.live import SOFTWARE as SOFTWARE_KIND
from backend_lite.contract.software import (
    INSTALLED,
    SOFTWARE,
    DeviceSoftware,
    InstalledOn,
    SoftwareCount,
    SoftwareCreate,
    SoftwareItem,
    SoftwareUpdate,
)
from console.core.client import ApiClient, if_match
from console.core.downloads import fetch
from console.core.errors import ApiError
from console.core.ops import Op, Progress
from console.core.texts import plural, tr

T = TypeVar("T")
Object = dict[str, Any]
_NOT_ALLOWED = (401, 403)


# ---- software items


def load_item(client: ApiClient, item_id: int) -> Op[SoftwareItem]:
    return _get(tr("Load the software item"), client, f"{SOFTWARE}/{item_id}", SoftwareItem)


def create_item(client: ApiClient, wanted: SoftwareCreate) -> Op[SoftwareItem]:
    async def call(_progress: Progress) -> SoftwareItem:
        return await client.post(SOFTWARE, wanted, SoftwareItem)

    return Op(tr("Save the software item"), call, (SOFTWARE_KIND,))


def update_item(client: ApiClient, item_id: int, change: SoftwareUpdate, version: int) -> Op[SoftwareItem]:
    """Refused with the code `stale` when it is no longer at `version`."""

    async def call(_progress: Progress) -> SoftwareItem:
        return await client.put(f"{SOFTWARE}/{item_id}", change, SoftwareItem, if_match(version))

    return Op(tr("Save the software item"), call, (SOFTWARE_KIND,))


def duplicate_item(client: ApiClient, item_id: int) -> Op[SoftwareItem]:
    """A copy under a name that is free."""

    async def call(_progress: Progress) -> SoftwareItem:
        return await client.post(f"{SOFTWARE}/{item_id}/duplicate", None, SoftwareItem)

    return Op(tr("Duplicate the software item"), call, (SOFTWARE_KIND,))


def delete_items(client: ApiClient, items: Sequence[Object]) -> Op[list[str]]:
    title = plural(len(items), "Delete the software item", "Delete {count} software items")
    return _delete(title, client, SOFTWARE, items, SOFTWARE_KIND)


# ---- what is installed


def installed(
    client: ApiClient, query: str, sort: str, offset: int, limit: int
) -> Op[tuple[list[SoftwareCount], int]]:
    """A part of what is installed anywhere, and how many names there are."""

    async def call(_progress: Progress) -> tuple[list[SoftwareCount], int]:
        params: dict[str, str | int] = {"q": query, "sort": sort, "offset": offset, "limit": limit}
        return await client.get_list(INSTALLED, SoftwareCount, params)

    return Op(tr("Look what is installed"), call)


def of_device(client: ApiClient, device_id: int) -> Op[DeviceSoftware]:
    """What a device has told."""
    path = f"{DEVICES}/{device_id}/software"
    return _get(tr("Load the installed software"), client, path, DeviceSoftware)


def devices_with(client: ApiClient, name: str) -> Op[list[InstalledOn]]:
    async def call(_progress: Progress) -> list[InstalledOn]:
        return await client.get(f"{INSTALLED}/devices", list[InstalledOn], {"name": name})

    return Op(tr("Look where it is installed"), call)


# ---- images


def load_image(client: ApiClient, image_id: int) -> Op[OSImage]:
    return _get(tr("Load the image"), client, f"{OS_IMAGES}/{image_id}", OSImage)


def create_image(client: ApiClient, wanted: OSImageCreate) -> Op[OSImage]:
    async def call(_progress: Progress) -> OSImage:
        return await client.post(OS_IMAGES, wanted, OSImage)

    return Op(tr("Save the image"), call, (OS_IMAGE,))


def update_image(client: ApiClient, image_id: int, change: OSImageUpdate, version: int) -> Op[OSImage]:
    """Refused with the code `stale` when it is no longer at `version`."""

    async def call(_progress: Progress) -> OSImage:
        return await client.put(f"{OS_IMAGES}/{image_id}", change, OSImage, if_match(version))

    return Op(tr("Save the image"), call, (OS_IMAGE,))


def delete_images(client: ApiClient, images: Sequence[Object]) -> Op[list[str]]:
    return _delete(
        plural(len(images), "Delete the image", "Delete {count} images"), client, OS_IMAGES, images, OS_IMAGE
    )


def download_image(client: ApiClient, image: Object, to: Path) -> Op[Path]:
    """Its file, verified."""

    async def call(progress: Progress) -> Path:
        address = f"{OS_IMAGES}/{image['id']}/file"
        return await fetch(client, address, to, image["file_size"], image["file_sha256"], progress)

    return Op(tr("Download {name}", name=image["file_name"]), call)


def boot_url(client: ApiClient, image_id: int, ttl_s: int) -> Op[BootUrl]:
    """Refused with the code `boot_off` while nothing listens for boot tools."""

    async def call(_progress: Progress) -> BootUrl:
        return await client.post(f"{OS_IMAGES}/{image_id}/boot-url", BootUrlCreate(ttl_s), BootUrl)

    return Op(tr("Make a boot address"), call)


# ---- the listener for boot tools


def change_boot(client: ApiClient, wanted: BootEndpointUpdate) -> Op[BootEndpoint]:
    async def call(_progress: Progress) -> BootEndpoint:
        return await client.put(BOOT_ENDPOINT, wanted, BootEndpoint)

    return Op(tr("Change the boot listener"), call, (BOOT,))


# ---- inside


def _get(title: str, client: ApiClient, path: str, kind: type[T]) -> Op[T]:
    async def call(_progress: Progress) -> T:
        return await client.get(path, kind)

    return Op(title, call)


def _delete(title: str, client: ApiClient, path: str, items: Sequence[Object], kind: str) -> Op[list[str]]:
    """Answers with a sentence for each that stays: it says who uses it, or that somebody changed it."""

    async def call(progress: Progress) -> list[str]:
        refused = []
        for item in progress.each(items, lambda one: str(one["name"])):
            try:
                await client.delete(f"{path}/{item['id']}", headers=if_match(item["version"]))
            except ApiError as error:
                if error.status in _NOT_ALLOWED:
                    raise
                refused.append(error.detail)
        return refused

    return Op(title, call, (kind,))
