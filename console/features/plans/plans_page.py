"""All profiles, or all templates."""

from __future__ import annotations

from collections import Counter
from typing import Any

from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from backend_lite.contract.live import DEVICE, TEMPLATE
from backend_lite.contract.plan_query import PROFILE_FIELDS
from backend_lite.contract.query import Node
from console.core.live import LiveBatch
from console.core.texts import tr
from console.features.plans.kinds import EDITOR, PlanKind, profile_kind, template_kind
from console.features.plans.plan_columns import plan_columns, plan_predicate, search_text
from console.features.plans.plan_preview import PlanPreview
from console.features.plans.wishes import Wishes
from console.shell.context import Context
from console.shell.needing import gate
from console.shell.page import Page
from console.shell.parts import PageHeader, button, column
from console.widgets.empty_state import EmptyState
from console.widgets.list_view import ListView
from console.widgets.live_table import LiveTable
from console.widgets.query_bar import ProblemLine, QueryBar
from console.widgets.row_index import Predicate

Object = dict[str, Any]


class PlansPage(Page):
    """What both lists have in common; `kind` says which it is."""

    def __init__(self, context: Context, kind: PlanKind) -> None:
        super().__init__()
        self._context, self.kind = context, kind
        self._devices: Counter[int] = Counter()
        self._assigned: dict[int, int] = {}
        self.wishes = Wishes(self, context, kind)
        self.setWindowTitle(kind.many)
        self.search_hint = tr("Search profiles, devices, scripts or commands")
        self.filter = QueryBar(
            self,
            kind.hint,
            PROFILE_FIELDS,
            self._predicate,
            known=lambda: {"name": sorted(str(one["name"]) for one in context.live.kind(kind.live).values())},
            looks_into_rows=True,
        )
        self.problem = ProblemLine(self.filter.query_box)
        self.table = LiveTable(
            kind.page_key,
            kind.many,
            plan_columns(context.clock, self._device_count if kind.new == "new" else None),
            search_text,
            context.settings,
            sort="name",
        )
        self.new = button(
            kind.new_title,
            self._new,
            "primary",
            icon="plus",
            need=context.rights.need(f"{kind.artifact}:create"),
        )
        self.header = PageHeader(kind.many, *self._other_buttons(), self.new)
        self.header.below.addWidget(self.filter, 1)
        self.nothing = EmptyState(kind.icon, kind.nothing, kind.nothing_text, *self._first_steps())
        self.no_match = EmptyState(
            "filter",
            kind.no_match,
            tr("Nothing is what the filter asks for."),
            button(tr("Show all"), self.filter.clear),
        )
        self.centre = ListView(context.live, self.table, self.filter, self.nothing, self.no_match)
        self.setLayout(column(self.header, self.problem, self.centre, gap=0))
        self.info = PlanPreview(context, kind, self.wishes)
        self.destroyed.connect(self.info.deleteLater)
        self._connect()

    def details(self) -> QWidget | None:
        return self.info if self.table.selected_count() else None

    # ---- what differs

    def _other_buttons(self) -> list[QPushButton]:
        return []

    def _first_steps(self) -> list[QPushButton]:
        raise NotImplementedError

    def _uses(self, menu: QMenu, plan: Object) -> None:
        raise NotImplementedError

    # ---- inside

    def _connect(self) -> None:
        table, live = self.table, self._context.live
        table.opened.connect(self._open)
        table.selection_changed.connect(self._selected)
        table.menu_opening.connect(self._fill_menu)
        self.centre.counted.connect(self._count)
        self.destroyed.connect(live.subscribe(self.kind.live, self._take))
        if self.kind.live != TEMPLATE:
            self.destroyed.connect(live.subscribe(DEVICE, self._take_devices))
        self.centre.recount()

    def _predicate(self, node: Node) -> Predicate:
        return plan_predicate(node, self._context.clock)

    def _take(self, batch: LiveBatch) -> None:
        self.table.take(batch)
        if self.table.selected_count() and (batch.reset or batch.changed):
            self.info.show_plans(self.table.selected_objects())

    def _take_devices(self, batch: LiveBatch) -> None:
        """Counts anew the devices of those profiles that a device has come to, or left."""
        gone = set(self._assigned) - batch.changed.keys() if batch.reset else batch.removed
        touched: set[int] = set()
        for device_id in gone:
            touched |= self._assign(device_id, None)
        for device_id, device in batch.changed.items():
            if device.get("profile_id") != self._assigned.get(device_id):
                touched |= self._assign(device_id, device.get("profile_id"))
        if touched:
            self.table.model_.touch(touched)

    def _assign(self, device_id: int, profile_id: int | None) -> set[int]:
        before = self._assigned.pop(device_id, None)
        if before is not None:
            self._devices[before] -= 1
        if profile_id is not None:
            self._assigned[device_id] = profile_id
            self._devices[profile_id] += 1
        return {one for one in (before, profile_id) if one is not None}

    def _device_count(self, profile_id: int) -> int:
        return self._devices[profile_id]

    def _count(self, shown: int, total: int) -> None:
        self.header.show_count(shown, total)
        self.filter.setVisible(total > 0)

    def _selected(self) -> None:
        chosen = self.table.selected_objects()
        if chosen:
            self.info.show_plans(chosen)
        self.details_changed.emit()

    def _fill_menu(self, menu: QMenu) -> None:
        chosen = self.table.selected_objects()
        if len(chosen) == 1:
            (plan,) = chosen
            menu.addAction(tr("Open")).triggered.connect(lambda _checked: self._open(plan["id"]))
            self._uses(menu, plan)
            gate(
                menu.addAction(tr("Duplicate")), self._context.rights.need(f"{self.kind.artifact}:create")
            ).triggered.connect(lambda _checked: self.wishes.duplicate(plan))
            menu.addSeparator()
        if chosen:
            gate(
                menu.addAction(tr("Delete…")), self._context.rights.need(f"{self.kind.artifact}:delete")
            ).triggered.connect(lambda _checked: self.wishes.ask_delete(chosen))

    def _new(self) -> None:
        self._context.navigator.open(EDITOR, self.kind.new)

    def _open(self, plan_id: int) -> None:
        self._context.navigator.open(EDITOR, str(plan_id))


