"""The pages of users, roles and API tokens, with the real service behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from backend_lite.contract.accounts import (
    API_TOKENS,
    USERS,
    ApiTokenCreate,
    ApiTokenSecret,
    UserAccount,
    UserCreate,
)
from backend_lite.contract.library import SCRIPTS, Language, Script, ScriptCreate
from backend_lite.contract.live import ROLLOUT, RUN
from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.contract.runs import ROLLOUTS, RolloutCreate, RolloutCreated, Targets
from console.core.client import ApiClient
from console.core.formatting import NOTHING
from console.features.accounts.revoked_work import RevokedWork
from console.features.accounts.rights_table import RightsTable
from console.features.accounts.roles_page import RolesPage
from console.features.accounts.tokens_page import ApiTokensPage
from console.features.accounts.users_page import UsersPage
from console.features.runs.rollout_words import origin
from console.widgets.confirm import ConfirmDialog
from tests.console.fleet.near import arrives, say_yes
from tests.console.trips import Trips
from tests.helpers.names import unnamed
from tests.helpers.near_service import NearService, migrated, near, quick_passwords
from tests.helpers.waiting import until

__all__ = ["migrated", "near", "quick_passwords"]

Run = Callable[[Any], Any]
PASSWORD = "three green boats row"


def shown(page: Any, key: str = "name") -> list[str]:
    page.table.model_.settle()
    return [str(one[key]) for one in page.table.model_.shown_objects()]


def opened(page: Any, qtbot: QtBot) -> Any:
    qtbot.addWidget(page)
    page.resize(1000, 700)
    page.show()
    return page


@pytest.fixture
def users(near: NearService, qtbot: QtBot) -> UsersPage:
    made: UsersPage = opened(UsersPage(near.context), qtbot)
    return made


@pytest.fixture
def roles(near: NearService, qtbot: QtBot) -> RolesPage:
    made: RolesPage = opened(RolesPage(near.context), qtbot)
    return made


@pytest.fixture
def tokens(near: NearService, qtbot: QtBot) -> ApiTokensPage:
    made: ApiTokensPage = opened(ApiTokensPage(near.context), qtbot)
    return made


def role_id(near: NearService, name: str) -> int:
    return next(int(role["id"]) for role in near.known("role") if role["name"] == name)


def user(near: NearService, name: str) -> dict[str, Any]:
    return next(one for one in near.known("user") if one["username"] == name)


async def bea(near: NearService) -> dict[str, Any]:
    wanted = UserCreate("bea", PASSWORD, roles=[role_id(near, "Helpdesk")])
    await near.context.client.post(USERS, wanted, UserAccount)
    await until(lambda: any(one["username"] == "bea" for one in near.known("user")), "bea")
    return user(near, "bea")


def test_a_user_is_made_changed_and_removed(near: NearService, users: UsersPage, run: Run) -> None:
    async def story() -> None:
        dialog = users.ask_new()
        assert unnamed(dialog) == []
        dialog.username.setText("bea")
        dialog.email.setText("bea@example.org")
        dialog.roles.tick([role_id(near, "Helpdesk")])
        QTest.keyClicks(dialog.password, "short")
        assert "more characters" in dialog.password_field.error
        dialog.password.clear()
        QTest.keyClicks(dialog.password, PASSWORD)
        assert dialog.password_field.error == ""
        dialog.go.click()
        await until(lambda: shown(users, "username") == ["ada", "bea"], "the user")
        dialog = users.ask_edit(user(near, "bea")["id"])
        assert dialog.roles.ticked() == [role_id(near, "Helpdesk")]
        dialog.roles.tick([role_id(near, "Read only")])
        dialog.active.setChecked(False)
        dialog.go.click()
        await until(lambda: not user(near, "bea")["is_active"], "the change")
        assert user(near, "bea")["roles"] == [role_id(near, "Read only")]
        users.table.select([user(near, "bea")["id"]])
        users.ask_remove()
        say_yes(users)
        await until(lambda: shown(users, "username") == ["ada"], "the end")

    run(story())
    assert unnamed(users) == []


def test_what_is_refused_is_said_where_it_was_asked(near: NearService, users: UsersPage, run: Run) -> None:
    async def story() -> None:
        await until(lambda: near.known("user"), "the users")
        own = user(near, "ada")
        users.table.select([own["id"]])
        users.ask_remove()
        say_yes(users)
        await until(lambda: "signed in with" in users.notice.text.text(), "own account")
        dialog = users.ask_edit(own["id"])
        dialog.roles.tick([])
        dialog.go.click()
        await until(lambda: "one active owner" in dialog.error.text(), "the last owner")
        dialog.reject()
        dialog = users.ask_new()
        dialog.username.setText("ADA")
        dialog.go.click()
        await until(lambda: "already" in dialog.name_field.error, "the name")
        dialog.username.setText("bea")
        dialog.email.setText("nowhere")
        dialog.go.click()
        await until(lambda: "e-mail address" in dialog.error.text(), "the address")

    run(story())


def test_somebody_is_expected_from_the_provider(near: NearService, users: UsersPage, run: Run) -> None:
    async def story() -> None:
        for name in ("bea", "cem"):
            dialog = users.ask_new()
            dialog.username.setText(name)
            dialog.subject.setText(" sub-of-bea ")
            dialog.go.click()
            await until(lambda: shown(users, "username") == ["ada", "bea"], "the user")
        await until(lambda: "already" in dialog.subject_field.error, "the subject")
        dialog.reject()
        column = next(one for one in users.table.model_.columns if one.key == "providers")
        assert [column.text(user(near, name)) for name in ("ada", "bea")] == [NOTHING, "Expected"]
        assert users.ask_edit(user(near, "bea")["id"]).subject_field.isHidden()

    run(story())


def test_the_audit_of_a_user_or_role_is_one_press_away(
    near: NearService, users: UsersPage, roles: RolesPage, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips = Trips(near, monkeypatch)

    async def story() -> tuple[int, int]:
        await until(lambda: len(shown(roles)) == 5, "the roles")
        holder = await bea(near)
        helpdesk = role_id(near, "Helpdesk")
        await until(lambda: "bea" in shown(users, "username"), "bea in the list")
        assert not users.history.isEnabled()
        users.table.select([holder["id"]])
        roles.table.select([helpdesk])
        return int(holder["id"]), helpdesk

    bea_id, helpdesk = run(story())
    users.history.click()
    roles.history.click()
    assert trips.opened == [("audit", f"user/{bea_id}"), ("audit", f"role/{helpdesk}")]
    menu = QMenu()
    users._fill_menu(menu)
    next(one for one in menu.actions() if one.text() == "History in the audit").trigger()
    assert trips.opened[-1] == ("audit", f"user/{bea_id}")


def test_a_role_is_copied_changed_and_deleted_only_when_nobody_has_it(
    near: NearService, roles: RolesPage, run: Run
) -> None:
    async def story() -> None:
        await until(lambda: len(shown(roles)) == 5, "the roles")
        holder = await bea(near)
        shown_only = roles.ask_open(role_id(near, "Helpdesk"))
        assert "Held by bea" in shown_only.note.text()
        assert shown_only.go.isHidden()
        shown_only.rights.toggle([(0, 0)])
        assert "devices:view" in shown_only.rights.ticked()
        shown_only.reject()
        dialog = roles.ask_copy(next(one for one in near.known("role") if one["name"] == "Helpdesk"))
        assert unnamed(dialog) == []
        await until(lambda: dialog.rights.may_change("scripts:delete"), "own rights")
        dialog.name.setText("Desk")
        dialog.rights.tick({"devices:view", "scripts:view"})
        dialog.go.click()
        await until(lambda: "Desk" in shown(roles), "the role")
        desk = role_id(near, "Desk")
        await near.context.client.put(f"{USERS}/{holder['id']}", {"roles": [desk]}, UserAccount)
        await until(lambda: near.context.live.kind("role")[desk]["user_count"] == 1, "the holder")
        roles.table.select([desk])
        roles.ask_delete()
        say_yes(roles)
        await until(lambda: "held by bea" in roles.notice.text.text(), "the refusal")
        await near.context.client.delete(f"{USERS}/{holder['id']}")
        await until(lambda: near.context.live.kind("role")[desk]["user_count"] == 0, "nobody")
        roles.ask_delete()
        say_yes(roles)
        await until(lambda: "Desk" not in shown(roles), "the end")

    run(story())
    assert unnamed(roles) == []


def test_a_token_is_made_shown_once_and_revoked(near: NearService, tokens: ApiTokensPage, run: Run) -> None:
    async def story() -> None:
        dialog = tokens.ask_new()
        await until(lambda: dialog.rights.may_change("devices:view"), "own rights")
        assert unnamed(dialog) == []
        dialog.name.setText("Export")
        dialog.go.click()
        assert "Tick what" in dialog.error.text()
        dialog.rights.tick({"devices:view"})
        dialog.go.click()
        dialog.reject()
        assert dialog.isVisible(), "it would be made, and nobody would see it"
        await until(dialog.result_.isVisible, "the token")
        assert dialog.secret.text().startswith("df")
        dialog.reject()
        assert dialog.isVisible(), "it would be lost"
        assert "nobody can show it again" in dialog.until.text()
        dialog.close_.click()
        assert not dialog.isVisible()
        await until(lambda: shown(tokens) == ["Export"], "the list")
        (token,) = near.known("api_token")
        assert token["scope"] == ["devices:view"]
        tokens.table.select([token["id"]])
        tokens.ask_revoke()
        tokens.ask_revoke()
        await until(lambda: not near.context.ops.running, "what is open")
        assert len(tokens.findChildren(ConfirmDialog)) == 1
        assert tokens.findChildren(RevokedWork) == []
        say_yes(tokens)
        await until(lambda: near.known("api_token")[0]["revoked_at"] is not None, "the end")
        tokens.filter.choose("usable")
        await until(lambda: shown(tokens) == [], "the chip")

    run(story())
    assert unnamed(tokens) == []


def test_a_token_that_was_copied_is_closed_at_once(
    near: NearService, tokens: ApiTokensPage, run: Run
) -> None:
    async def story() -> None:
        dialog = tokens.ask_new()
        await until(lambda: dialog.rights.may_change("devices:view"), "own rights")
        dialog.name.setText("Export")
        dialog.rights.tick({"devices:view"})
        dialog.go.click()
        await until(dialog.result_.isVisible, "the token")
        dialog.copy.click()
        assert QGuiApplication.clipboard().text() == dialog.secret.text()
        dialog.reject()
        assert not dialog.isVisible()

    run(story())


def test_a_dialog_is_as_high_as_the_screen_allows_and_its_rights_are_scrolled(
    near: NearService, roles: RolesPage, run: Run
) -> None:
    async def story() -> None:
        dialog = roles.ask_new()
        await until(dialog.isVisible, "the dialog")
        room = dialog.screen().availableSize().height()
        assert dialog.height() < room
        dialog.resize(dialog.width(), 500)
        table = dialog.rights
        table.setCurrentCell(table.rowCount() - 1, 0)
        assert table.viewport().rect().contains(table.visualRect(table.currentIndex()))
        assert dialog.go.mapTo(dialog, dialog.go.rect().bottomRight()).y() < 500
        dialog.reject()

    run(story())


@pytest.mark.parametrize("cancelling", [False, True])
def test_what_a_token_began_ends_with_it_only_where_that_is_ticked(
    near: NearService, tokens: ApiTokensPage, run: Run, cancelling: bool
) -> None:
    async def story() -> None:
        made = await near.context.client.post(API_TOKENS, ApiTokenCreate("Nightly"), ApiTokenSecret)
        robot = ApiClient(near.context.client.base_url, made.token, httpx.ASGITransport(app=near.service.app))
        device = await arrives(near, "pc-1")
        script = await robot.post(SCRIPTS, ScriptCreate("Hello", "true", Language.SH), Script)
        order = RolloutCreate(script_id=script.id, targets=Targets(devices=[device]))
        rollout = await robot.post(ROLLOUTS, order, RolloutCreated)
        await robot.aclose()
        await until(lambda: near.context.live.get(ROLLOUT, rollout.id), "the rollout")
        told = near.context.live.get(ROLLOUT, rollout.id) or {}
        assert "by ada, with the API token “Nightly”" in origin(told, near.context.clock())
        await until(lambda: shown(tokens) == ["Nightly"], "the list")
        tokens.table.select([made.api_token.id])
        tokens.ask_revoke()
        await until(lambda: tokens.findChildren(RevokedWork), "the question")
        (work,) = tokens.findChildren(RevokedWork)
        assert work.said.text().startswith("One rollout that was begun this way is open, with one run to go.")
        assert not work.cancel.isChecked()
        assert unnamed(work) == []
        work.cancel.setChecked(cancelling)
        say_yes(tokens)
        await until(lambda: near.known("api_token")[0]["revoked_at"] is not None, "the end")
        wanted = "cancelled" if cancelling else "queued"
        await until(lambda: near.known(RUN)[0]["state"] == wanted, "the run")

    run(story())


def test_rights_are_ticked_by_keyboard_and_head_and_never_beyond_the_limit(qtbot: QtBot, loop: Any) -> None:
    table = RightsTable("Rights")
    qtbot.addWidget(table)
    table.show()
    table.limit(ALL_PERMISSIONS - {"devices:delete"})
    table.setCurrentCell(0, 0)
    QTest.keyClick(table, Qt.Key.Key_Space)
    QTest.keyClick(table, Qt.Key.Key_Right)
    QTest.keyClick(table, Qt.Key.Key_Space)
    assert table.ticked() == {"devices:view", "devices:create"}
    table.verticalHeader().sectionClicked.emit(0)
    assert table.ticked() == {f"devices:{verb}" for verb in ("view", "create", "edit", "run", "approve")}
    table.verticalHeader().sectionClicked.emit(0)
    assert table.ticked() == set()
    table.toggle([(0, 3)])
    assert table.ticked() == set()
