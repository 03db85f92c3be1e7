"""What is done with the profile, or template, of the editor's page."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from PySide6.QtWidgets import QMenu, QWidget

from backend_lite.contract.plans import ProfileWithTasks
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import tr
from console.features.plans.kinds import kind_of
from console.features.plans.wishes import Wishes
from console.shell.context import Context
from console.shell.needing import gate
from console.widgets.audit_history import add_history

Then = Callable[[], object]


class ProfileActions:
    """`saved_first(then)`: what is applied is the saved revision, so a changed one is saved before. `gone`
    follows when it was deleted here."""

    def __init__(
        self,
        page: QWidget,
        context: Context,
        profile: Callable[[], ProfileWithTasks | None],
        saved_first: Callable[[Then], None],
        gone: Then,
    ) -> None:
        self._page, self._context, self._profile = page, context, profile
        self._saved_first, self._gone = saved_first, gone

    def use(self) -> None:
        profile = self._profile()
        if profile is not None and profile.is_template:
            self._saved_first(partial(self._wishes(profile).instantiate, _plain(profile)))
        else:
            self._ask(RunRequest())

    def look(self) -> None:
        self._ask(RunRequest(only_look=True))

    def apply_to(self, device_ids: list[int]) -> None:
        self._ask(RunRequest(device_ids=tuple(device_ids)))

    def more_menu(self) -> QMenu:
        menu, profile = QMenu(self._page), self._profile()
        if profile is None:
            return menu
        wishes, plan = self._wishes(profile), _plain(profile)
        rights, artifact = self._context.rights, wishes.kind.artifact
        titles: list[tuple[str, Then, str]] = [
            (tr("Duplicate"), partial(wishes.duplicate, plan), f"{artifact}:create")
        ]
        if not profile.is_template:
            template = partial(wishes.save_as_template, plan)
            titles.append((tr("Save as template…"), template, "templates:create"))
        for title, run, needed in titles:
            entry = gate(menu.addAction(title), rights.need(needed))
            entry.triggered.connect(lambda _checked, run=run: run())
        add_history(menu, self._context, "template" if profile.is_template else "profile", profile.id)
        menu.addSeparator()
        delete = partial(wishes.ask_delete, [plan], self._gone)
        entry = gate(menu.addAction(tr("Delete…")), rights.need(f"{artifact}:delete"))
        entry.triggered.connect(lambda _checked: delete())
        return menu

    def _ask(self, request: RunRequest) -> None:
        profile = self._profile()
        if profile is not None:
            wanted = dataclasses.replace(request, profile_id=profile.id)
            self._saved_first(partial(self._context.navigator.ask, RUN_DIALOG, wanted))

    def _wishes(self, profile: ProfileWithTasks) -> Wishes:
        return Wishes(self._page, self._context, kind_of(is_template=profile.is_template))


def _plain(profile: ProfileWithTasks) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(profile)
    return found
