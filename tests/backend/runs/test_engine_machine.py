"""The engine under any order of what people, devices and clocks do. What must hold after each of it:

counters equal a recount; a step that was permitted is permitted again only after a proof or where it may be
repeated; an end stays, unless it was presumed; every open run says why it waits and until when; a device has
one step in hand unless it is parallel; no more runs are under way than are allowed; nothing is permitted
outside of its window, during a pause, in a wave that has not come or in a halted rollout; nothing is tried
more often than is allowed; too many bad ends halt; a task is left out exactly where its condition does not
hold.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from agent.wire.codec import parse_attempt_name
from agent.wire.states import RUN_ENDS, STEP_ENDS, Outcome, RolloutState, RunState, Source, StepState
from backend_lite.contract.common import format_time, parse_time
from backend_lite.contract.pauses import PauseCreate, PauseScope
from backend_lite.contract.runs import (
    OfflinePolicy,
    Policy,
    RebootPolicy,
    Retries,
    Run,
    Targets,
    TaskCondition,
    TaskCreate,
    TaskReboot,
    Waves,
    Window,
)
from backend_lite.errors import ServiceError
from backend_lite.features.runs import windows
from backend_lite.features.runs.conditions import CONDITION
from backend_lite.features.runs.pause_gate import ActivePause, holds
from backend_lite.features.runs.shares import amount
from backend_lite.features.runs.tables import (
    RUN_STATES,
    AttemptRow,
    PauseRow,
    RolloutRow,
    RolloutTaskRow,
    RunRow,
    StepRow,
)
from tests.backend.runs.harness import OWNER, Harness, add_software

T = TypeVar("T")

DEVICES = st.sampled_from([1, 2, 3])
CODES = st.sampled_from([0, 0, 1, 194])
OPEN_RUNS = [state for state in RunState if state not in RUN_ENDS]
IN_HAND = (StepState.OFFERED, StepState.RUNNING, StepState.CANCELLING)
UNDER_WAY = (StepState.RUNNING, StepState.CANCELLING)

POLICIES = st.builds(
    Policy,
    expires_after_s=st.sampled_from([300, 86400]),
    window=st.sampled_from([None, Window("22:00", "22:30"), Window("00:00", "12:00")]),
    offline=st.sampled_from(OfflinePolicy),
    concurrency=st.sampled_from([None, None, 1, 2]),
    waves=st.sampled_from([None, Waves(["1"]), Waves(["1", "1"], 60), Waves(["50%"], by_hand=True)]),
    failure_limit=st.sampled_from([None, "0", "50%"]),
    retries=st.sampled_from([Retries(), Retries(count=2, delay_s=10)]),
    idempotent=st.just(True),
    parallel=st.booleans(),
    reboot=st.sampled_from(RebootPolicy),
    max_reboots=st.sampled_from([0, 1, 3]),
    reboot_within_s=st.sampled_from([60, 3600]),
)
# All at once, which is rarely drawn otherwise.
COMBINED = st.builds(
    Policy,
    window=st.sampled_from([Window("22:00", "22:30"), Window("22:00", "21:00", time_zone="UTC")]),
    concurrency=st.sampled_from([1, 2]),
    waves=st.sampled_from([Waves(["1", "1"]), Waves(["1"], 60), Waves(["1"], by_hand=True)]),
    failure_limit=st.sampled_from(["0", "1"]),
    retries=st.just(Retries(count=1, delay_s=60)),
    idempotent=st.just(True),
)


def _task(software: bool, only: str, reboot: TaskReboot) -> TaskCreate:
    """One for all devices, or `only` for some."""
    return TaskCreate(
        script_id=None if software else 1,
        software_id=1 if software else None,
        condition=TaskCondition(query=only),
        reboot=reboot,
    )


TASKS = st.lists(
    st.builds(
        _task,
        software=st.sampled_from([False, False, True]),
        only=st.sampled_from(["", "", "1", "2 3"]),
        reboot=st.sampled_from([TaskReboot.ANNOUNCED, *TaskReboot]),
    ),
    min_size=1,
    max_size=3,
)


class Engine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.harness = self.do(self._harness())
        self.rollouts: list[int] = []
        self.runs: list[int] = []
        self.pauses: list[int] = []
        self.boots: Counter[int] = Counter()
        # What the devices hold: the nonce of every attempt that they asked for, and those they may run.
        self.nonces: dict[str, str] = {}
        self.running: dict[str, int] = {}
        self.permitted: set[str] = set()
        self.proved: set[str] = set()
        self.reported: dict[int, tuple[str, str]] = {}

    async def _harness(self) -> Harness:
        harness = Harness(self.folder / "data")
        await add_software(harness)
        return harness

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.harness.close()
        self.loop.close()
        shutil.rmtree(self.folder)

    def settle(self) -> None:
        self.do(self.harness.look())

    @initialize(policy=st.one_of(POLICIES, COMBINED), tasks=TASKS)
    def begin(self, policy: Policy, tasks: list[TaskCreate]) -> None:
        """Devices that are there and have work, so that it gets somewhere."""
        for device in (1, 2, 3):
            self.do(self.harness.connect(device))
        self.start(policy, [1, 2, 3], tasks, later=False)

    # ---- people

    @rule(policy=POLICIES, devices=st.lists(DEVICES, min_size=1, unique=True), tasks=TASKS,
          later=st.booleans(), goes_on=st.booleans())  # fmt: skip
    def start(
        self,
        policy: Policy,
        devices: list[int],
        tasks: list[TaskCreate],
        later: bool,
        goes_on: bool = False,
    ) -> None:
        if later:
            policy.not_before = format_time(self.harness.clock.ms + 120_000)
        for task in tasks:
            task.continue_on_error = goes_on
        ids = self.do(
            self.harness.start(script_id=None, tasks=tasks, policy=policy, targets=Targets(devices))
        )
        self.runs += ids
        self.rollouts.append(self.do(self.harness.rollout_of(ids[0])))

    @rule(data=st.data())
    def run_again(self, data: st.DataObject) -> None:
        if not self.rollouts:
            return
        rollout_id, reruns = data.draw(st.sampled_from(self.rollouts)), self.harness.area.reruns
        try:
            made = self.do(
                self.harness.database.write(lambda unit: reruns.failed(unit, rollout_id, OWNER, None))
            )
        except ServiceError:
            return
        self.runs += made.run_ids
        self.rollouts.append(made.id)

    @rule(data=st.data())
    def decide_about_a_rollout(self, data: st.DataObject) -> None:
        if not self.rollouts:
            return
        rollout_id = data.draw(st.sampled_from(self.rollouts))
        what = data.draw(st.sampled_from(["halt", "resume", "cancel"]))
        try:
            if what == "cancel":
                rollouts = self.harness.rollouts
                self.do(self.harness.database.write(lambda unit: rollouts.cancel_rollout(unit, rollout_id)))
            else:
                self.do(getattr(self.harness, what)(rollout_id))
        except ServiceError:
            return

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if self.runs:
            self.do(self.harness.cancel(data.draw(st.sampled_from(self.runs))))

    @rule(device=DEVICES, scope=st.sampled_from(PauseScope), minutes=st.sampled_from([None, 1, 60]))
    def pause(self, device: int, scope: PauseScope, minutes: int | None) -> None:
        until = format_time(self.harness.clock.ms + minutes * 60_000) if minutes else None
        group = 1 if scope is PauseScope.GROUP else None
        request = PauseCreate(scope, group, device if scope is PauseScope.DEVICE else None, until=until)
        pauses = self.harness.area.pauses
        made = self.do(self.harness.database.write(lambda unit: pauses.create(unit, request, OWNER)))
        self.pauses.append(made.id)

    @rule()
    def end_pauses(self) -> None:
        pauses = self.harness.area.pauses
        for pause in self.do(self.harness.database.read(lambda session: pauses.page(session, None))):
            self.do(self.harness.database.write(partial(pauses.end, pause_id=pause.id, principal=OWNER)))

    # ---- clocks

    @rule(seconds=st.sampled_from([1, 10, 61, 1800, 7200, 90_000, 8 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.harness.clock.ms += seconds * 1000

    def _wait(self) -> None:
        """Until the next thing happens by itself."""
        clocks = [self.do(self.harness.run(run_id)).until for run_id in self.runs]
        clocks += [self.do(self.harness.rollout(rollout_id)).until for rollout_id in self.rollouts]
        waits = [parse_time(clock).timestamp() * 1000 for clock in clocks if clock is not None]
        if waits:
            self.harness.clock.ms = round(min(waits))

    @rule(years=st.sampled_from([-10, 10]))
    def wall_clock_jumps(self, years: int) -> None:
        self.settle()
        self.harness.clock.jump_ms(years * 365 * 86_400_000)

    # ---- devices

    @rule(device=DEVICES)
    def disconnect(self, device: int) -> None:
        self.do(self.harness.disconnect(device))

    @rule(device=DEVICES, keeps=st.booleans())
    def restart(self, device: int, keeps: bool) -> None:
        """Another boot: what ran has no result any more, unless its exit record was written."""
        self.boots[device] += 1
        self.harness.hub.boots[device] = f"boot {self.boots[device]}"
        mine = [attempt for attempt, owner in self.running.items() if owner == device]
        self.do(self.harness.hello(*(mine if keeps else ()), device_id=device, new=True))
        if not keeps:
            for attempt in mine:
                del self.running[attempt]
        self.do(self.harness.connect(device))

    @rule(device=DEVICES, again=st.booleans())
    def ask_for_a_permit(self, device: int, again: bool) -> None:
        """For the newest offer, or for any that ever came; twice is as good as once."""
        offers = self.harness.offers(device)
        for offer in offers[-1:] if not again else offers[-3:]:
            nonce = self.nonces.setdefault(offer.attempt, f"nonce of {offer.attempt}")
            answer = self.do(self.harness.permit(offer.attempt, nonce, device))
            if answer == "yes" and offer.attempt not in self.proved:
                if offer.attempt not in self.permitted:
                    self.do(self.harness.database.read(partial(self._check_permit, offer.attempt, device)))
                self.permitted.add(offer.attempt)
                self.running[offer.attempt] = device
            if answer == "cancelled":
                self.proved.add(offer.attempt)
                self.running.pop(offer.attempt, None)
                self._report(offer.attempt, device, Outcome.NOT_STARTED, None)

    @rule()
    def everybody_succeeds(self) -> None:
        self._work((0, 0, 0))

    @rule(codes=st.tuples(CODES, CODES, CODES))
    def everybody_works(self, codes: tuple[int, int, int]) -> None:
        self._work(codes)

    @rule(codes=st.tuples(CODES, CODES, CODES))
    def everybody_works_when_the_time_has_come(self, codes: tuple[int, int, int]) -> None:
        self._wait()
        self.settle()
        self._work(codes)

    @rule()
    def everybody_comes_back(self) -> None:
        for device in (1, 2, 3):
            self.do(self.harness.connect(device))

    def _work(self, codes: tuple[int, int, int]) -> None:
        """Each device carries out what it was offered last."""
        for device, code in enumerate(codes, 1):
            self.ask_for_a_permit(device, again=False)
            for attempt in [one for one, owner in self.running.items() if owner == device]:
                del self.running[attempt]
                self._report(attempt, device, Outcome.EXITED, code)

    @rule(data=st.data(), code=CODES, outcome=st.sampled_from(Outcome))
    def report(self, data: st.DataObject, code: int, outcome: Outcome) -> None:
        if not self.running:
            return
        attempt = data.draw(st.sampled_from(sorted(self.running)))
        device = self.running.pop(attempt)
        if outcome is Outcome.NOT_STARTED:
            self.proved.add(attempt)
        self._report(attempt, device, outcome, code if outcome is Outcome.EXITED else None)

    @rule(device=DEVICES)
    def never_started(self, device: int) -> None:
        """An offer that no permit was asked for, told after a restart."""
        for offer in self.harness.offers(device)[-1:]:
            if offer.attempt not in self.nonces:
                self.proved.add(offer.attempt)
                self.nonces[offer.attempt] = "unasked"
                self._report(offer.attempt, device, Outcome.NOT_STARTED, None)

    def _report(self, attempt: str, device: int, outcome: Outcome, code: int | None) -> None:
        nonce = self.nonces[attempt]
        self.do(self.harness.done(attempt, nonce, device, result=outcome, exit_code=code))

    # ---- what holds

    @invariant()
    def all_is_true(self) -> None:
        self.settle()
        self.do(self.harness.database.read(self._check_rows))
        for run_id in self.runs:
            self._check_told(self.do(self.harness.run(run_id)))
        for rollout_id in self.rollouts:
            rollout = self.do(self.harness.rollout(rollout_id))
            assert (rollout.ended_at is None) == (rollout.until is not None)
            if rollout.until is not None:
                assert rollout.until > format_time(self.harness.clock.ms)

    def _check_rows(self, session: Any) -> None:
        runs = session.scalars(select(RunRow)).all()
        steps = session.scalars(select(StepRow)).all()
        rollouts = {row.id: row for row in session.scalars(select(RolloutRow))}
        for rollout in rollouts.values():
            mine = [run for run in runs if run.rollout_id == rollout.id]
            self._check_counters(rollout, mine, steps)
        by_run = {run.id: run for run in runs}
        for device in (1, 2, 3):
            in_hand = [step for step in steps if step.device_id == device and step.state in IN_HAND]
            alone = [s for s in in_hand if not rollouts[by_run[s.run_id].rollout_id].policy["parallel"]]
            assert len(alone) <= 1
        self._check_attempts(session, steps, by_run, rollouts)
        self._check_conditions(session, steps, by_run)
        for run in runs:
            self._check_end(run)

    def _check_permit(self, attempt: str, device: int, session: Any) -> None:
        """One that was granted just now."""
        _, step_id, _ = parse_attempt_name(attempt)
        run = session.get_one(RunRow, session.get_one(StepRow, step_id).run_id)
        rollout = session.get_one(RolloutRow, run.rollout_id)
        now = self.harness.clock.ms
        assert (rollout.state, run.wave <= rollout.wave) == (RolloutState.RUNNING, True)
        if rollout.policy["window"]:
            window = msgspec.convert(rollout.policy["window"], Window)
            assert windows.opens_at(window, windows.UTC_ZONE, now) is None
        groups = frozenset(self.harness.fleet.groups_of(session, device))
        for pause in session.scalars(select(PauseRow)):
            active = ActivePause(pause.scope, pause.group_id, pause.device_id, "", pause.until)
            over = pause.until is not None and pause.until <= now
            assert over or not holds(active, device, groups)

    def _check_counters(self, rollout: RolloutRow, runs: list[RunRow], steps: Any) -> None:
        counted = Counter(run.state for run in runs)
        assert {state: getattr(rollout, state) for state in RUN_STATES if getattr(rollout, state)} == counted
        ids = {run.id: run for run in runs}
        offered = {s.run_id for s in steps if s.run_id in ids and s.state == StepState.OFFERED}
        limit = rollout.policy["concurrency"]
        if limit is not None:
            assert rollout.offered == sum(ids[run_id].state == RunState.QUEUED for run_id in offered)
            assert rollout.running + rollout.cancelling + rollout.offered <= limit
        assert (rollout.ended_at is not None) == all(run.state in RUN_ENDS for run in runs)
        assert not any(run.started_at for run in runs if run.wave > rollout.wave)
        if rollout.state == RolloutState.RUNNING and rollout.policy["failure_limit"]:
            bad = rollout.failed + rollout.unknown - rollout.forgiven
            assert bad <= amount(rollout.policy["failure_limit"], rollout.total, "limit")

    def _check_attempts(self, session: Any, steps: Any, by_run: Any, rollouts: Any) -> None:
        """A permit was granted after another one only where that is harmless or wanted."""
        known = {step.id: step for step in steps}
        tried: Counter[int] = Counter()
        for attempt in session.scalars(select(AttemptRow).where(AttemptRow.nonce.is_not(None))):
            step = known[attempt.step_id]
            policy = rollouts[by_run[step.run_id].rollout_id].policy
            tried[step.id] += attempt.outcome != Outcome.NOT_STARTED
            assert tried[step.id] <= policy["retries"]["count"] + 1
            if attempt.n == step.attempt:
                continue
            ended = attempt.outcome is not None
            assert ended and (attempt.outcome == Outcome.NOT_STARTED or policy["retries"]["count"])

    def _check_conditions(self, session: Any, steps: Any, by_run: Any) -> None:
        """A step is left out for its condition, from the beginning and for good, or has nothing to do with
        it."""
        tasks = {(task.rollout_id, task.n): task for task in session.scalars(select(RolloutTaskRow))}
        for step in steps:
            only = tasks[by_run[step.run_id].rollout_id, step.n].condition["query"].split()
            left_out = bool(only) and str(step.device_id) not in only
            assert (step.reason == CONDITION) == left_out
            assert not left_out or (step.state, step.attempt) == (StepState.SKIPPED, 0)

    def _check_end(self, run: RunRow) -> None:
        """What was reported stays."""
        before = self.reported.get(run.id)
        now = (run.state, run.reason)
        if before is not None:
            assert now == before
        elif run.state in RUN_ENDS and run.source == Source.REPORTED:
            self.reported[run.id] = now

    def _check_told(self, run: Run) -> None:
        if run.state in RUN_ENDS:
            assert (run.until, run.waiting) == (None, "")
            assert all(step.state in STEP_ENDS for step in run.steps)
            return
        assert run.until is not None
        assert run.until > format_time(self.harness.clock.ms)
        undisturbed = (
            any(step.state in UNDER_WAY for step in run.steps) and run.device_id in self.harness.hub.here
        )
        assert run.waiting or undisturbed, (run.state, run.reason)


Engine.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestEngine = Engine.TestCase
