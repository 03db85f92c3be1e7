"""Whom a rollout is for: each device once, what keeps any of them from it, what is refused as a whole."""

from typing import Any, cast

import pytest
from sqlalchemy.orm import Session

from backend_lite.contract.fleet import Admission
from backend_lite.contract.runs import Targets
from backend_lite.errors import InvalidError, NotFoundError
from backend_lite.features.fleet.api import RunTarget
from backend_lite.features.runs.targets import Candidate, Need, Targeting, problem_of
from tests.backend.runs.harness import FakeFleet, FakeHub

SESSION = cast("Session", None)


class Fleet(FakeFleet):
    def __init__(self) -> None:
        super().__init__(FakeHub())
        self.known_targets: dict[int, RunTarget] = {}

    def target(self, session: Session, device_id: int) -> RunTarget | None:
        return self.known_targets.get(device_id) or super().target(session, device_id)


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def resolve(fleet: Fleet, targets: Targets, **script: Any) -> list[Candidate]:
    need = Need(**{"language": "sh", "target_os_type": None} | script)
    meant = Targeting(fleet).meant(SESSION, targets, None)
    return [Candidate(target, named, *problem_of(target, [need])) for target, named in meant]


def named(found: list[Candidate]) -> list[tuple[int, bool]]:
    return [(one.target.id, one.named) for one in found]


def test_each_device_comes_once_and_those_that_were_named_first(fleet: Fleet) -> None:
    targets = Targets(devices=[7, 3, 7], groups=[1, 1], query="5 4 2 3")
    assert named(resolve(fleet, targets)) == [(7, True), (3, True), (2, False), (4, False), (5, False)]


def test_an_unknown_device_is_refused_only_where_it_was_named(fleet: Fleet) -> None:
    assert named(resolve(fleet, Targets(query="99 1"))) == [(1, False)]
    with pytest.raises(NotFoundError, match=r"Device not found: 99\. Nothing was started\."):
        resolve(fleet, Targets(devices=[1, 99]))


def test_a_retired_device_is_not_there(fleet: Fleet) -> None:
    fleet.admissions = {1: Admission.RETIRED}
    assert named(resolve(fleet, Targets(query="1 2"))) == [(2, False)]
    with pytest.raises(NotFoundError):
        resolve(fleet, Targets(devices=[1]))


@pytest.mark.parametrize("targets", [Targets(), Targets(query="  ")])
def test_nothing_chosen_is_refused(fleet: Fleet, targets: Targets) -> None:
    with pytest.raises(InvalidError, match="Choose at least one device"):
        resolve(fleet, targets)


def test_nobody_found_is_refused(fleet: Fleet) -> None:
    for targets in (Targets(groups=[2]), Targets(query="99")):
        with pytest.raises(InvalidError, match="nothing would run"):
            resolve(fleet, targets)


@pytest.mark.parametrize(
    ("admission", "system", "script", "problem", "says"),
    [
        (Admission.APPROVED, "linux", {}, "", ""),
        (Admission.APPROVED, "windows", {"target_os_type": "linux"}, "os_mismatch", "pc-1 is windows"),
        (Admission.APPROVED, "ubuntu", {"target_os_type": "linux"}, "", ""),
        (Admission.PENDING, "linux", {}, "not_approved", "approved"),
        (Admission.QUARANTINED, "linux", {}, "quarantined", "quarantine"),
        (
            Admission.APPROVED,
            "linux",
            {"language": "powershell"},
            "language_missing",
            "pc-1 has no powershell",
        ),
        (Admission.APPROVED, "linux", {"language": None}, "", ""),
    ],
)
def test_what_keeps_a_device_from_it(
    fleet: Fleet, admission: Admission, system: str, script: dict[str, Any], problem: str, says: str
) -> None:
    fleet.admissions, fleet.systems = {1: admission}, {1: system}
    (found,) = resolve(fleet, Targets(devices=[1]), **script)
    assert found.problem == problem
    assert says in found.detail
    assert found.detail.endswith(".") == bool(problem)


def test_a_device_that_never_said_what_it_can_run_may_be_able_to(fleet: Fleet) -> None:
    silent = RunTarget(1, "pc-1", None, Admission.APPROVED, ())
    fleet.known_targets = {1: silent}
    (found,) = resolve(fleet, Targets(devices=[1]), language="powershell", target_os_type="windows")
    assert found == Candidate(silent, named=True)


def test_secrets_need_a_device_that_has_a_key(fleet: Fleet) -> None:
    (found,) = resolve(fleet, Targets(devices=[1]), key=True)
    assert (found.problem, "takes no secrets" in found.detail) == ("agent_too_old", True)
    fleet.keys[1] = bytes(32)
    (found,) = resolve(fleet, Targets(devices=[1]), key=True)
    assert found.problem == ""
