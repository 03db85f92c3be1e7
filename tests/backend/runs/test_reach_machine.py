"""Somebody whose rights hold in one group only, under any order of what people, devices and the group do: no
step of theirs starts on a device that is not in the group at that moment, and none that is there is refused.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from agent.wire.codec import parse_attempt_name
from agent.wire.states import RUN_ENDS, StepState
from backend_lite.contract.rights import ALL_PERMISSIONS
from backend_lite.contract.runs import Policy, RolloutCreate, Run, RunRerun, Targets, Waves
from backend_lite.core.db.unit import Unit
from backend_lite.core.security.principal import Groups, Principal
from backend_lite.errors import ServiceError
from backend_lite.features.runs.reach import MAY_RUN, Reach
from tests.backend.runs.harness import OWNER, Harness

T = TypeVar("T")
ALL, GROUP, HELPER = frozenset({1, 2, 3}), 1, 2
DEVICES = st.sampled_from(sorted(ALL))
SOME = st.frozensets(DEVICES)
POLICIES = st.sampled_from([Policy(), Policy(parallel=True), Policy(waves=Waves(["1"], by_hand=True))])
TARGETS = st.builds(
    Targets,
    devices=st.lists(DEVICES, max_size=2, unique=True),
    groups=st.sampled_from([[], [], [GROUP]]),
    query=st.sampled_from(["", "1 2 3"]),
)


class Limits(RuleBasedStateMachine):
    """`members` are in the group; `groups` is where the helper's right holds."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.harness = self.do(self._harness())
        self.reach = Reach(self.harness.fleet)
        self.members: frozenset[int] = frozenset()
        self.groups: Groups = None
        self.runs: dict[int, int] = {}
        """By the id of their step."""
        self.rollouts: dict[int, set[int]] = {}
        """The devices of their runs."""

    async def _harness(self) -> Harness:
        return Harness(self.folder / "data")

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def write(self, work: Callable[[Unit], T]) -> T:
        return self.do(self.harness.database.write(work))

    def teardown(self) -> None:
        self.harness.close()
        self.loop.close()
        shutil.rmtree(self.folder)

    @property
    def allowed(self) -> frozenset[int]:
        if self.groups is None:
            return ALL
        return self.members if GROUP in self.groups else frozenset()

    @property
    def helper(self) -> Principal:
        person = Principal(HELPER, "helper", 2, 1 << 60)
        if self.groups is None:
            return replace(person, permissions=ALL_PERMISSIONS)
        return replace(person, limited={MAY_RUN: self.groups} if self.groups else {})

    @initialize(policy=POLICIES)
    def begin(self, policy: Policy) -> None:
        """Everything is offered work of the helper's, so that it gets somewhere."""
        for device in ALL:
            self.do(self.harness.connect(device))
        self.members_change(ALL)
        self.rights_change(frozenset({GROUP}))
        self.start(Targets(sorted(ALL)), policy, by_owner=False)

    @rule(members=SOME)
    def members_change(self, members: frozenset[int]) -> None:
        self.members = members
        self.do(self.harness.name_members(GROUP, *members))

    @rule(groups=st.sampled_from([frozenset({GROUP}), frozenset({GROUP}), frozenset({9}), frozenset(), None]))
    def rights_change(self, groups: Groups) -> None:
        self.groups = groups
        self.harness.people.within.clear()
        if groups is not None:
            self.harness.people.within[HELPER] = groups

    @rule(whom=TARGETS, policy=POLICIES, by_owner=st.booleans())
    def start(self, whom: Targets, policy: Policy, by_owner: bool) -> None:
        person, allowed = (OWNER, ALL) if by_owner else (self.helper, self.allowed)
        request = RolloutCreate(script_id=1, targets=whom, policy=policy)
        try:
            made = self.write(lambda unit: self.harness.rollouts.create(unit, request, person, None))
        except ServiceError:
            named = set(whom.devices)
            others = ({2, 3} if whom.groups else set()) | (ALL if whom.query else set())
            assert not named <= allowed or not (named | others) & allowed
            return
        self._made(made.run_ids, made.id, allowed)

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), by_owner=st.booleans())
    def run_again(self, data: st.DataObject, by_owner: bool) -> None:
        run = self._run(data.draw(st.sampled_from(list(self.runs.values()))))
        person, allowed = (OWNER, ALL) if by_owner else (self.helper, self.allowed)
        groups = person.groups_for(MAY_RUN)
        reruns = self.harness.area.reruns
        known = groups is None or self.do(
            self.harness.database.read(lambda session: self.reach.has_run(session, run.id, groups))
        )
        assert known == (run.device_id in allowed)
        if known and run.state in RUN_ENDS:
            made = self.write(lambda unit: reruns.run(unit, run.id, RunRerun(), person, None))
            self._made(made.run_ids, made.id, allowed)

    @precondition(lambda self: self.rollouts)
    @rule(data=st.data(), verb=st.sampled_from(["halt", "resume", "cancel", "again"]))
    def change_a_rollout(self, data: st.DataObject, verb: str) -> None:
        rollout_id = data.draw(st.sampled_from(list(self.rollouts)))
        person, allowed = self.helper, self.allowed
        its = self.rollouts[rollout_id]

        def work(unit: Unit) -> Any:
            self.reach.refuse_rollout(unit.session, rollout_id, person.groups_for(MAY_RUN))
            assert its <= allowed
            match verb:
                case "halt":
                    return self.harness.rollouts.halt(unit, rollout_id, person)
                case "resume":
                    return self.harness.rollouts.resume(unit, rollout_id)
                case "cancel":
                    return self.harness.rollouts.cancel_rollout(unit, rollout_id)
            return self.harness.area.reruns.failed(unit, rollout_id, person, None)

        try:
            made = self.write(work)
        except ServiceError as error:
            assert (error.status in (403, 404)) == (not its <= allowed)
            return
        if made is not None:
            self._made(made.run_ids, made.id, allowed)

    @precondition(lambda self: self.rollouts)
    @rule(data=st.data())
    def resume_by_the_owner(self, data: st.DataObject) -> None:
        with suppress(ServiceError):
            self.do(self.harness.resume(data.draw(st.sampled_from(list(self.rollouts)))))

    @rule(device=DEVICES)
    def reconnect(self, device: int) -> None:
        self.do(self.harness.disconnect(device))
        self.do(self.harness.connect(device))

    @rule(ends=st.sampled_from([None, 0, 1]))
    def work(self, ends: int | None) -> None:
        """Devices ask for a permit of what they were offered, and may end it."""
        for device in sorted(ALL):
            if self.harness.offers(device):
                self._work(device, ends)

    def _work(self, device: int, ends: int | None) -> None:
        attempt = self.harness.offers(device)[-1].attempt
        before = self._run_of(attempt)
        answer = self.do(self.harness.permit(attempt, device_id=device))
        after = self._run_of(attempt)
        out_of_reach = before.created_by == "helper" and device not in self.allowed
        if before.steps[0].state == StepState.OFFERED:
            assert not (answer == "yes" and out_of_reach)
            assert (after.reason == "creator_barred") == out_of_reach
        if answer == "yes" and ends is not None:
            self.do(self.harness.done(attempt, device_id=device, exit_code=ends))

    def _run_of(self, attempt: str) -> Run:
        _, step_id, _ = parse_attempt_name(attempt)
        return self._run(self.runs[step_id])

    def _run(self, run_id: int) -> Run:
        return self.do(self.harness.run(run_id))

    def _made(self, run_ids: list[int], rollout_id: int, allowed: frozenset[int]) -> None:
        made = [self._run(run_id) for run_id in run_ids]
        self.rollouts[rollout_id] = {run.device_id for run in made}
        self.runs |= {run.steps[0].id: run.id for run in made}
        assert self.rollouts[rollout_id] <= allowed


Limits.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
TestLimits = Limits.TestCase
