"""What must be true of every history, whatever went wrong in it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from agent.wire.codec import attempt_name
from agent.wire.states import STEP_ENDS
from tests.faults.sim.history import Effect, End
from tests.faults.sim.plan import Plan
from tests.faults.sim.service import EPOCH, Service
from tests.faults.sim.world import World

_CERTAINLY_NOTHING = frozenset({"expired", "skipped", "rejected"})


@dataclass(frozen=True)
class _Step:
    id: int
    run_id: int
    device: str
    state: str
    reason: str
    source: str | None
    attempt: int
    exit_code: int | None


@dataclass(frozen=True)
class _Attempt:
    id: int
    step_id: int
    n: int
    outcome: str | None
    sizes: tuple[int, int]
    totals: tuple[int, int]
    detail: str

    @property
    def name(self) -> str:
        return attempt_name(EPOCH, self.step_id, self.n)


class Checker:
    def __init__(self, world: World, service: Service, plan: Plan) -> None:
        self._world, self._service, self._plan = world, service, plan
        self._found: list[str] = []
        self._effects: dict[str, list[Effect]] = defaultdict(list)
        self._steps: dict[int, _Step] = {}
        self._attempts: list[_Attempt] = []

    def look_for_flags(self) -> None:
        """Two copies of a device have been connected for a while: a person must have been told."""
        for copy in self._plan.copies:
            admissions = dict(self._service.rows("SELECT hostname, admission FROM devices"))
            if admissions[copy.device] != "quarantined":
                self._say(f"{copy.device} and its copy are both at work, and it is {admissions[copy.device]}")

    async def verdict(self) -> list[str]:
        self._found += self._world.history.faults
        self._load()
        self._check_once()
        self._check_open()
        self._check_ends()
        self._check_log()
        self._check_flags()
        await self._check_output()
        return self._found

    def _say(self, violation: str) -> None:
        self._found.append(violation)

    def _load(self) -> None:
        for effect in self._world.history.effects:
            self._effects[effect.attempt].append(effect)
        steps = self._service.rows(
            "SELECT s.id, s.run_id, d.hostname, s.state, s.reason, s.source, s.attempt, s.exit_code "
            "FROM steps s JOIN devices d ON d.id = s.device_id"
        )
        self._steps = {row[0]: _Step(*row) for row in steps}
        attempts = self._service.rows(
            "SELECT id, step_id, n, outcome, stdout_size, stderr_size, stdout_total, stderr_total, detail "
            "FROM attempts ORDER BY id"
        )
        self._attempts = [
            _Attempt(id_, step, n, outcome, (out, err), (all_out, all_err), detail)
            for id_, step, n, outcome, out, err, all_out, all_err, detail in attempts
        ]

    def _repeatable(self, step: _Step) -> bool:
        query = (
            "SELECT json_extract(o.policy, '$.idempotent') FROM rollouts o "
            "JOIN runs r ON r.rollout_id = o.id WHERE r.id = ?"
        )
        return bool(self._service.rows(query, step.run_id)[0][0])

    def _effects_of(self, step: _Step) -> list[Effect]:
        names = [attempt_name(EPOCH, step.id, n) for n in range(1, step.attempt + 1)]
        return [effect for name in names for effect in self._effects.get(name, ())]

    # ---- 1: at most once

    def _check_once(self) -> None:
        known = {attempt.name for attempt in self._attempts}
        for name, effects in self._effects.items():
            if len(effects) > 1:
                where = ", ".join(effect.machine for effect in effects)
                self._say(f"the attempt {name} was executed {len(effects)} times ({where})")
            if name not in known:
                self._say(f"{name} was executed, and nobody asked for it")
        for step in self._steps.values():
            effects = self._effects_of(step)
            if len(effects) > 1 and not self._repeatable(step):
                self._say(f"step {step.id} was executed {len(effects)} times: it may not be repeated")

    # ---- 2: nothing is lost, nothing stays open

    def _check_open(self) -> None:
        there = {row[0] for row in self._service.rows("SELECT id FROM runs")}
        for run_id in self._plan.accepted:
            if run_id not in there:
                self._say(f"run {run_id} was accepted and is gone")
        for run_id, state, reason in self._service.rows(
            "SELECT id, state, reason FROM runs WHERE ended_at IS NULL"
        ):
            self._say(f"run {run_id} is still {state} {reason}")
        for machine in self._plan.machines:
            for name in machine.open_attempts():
                self._say(f"{machine.name} still holds {name}")

    # ---- 3: never a lie

    def _check_ends(self) -> None:
        for attempt in self._attempts:
            if attempt.outcome == "not_started" and self._effects.get(attempt.name):
                self._say(f"{attempt.name} is reported as not started, and it was executed")
        for step in self._steps.values():
            last = self._effects.get(attempt_name(EPOCH, step.id, step.attempt), [])
            problem = self._lie(step, last[-1] if last else None)
            if problem:
                told = f"{step.state} ({step.reason}, {step.source}, exit code {step.exit_code})"
                self._say(f"step {step.id} is {told}: {problem}")

    def _lie(self, step: _Step, last: Effect | None) -> str:
        every = self._effects_of(step)
        match step.state:
            case "succeeded" | "failed":
                return self._exit_lie(step, last)
            case "timed_out":
                return "" if last and last.asked and last.end else "nobody stopped it"
            case "cancelled" if step.source == "presumed" or step.reason == "before_start":
                return self._before_start_lie(step, every)
            case "cancelled":
                return "" if last and last.asked and last.end else "nobody stopped it"
            case state if state in _CERTAINLY_NOTHING:
                return "it was executed" if every and not self._repeatable(step) else ""
            case "unknown":
                return self._needless_unknown(step, last)
        return ""

    def _exit_lie(self, step: _Step, last: Effect | None) -> str:
        if last is None or last.end is not End.EXITED:
            return "it has never come to its end"
        if last.exit_code != step.exit_code or (step.exit_code == 0) != (step.state == "succeeded"):
            return f"its exit code was {last.exit_code}"
        return ""

    def _before_start_lie(self, step: _Step, every: list[Effect]) -> str:
        return "it was executed" if every and not self._repeatable(step) else ""

    def _needless_unknown(self, step: _Step, last: Effect | None) -> str:
        history = self._world.history
        if step.device in history.confused:
            return ""
        if last is not None and last.verdict:
            return "its result was written down on the device"
        if step.device not in history.troubled:
            return "nothing happened to the device that could explain it"
        return ""

    def _check_log(self) -> None:
        """An end that was reported never changes."""
        ended: dict[int, tuple[Any, ...]] = {}
        for _, step_id, state, source, reason, attempt, exit_code in self._service.log:
            before = ended.get(step_id)
            now = (state, attempt, exit_code)
            if before is not None and before != now:
                self._say(f"step {step_id} was reported as {before} and became {now} ({reason})")
            if state in STEP_ENDS and source == "reported":
                ended[step_id] = now

    def _check_flags(self) -> None:
        for device, reason in self._service.rows("SELECT hostname, reason FROM sim_flags"):
            # After a restart an old connection that still looks open may raise the suspicion.
            if device not in self._world.history.troubled:
                self._say(f"{device} is suspected of having a copy, and has none: {reason}")

    # ---- 4: the whole output

    async def _check_output(self) -> None:
        process = self._service.process
        assert process is not None
        for attempt in self._attempts:
            if attempt.outcome not in (None, "not_started", "rejected"):
                await process.spawn(self._compare(attempt))

    async def _compare(self, attempt: _Attempt) -> None:
        effects = self._effects.get(attempt.name, [])
        if not effects:
            return
        for stream, said in enumerate(effects[0].said):
            kept = await self._service.area.output.read(attempt.id, stream, 0, 1 << 22)
            if len(kept) != attempt.sizes[stream]:
                self._say(f"{attempt.name}: {len(kept)} bytes are there, {attempt.sizes[stream]} are told")
            if attempt.outcome == "unknown":
                # What no power kept may be anything but more than there was.
                fine = len(kept) <= len(said)
            elif "could not be kept" in attempt.detail and effects[0].machine in self._plan.filled:
                fine = len(kept) <= len(said)
            else:
                fine = kept == said
            if not fine:
                self._say(f"{attempt.name}: stream {stream} has {len(kept)} bytes of {len(said)}")
            if attempt.outcome != "unknown" and attempt.totals[stream] != len(said):
                self._say(f"{attempt.name}: {attempt.totals[stream]} bytes told, {len(said)} written")
