"""From what a person asks for to what will be written: the plan of a rollout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from backend_lite.contract.library import os_matches
from backend_lite.contract.runs import MAX_TASKS, Policy, RolloutCreate, Targets, TaskCreate
from backend_lite.core.security.principal import Groups
from backend_lite.errors import InvalidError, ServiceError
from backend_lite.features.fleet.api import FleetApi, RunTarget
from backend_lite.features.library.api import LibraryApi
from backend_lite.features.plans.api import PlansApi, ProfileForRun
from backend_lite.features.runs.conditions import CONDITION, skips_of
from backend_lite.features.runs.policies import check_policy
from backend_lite.features.runs.seals import Seals
from backend_lite.features.runs.targets import Candidate, Need, Targeting, problem_of
from backend_lite.features.runs.works import Work, work_of

MAX_TITLE = 300
_WAITED_FOR = ("not_approved", "quarantined")
"""Problems that a person may solve while the run of a device that was named waits."""

Sealed = Callable[[RunTarget, int], dict[str, str]]
"""The secrets of the n-th task (from 0), sealed to that device."""


@dataclass(frozen=True)
class Asked:
    """The tasks that are asked for, in their order, and the profile that they are of."""

    tasks: Sequence[TaskCreate]
    profile: ProfileForRun | None = None


@dataclass(frozen=True)
class Plan:
    """`works` are the steps of every run, `candidates` the devices. `targets` is what was asked for. One that
    `is_partial` leaves out tasks of its profile, which does not count as applied by it. One that is
    `is_gathered` is for devices that the service has looked up. `confirmed_devices` is the number of devices
    that a person has given."""

    title: str
    works: Sequence[Work]
    candidates: Sequence[Candidate]
    policy: Policy
    targets: Targets
    origin_id: int | None = None
    sealed: Sealed | None = None
    seals: Seals = field(default_factory=Seals, repr=False)
    profile_id: int | None = None
    profile_revision: int | None = None
    is_partial: bool = False
    confirmed_devices: int | None = None
    is_gathered: bool = False

    @property
    def runs(self) -> int:
        """How many runs can do something."""
        return sum(not is_skipped(candidate) for candidate in self.candidates)

    @property
    def found(self) -> int:
        """How many of them are on devices that whoever asks for it has not listed one by one."""
        return sum(not is_skipped(one) and (self.is_gathered or not one.named) for one in self.candidates)

    def secrets(self, target: RunTarget, index: int) -> dict[str, str]:
        if self.sealed is not None:
            return self.sealed(target, index)
        return self.seals.of(target.public_key, index, self.works[index].secrets)


def is_skipped(candidate: Candidate) -> bool:
    """Its run is made as skipped, with the candidate's problem as its reason."""
    return bool(candidate.problem) and not (candidate.named and candidate.problem in _WAITED_FOR)


class Plans:
    """Works inside the caller's session."""

    def __init__(self, library: LibraryApi, plans: PlansApi, fleet: FleetApi) -> None:
        self._library = library
        self._plans = plans
        self._fleet = fleet
        self.targeting = Targeting(fleet)

    def seal_ahead(self, session: Session, request: RolloutCreate, groups: Groups) -> Seals:
        """The secrets that `make` will find are needed, as far as can be told before; nothing is refused."""
        seals = Seals()
        with suppress(ServiceError):
            asked = self.asked(session, request)
            works = self.works(session, asked, request.policy)
            secret = [(index, work.secrets) for index, work in enumerate(works) if work.secrets]
            meant = self.candidates(session, request.targets, works, groups, asked.profile) if secret else []
            for one in meant:
                for index, secrets in secret if not is_skipped(one) else ():
                    seals.of(one.target.public_key, index, secrets)
        return seals

    def make(
        self, session: Session, request: RolloutCreate, groups: Groups, seals: Seals | None = None
    ) -> Plan:
        """For devices in reach of `groups`; `seals` are of the same request. Raises InvalidError and
        NotFoundError with the sentence why it cannot be carried out."""
        asked = self.asked(session, request)
        works = self.works(session, asked, request.policy)
        candidates = self.candidates(session, request.targets, works, groups, asked.profile)
        refuse_named(candidates, works, asked.profile)
        return self.plan(request, asked, works, candidates, seals or Seals())

    def plan(
        self,
        request: RolloutCreate,
        asked: Asked,
        works: Sequence[Work],
        candidates: Sequence[Candidate],
        seals: Seals,
    ) -> Plan:
        """Raises InvalidError for a policy that cannot be kept to."""
        profile = asked.profile
        usual = _title(works) if profile is None else profile.name
        plan = Plan(
            title=request.title.strip()[:MAX_TITLE] or usual,
            works=works,
            candidates=candidates,
            policy=request.policy,
            targets=request.targets,
            seals=seals,
            profile_id=None if profile is None else profile.id,
            profile_revision=None if profile is None else profile.revision,
            confirmed_devices=request.confirmed_devices,
        )
        check_policy(request.policy, total=plan.runs, may_repeat=all(work.may_repeat for work in works))
        return plan

    def asked(self, session: Session, request: RolloutCreate) -> Asked:
        """What the request is for. Raises InvalidError and NotFoundError."""
        alone = (request.script_id, request.revision_id, request.software_id)
        named = sum(one is not None for one in (*alone, request.profile_id))
        inline = bool(request.arguments or request.parameters or request.action)
        if request.tasks and (named or inline):
            raise InvalidError("Give either tasks, or one script with its arguments and parameters.")
        if len(request.tasks) > MAX_TASKS:
            raise InvalidError(f"A rollout has at most {MAX_TASKS} tasks.")
        if request.tasks:
            return Asked(request.tasks)
        if named != 1:
            raise InvalidError("Give exactly one of script_id, revision_id, software_id and profile_id.")
        if request.profile_id is None:
            if request.task_parameters:
                raise InvalidError("task_parameters are for the tasks of a profile: use parameters.")
            return Asked([_alone(request)])
        if inline:
            raise InvalidError("The tasks of a profile have values of their own: use task_parameters.")
        profile = self._plans.for_run(session, request.profile_id, request.task_parameters)
        return Asked(profile.tasks, profile)

    def still_has(self, session: Session, profile_id: int | None) -> bool:
        """The profile was not deleted meanwhile."""
        return profile_id is not None and self._plans.exists(session, profile_id)

    def works(self, session: Session, asked: Asked, policy: Policy) -> list[Work]:
        """What the steps would execute. Raises InvalidError and NotFoundError."""
        return [self.work(session, asked, n, policy) for n in range(len(asked.tasks))]

    def work(self, session: Session, asked: Asked, index: int, policy: Policy) -> Work:
        task = asked.tasks[index]
        try:
            return work_of(session, self._library, task, policy)
        except ServiceError as error:
            if asked.profile is None:
                raise
            sentence = f'Task {index + 1} ("{task.name}"): {error.detail}'
            raise type(error)(sentence, code=error.code, status=error.status) from error

    def candidates(
        self,
        session: Session,
        targets: Targets,
        works: Sequence[Work],
        groups: Groups,
        profile: ProfileForRun | None = None,
    ) -> list[Candidate]:
        """Each device in reach of `groups` with the first problem that any of the tasks that are for it has
        there."""
        meant = self.targeting.meant(session, targets, groups)
        found = [Candidate(target, named) for target, named in meant]
        return [
            replace(one, problem=problem, detail=detail)
            for one in self.fitted(session, found, works)
            for problem, detail in [_problem(one, works, profile)]
        ]

    def fitted(
        self, session: Session, candidates: Sequence[Candidate], works: Sequence[Work]
    ) -> list[Candidate]:
        """With the tasks that are not for each. Raises InvalidError for a condition that cannot be read."""
        conditions = [work.condition for work in works]
        skips = skips_of(session, self._fleet, conditions, [one.target for one in candidates])
        return [replace(one, skips=skips.get(one.target.id, frozenset())) for one in candidates]


