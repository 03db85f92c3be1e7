"""What software and images give to the window."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.images import OS_IMAGE_UPLOADS
from backend_lite.contract.live import OS_IMAGE, SOFTWARE
from backend_lite.contract.software import SOFTWARE_UPLOADS
from console.core.drafts import Draft
from console.core.image_edit import EditedImage
from console.core.software_edit import EditedSoftware
from console.core.texts import tr
from console.core.work import installer_word, title_of
from console.features.software.image_page import ImagePage
from console.features.software.images_page import ImagesPage
from console.features.software.installed_page import InstalledPage
from console.features.software.item_page import ItemPage
from console.features.software.places_page import PlacesPage
from console.features.software.software_page import SoftwarePage
from console.features.software.upload_desk import UploadDesk, memory_of
from console.shell.context import Context
from console.shell.feature import Command, Feature, Match, NavEntry


def feature() -> Feature:
    desks: dict[str, UploadDesk] = {}

    def desk(context: Context, prefix: str, kind: str) -> UploadDesk:
        # One for all pages: what is on its way does not end with a page.
        if kind not in desks:
            desks[kind] = UploadDesk(context, prefix, memory_of(context, kind), kind)
        return desks[kind]

    def items(context: Context) -> UploadDesk:
        return desk(context, SOFTWARE_UPLOADS, SOFTWARE)

    def images(context: Context) -> UploadDesk:
        return desk(context, OS_IMAGE_UPLOADS, OS_IMAGE)

    return Feature(
        "software",
        navigation=[
            NavEntry(tr("Library"), tr("Software"), SoftwarePage.key, "package", count_of=SOFTWARE),
            NavEntry(tr("Library"), tr("Installed"), InstalledPage.key, "check"),
            NavEntry(tr("Library"), tr("OS images"), ImagesPage.key, "disc", count_of=OS_IMAGE),
        ],
        pages={
            SoftwarePage.key: lambda context: SoftwarePage(context, items(context)),
            ItemPage.key: lambda context: ItemPage(
                context, context.drafts("software", Draft[EditedSoftware]), items(context)
            ),
            InstalledPage.key: InstalledPage,
            PlacesPage.key: PlacesPage,
            ImagesPage.key: lambda context: ImagesPage(context, images(context)),
            ImagePage.key: lambda context: ImagePage(
                context, context.drafts("images", Draft[EditedImage]), images(context)
            ),
        },
        needs={
            **dict.fromkeys((SoftwarePage.key, ItemPage.key), ("software:view",)),
            **dict.fromkeys((InstalledPage.key, PlacesPage.key), ("devices:view",)),
            **dict.fromkeys((ImagesPage.key, ImagePage.key), ("os_images:view",)),
        },
        commands=[
            Command(
                tr("New software item"),
                lambda context: context.navigator.open(ItemPage.key, "new"),
                "plus",
                "create package msi exe winget apt installer",
                needs=("software:create",),
            ),
            Command(
                tr("New OS image"),
                lambda context: context.navigator.open(ImagePage.key, "new"),
                "plus",
                "create iso wim operating system boot pxe",
                needs=("os_images:create",),
            ),
            Command(
                tr("Where is something installed…"),
                lambda context: context.navigator.open(InstalledPage.key, ""),
                "search",
                "inventory software devices versions",
            ),
        ],
        matches=[
            Match(SOFTWARE, ItemPage.key, "package", _describe_item),
            Match(OS_IMAGE, ImagePage.key, "disc", _describe_image),
        ],
    )


def _describe_image(image: dict[str, Any]) -> tuple[str, str]:
    parts = (tr("OS image"), image["version_text"], image["edition"])
    return str(image["name"]), " · ".join(part for part in parts if part)


def _describe_item(item: dict[str, Any]) -> tuple[str, str]:
    return title_of(SOFTWARE, item), f"{tr('Software')} · {installer_word(item)}"
