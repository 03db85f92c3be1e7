"""What enrolment gives to the window."""

from __future__ import annotations

from console.core.texts import tr
from console.features.enroll.add_device_page import AddDevicePage
from console.features.enroll.tokens_page import TokensPage
from console.shell.feature import Command, Feature, NavEntry


def feature() -> Feature:
    return Feature(
        "enroll",
        navigation=[
            NavEntry(tr("Fleet"), tr("Enrollment"), TokensPage.key, "key"),
            NavEntry(tr("Fleet"), tr("Add device"), AddDevicePage.key, "add-device"),
        ],
        pages={AddDevicePage.key: AddDevicePage, TokensPage.key: TokensPage},
        needs={AddDevicePage.key: ("enrollment:create",), TokensPage.key: ("enrollment:view",)},
        commands=[
            Command(
                tr("Add a device"),
                lambda context: context.navigator.open(AddDevicePage.key),
                "add-device",
                "enrol enroll token new device",
            ),
            Command(
                tr("Show the enrollment tokens"),
                lambda context: context.navigator.open(TokensPage.key),
                "key",
                "enrol enroll invite",
            ),
        ],
    )
