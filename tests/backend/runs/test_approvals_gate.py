"""What stands before a start: decided by the numbers, the findings and the settings alone."""

import pytest

from backend_lite.contract.runs import Finding, RolloutGate, Severity
from backend_lite.errors import ConflictError
from backend_lite.features.runs.approvals_gate import Limits, decide, refuse_unconfirmed

USUAL = Limits(confirm_above=100, approve_above=0, dangerous_work="show", approval_ms=1)
WIPES = Finding(Severity.DANGER, "disk", "dd can wipe a disk or partition.", 3)
WARNS = Finding(Severity.WARNING, "delete", "Deletes files.", 1)


def limits(**fields: object) -> Limits:
    return Limits(**{name: fields.get(name, getattr(USUAL, name)) for name in Limits.__slots__})  # type: ignore[arg-type]


def asks(limits: Limits, devices: int, found: int, *findings: Finding) -> tuple[bool, bool]:
    gate = decide(limits, devices, found, findings)
    assert gate.devices == devices
    assert bool(gate.reasons) == (gate.confirm or gate.approve)
    return gate.confirm, gate.approve


@pytest.mark.parametrize(
    ("devices", "found", "confirm"),
    [(100, 100, False), (101, 101, True), (500, 0, False), (500, 100, False), (500, 101, True)],
)
def test_the_number_is_asked_for_when_more_are_found_than_the_limit(
    devices: int, found: int, confirm: bool
) -> None:
    assert asks(USUAL, devices, found) == (confirm, False)


def test_zero_is_no_limit() -> None:
    assert asks(limits(confirm_above=0), 10_000, 10_000) == (False, False)
    assert asks(limits(approve_above=0), 10_000, 0) == (False, False)


@pytest.mark.parametrize(("devices", "approve"), [(50, False), (51, True)])
def test_a_second_person_counts_all_devices_however_they_are_named(devices: int, approve: bool) -> None:
    assert asks(limits(approve_above=50), devices, 0) == (False, approve)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("show", (False, False)), ("confirm", (True, False)), ("approve", (False, True))],
)
def test_dangerous_scripts_are_treated_as_the_setting_says(choice: str, expected: tuple[bool, bool]) -> None:
    assert asks(limits(dangerous_work=choice), 1, 0, WARNS, WIPES) == expected
    assert asks(limits(dangerous_work=choice), 1, 0, WARNS) == (False, False)


def test_what_runs_nowhere_needs_nothing() -> None:
    strict = limits(confirm_above=1, approve_above=1, dangerous_work="approve")
    assert decide(strict, 0, 0, [WIPES]) == RolloutGate()


def test_the_reasons_are_sentences_with_the_numbers() -> None:
    gate = decide(limits(approve_above=200, dangerous_work="confirm"), 300, 300, [WIPES, WIPES])
    assert gate.reasons == [
        "It is for 300 devices, and more than 100 is many.",
        "It is for 300 devices: work on more than 200 needs a second person.",
        "Its script is dangerous: dd can wipe a disk or partition. (line 3). And 1 more.",
    ]


def test_a_missing_number_is_asked_for_with_what_to_send() -> None:
    gate = decide(USUAL, 128, 128, [])
    with pytest.raises(ConflictError) as refused:
        refuse_unconfirmed(gate, None)
    assert (refused.value.code, refused.value.status) == ("confirm_needed", 409)
    assert refused.value.detail == (
        "It is for 128 devices, and more than 100 is many. Nothing was started: to start it, give that "
        'number ("confirmed_devices": 128).'
    )
    refuse_unconfirmed(gate, 128)


@pytest.mark.parametrize("found", [0, 128])
def test_a_wrong_number_is_refused_whether_or_not_it_was_needed(found: int) -> None:
    with pytest.raises(
        ConflictError, match=r"given is 127, and the work is for 128 devices now.*128"
    ) as refused:
        refuse_unconfirmed(decide(USUAL, 128, found, []), 127)
    assert refused.value.code == "confirm_needed"
