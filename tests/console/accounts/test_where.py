"""A role that holds on the devices of groups only: made, shown, changed and told in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import ROLES, Grant, Role, RoleCreate
from backend_lite.contract.fleet import GROUPS, Group, GroupCreate
from console.features.accounts.role_dialog import RoleDialog
from console.features.accounts.roles_page import RolesPage
from console.features.accounts.users_page import UsersPage
from console.features.accounts.words import permissions_of, reach_in_words, where_in_words
from tests.console.accounts.test_accounts_pages import opened, role_id, shown
from tests.helpers.names import unnamed
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]

Run = Callable[[Any], Any]


@pytest.fixture
def roles(near: NearService, qtbot: QtBot) -> RolesPage:
    made: RolesPage = opened(RolesPage(near.context), qtbot)
    return made


async def group(near: NearService, name: str, query: str | None = None) -> int:
    made = await near.context.client.post(GROUPS, GroupCreate(name, query=query), Group)
    await until(lambda: near.context.live.get("group", made.id), "the group")
    return made.id


def role(near: NearService, name: str) -> dict[str, Any]:
    return next(one for one in near.known("role") if one["name"] == name)


def test_a_role_is_limited_to_groups_and_freed_again(near: NearService, roles: RolesPage, run: Run) -> None:
    async def story() -> None:
        await until(lambda: len(shown(roles)) == 5, "the roles")
        dialog = roles.ask_new()
        assert not dialog.where.limited.isEnabled()
        assert "no group with named devices" in dialog.where.note.text()
        lab = await group(near, "Lab")
        await group(near, "Linux", query="os:linux")
        await until(dialog.where.limited.isEnabled, "the group in the dialog")
        assert [dialog.where.groups.item(at).text() for at in range(dialog.where.groups.count())] == ["Lab"]
        assert unnamed(dialog) == []
        await until(lambda: dialog.rights.may_change("devices:view"), "own rights")
        dialog.name.setText("Lab desk")
        dialog.rights.tick({"devices:view", "scripts:view"})
        dialog.where.limited.setChecked(True)
        assert "the rights on devices, groups, rollouts and enrollment" in dialog.where.note.text()
        dialog.go.click()
        assert "Tick the groups" in dialog.error.text()
        dialog.where.groups.tick([lab])
        dialog.go.click()
        await until(lambda: "Lab desk" in shown(roles), "the role")
        assert role(near, "Lab desk")["groups"] == [lab]
        assert where_of(roles, near, "Lab desk") == "Devices of Lab"
        assert where_of(roles, near, "Owner") == "Everywhere"
        again = roles.ask_open(role_id(near, "Lab desk"))
        assert (again.where.limited.isChecked(), again.where.groups.ticked()) == (True, [lab])
        await until(lambda: again.rights.may_change("devices:view"), "own rights")
        again.where.everywhere.setChecked(True)
        again.go.click()
        await until(lambda: role(near, "Lab desk")["groups"] == [], "the freed role")

    run(story())


def where_of(roles: RolesPage, near: NearService, name: str) -> str:
    found = next(one for one in roles._columns() if one.key == "where")
    return str(found.text(role(near, name)))


def test_a_role_that_comes_with_the_product_is_only_shown(
    near: NearService, roles: RolesPage, run: Run
) -> None:
    async def story() -> None:
        await group(near, "Lab")
        await until(lambda: len(shown(roles)) == 5, "the roles")
        dialog = roles.ask_open(role_id(near, "Helpdesk"))
        assert not dialog.where.limited.isEnabled()
        assert dialog.where.everywhere.isChecked()

    run(story())


def test_a_group_that_its_editor_cannot_see_stays(near: NearService, roles: RolesPage, run: Run) -> None:
    async def story() -> None:
        await until(lambda: len(shown(roles)) == 5, "the roles")
        unseen = {"id": 99, "name": "Far", "description": "", "built_in": False, "grants": [], "groups": [7]}
        dialog = RoleDialog(roles, near.context, unseen | {"version": 1})
        assert dialog.where.chosen() == [7]
        assert dialog.where.groups.item(0).text() == "Group 7"
        await group(near, "Lab")
        assert dialog.where.chosen() == [7]
        dialog.reject()

    run(story())


def of(groups: list[int], **rights: list[str]) -> dict[str, Any]:
    return {"groups": groups, "grants": [{"artifact": one, "verbs": some} for one, some in rights.items()]}


def test_what_roles_come_to_is_said_in_words() -> None:
    names = {1: "Lab", 2: "Office"}
    lab = of([1], devices=["view", "edit"], scripts=["view"])
    assert permissions_of(lab["grants"]) == {"devices:view", "devices:edit", "scripts:view"}
    assert where_in_words([2, 1, 9], names) == "Devices of Lab, Office, group 9"
    assert reach_in_words([], names) == "Nothing"
    assert reach_in_words([lab], names) == "Sees scripts; 2 rights on devices of Lab only"
    assert reach_in_words([of([2], devices=["view"])], names) == "1 right on devices of Office only"
    both = [lab, of([], devices=["view", "edit"])]
    assert reach_in_words(both, names) == "3 rights on 2 kinds of things"


def test_what_a_user_may_is_said_where_roles_are_given(near: NearService, qtbot: QtBot, run: Run) -> None:
    users = opened(UsersPage(near.context), qtbot)

    async def story() -> None:
        lab = await group(near, "Lab")
        view = RoleCreate("Lab desk", grants=[Grant("devices", ["view"])], groups=[lab])
        await near.context.client.post(ROLES, view, Role)
        await until(lambda: any(one["name"] == "Lab desk" for one in near.known("role")), "the role")
        dialog = users.ask_new()
        assert dialog.roles_field.note.text() == "Without a role this user may do nothing."
        at = [dialog.roles.item(one).text() for one in range(dialog.roles.count())].index("Lab desk")
        dialog.roles.item(at).setCheckState(Qt.CheckState.Checked)
        assert "1 right on devices of Lab only" in dialog.roles_field.note.text()
        dialog.username.setText("bea")
        dialog.go.click()
        await until(lambda: any(one["username"] == "bea" for one in near.known("user")), "bea")
        rights = next(one for one in users._columns() if one.key == "rights")
        told = {one["username"]: rights.text(one) for one in near.known("user")}
        assert told["bea"] == "1 right on devices of Lab only"
        assert "Everything" in told.values()

    run(story())