def nothing_for(candidate: Candidate, works: Sequence[Work]) -> bool:
    """None of the tasks is for the device."""
    return bool(works) and len(candidate.skips) == len(works)


def condition_problem(candidate: Candidate) -> tuple[str, str]:
    name = candidate.target.hostname
    return CONDITION, f"No task is for {name}: the condition of none of them holds there."


def _problem(candidate: Candidate, works: Sequence[Work], profile: ProfileForRun | None) -> tuple[str, str]:
    if nothing_for(candidate, works):
        return condition_problem(candidate)
    return problem_of(candidate.target, _needs(candidate, works, profile))


def _needs(candidate: Candidate, works: Sequence[Work], profile: ProfileForRun | None) -> list[Need]:
    """What is asked of the device, by the tasks that are for it."""
    first = [] if profile is None else [Need(None, profile.target_os_type, "profile")]
    meant = (work for index, work in enumerate(works) if index not in candidate.skips)
    return first + list(
        dict.fromkeys(
            Need(work.language, work.target_os_type, work.what, bool(work.secret_names)) for work in meant
        )
    )


def refuse_named(
    candidates: Sequence[Candidate], works: Sequence[Work], profile: ProfileForRun | None = None
) -> None:
    """Raises InvalidError for devices that were named by their id and cannot run it."""
    wrong = [one for one in candidates if one.named and is_skipped(one) and one.problem != CONDITION]
    if not wrong:
        return
    mismatched = [one for one in wrong if one.problem == "os_mismatch"]
    if mismatched:
        first = mismatched[0]
        needs = _needs(first, works, profile)
        need = next(one for one in needs if not os_matches(one.target_os_type, first.target.os_type))
        raise os_mismatch(need, [one.target for one in mismatched])
    more = f" And {len(wrong) - 1} more devices cannot run it either." if len(wrong) > 1 else ""
    raise InvalidError(f"{wrong[0].detail}{more} Nothing was started.", code=wrong[0].problem)


def os_mismatch(need: Need, wrong: Sequence[RunTarget]) -> InvalidError:
    """The documented sentence, which names both sides."""
    named = ", ".join(f"{target.hostname} is {target.os_type}" for target in wrong[:5])
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    sides = f"{need.what} {need.target_os_type}, device {wrong[0].os_type}"
    return InvalidError(
        f"{need.what.capitalize()} target_os_type is not compatible with device os_type: "
        f"{sides} ({named}{more})",
        code="os_mismatch",
    )


def may_have_secrets(request: RolloutCreate) -> bool:
    given = bool(request.parameters or request.task_parameters)
    return given or any(task.parameters for task in request.tasks)


def _alone(request: RolloutCreate) -> TaskCreate:
    return TaskCreate(
        script_id=request.script_id,
        revision_id=request.revision_id,
        software_id=request.software_id,
        action=request.action,
        arguments=request.arguments,
        parameters=request.parameters,
    )


def _title(works: Sequence[Work]) -> str:
    more = len(works) - 1
    return works[0].title if not more else f"{works[0].title} and {more} more"