class ProfilesPage(PlansPage):
    key = "profiles"

    def __init__(self, context: Context) -> None:
        super().__init__(context, profile_kind())

    def _first_steps(self) -> list[QPushButton]:
        templates = button(tr("From a template"), lambda: self._context.navigator.open(TemplatesPage.key))
        return [
            button(
                self.kind.new_title, self._new, "primary", need=self._context.rights.need("profiles:create")
            ),
            templates,
        ]

    def _uses(self, menu: QMenu, plan: Object) -> None:
        gate(menu.addAction(tr("Apply…")), self._context.rights.need("rollouts:run")).triggered.connect(
            lambda _checked: self.wishes.use(plan)
        )
        gate(
            menu.addAction(tr("Save as template…")), self._context.rights.need("templates:create")
        ).triggered.connect(lambda _checked: self.wishes.save_as_template(plan))


class TemplatesPage(PlansPage):
    key = "templates"

    def __init__(self, context: Context) -> None:
        super().__init__(context, template_kind())

    def _other_buttons(self) -> list[QPushButton]:
        return [
            button(
                tr("Load starter templates"),
                self.wishes.load_starters,
                need=self._context.rights.need("templates:create"),
            )
        ]

    def _first_steps(self) -> list[QPushButton]:
        return [
            button(
                tr("Load the starter templates"),
                self.wishes.load_starters,
                "primary",
                need=self._context.rights.need("templates:create"),
            ),
            button(self.kind.new_title, self._new, need=self._context.rights.need("templates:create")),
        ]

    def _uses(self, menu: QMenu, plan: Object) -> None:
        gate(
            menu.addAction(tr("New profile from it…")), self._context.rights.need("profiles:create")
        ).triggered.connect(lambda _checked: self.wishes.use(plan))
