"""The manifest of runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog

from agent.wire.messages import Done, Holding, Permit
from backend_lite.core.feature import Feature, Kernel
from backend_lite.core.keep_awake import KeepAwake
from backend_lite.features.fleet.api import DEVICE_RETIRED, DeviceLost, FleetApi
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.plans.api import PlansApi
from backend_lite.features.runs.action_routes import action_routes
from backend_lite.features.runs.actions import Actions
from backend_lite.features.runs.advance import Advance
from backend_lite.features.runs.approval_reach import ApprovalReach
from backend_lite.features.runs.approval_records import ApprovalRecords
from backend_lite.features.runs.approval_routes import approval_routes
from backend_lite.features.runs.approval_texts import ApprovalTexts
from backend_lite.features.runs.approvals import Approvals
from backend_lite.features.runs.approvals_gate import ApprovalGate, Approvers
from backend_lite.features.runs.attempts import Attempts
from backend_lite.features.runs.clock_jumps import SteadyClock
from backend_lite.features.runs.destructive_cap import DestructiveCap
from backend_lite.features.runs.device_past import Forgetting, OutputForgotten, open_runs, take_over
from backend_lite.features.runs.dispatch import Dispatcher
from backend_lite.features.runs.epochs import Epochs
from backend_lite.features.runs.flow import Flow
from backend_lite.features.runs.http_agents import HttpAgents
from backend_lite.features.runs.http_routes import http_agent_routes
from backend_lite.features.runs.keeper import Keeper
from backend_lite.features.runs.leaving import Leaving
from backend_lite.features.runs.lists import Lists
from backend_lite.features.runs.looks import Looks
from backend_lite.features.runs.needed_files import is_file_needed
from backend_lite.features.runs.outcomes import Outcomes
from backend_lite.features.runs.output_routes import output_routes
from backend_lite.features.runs.output_store import OutputStore
from backend_lite.features.runs.pause_routes import pause_routes
from backend_lite.features.runs.pauses import Pauses
from backend_lite.features.runs.permits import People, Permits
from backend_lite.features.runs.plans import Plans
from backend_lite.features.runs.preview import Previews
from backend_lite.features.runs.preview_routes import preview_routes
from backend_lite.features.runs.profile_apply import ProfileApplications
from backend_lite.features.runs.profile_devices import ProfileDevices
from backend_lite.features.runs.profile_records import forget_profile
from backend_lite.features.runs.profile_routes import profile_routes
from backend_lite.features.runs.reach import Reach
from backend_lite.features.runs.reruns import Reruns
from backend_lite.features.runs.restored import AfterRestore
from backend_lite.features.runs.retention import Retention, retention_routes
from backend_lite.features.runs.rollout_routes import RUN_ID, rollout_routes
from backend_lite.features.runs.rollouts import Rollouts
from backend_lite.features.runs.run_routes import run_routes
from backend_lite.features.runs.targets import is_there
from backend_lite.features.runs.tasks import Tasks
from backend_lite.features.runs.token_work import TokenWork
from backend_lite.features.runs.views import Views
from backend_lite.features.runs.vigil import Vigil
from backend_lite.features.runs.watching import live_kinds
from backend_lite.features.runs.work_findings import WorkFindings

log = structlog.get_logger(__name__)

_SWEEP_S = 1.0


@dataclass(frozen=True)
class Area:
    """The parts of runs, wired to the agents' messages."""

    output: OutputStore
    attempts: Attempts
    plans: Plans
    rollouts: Rollouts
    reruns: Reruns
    pauses: Pauses
    looks: Looks
    actions: Actions
    http_agents: HttpAgents
    lists: Lists
    epochs: Epochs
    restored: AfterRestore
    approvals: Approvals
    findings: WorkFindings
    gate: ApprovalGate


class Everybody(People, Approvers, Protocol):
    """What the access area knows of people, and is told about their tokens."""

    def on_token_work(self, work: TokenWork) -> None: ...


