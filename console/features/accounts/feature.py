"""What users, roles and tokens give to the window."""

from __future__ import annotations

from backend_lite.contract.live import USER
from console.core.texts import tr
from console.features.accounts.roles_page import RolesPage
from console.features.accounts.tokens_page import ApiTokensPage
from console.features.accounts.users_page import UsersPage
from console.shell.feature import Command, Feature, NavEntry


def feature() -> Feature:
    group = tr("Administration")
    return Feature(
        "accounts",
        navigation=[
            NavEntry(group, tr("Users"), UsersPage.key, "user", USER),
            NavEntry(group, tr("Roles"), RolesPage.key, "shield"),
            NavEntry(group, tr("API tokens"), ApiTokensPage.key, "key"),
        ],
        pages={page.key: page for page in (UsersPage, RolesPage, ApiTokensPage)},
        needs={
            UsersPage.key: ("users:view",),
            RolesPage.key: ("roles:view",),
            ApiTokensPage.key: ("tokens:view",),
        },
        commands=[
            Command(
                tr("Add a user"),
                lambda context: context.navigator.open(UsersPage.key, "new"),
                "user",
                "new account person",
                needs=("users:create",),
            ),
            Command(
                tr("Show the roles"),
                lambda context: context.navigator.open(RolesPage.key),
                "shield",
                "rights permissions access",
            ),
            Command(
                tr("Show the API tokens"),
                lambda context: context.navigator.open(ApiTokensPage.key),
                "key",
                "bearer secret program",
            ),
        ],
    )
