"""What nobody thought of costs an attempt or a conversation: an agent that ended would meet it again with
every start, and its device would be lost."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent import program
from agent.attempts import TROUBLE_PAUSE_S, Attempts
from agent.data_folder import open_data_folder
from agent.enrollment import Enrollment
from agent.files import replace_durably
from agent.handlers import job_for as whole
from agent.identity import make_identity
from agent.job import Job
from agent.journal import Entry, Phase
from agent.outbox import UNREADABLE_PAUSE_S, Outbox
from agent.output import OutputSource
from agent.runners import Runner
from agent.wire.messages import Facts, FactsReport, Heartbeat, Offer, OutputFrame, Permit
from tests.agent.life import LANGUAGE, ONE, TWO, Life, live, offer, turns
from tests.agent.outcomes_for_tests import done_of
from tests.agent.test_output import Recorder, settle, write
from tests.agent.test_session import CHALLENGE, FACTS, WELCOME, Stage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.agent.certificates import Signed


class BadLuckError(Exception):
    """Nobody expects it."""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_step_that_no_job_can_be_made_of_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def job_for(offer: Offer, *more: Any) -> Job:
        if offer.attempt == ONE:
            raise BadLuckError
        return whole(offer, *more)

    monkeypatch.setattr("agent.attempts.job_for", job_for)

    async def story(life: Life) -> None:
        await life.offered(offer(ONE), offer(TWO))
        await life.answered("yes")
        [done] = life.dones
        assert (done.attempt, done.outcome) == (ONE, "rejected")
        assert "its log on the device says how" in done.detail
        await life.answered("yes")
        assert list(life.launcher.jobs) == [TWO]

    live(tmp_path, story)
    assert "BadLuckError" in caplog.text
    caplog.clear()


def test_what_goes_wrong_with_one_attempt_is_tried_again_and_keeps_no_other_from_working(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(life: Life) -> None:
        whole, troubles = life.launcher.prepare, [BadLuckError(), BadLuckError()]

        def prepare(attempt: str, *more: Any) -> Runner:
            if attempt == ONE and troubles:
                raise troubles.pop()
            return whole(attempt, *more)

        monkeypatch.setattr(life.launcher, "prepare", prepare)
        await life.offered(offer(ONE), offer(TWO))
        await life.answered("yes")
        life.launcher.finish(TWO)
        await turns()
        await life.machine.go_on()
        assert life.machine.pauses == [TROUBLE_PAUSE_S, 2 * TROUBLE_PAUSE_S]
        await life.machine.go_on()
        await life.answered("yes")
        assert list(life.launcher.jobs) == [TWO, ONE]
        life.launcher.finish(ONE)
        await turns()
        assert [(done.attempt, done.outcome) for done in life.dones] == [(TWO, "exited"), (ONE, "exited")]

    live(tmp_path, story)
    assert f"{ONE} is tried again in 5 s" in caplog.text
    caplog.clear()


def test_a_runner_that_ends_before_it_began_is_not_asked_for_again_at_once(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer())
        await life.answered("yes")
        life.launcher.die(ONE)
        await turns()
        assert (life.dones, life.machine.pauses) == ([], [TROUBLE_PAUSE_S])
        await life.machine.go_on()
        assert [done.outcome for done in life.dones] == ["not_started"]

    live(tmp_path, story)


def test_a_disk_that_does_not_even_tell_its_room_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(life: Life) -> None:
        def nothing_goes(*_: Any) -> Any:
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as broken:
            broken.setattr(life.journal, "received", nothing_goes)
            broken.setattr(life.machine, "shortage", nothing_goes)
            await life.offered(offer())
        await life.machine.go_on()
        await life.machine.go_on()
        await life.answered("yes")
        assert list(life.launcher.jobs) == [ONE]

    live(tmp_path, story)
    caplog.clear()


@pytest.mark.parametrize(
    "damage", [b"", b"\0" * 40, b"[]", b"{}", b'{"by": "runner", "pid": "x", "start": ""}']
)
def test_a_damaged_gate_was_taken_by_somebody_who_is_gone(tmp_path: Path, damage: bytes) -> None:
    async def first(life: Life) -> None:
        await life.offered(offer())
        await life.answered("yes")
        assert life.place().take_gate("runner")
        replace_durably(str(life.folder / ONE / "gate"), damage)

    async def second(life: Life) -> None:
        assert [done.outcome for done in life.dones] == ["unknown"]

    live(tmp_path, first)
    live(tmp_path, second)


@pytest.mark.parametrize("damage", [b"[]", b"1", b'{"outcome": "exited"}', b'{"kept": 1}'])
def test_an_exit_record_of_another_shape_is_an_unknown_outcome(tmp_path: Path, damage: bytes) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer())
        await life.answered("yes")
        assert life.place().take_gate("runner")
        replace_durably(str(life.folder / ONE / "exit"), damage)

    async def after(life: Life) -> None:
        assert [done.outcome for done in life.dones] == ["unknown"]

    live(tmp_path, story)
    live(tmp_path, after)


def test_a_probe_that_fails_costs_one_conversation(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Facts | Exception] = [FACTS, BadLuckError()]

    async def facts() -> Facts:
        answer = answers.pop()
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(stage, "facts", facts)
    stage.play([CHALLENGE, WELCOME], [CHALLENGE, WELCOME])
    first, second = (channel.heard[1:] for channel in stage.channels)
    assert (first, second[:2]) == ([], [FactsReport(FACTS), Heartbeat(stage.metrics())])
    assert "BadLuckError in the agent itself" in caplog.text
    caplog.clear()


def test_a_message_that_cannot_be_heeded_costs_nobody_the_next_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = stage.attempts.on_offer

    def on_offer(offer: Offer) -> None:
        if offer.attempt == ONE:
            raise BadLuckError
        whole(offer)

    monkeypatch.setattr(stage.attempts, "on_offer", on_offer)
    stage.play([CHALLENGE, WELCOME, Offer(ONE, LANGUAGE, "echo", 60), Offer(TWO, LANGUAGE, "echo", 60)])
    [channel] = stage.channels
    assert [told.attempt for told in channel.heard if isinstance(told, Permit)] == [TWO]
    assert "this Offer could not be heeded" in caplog.text
    caplog.clear()


def test_output_that_cannot_be_read_now_goes_out_later_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, unreadable = OutputSource.frames, {ONE}

    def frames(source: OutputSource, *more: Any, **named: Any) -> list[OutputFrame]:
        found = whole(source, *more, **named)
        if source.attempt in unreadable:
            raise OSError(5, "Input/output error")
        return found

    monkeypatch.setattr(OutputSource, "frames", frames)

    async def story() -> None:
        now, recorder = [0.0], Recorder()
        outbox = Outbox(lambda: now[0])
        for attempt in (ONE, TWO):
            write(tmp_path / attempt, [(0, attempt.encode())])
            outbox.open(attempt, str(tmp_path / attempt))
            outbox.done(attempt, done_of(Entry(attempt, "n1", "boot", Phase.STARTING)))
        sending = asyncio.create_task(outbox.send_all(recorder))
        await settle()
        assert recorder.said == [OutputFrame(TWO, 0, 0, 0, TWO.encode()), *recorder.dones]
        assert [done.attempt for done in recorder.dones] == [TWO]
        unreadable.clear()
        now[0] += UNREADABLE_PAUSE_S
        outbox.said()
        await settle()
        assert recorder.frames[1:] == [OutputFrame(ONE, 0, 0, 0, ONE.encode())]
        assert [done.attempt for done in recorder.dones] == [TWO, ONE]
        sending.cancel()
        for attempt in (ONE, TWO):
            outbox.close(attempt)

    asyncio.run(story())


def test_an_agent_that_ends_for_no_reason_of_its_own_says_so_in_its_log(
    tmp_path: Path, ca: Signed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(_: Attempts) -> None:
        raise BadLuckError

    def no_channel(*_: Any) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(Attempts, "work", work)
    monkeypatch.setattr(program, "open_channel", no_channel)
    folder = open_data_folder(tmp_path / "device")
    identity = make_identity(folder.identity_key)
    enrollment = Enrollment("https://host:1", ca.pem, 7, identity.device_uid, "words")
    with pytest.raises(BadLuckError):
        program.run_until_stopped(folder, enrollment, identity)
    assert "the agent ends" in caplog.text
    caplog.clear()
