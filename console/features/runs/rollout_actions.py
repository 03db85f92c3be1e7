"""What a person can do with a rollout: each button only where it makes sense."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from PySide6.QtWidgets import QPushButton, QWidget

from backend_lite.contract.live import SCRIPT
from backend_lite.contract.runs import Rollout
from backend_lite.contract.states import RolloutState
from console.core import run_ops
from console.core.activity import failed_count, is_open
from console.core.ops import Op
from console.core.run_request import RUN_DIALOG, RunRequest
from console.core.texts import plural, tr
from console.features.runs import rollout_ops
from console.shell.context import Context
from console.shell.parts import button
from console.widgets.confirm import confirm
from console.widgets.gated import open_started, start_gated

Object = dict[str, Any]


class RolloutActions:
    """The buttons for a page's header. `answered` gets the rollout as the service has it after a press."""

    def __init__(self, context: Context, page: QWidget, answered: Callable[[Object], None]) -> None:
        self._context, self._page, self._answered = context, page, answered
        self._rollout: Object = {}
        self.failed = button(tr("Rerun failed"), self._ask_failed, need=context.rights.need("rollouts:run"))
        self.again = button(tr("Run again…"), self._again, need=context.rights.need("rollouts:run"))
        self.halt = button(
            tr("Halt"),
            self._halt,
            name=tr("Start nothing more; what runs goes on to its end"),
            need=context.rights.need("rollouts:run"),
        )
        self.resume = button(tr("Resume"), self._resume, "primary", need=context.rights.need("rollouts:run"))
        self.cancel = button(
            tr("Cancel…"),
            self._ask_cancel,
            "danger",
            name=tr("Cancel the rollout"),
            need=context.rights.need("rollouts:run"),
        )

    def all(self) -> list[QPushButton]:
        return [self.failed, self.again, self.halt, self.resume, self.cancel]

    def hide(self) -> None:
        for part in self.all():
            part.hide()

    def show_rollout(self, rollout: Object) -> None:
        self._rollout = rollout
        open_, halted = is_open(rollout), rollout["state"] == RolloutState.HALTED
        held = rollout["state"] == RolloutState.HELD
        # Only the service knows that a wave is done: runs that end early are of any wave.
        next_wave = bool(rollout.get("wave_done"))
        bad = self._bad()
        self.failed.show()
        self.failed.setEnabled(bad > 0)
        self.again.show()
        self.again.setEnabled(self._is_in_library())
        self.halt.setVisible(open_ and not halted and not held)
        self.resume.setVisible(halted or next_wave)
        self.resume.setText(
            tr("Resume") if halted else tr("Start wave {n}", n=int(rollout.get("wave") or 1) + 1)
        )
        self.cancel.setVisible(open_)

    # ---- inside

    def _bad(self) -> int:
        return failed_count(self._rollout)

    def _is_in_library(self) -> bool:
        ids = [task.get("script_id") for task in self._rollout.get("tasks") or ()]
        ids = ids or [self._rollout.get("script_id")]
        return all(id_ is not None and self._context.live.get(SCRIPT, id_) is not None for id_ in ids)

    def _press(self, op: Op[Rollout], pressed: QPushButton) -> None:
        self._context.ops.run(
            op,
            on_success=lambda rollout: self._answered(msgspec.to_builtins(rollout)),
            busy=pressed,
            owner=self._page,
        )

    def _halt(self) -> None:
        self._press(rollout_ops.halt(self._context.client, self._rollout["id"]), self.halt)

    def _resume(self) -> None:
        self._press(rollout_ops.resume(self._context.client, self._rollout["id"]), self.resume)

    def _ask_cancel(self) -> None:
        running = (self._rollout.get("counters") or {}).get("running", 0)
        stopped = plural(
            running,
            "One device is at it now: it is stopped with everything it started.",
            "{count} devices are at it now: they are stopped with everything they started.",
        )
        confirm(
            self._page.window(),
            tr("Cancel this rollout?"),
            tr("What has not started does not start.") + (f" {stopped}" if running else ""),
            tr("Cancel the rollout"),
            lambda: self._press(
                run_ops.cancel_rollout(self._context.client, self._rollout["id"]), self.cancel
            ),
        )

    def _ask_failed(self) -> None:
        count = self._bad()
        unknown = (self._rollout.get("counters") or {}).get("unknown", 0)
        doubt = tr("Of those that are unknown some may have done their work: it is done again there.")
        confirm(
            self._page.window(),
            plural(count, "Run it again on one device?", "Run it again on {count} devices?"),
            tr("Those that failed, expired or are unknown get the same work in a new rollout.")
            + (f" {doubt}" if unknown else ""),
            tr("Rerun failed"),
            self._rerun_failed,
            role="primary",
        )

    def _rerun_failed(self) -> None:
        self.failed.setEnabled(False)
        start_gated(
            self._context,
            self._page,
            partial(rollout_ops.rerun_failed, self._context.client, self._rollout["id"]),
            lambda made: open_started(self._context, made),
            lambda: self.failed.setEnabled(self._bad() > 0),
        )

    def _again(self) -> None:
        rollout = msgspec.convert(self._rollout, Rollout, strict=False)
        self._context.navigator.ask(RUN_DIALOG, RunRequest.of_rollout(rollout))