def compose(
    kernel: Kernel, library: LibraryApi, profiles: PlansApi, fleet: FleetApi, people: Everybody
) -> Area:
    database, clock, epochs = kernel.database, SteadyClock(kernel.clock), Epochs(kernel.service_epoch)
    output = OutputStore(kernel.config.data.output, database, kernel.bus, clock, epochs)
    views = Views(fleet.hub, output.sizes, clock)
    records = ApprovalRecords(clock)
    keeper, tasks = Keeper(views, records), Tasks(library, kernel.bus)
    cap = DestructiveCap(kernel.settings)
    dispatcher = Dispatcher(fleet, tasks, keeper, epochs, cap)
    advance = Advance(fleet.hub, dispatcher, keeper, views)
    flow = Flow(dispatcher, advance)
    permits = Permits(fleet, people, dispatcher, keeper, epochs, cap)
    outcomes = Outcomes(fleet, tasks, keeper, epochs)
    restored = AfterRestore(keeper, epochs, clock)
    attempts = Attempts(
        database, fleet, clock, output, dispatcher, permits, outcomes, restored, keeper, flow, epochs
    )
    plans = Plans(library, profiles, fleet)
    findings, gate = WorkFindings(library), ApprovalGate(kernel.settings, people, fleet)
    rollouts = Rollouts(
        fleet, plans, dispatcher, advance, keeper, flow, tasks, views, clock, epochs, findings, gate, records
    )
    approvals = Approvals(rollouts, records, advance, flow, people, clock)
    pauses = Pauses(fleet, dispatcher, keeper, flow, clock)
    fleet.on_group_delete(pauses.of_group)
    fleet.on_merge(open_runs, take_over)
    fleet.on_forget(Forgetting(views).forget)
    fleet.on_hello(attempts.hello)
    fleet.on_ready(attempts.ready)
    fleet.on_message(Permit, attempts.permit)
    fleet.on_message(Holding, attempts.holding)
    fleet.on_message(Done, attempts.done)
    fleet.on_output(attempts.output)
    return Area(
        output=output,
        attempts=attempts,
        plans=plans,
        rollouts=rollouts,
        reruns=Reruns(fleet, plans, rollouts),
        pauses=pauses,
        looks=Looks(database, clock, fleet.hub, keeper, flow, pauses, approvals, cap),
        actions=Actions(rollouts, Reach(fleet), library, output, kernel.settings),
        http_agents=HttpAgents(
            database, clock, fleet, attempts, dispatcher, permits, tasks, keeper, flow, output, epochs
        ),
        lists=Lists(views, clock, fleet),
        epochs=epochs,
        restored=restored,
        approvals=approvals,
        findings=findings,
        gate=gate,
    )


def build(
    kernel: Kernel, library: LibraryApi, profiles: PlansApi, fleet: FleetApi, people: Everybody
) -> Feature:
    area, database = compose(kernel, library, profiles, fleet, people), kernel.database
    reach = Reach(fleet)
    seen_approvals = ApprovalReach(reach)
    people.on_token_work(TokenWork(area.rollouts))
    kernel.within.add(RUN_ID, reach.has_run)
    library.on_file_needed(is_file_needed)
    library.on_download(lambda session, device_id: is_there(fleet.target(session, device_id)))
    profiles.on_delete(forget_profile)
    applications = ProfileApplications(area.plans, profiles, fleet, area.rollouts)
    leaving = Leaving(fleet, area.rollouts)
    fleet.on_leave(leaving.last_step)
    vigil = Vigil(database, kernel.clock, fleet.hub, KeepAwake())
    background = _Background(kernel, area, vigil)
    return Feature(
        name="runs",
        routes=lambda: [
            *rollout_routes(database, area.plans, area.rollouts, area.reruns, area.lists, reach),
            *profile_routes(database, applications, ProfileDevices(profiles, fleet)),
            *preview_routes(database, Previews(library, fleet, area.plans, area.findings, area.gate)),
            *approval_routes(
                database, area.approvals, ApprovalTexts(library, seen_approvals), seen_approvals
            ),
            *run_routes(database, area.rollouts, area.reruns, area.lists),
            *pause_routes(database, area.pauses),
            *output_routes(database, area.lists, area.output, reach),
            *retention_routes(database, kernel.clock),
            *action_routes(database, area.actions),
            *http_agent_routes(database, fleet, area.http_agents),
        ],
        live=live_kinds(database, area.lists, area.pauses, area.approvals, reach, seen_approvals),
        reactions={DEVICE_RETIRED: leaving.device_retired},
        restored=area.restored.take_notice,
        start=background.start,
        stop=background.stop,
        api=area,
    )


class _Background:
    """What clocks do, moving output to files, staying awake, and what follows when a device goes away."""

    def __init__(self, kernel: Kernel, area: Area, vigil: Vigil) -> None:
        self._vigil = vigil
        self._attempts = area.attempts
        self._database = kernel.database
        self._epochs = area.epochs
        self._looks = area.looks
        self._output = area.output
        self._retention = Retention(kernel.database, area.output, kernel.clock)
        self._tasks: set[asyncio.Task[None]] = set()
        kernel.bus.subscribe(DeviceLost, self._lost)
        kernel.bus.subscribe(OutputForgotten, self._forgotten)

    async def start(self) -> None:
        await self._database.read(self._epochs.load)
        await self._looks.start()
        self._keep(asyncio.create_task(self._sweep(), name="runs sweep"))
        self._keep(asyncio.create_task(self._retention.run(), name="runs retention"))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._vigil.end()
        self._output.close()

    async def _sweep(self) -> None:
        while True:
            try:
                self._output.spill_old()
                await self._looks.look()
                await self._vigil.look()
            except Exception:
                # Full disk, say: the next turn tries again.
                log.exception("runs sweep failed")
            await asyncio.sleep(_SWEEP_S)

    def _lost(self, event: DeviceLost) -> None:
        self._keep(asyncio.create_task(self._attempts.lost(event.device_id), name="device lost"))

    def _forgotten(self, event: OutputForgotten) -> None:
        # What a kill leaves behind is swept up at the next start.
        if event.attempt_ids:
            self._keep(asyncio.create_task(self._output.remove(event.attempt_ids), name="output forgotten"))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
