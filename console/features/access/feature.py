"""What access gives to the window, besides the screens that the application makes."""

from __future__ import annotations

from console.core.texts import tr
from console.features.access.account_page import AccountPage
from console.shell.feature import Command, Feature, NavEntry


def feature() -> Feature:
    return Feature(
        "access",
        navigation=[NavEntry(tr("Administration"), tr("My account"), AccountPage.key, "key")],
        pages={AccountPage.key: AccountPage},
        commands=[
            Command(
                tr("My account"),
                lambda context: context.navigator.open(AccountPage.key),
                "key",
                "password second factor otp recovery codes sessions",
            )
        ],
    )
