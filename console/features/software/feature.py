"""What software and images give to the window."""

from __future__ import annotations

from typing import Any

from backend_lite.contract.live import SOFTWARE
from backend_lite.contract.software import SOFTWARE_UPLOADS
from console.core.software_edit import EditedSoftware
from console.core.texts import tr
from console.core.work import installer_word, title_of
from console.features.software.editing import Draft, drafts_in
from console.features.software.item_page import ItemPage
from console.features.software.software_page import SoftwarePage
from console.features.software.upload_desk import UploadDesk, memory_of
from console.shell.context import Context
from console.shell.feature import Command, Feature, Match, NavEntry
from console.shell.page import Page


def feature() -> Feature:
    return Feature(
        "software",
        navigation=[
            NavEntry(tr("Library"), tr("Software"), SoftwarePage.key, "package", count_of=SOFTWARE),
        ],
        pages={SoftwarePage.key: SoftwarePage, ItemPage.key: _item},
        commands=[
            Command(
                tr("New software item"),
                lambda context: context.navigator.open(ItemPage.key, "new"),
                "plus",
                "create package msi exe winget apt installer",
            ),
        ],
        matches=[Match(SOFTWARE, ItemPage.key, "package", _describe_item)],
    )


def _item(context: Context) -> Page:
    desk = UploadDesk(context, SOFTWARE_UPLOADS, memory_of(context), SOFTWARE)
    return ItemPage(context, drafts_in(context, "software", Draft[EditedSoftware]), desk)


def _describe_item(item: dict[str, Any]) -> tuple[str, str]:
    return title_of(SOFTWARE, item), f"{tr('Software')} · {installer_word(item)}"
