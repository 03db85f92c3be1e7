"""A device: its disk, its boots, and on it the real agent and the real runner."""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from agent import program, runner
from agent.attempt_folder import AttemptFolder
from agent.data_folder import DataFolder
from agent.enrollment import Enrollment
from agent.errors import AgentError
from agent.identity import Identity
from agent.job import Job
from agent.journal import Journal
from agent.machine import ThisMachine
from agent.runner import JOB
from agent.runners import Runner
from agent.wire.messages import Facts, Metrics
from tests.faults.sim.disk import Disk
from tests.faults.sim.history import Effect, End
from tests.faults.sim.kernel import CURRENT, Process, Strand, me
from tests.faults.sim.network import AgentChannel
from tests.faults.sim.system import Pipe, SimPath
from tests.faults.sim.world import World

ROOT = "/device"
_FOLDERS = ("", "/journal", "/attempts", "/logs")
_RESTART_S = 5.0


class Machine:
    """One computer. A copy of it has the same `device`, identity and disk, but a name of its own."""

    by_process: ClassVar[dict[Process, Machine]] = {}

    def __init__(self, world: World, name: str, device: str, identity: Identity, disk: Disk) -> None:
        self.world = world
        self.name = name
        self.device = device
        self.identity = identity
        self.disk = disk
        self.on = False
        self.boots = 0
        self.agent: Process | None = None
        self.journal: Journal | None = None
        """That of the agent which runs now, or ran last."""
        self.runners: list[RunnerProcess] = []
        self._processes: list[Process] = []
        self._booted_at = 0.0

    # ---- a machine's life

    def boot(self) -> None:
        self.on = True
        self.boots += 1
        self._booted_at = self.world.loop.now
        self._processes, self.runners = [], []
        self.note(f"boots ({self.boot_id})")
        self.start_agent()

    @property
    def boot_id(self) -> str:
        return f"{self.name}-boot-{self.boots}"

    def process(self, name: str) -> Process:
        world = self.world
        # A new boot counts its processes anew, and tells their times in rough marks: both may be as before.
        pid = 300 + len(self._processes)
        mark = str(int(world.loop.now - self._booted_at) // 10)
        process = Process(world.loop, world.chance, f"{self.name} {name}", pid, mark)
        self._processes.append(process)
        self.by_process[process] = self
        world.files.disks[process] = self.disk
        return process

    def is_alive(self, pid: int, mark: str) -> bool:
        return any(one.alive and (one.pid, one.mark) == (pid, mark) for one in self._processes)

    def start_agent(self) -> None:
        if not self.on or (self.agent is not None and self.agent.alive):
            return
        self.note("agent starts")
        self.agent = agent = self.process("agent")
        agent.at_end.append(self._agent_ended)
        agent.spawn(self._run_agent(agent))

    async def _run_agent(self, agent: Process) -> None:
        try:
            self._lay_out()
            await program._keep_going(DataFolder(SimPath(ROOT)), self._enrollment(), self.identity, None)  # type: ignore[arg-type]
        except (OSError, AgentError) as error:
            self.note(f"agent ends: {error}")
        except asyncio.CancelledError:
            raise
        except Exception:
            if agent.alive:
                self.world.history.fault(self.name, traceback.format_exc())
        finally:
            agent.exited()

    def _lay_out(self) -> None:
        """The folders, durable, as enrolment leaves them; what was taken away since is made anew."""
        fresh = self.disk.find(ROOT) is None
        for folder in _FOLDERS:
            SimPath(ROOT + folder).mkdir(exist_ok=True)
        if fresh:
            self.disk.sync_all()

    def _agent_ended(self) -> None:
        self.note("agent is gone")
        self.world.loop.call_later(self.world.chance.uniform(0, _RESTART_S), self.start_agent)

    def _enrollment(self) -> Enrollment:
        return Enrollment("https://service", "", 0, self.identity.device_uid, "")

    # ---- what can happen to it

    def kill_agent(self) -> None:
        if self.agent is not None:
            self.agent.kill()

    def kill_runner(self) -> None:
        """The process alone: what it started goes on without it, or not."""
        alive = [one for one in self.runners if one.process.alive]
        if alive:
            self.kill_one(self.world.chance.choice(alive))

    def kill_one(self, victim: RunnerProcess) -> None:
        self.note(f"runner of {victim.attempt} is killed")
        self.world.history.trouble(self.device)
        victim.process.kill()
        if victim.script is not None and self.world.maybe(0.5):
            victim.script.die()

    def lose_trust(self) -> None:
        """From now on what this device says of its past may be less than what it knew."""
        self.world.history.confuse(self.device)

    def lose_power(self) -> None:
        if not self.on:
            return
        self.note("power is lost")
        self.world.network.power_lost(self.name)
        self._end_everything()
        self.disk.power_loss()

    def shut_down(self) -> None:
        if self.on:
            self.note("shuts down")
            self._end_everything()
            self.disk.sync_all()

    def restart(self) -> None:
        self.shut_down()
        self.world.loop.call_later(10.0, lambda: None if self.on else self.boot())

    def _end_everything(self) -> None:
        self.world.history.trouble(self.device)
        self.on = False
        for one in self.runners:
            if one.script is not None:
                one.script.die()
        for process in self._processes:
            process.kill()

    def open_attempts(self) -> list[str]:
        """Attempts that this device has not been able to close yet."""
        return list(self.journal.entries) if self.journal is not None else []

    def note(self, what: str) -> None:
        self.world.history.note(self.name, what)

    # ---- what happens between two operations of its processes

    def between(self, process: Process) -> None:
        """Somebody else goes on: out of a strand whoever is next, within the agent a strand that stands."""
        world = self.world
        if not world.nervous or not world.maybe(world.nervous):
            return
        strand = Strand.current
        if strand is not None and strand.process is process:
            process.paused.append(strand)
            strand.pause(world.chance.choice((0.0, 0.001, 0.05, 1.0, 4.0)))
            if strand in process.paused:
                process.paused.remove(strand)
            return
        for one in self.runners:
            while one.process.paused and world.maybe(0.7):
                one.process.paused.pop(0).resume()


def machine_of(process: Process) -> Machine:
    return Machine.by_process[process]


class SimRunners:
    """What `agent.runners.Runners` is on a real machine: the hosts, as one process for each runner."""

    def __init__(self, attempts: Any, *_more: Any) -> None:
        self._attempts = str(attempts)

    def warm_up(self) -> None:
        """There is always one."""

    def prepare(self, attempt: str, job: Job, said: Callable[[], None]) -> Runner:
        folder = AttemptFolder(f"{self._attempts}/{attempt}")
        agent = me()
        process = RunnerProcess(machine_of(agent), agent, attempt, folder)
        handle = Runner(process.tell, said)
        process.handle = handle
        try:
            folder.lay_out(job)
        except OSError:
            handle.drop()
            raise
        handle.job_is_there()
        return handle

    def close(self) -> None:
        """What was told to go goes on."""


class RunnerProcess:
    """A runner that waits for its word."""

    handle: Runner

    def __init__(self, machine: Machine, agent: Process, attempt: str, folder: AttemptFolder) -> None:
        self.machine = machine
        self.attempt = attempt
        self.process = machine.process(f"runner {attempt}")
        self.script: SimScript | None = None
        self.effect: Effect | None = None
        self._agent = agent
        self._folder = folder
        self._words: list[bytes] = []
        self._heard_at = 0.0
        self._told = False
        machine.runners.append(self)
        agent.at_end.append(self._hang_up)
        self._strand = self.process.strand(self._run)
        self._strand.start(machine.world.chance.random() * 0.02)

    def tell(self, word: bytes) -> None:
        self._agent.step()
        if not self._told:
            self._told = word != JOB
            loop = self.machine.world.loop
            late = self.machine.world.chance.choice((0.0, 0.01, 0.5, 3.0))
            self._heard_at = max(self._heard_at, loop.now + late)
            loop.call_later(self._heard_at - loop.now, self._hear, word)

    def _hang_up(self) -> None:
        if not self._told:
            self._told = True
            self._hear(b"")

    def _hear(self, word: bytes) -> None:
        self._words.append(word)
        if not self._strand.over and self.process.alive:
            self._strand.wake_soon()

    def _wait_for_word(self) -> bytes:
        while not self._words:
            self._strand.pause(None)
        return self._words.pop(0)

    def _run(self) -> None:
        try:
            runner.run(self._folder, self._wait_for_word, self._said)
        except OSError as error:
            self.machine.note(f"runner of {self.attempt} ends: {error}")
            self.machine.world.history.trouble(self.machine.device)
        except Exception:
            self.machine.world.history.fault(self.process.name, traceback.format_exc())
        else:
            if self.effect is not None:
                self.effect.verdict = True
        self.process.exited()
        self._news(ended=True)

    def _said(self) -> None:
        self._news(ended=False)

    def _news(self, *, ended: bool) -> None:
        late = 0.01 * self.machine.world.chance.random()
        self.machine.world.loop.call_later(late, self._bring, ended, context=self._agent.context.copy())

    def _bring(self, ended: bool) -> None:
        if self._agent.alive:
            self.handle.said()
            if ended:
                self.handle.over.set()


_SETTING = re.compile(r"(\w+)=([\d.]+)")


class SimScript:
    """What `ScriptProcess` is on a real machine: a script that prints, takes its time and exits.

    Its arguments say how: `exit`, `time`, `out` and `err` in bytes, `pieces`, `deaf` to being asked to end.
    """

    def __init__(self, argv: list[str], _environment: Any, folder: str, *_more: Any, **_others: Any) -> None:
        process = CURRENT.get()
        assert process is not None
        self._machine = machine_of(process)
        self._world = self._machine.world
        owner = next(one for one in self._machine.runners if one.process is process)
        owner.script = self
        attempt = folder.rstrip("/").split("/")[-2]
        self._settings = {name: float(value) for name, value in _SETTING.findall(" ".join(argv))}
        self._pipes = (Pipe(), Pipe())
        self.output = tuple(self._world.files.add(pipe) for pipe in self._pipes)
        self._over = False
        self._exit_code: int | None = None
        self._waiter: Strand | None = None
        self.effect = owner.effect = Effect(attempt, self._machine.name, self._world.loop.now)
        self._world.history.effects.append(self.effect)
        self._machine.note(f"EFFECT of {attempt} begins")
        self._plan()

    def _plan(self) -> None:
        duration, pieces = self._settings.get("time", 0.0), int(self._settings.get("pieces", 1))
        loop, chance = self._world.loop, self._world.chance
        for stream, name in enumerate(("out", "err")):
            data = chance.randbytes(int(self._settings.get(name, 0)))
            step = max(1, -(-len(data) // pieces))
            for start in range(0, len(data), step):
                loop.call_later(chance.random() * duration, self._print, stream, data[start : start + step])
        loop.call_later(duration, self._exit)

    def _print(self, stream: int, data: bytes) -> None:
        if not self._over:
            self.effect.said[stream].extend(data)
            self._pipes[stream].write(data)

    def _exit(self) -> None:
        if not self._over:
            self.effect.exit_code = self._exit_code = int(self._settings.get("exit", 0))
            self._finish(End.EXITED)

    def die(self) -> None:
        if not self._over:
            self._finish(End.DIED)

    def _finish(self, end: End) -> None:
        self._over = True
        self.effect.end = end
        self._machine.note(f"EFFECT of {self.effect.attempt} ends: {end.name} {self.effect.exit_code}")
        for pipe in self._pipes:
            pipe.close()
        if self._waiter is not None:
            self._waiter.wake_soon()

    def wait(self, seconds: float) -> int | None:
        if self._exit_code is None and not self._over:
            self._waiter = Strand.current
            assert self._waiter is not None
            self._waiter.pause(seconds)
            self._waiter = None
        return self._exit_code

    def is_gone(self) -> bool:
        return self._over

    def ask_to_end(self) -> None:
        self.effect.asked = True
        if not self._settings.get("deaf"):
            self.kill_tree()

    def kill_tree(self) -> None:
        me().step()
        if not self._over:
            self._finish(End.STOPPED)

    def let_go(self) -> None:
        """Nothing is left."""


class SimThisMachine(ThisMachine):
    def restart(self) -> None:
        machine = machine_of(me())
        machine.note("is asked to restart")
        machine.world.loop.call_later(5.0, machine.restart)


class SimProbes:
    async def facts(self) -> Facts:
        process = me()
        return Facts(
            machine_of(process).device, "linux", "Linux", "6", "x86_64", "cpu", 2, 1 << 30, "1", ("sh",)
        )

    def metrics(self) -> Metrics:
        return Metrics(1.0, 1, 1, 1, 1, 1)

    async def software(self, _known: str) -> None:
        """Nothing new is installed."""


class SimPlatform:
    """`this_platform` for the program; scripts ask the real one for their interpreter."""

    os_type = "linux"

    def boot_id(self) -> str:
        return machine_of(me()).boot_id


def open_journal(*arguments: Any) -> Journal:
    machine = machine_of(me())
    machine.journal = Journal(*arguments)
    return machine.journal


@asynccontextmanager
async def open_channel(_server: str, _tls: Any, **_more: Any) -> AsyncIterator[AgentChannel]:
    process = me()
    machine = machine_of(process)
    network = machine.world.network
    channel = await network.connect(machine.name, process, lambda: machine.on, machine.note)
    try:
        yield channel
    finally:
        network.hang_up(channel)


def start_mark(pid: int) -> str:
    process = me()
    return process.mark if pid == process.pid else ""


def is_alive(pid: int, mark: str) -> bool:
    return mark != "" and machine_of(me()).is_alive(pid, mark)
