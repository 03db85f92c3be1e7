"""The engine under any order of events, while people hold, approve and refuse, and little may be destroyed.

Besides what always holds: nothing of a rollout gets a permit, or is even offered, before a second person has
approved it, and nothing of one that was refused, withdrawn or left to expire ever does; an approval waits
exactly as long as its rollout is held; no more destructive steps start in an hour than may.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import func, select

from agent.wire.codec import parse_attempt_name
from agent.wire.states import RolloutState
from backend_lite.contract.approvals import Approval, ApprovalState
from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.contract.runs import Policy, TaskAction, TaskCreate
from backend_lite.core.security.principal import Principal
from backend_lite.errors import ServiceError
from backend_lite.features.runs.destructive_cap import HOUR_MS
from backend_lite.features.runs.tables import (
    ApprovalRow,
    AttemptRow,
    DestructivePermitRow,
    RolloutRow,
    RunRow,
    StepRow,
)
from tests.backend.runs.harness import OWNER, Harness, add_software
from tests.backend.runs.test_engine_machine import COMBINED, DEVICES, POLICIES, TASKS, Engine
from tests.helpers.setting_values import change_settings

OTHER = Principal(2, "other", 2, 1 << 60, ALL_PERMISSIONS)
REMOVE = TaskCreate(software_id=1, action=TaskAction.UNINSTALL)
ALL = st.lists(DEVICES, min_size=2, max_size=3, unique=True)


class Approving(Engine):
    async def _harness(self) -> Harness:
        harness = Harness(self.folder / "data")
        await add_software(harness, uninstall_command="true")
        return harness

    @initialize(
        policy=st.one_of(st.just(Policy()), POLICIES, COMBINED),
        tasks=st.one_of(st.just([REMOVE]), TASKS),
        approve_above=st.sampled_from([0, 1]),
    )
    def begin(self, policy: Policy, tasks: list[TaskCreate], approve_above: int = 0) -> None:
        self.cap = 0
        for device in (1, 2, 3):
            self.do(self.harness.connect(device))
        self.change_limits(approve_above=approve_above, cap=1)
        self.start(policy, [1, 2, 3], tasks, later=False)

    # ---- people

    @rule(approve_above=st.sampled_from([0, 1, 1]), cap=st.sampled_from([0, 1, 2]))
    def change_limits(self, approve_above: int, cap: int) -> None:
        self.cap = cap
        change_settings(self.harness.settings, approve_above=approve_above, destructive_per_hour=cap)

    @rule(devices=ALL, policy=POLICIES)
    def remove(self, devices: list[int], policy: Policy) -> None:
        self.start(policy, devices, [REMOVE], later=False)

    @rule(data=st.data(), word=st.sampled_from(["approve", "approve", "refuse", "withdraw"]))
    def decide(self, data: st.DataObject, word: str) -> None:
        approvals = self.harness.area.approvals
        known = self.do(self.harness.database.read(approvals.live))
        if not known:
            return
        one = data.draw(st.sampled_from([approval.id for approval in known]))
        by = {"approve": (OTHER,), "refuse": (), "withdraw": (OWNER,)}[word]
        try:
            self.do(self.harness.database.write(lambda unit: getattr(approvals, word)(unit, one, "", *by)))
        except ServiceError:
            return

    @rule(word=st.sampled_from(["resume", "halt", "approve"]))
    def go_around_it(self, word: str) -> None:
        """Whoever asked tries to let it start."""
        approvals = self.harness.area.approvals
        for one in self.do(self.harness.database.read(approvals.live)):
            if one.state is ApprovalState.WAITING:
                with pytest.raises(ServiceError):
                    self.do(self._try(word, one))

    async def _try(self, word: str, approval: Approval) -> None:
        if word == "approve":
            approvals = self.harness.area.approvals
            await self.harness.database.write(lambda unit: approvals.approve(unit, approval.id, "", OWNER))
        else:
            await getattr(self.harness, word)(approval.rollout_id)

    @rule()
    def the_service_restarts(self) -> None:
        """Agents find it again; what they were told before, they know."""
        before = self.harness
        self.harness = before.restarted()
        self.harness.sent, self.harness.hub.boots = before.sent, before.hub.boots
        change_settings(self.harness.settings, approve_above=1, destructive_per_hour=self.cap)
        self.do(self.harness.area.looks.start())

    # ---- what holds

    def _check_permit(self, attempt: str, device: int, session: Any) -> None:
        super()._check_permit(attempt, device, session)
        _, step_id, _ = parse_attempt_name(attempt)
        step = session.get_one(StepRow, step_id)
        rollout_id = session.get_one(RunRow, step.run_id).rollout_id
        approval = session.scalar(select(ApprovalRow).where(ApprovalRow.rollout_id == rollout_id))
        assert approval is None or approval.state == ApprovalState.APPROVED
        if step.destructive and self.cap:
            when = DestructivePermitRow.permitted_at
            lately = select(func.count()).where(when > self.harness.clock.ms - HOUR_MS)
            assert 1 <= session.scalar(lately) <= self.cap

    @invariant()
    def approvals_are_kept_to(self) -> None:
        self.settle()
        self.do(self.harness.database.read(self._check_approvals))

    def _check_approvals(self, session: Any) -> None:
        rollouts = {row.id: row for row in session.scalars(select(RolloutRow))}
        approvals = {row.rollout_id: row for row in session.scalars(select(ApprovalRow))}
        held = {one for one, row in rollouts.items() if row.state == RolloutState.HELD}
        waiting = {one for one, row in approvals.items() if row.state == ApprovalState.WAITING}
        assert held == waiting
        for rollout_id in waiting:
            assert rollouts[rollout_id].look_at == approvals[rollout_id].expires_at
        not_approved = [one for one, row in approvals.items() if row.state != ApprovalState.APPROVED]
        offered = (
            select(AttemptRow.id)
            .join(StepRow, StepRow.id == AttemptRow.step_id)
            .join(RunRow, RunRow.id == StepRow.run_id)
            .where(RunRow.rollout_id.in_(not_approved))
        )
        assert session.scalars(offered).all() == []


Approving.TestCase.settings = settings(
    max_examples=10,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestApproving = Approving.TestCase
