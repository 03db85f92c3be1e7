"""What a life of the agent makes of what the life before left behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.files import replace_durably
from agent.platform import processes
from tests.agent.life import ONE, TWO, Life, live, offer, turns
from tests.agent.outcomes_for_tests import finish, write_output


async def asked(life: Life) -> None:
    await life.offered(offer())


async def started(life: Life) -> None:
    await life.offered(offer())
    await life.answered("yes")


def test_asked_before_the_crash_asked_again_after_it(tmp_path: Path) -> None:
    nonces: list[str] = []

    async def first(life: Life) -> None:
        await asked(life)
        nonces.append(life.permits[0].nonce)

    async def second(life: Life) -> None:
        assert [permit.nonce for permit in life.permits] == nonces
        assert [held.phase for held in life.attempts.open_attempts()] == ["received"]
        await life.answered("yes")
        assert life.launcher.jobs[ONE].files

    live(tmp_path, first)
    live(tmp_path, second)


def test_after_a_restart_of_the_machine_what_never_started_is_dropped(tmp_path: Path) -> None:
    """It proves nothing: this may be a snapshot from before it ran."""

    async def second(life: Life) -> None:
        assert (life.permits, life.attempts.open_attempts(), life.folders) == ([], (), [])
        assert life.dones == []

    live(tmp_path, asked)
    live(tmp_path, second, boot_id="another")


def test_started_before_the_crash_but_the_runner_never_came(tmp_path: Path) -> None:
    async def second(life: Life) -> None:
        assert [done.outcome for done in life.dones] == ["not_started"]
        assert not life.place().take_gate("runner")
        assert life.permits == []

    live(tmp_path, started)
    live(tmp_path, second)


@pytest.mark.parametrize("boot_id", ["boot", "another"])
def test_what_finished_while_no_agent_was_there_is_told(tmp_path: Path, boot_id: str) -> None:
    async def first(life: Life) -> None:
        await started(life)
        assert life.place().take_gate("runner")
        finish(life.place(), b"out", b"err", exit_code=5)

    async def second(life: Life) -> None:
        assert [(done.outcome, done.exit_code) for done in life.dones] == [("exited", 5)]
        assert [(frame.stream, frame.data) for frame in life.recorder.frames] == [(0, b"out"), (1, b"err")]

    live(tmp_path, first)
    live(tmp_path, second, boot_id)


def test_a_runner_that_still_works_is_followed_to_its_end(tmp_path: Path) -> None:
    async def first(life: Life) -> None:
        await started(life)
        assert life.place().take_gate("runner")
        write_output(life.place(), b"early ", b"")

    async def second(life: Life) -> None:
        assert life.dones == []
        assert [frame.data for frame in life.recorder.frames] == [b"early "]
        await life.offered(offer(TWO))
        assert life.permits == []
        finish(life.place(), b"late", exit_code=6)
        async with asyncio.timeout(20):
            while not life.dones:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert [(done.outcome, done.exit_code) for done in life.dones] == [("exited", 6)]
        assert [frame.data for frame in life.recorder.frames] == [b"early ", b"late"]
        await turns()
        assert [permit.attempt for permit in life.permits] == [TWO]

    live(tmp_path, first)
    live(tmp_path, second)


def test_a_cancel_reaches_a_runner_of_a_former_life(tmp_path: Path) -> None:
    async def first(life: Life) -> None:
        await started(life)
        assert life.place().take_gate("runner")

    async def second(life: Life) -> None:
        life.attempts.on_cancel(ONE)
        assert life.place().cancel_is_asked()

    live(tmp_path, first)
    live(tmp_path, second)


def test_a_runner_that_vanished_leaves_an_unknown_outcome_and_its_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def first(life: Life) -> None:
        await started(life)
        assert life.place().take_gate("runner")
        write_output(life.place(), b"half a ta", b"")

    async def second(life: Life) -> None:
        [done] = life.dones
        assert (done.outcome, done.exit_code, done.stdout_size) == ("unknown", None, 9)
        assert [frame.data for frame in life.recorder.frames] == [b"half a ta"]
        assert "ended from outside" in done.detail

    live(tmp_path, first)
    monkeypatch.setattr(processes, "is_alive", lambda pid, mark: False)
    live(tmp_path, second)


def test_after_a_restart_of_the_machine_nothing_is_resumed(tmp_path: Path) -> None:
    """Even where a process of today happens to have the runner's number and start time."""

    async def first(life: Life) -> None:
        await started(life)
        assert life.place().take_gate("runner")

    async def second(life: Life) -> None:
        assert [done.outcome for done in life.dones] == ["unknown"]
        assert "restarted" in life.dones[0].detail

    live(tmp_path, first)
    live(tmp_path, second, boot_id="another")


def test_after_a_restart_of_the_machine_an_untouched_gate_proves_nothing(tmp_path: Path) -> None:
    async def second(life: Life) -> None:
        assert [done.outcome for done in life.dones] == ["unknown"]

    live(tmp_path, started)
    live(tmp_path, second, boot_id="another")


def test_an_outcome_is_told_in_every_life_until_its_receipt(tmp_path: Path) -> None:
    async def first(life: Life) -> None:
        await started(life)
        life.launcher.finish(ONE, b"out")
        await turns()
        assert len(life.dones) == 1

    async def second(life: Life) -> None:
        assert [held.phase for held in life.attempts.open_attempts()] == ["done"]
        assert [done.outcome for done in life.dones] == ["exited"]
        assert [frame.data for frame in life.recorder.frames] == [b"out"]

    async def third(life: Life) -> None:
        await second(life)
        life.attempts.on_receipt(ONE)

    async def fourth(life: Life) -> None:
        assert life.attempts.open_attempts() == ()
        assert life.dones == []

    for story in (first, second, third, fourth):
        live(tmp_path, story)


def test_a_folder_that_could_not_go_goes_later(tmp_path: Path) -> None:
    async def first(life: Life) -> None:
        (life.folder / "e1-7-1").mkdir()
        (life.folder / "e1-7-1" / "spool").write_bytes(b"x")

    async def second(life: Life) -> None:
        assert life.folders == []

    live(tmp_path, first)
    live(tmp_path, second)


def test_a_damaged_exit_record_is_an_unknown_outcome(tmp_path: Path) -> None:
    async def first(life: Life) -> None:
        await started(life)
        assert life.place().take_gate("runner")
        finish(life.place(), b"out")
        replace_durably(str(life.folder / ONE / "exit"), b"\0" * 4096)

    async def second(life: Life) -> None:
        assert [(done.outcome, done.stdout_size) for done in life.dones] == [("unknown", 3)]

    live(tmp_path, first)
    live(tmp_path, second)
