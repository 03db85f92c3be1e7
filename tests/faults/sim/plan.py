"""What people ask for and what goes wrong in one simulation: all of it follows from the seed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from backend_lite.contract.runs import Policy, Retries, RolloutCreate, Targets
from tests.faults.sim.disk import Disk
from tests.faults.sim.kernel import Process
from tests.faults.sim.machine import ROOT, Machine
from tests.faults.sim.service import Service, identity_of
from tests.faults.sim.world import World

FAULTS = (
    "agent killed", "agent killed in the middle", "runner killed", "runner killed in the middle",
    "power lost", "power lost in the middle", "restarted", "service killed", "service killed in the middle",
    "service without power", "cut", "unreachable", "disk full", "wiped", "reverted", "restored", "copied",
)  # fmt: skip
LASTS_S = 60.0
_RARE = frozenset({"disk full", "wiped", "reverted", "restored", "copied"})


class Plan:
    """`machines` grows when one is copied. After `heal` nothing goes wrong any more."""

    def __init__(self, world: World, service: Service, machines: list[Machine]) -> None:
        self.world, self.service, self.machines = world, service, machines
        self.accepted: list[int] = []
        self.copies: list[Machine] = []
        self.filled: set[str] = set()
        """Machines whose disk was full for a while."""
        self.over = False
        self._chance = world.chance
        self._serial = 0

    def make(self, focus: tuple[str, ...]) -> None:
        """`focus` are the faults that happen, often; without it chance decides which."""
        for _ in range(self._chance.randint(1, 4)):
            self._at(self._moment(), self._ask)
        for _ in range(self._chance.choice((0, 0, 1, 3))):
            self._at(self._moment(), self._cancel)
        some = [fault for fault in FAULTS if self.world.maybe(0.08 if fault in _RARE else 0.25)]
        for fault in focus or some:
            for _ in range(
                1 if fault in _RARE else self._chance.randint(3, 6) if focus else self._chance.randint(1, 3)
            ):
                self._at(self._moment(), lambda fault=fault: self._strike(fault))  # type: ignore[misc]

    def heal(self) -> None:
        self.over = True
        self.world.nervous = 0.0
        self.world.network.unreachable.clear()
        for process in list(Machine.by_process):
            process.fuse = None
        if self.service.process is not None:
            self.service.process.fuse = None
        self.service.start()
        for machine in self.machines:
            machine.disk.full = False
            if not machine.on:
                machine.boot()

    def _at(self, moment: float, action: Callable[[], None]) -> None:
        def act() -> None:
            if not self.over:
                action()

        self.world.loop.call_later(moment, act)

    def _moment(self) -> float:
        return self._chance.uniform(0, LASTS_S) if self.world.maybe(0.6) else self._chance.uniform(0, 12)

    # ---- people

    def _ask(self) -> None:
        request = self._request()
        self._serial += 1
        task = self.service.create(request, f"key-{self._serial}")
        if task is not None:
            task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and task.exception() is None and task.result() is not None:
            self.accepted.extend(task.result().run_ids)

    def _request(self) -> RolloutCreate:
        chance = self._chance
        duration = chance.choice((0.0, 0.05, 0.4, 2.0, 6.0, 15.0))
        arguments = [f"exit={chance.choice((0, 0, 0, 1, 9))}", f"time={duration}"]
        arguments += [f"out={chance.choice((0, 7, 900, 150_000))}", f"err={chance.choice((0, 0, 40))}"]
        arguments += [f"pieces={chance.randint(1, 5)}", f"deaf={chance.randint(0, 1)}"]
        policy = Policy(expires_after_s=chance.choice((7 * 86400, 7 * 86400, 40, 15)))
        if self.world.maybe(0.2):
            policy.timeout_s = chance.choice((1, 5))
        if self.world.maybe(0.2):
            policy.retries, policy.idempotent = Retries(count=2, delay_s=5), True
        if self.world.maybe(0.2):
            policy.parallel = True
        devices = chance.sample(range(1, len(self.machines) - len(self.copies) + 1), 1)
        if self.world.maybe(0.5):
            devices = list(range(1, len(self.machines) - len(self.copies) + 1))
        return RolloutCreate(
            script_id=1, targets=Targets(devices=devices), arguments=arguments, policy=policy
        )

    def _cancel(self) -> None:
        runs = self.service.rows("SELECT id FROM runs WHERE ended_at IS NULL")
        if runs and self.service.up:
            (run_id,) = self._chance.choice(runs)
            rollouts = self.service.area.rollouts
            self.service.ask(f"cancels run {run_id}", lambda unit: rollouts.cancel_run(unit, run_id))

    # ---- faults

    def _cancelled(self, _machine: Machine) -> None:
        """No fault, but what a focus may want often."""
        self._cancel()

    def _strike(self, fault: str) -> None:
        getattr(self, "_" + fault.replace(" ", "_"))(self._chance.choice(self.machines))

    def _arm(self, process: Process | None, blow: Callable[[], None]) -> None:
        if process is not None and process.alive:
            process.fuse = self._chance.randint(0, self._chance.choice((5, 40, 150)))
            process.blow = blow

    def _agent_killed(self, machine: Machine) -> None:
        machine.kill_agent()

    def _agent_killed_in_the_middle(self, machine: Machine) -> None:
        self._arm(machine.agent, machine.kill_agent)

    def _runner_killed(self, machine: Machine) -> None:
        machine.kill_runner()

    def _runner_killed_in_the_middle(self, machine: Machine) -> None:
        if machine.runners:
            victim = self._chance.choice(machine.runners)
            self._arm(victim.process, lambda: machine.kill_one(victim))

    def _power_lost(self, machine: Machine) -> None:
        machine.lose_power()
        self._boot_later(machine)

    def _boot_later(self, machine: Machine) -> None:
        self._at(self._chance.uniform(1, 20), lambda: None if machine.on else machine.boot())

    def _power_lost_in_the_middle(self, machine: Machine) -> None:
        process: Process | None = machine.agent
        if machine.runners and self.world.maybe(0.5):
            process = self._chance.choice(machine.runners).process
        self._arm(process, lambda: self._power_lost(machine))

    def _restarted(self, machine: Machine) -> None:
        machine.shut_down()
        self._boot_later(machine)

    def _service_killed(self, _machine: Machine) -> None:
        self.service.kill()
        self._start_service_later()

    def _start_service_later(self) -> None:
        self._at(self._chance.uniform(0.1, 15), self.service.start)

    def _service_killed_in_the_middle(self, machine: Machine) -> None:
        self._arm(self.service.process, lambda: self._service_killed(machine))

    def _service_without_power(self, _machine: Machine) -> None:
        self.service.lose_power()
        self._start_service_later()

    def _cut(self, machine: Machine) -> None:
        self.world.history.note(machine.name, "connection is cut")
        self.world.network.cut(machine.name)

    def _unreachable(self, machine: Machine) -> None:
        self._cut(machine)
        self.world.network.unreachable.add(machine.name)
        self._at(self._chance.uniform(1, 50), lambda: self.world.network.unreachable.discard(machine.name))

    def _disk_full(self, machine: Machine) -> None:
        machine.note("disk is full")
        machine.disk.full = True
        self.filled.add(machine.name)
        self._at(self._chance.uniform(1, 40), lambda: self._space_again(machine))

    def _space_again(self, machine: Machine) -> None:
        machine.note("disk has space")
        machine.disk.full = False

    def _wiped(self, machine: Machine) -> None:
        machine.note("journal is wiped")
        machine.kill_agent()
        machine.lose_trust()
        parts = ["journal"] if self.world.maybe(0.5) else ["journal", "attempts"]
        for part in parts:
            if machine.disk.find(f"{ROOT}/{part}") is not None:
                machine.disk.remove_tree(f"{ROOT}/{part}")
        machine.disk.sync_all()

    def _reverted(self, machine: Machine) -> None:
        """A snapshot of the machine's disk, from now, comes back later with a new boot."""
        image = machine.disk.image()

        def revert() -> None:
            machine.note("goes back to a snapshot")
            machine.lose_trust()
            machine.lose_power()
            machine.disk = image
            self._boot_later(machine)

        self._at(self._chance.uniform(0.5, 30), revert)

    def _restored(self, machine: Machine) -> None:
        """The folder, as it is now, is put back later from a copy, under the running system."""
        image = machine.disk.image()
        image.renumber()

        def restore() -> None:
            machine.note("data folder is restored from a copy")
            machine.lose_trust()
            machine.disk = image
            machine.kill_agent()

        self._at(self._chance.uniform(0.5, 30), restore)

    def _copied(self, machine: Machine) -> None:
        if machine.device != machine.name:
            return
        machine.note("disk is copied")
        copy = Machine(self.world, machine.name + "'", machine.device, machine.identity, machine.disk.image())
        machine.lose_trust()
        self.machines.append(copy)
        self.copies.append(copy)
        self._at(self._chance.uniform(0.5, 20), lambda: None if copy.on else copy.boot())


def make_machines(world: World, count: int) -> list[Machine]:
    return [
        Machine(world, f"pc-{n}", f"pc-{n}", identity_of(n), Disk(world.chance, journalled=world.maybe(0.5)))
        for n in range(1, count + 1)
    ]
