"""What keeps work waiting, several attempts at once, and a restart of the machine on request."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from agent import journal as journal_module
from agent.files import write_all
from agent.journal import Phase
from agent.machine import DiskGuard
from agent.outcomes import Standing, standing
from agent.wire.messages import Holding
from tests.agent.life import ONE, THREE, TWO, Life, live, offer, turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.platform.people import Person

SHORT = "Only 5 MB of the disk are free."
SOMEBODY: Person = {
    "name": "zoe",
    "uid": 1000,
    "gid": 1000,
    "groups": [],
    "environment": {},
    "session": 1,
    "sid": "",
}


@pytest.fixture(autouse=True)
def may_run_as_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.platform import this_platform

    monkeypatch.setattr(type(this_platform()), "may_run_as", lambda platform, person: True)


# ---- a disk that is too full


def test_nothing_new_is_asked_while_the_disk_is_short_and_work_goes_on_by_itself(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        life.machine.is_short = SHORT
        await life.offered(offer(ONE), offer(TWO))
        assert life.phase(ONE) is life.phase(TWO) is Phase.RECEIVED
        assert (life.permits, life.holdings) == ([], [Holding(ONE, "disk_low", SHORT)])
        await life.machine.go_on()
        assert (life.permits, len(life.holdings)) == ([], 1)
        life.machine.is_short = ""
        await life.machine.go_on()
        assert life.holdings[-1] == Holding(ONE, "")
        assert [permit.attempt for permit in life.permits] == [ONE]

    live(tmp_path, story)


def test_a_new_channel_is_told_what_waits_and_version_1_is_not(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        life.machine.is_short = SHORT
        await life.offered(offer(ONE))
        life.attempts.disconnected()
        life.connect(wire_version=1)
        assert len(life.holdings) == 1
        life.attempts.disconnected()
        life.connect()
        assert life.holdings == [Holding(ONE, "disk_low", SHORT)] * 2

    live(tmp_path, story)


def test_what_waits_can_be_cancelled(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        life.machine.is_short = SHORT
        await life.offered(offer(ONE))
        life.attempts.on_cancel(ONE)
        await turns()
        assert [done.outcome for done in life.dones] == ["not_started"]
        life.machine.is_short = ""
        await life.machine.go_on()
        assert life.permits == []

    live(tmp_path, story)


def test_what_was_started_is_seen_through_on_a_short_disk(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(ONE))
        await life.answered("yes")
        life.machine.is_short = SHORT
        life.launcher.finish(ONE, b"out")
        await turns()
        assert [done.outcome for done in life.dones] == ["exited"]

    live(tmp_path, story)


@pytest.mark.parametrize(
    ("free", "total", "least_free", "short"),
    [
        (1 << 30, 1 << 40, None, False),
        ((1 << 30) - 1, 1 << 40, None, True),
        (50 << 20, 1000 << 20, None, False),
        ((50 << 20) - 1, 1000 << 20, None, True),
        (0, 1 << 40, 0, False),
        (9 << 30, 1 << 40, 10 << 30, True),
    ],
)
def test_how_little_is_too_little(free: int, total: int, least_free: int | None, short: bool) -> None:
    sentence = DiskGuard(lambda: (free, total), least_free).shortage()
    assert bool(sentence) == short
    assert not short or f"Only {free >> 20} MB of the disk are free" in sentence


# ---- a disk that is full


class FullDisk:
    """No line gets into the journal while it is full."""

    def __init__(self, patches: pytest.MonkeyPatch) -> None:
        self.is_full = False
        patches.setattr(journal_module, "write_all", self._write)

    def _write(self, fd: int, data: bytes) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        write_all(fd, data)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    return FullDisk(monkeypatch)


def test_an_offer_that_finds_no_room_in_the_journal_is_taken_later(tmp_path: Path, disk: FullDisk) -> None:
    async def story(life: Life) -> None:
        disk.is_full = True
        await life.offered(offer(ONE), offer(ONE))
        assert (life.phase(ONE), life.permits) == (None, [])
        assert [(held.attempt, held.reason) for held in life.holdings] == [(ONE, "disk_low")]
        await life.machine.go_on()
        disk.is_full = False
        await life.machine.go_on()
        assert life.holdings[-1] == Holding(ONE, "")
        assert [permit.attempt for permit in life.permits] == [ONE]
        await life.answered("yes")
        assert list(life.launcher.jobs) == [ONE]

    live(tmp_path, story)


def test_an_offer_that_was_never_taken_can_be_cancelled(tmp_path: Path, disk: FullDisk) -> None:
    async def story(life: Life) -> None:
        disk.is_full = True
        await life.offered(offer(ONE))
        life.attempts.on_cancel(ONE)
        disk.is_full = False
        await life.machine.go_on()
        assert (life.phase(ONE), life.permits) == (None, [])

    live(tmp_path, story)


def test_a_permit_that_cannot_be_written_down_starts_nothing_until_it_can(
    tmp_path: Path, disk: FullDisk
) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(ONE))
        disk.is_full = True
        await life.answered("yes")
        assert (life.launcher.jobs, life.launcher.dropped) == ({}, [ONE])
        disk.is_full = False
        await life.machine.go_on()
        assert life.permits == [life.permits[0]] * 2
        await life.answered("yes")
        assert list(life.launcher.jobs) == [ONE]
        life.launcher.finish(ONE, b"out")
        await turns()
        assert [done.outcome for done in life.dones] == ["exited"]

    live(tmp_path, story)


def test_an_outcome_and_its_receipt_outlive_a_full_disk(tmp_path: Path, disk: FullDisk) -> None:
    async def first(life: Life) -> None:
        await life.offered(offer(ONE))
        await life.answered("yes")
        disk.is_full = True
        life.launcher.finish(ONE, b"out", exit_code=7)
        await turns()
        assert [done.exit_code for done in life.dones] == [7]
        life.attempts.on_receipt(ONE)
        assert life.phase(ONE) is Phase.DONE
        disk.is_full = False

    async def second(life: Life) -> None:
        assert [done.exit_code for done in life.dones] == [7]
        assert [frame.data for frame in life.recorder.frames] == [b"out"]
        life.attempts.on_receipt(ONE)
        assert life.journal.entries == {}

    live(tmp_path, first)
    live(tmp_path, second)


# ---- somebody has to sign in


def test_a_step_for_the_person_waits_until_somebody_signs_in_and_lets_others_pass(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(ONE, run_as="user"), offer(TWO))
        assert life.holdings == [Holding(ONE, "no_user", "Nobody is signed in on this device.")]
        assert [permit.attempt for permit in life.permits] == [TWO]
        await life.answered("yes")
        life.machine.who = SOMEBODY
        await life.machine.go_on()
        assert [permit.attempt for permit in life.permits] == [TWO]
        life.launcher.finish(TWO)
        await turns()
        assert life.holdings[-1] == Holding(ONE, "")
        await life.answered("yes")
        assert life.launcher.jobs[ONE].person == SOMEBODY
        assert life.launcher.jobs[TWO].person is None

    live(tmp_path, story)


# ---- several at once


def test_parallel_steps_run_beside_others_and_none_is_dropped(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(ONE), offer(TWO, parallel=True), offer(THREE))
        assert [permit.attempt for permit in life.permits] == [ONE, TWO]
        for permit in reversed(life.permits[:2]):
            await life.answered("yes", permit)
        assert list(life.launcher.jobs) == [TWO, ONE]
        life.launcher.finish(TWO)
        await turns()
        assert len(life.permits) == 2
        life.launcher.finish(ONE)
        await turns()
        assert [permit.attempt for permit in life.permits] == [ONE, TWO, THREE]
        await life.answered("yes")
        life.launcher.finish(THREE)
        await turns()
        assert [done.attempt for done in life.dones] == [TWO, ONE, THREE]

    live(tmp_path, story)


def test_every_open_question_is_asked_again_on_a_new_channel(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(ONE), offer(TWO, parallel=True))
        asked = list(life.permits)
        life.attempts.disconnected()
        life.connect()
        assert life.permits == asked * 2
        await life.answered("yes", asked[1])
        life.connect()
        assert life.permits == [*asked * 2, asked[0]]

    live(tmp_path, story)


def test_after_a_crash_a_parallel_step_still_holds_nobody_up(tmp_path: Path) -> None:
    async def first(life: Life) -> None:
        await life.offered(offer(ONE, parallel=True), offer(TWO))
        await life.answered("yes", life.permits[0])
        assert life.place(ONE).take_gate("runner")

    async def second(life: Life) -> None:
        assert life.phase(ONE) is Phase.STARTING
        assert [permit.attempt for permit in life.permits] == [TWO]

    live(tmp_path, first)
    live(tmp_path, second)


# ---- a restart on request


async def finished(life: Life, attempt: str = ONE) -> None:
    await life.offered(offer(attempt))
    await life.answered("yes")
    life.launcher.finish(attempt, exit_code=194)
    await turns()


def test_the_machine_restarts_once_the_attempt_is_closed(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await finished(life)
        life.attempts.on_receipt(ONE, reboot=True)
        life.attempts.on_receipt(ONE, reboot=True)
        await turns()
        assert (life.journal.entries, life.machine.restarts) == ({}, 1)
        life.attempts.on_receipt(ONE, reboot=True)
        await turns()
        assert life.machine.restarts == 1

    live(tmp_path, story)


def test_an_attempt_of_before_the_restart_restarts_nothing(tmp_path: Path) -> None:
    async def second(life: Life) -> None:
        assert len(life.dones) == 1
        life.attempts.on_receipt(ONE, reboot=True)
        await turns()
        assert (life.journal.entries, life.machine.restarts) == ({}, 0)

    live(tmp_path, finished)
    live(tmp_path, second, boot_id="another")


def test_the_machine_does_not_restart_before_the_attempt_is_closed_for_good(
    tmp_path: Path, disk: FullDisk
) -> None:
    async def story(life: Life) -> None:
        await finished(life)
        disk.is_full = True
        life.attempts.on_receipt(ONE, reboot=True)
        await turns()
        assert life.machine.restarts == 0
        disk.is_full = False
        await life.machine.go_on()
        assert (life.journal.entries, life.machine.restarts) == ({}, 1)

    live(tmp_path, story)


def test_a_restart_waits_for_what_runs_and_nothing_new_begins(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(TWO, parallel=True))
        await life.answered("yes")
        await finished(life)
        await life.offered(offer(THREE))
        asked = life.permits[-1]
        life.attempts.on_receipt(ONE, reboot=True)
        await life.answered("yes", asked)
        [proof] = [done for done in life.dones if done.attempt == THREE]
        assert (proof.outcome, proof.detail) == ("not_started", "The device is about to restart.")
        assert standing(life.place(THREE)) is Standing.WITHHELD
        await life.offered(offer("e1-4-1"))
        assert [permit.attempt for permit in life.permits] == [TWO, ONE, THREE]
        assert life.machine.restarts == 0
        life.launcher.finish(TWO)
        await turns()
        await life.machine.go_on()
        assert life.machine.restarts == 1
        assert [permit.attempt for permit in life.permits] == [TWO, ONE, THREE]
        await life.machine.go_on()
        await life.machine.go_on()
        assert life.permits[-1].attempt == "e1-4-1"

    live(tmp_path, story)


def test_work_goes_on_when_the_machine_cannot_be_restarted(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        life.machine.restart_trouble = OSError(1, "shutdown failed")
        await finished(life)
        life.attempts.on_receipt(ONE, reboot=True)
        await turns()
        await life.offered(offer(TWO))
        assert life.permits[-1].attempt == TWO

    live(tmp_path, story)
