"""The life of an attempt, step by step, with a runner that does what the test says."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.journal import Phase
from agent.outcomes import Standing, standing
from agent.wire.messages import Offer, OpenAttempt, OutputFrame, OutputMark, Permit, PermitAnswer
from tests.agent.life import LANGUAGE, ONE, TWO, Life, live, offer, turns
from tests.agent.outcomes_for_tests import finish


def test_from_the_offer_to_the_receipt(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer())
        assert life.phase() is Phase.RECEIVED
        assert life.permits == [Permit(ONE, life.journal.entries[ONE].nonce)]
        assert len(life.permits[0].nonce) == 32
        assert life.launcher.jobs == {}
        await life.answered("yes")
        assert life.phase() is Phase.STARTING
        assert list(life.launcher.jobs) == [ONE]
        life.launcher.finish(ONE, b"hi\n", exit_code=3)
        await turns()
        assert life.recorder.frames == [OutputFrame(ONE, 0, 0, 0, b"hi\n")]
        [done] = life.dones
        assert (done.nonce, done.outcome, done.exit_code) == (life.permits[0].nonce, "exited", 3)
        assert life.phase() is Phase.DONE
        assert (life.folder / ONE).exists()
        life.attempts.on_receipt(ONE)
        assert life.phase() is None
        assert not (life.folder / ONE).exists()
        assert life.journal.tombstones[ONE] == done

    live(tmp_path, story)


def test_the_promise_is_on_disk_before_it_is_made(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        on_disk: list[bytes] = []
        life.attempts.connected(
            lambda permit: on_disk.append((tmp_path / "journal" / "records").read_bytes()), 2
        )
        await life.offered(offer())
        assert b'"is":"received"' in on_disk[0]
        assert life.journal.entries[ONE].nonce.encode() in on_disk[0]

    live(tmp_path, story)


def test_an_offer_that_comes_again_changes_nothing(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(), offer())
        await life.answered("yes")
        await life.offered(offer())
        life.launcher.finish(ONE)
        await turns()
        await life.offered(offer())
        assert (len(life.permits), len(life.launcher.jobs), len(life.dones)) == (1, 1, 1)

    live(tmp_path, story)


def test_an_offer_of_what_was_acknowledged_is_answered_with_its_outcome(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer())
        await life.answered("yes")
        life.launcher.finish(ONE, exit_code=9)
        await turns()
        life.attempts.on_receipt(ONE)
        await life.offered(offer())
        assert [done.exit_code for done in life.dones] == [9, 9]
        assert (len(life.permits), len(life.launcher.jobs)) == (1, 1)
        life.attempts.on_receipt(ONE)

    live(tmp_path, story)


def test_a_no_is_forgotten_and_may_be_offered_anew(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer())
        first = life.permits[-1]
        await life.answered("no")
        assert life.phase() is None
        assert life.dones == []
        assert not (life.folder / ONE).exists()
        await life.offered(offer())
        assert life.permits[-1].nonce != first.nonce

    live(tmp_path, story)


def test_only_the_answer_to_this_question_counts(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer())
        await life.answered("yes", Permit(ONE, "0" * 32))
        await life.answered("yes", Permit(TWO, life.permits[0].nonce))
        assert life.launcher.jobs == {}
        await life.answered("yes")
        await life.answered("no")
        assert list(life.launcher.jobs) == [ONE]

    live(tmp_path, story)


def test_on_a_new_connection_the_same_question_is_asked_again(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer())
        life.attempts.disconnected()
        life.connect()
        assert life.permits == [life.permits[0]] * 2
        await life.answered("yes")
        assert list(life.launcher.jobs) == [ONE]
        life.connect()
        assert len(life.permits) == 2

    live(tmp_path, story)


def test_a_runner_is_prepared_while_the_service_thinks_and_dropped_when_it_says_no(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(ONE), offer(TWO))
        assert (list(life.launcher.prepared), life.launcher.jobs) == ([ONE], {})
        await life.answered("no")
        assert life.launcher.dropped == [ONE]
        assert list(life.launcher.prepared) == [ONE, TWO]
        await life.answered("yes")
        assert list(life.launcher.jobs) == [TWO]

    live(tmp_path, story)


def test_offers_are_carried_out_one_after_the_other(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(ONE), offer(TWO))
        assert [life.phase(ONE), life.phase(TWO)] == [Phase.RECEIVED, Phase.RECEIVED]
        await life.answered("yes")
        assert [permit.attempt for permit in life.permits] == [ONE]
        life.launcher.finish(ONE)
        await turns()
        assert [permit.attempt for permit in life.permits] == [ONE, TWO]

    live(tmp_path, story)


def test_cancelled_while_asking(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(ONE), offer(TWO))
        life.attempts.on_cancel(ONE)
        await turns()
        assert [done.outcome for done in life.dones] == ["not_started"]
        assert standing(life.place()) is Standing.WITHHELD
        await life.answered("yes", life.permits[0])
        assert life.launcher.jobs == {}
        assert life.permits[-1].attempt == TWO

    live(tmp_path, story)


def test_a_restored_service_is_told_what_ended_under_its_former_name(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        for attempt in (ONE, TWO):
            await life.offered(offer(attempt))
            await life.answered("yes")
            life.launcher.finish(attempt, b"gone with its receipt")
            await turns()
            life.attempts.on_receipt(attempt)
        told = life.journal.tombstones[ONE]
        assert life.attempts.former_attempts("e1") == ()
        listed = life.attempts.former_attempts("e2")
        assert listed == tuple(
            OpenAttempt(name, life.journal.tombstones[name].nonce, "done") for name in (ONE, TWO)
        )
        before = len(life.dones)
        life.attempts.disconnected()
        life.connect(OutputMark(ONE, 0, 0), forget=(TWO,))
        await turns()
        assert life.dones[before:] == [told]
        # The service asks for what is not there any more, and then takes it as it is.
        life.attempts.on_resend(ONE, 0, 0)
        await turns()
        assert life.dones[before:] == [told, told]
        life.attempts.on_receipt(ONE)
        assert life.attempts.former_attempts("e2") == ()
        assert len(life.attempts.former_attempts("e3")) == 2
        assert life.folders == []

    live(tmp_path, story)


def test_a_cancel_right_behind_the_yes_leaves_nothing_open(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(ONE))
        (permit,) = life.permits
        life.attempts.on_permit_answer(PermitAnswer(ONE, permit.nonce, "yes"))
        life.attempts.on_cancel(ONE)
        await turns()
        assert [done.outcome for done in life.dones] == ["not_started"]
        assert life.launcher.jobs == {}
        assert life.launcher.dropped == [ONE]
        life.attempts.on_receipt(ONE)
        assert life.attempts.open_attempts() == ()

    live(tmp_path, story)


def test_cancelled_while_waiting_for_its_turn(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(ONE), offer(TWO))
        life.attempts.on_cancel(TWO)
        await turns()
        assert [(done.attempt, done.outcome) for done in life.dones] == [(TWO, "not_started")]
        await life.answered("yes")
        life.launcher.finish(ONE)
        await turns()
        assert [permit.attempt for permit in life.permits] == [ONE]
        assert [done.attempt for done in life.dones] == [TWO, ONE]

    live(tmp_path, story)


def test_cancelled_while_running_leaves_word_for_the_runner(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer())
        await life.answered("yes")
        assert not life.place().cancel_is_asked()
        life.attempts.on_cancel(ONE)
        life.attempts.on_cancel(ONE)
        assert life.place().cancel_is_asked()
        life.launcher.finish(ONE)
        await turns()
        life.attempts.on_cancel(ONE)
        assert [done.outcome for done in life.dones] == ["exited"]

    live(tmp_path, story)


def test_a_permit_that_says_cancelled_proves_that_nothing_ran(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer())
        await life.answered("cancelled")
        [done] = life.dones
        assert (done.outcome, done.nonce) == ("not_started", life.permits[0].nonce)
        assert standing(life.place()) is Standing.WITHHELD

    live(tmp_path, story)


def test_a_permit_that_says_cancelled_after_it_ran_tells_what_happened(tmp_path: Path) -> None:
    """The journal lost the line that said STARTING; the gate did not."""

    async def story(life: Life) -> None:
        await life.offered(offer())
        folder = life.place()
        assert folder.take_gate("runner")
        finish(folder, b"effect", exit_code=4)
        await life.answered("cancelled")
        assert [(done.outcome, done.exit_code) for done in life.dones] == [("exited", 4)]
        assert [frame.data for frame in life.recorder.frames] == [b"effect"]

    live(tmp_path, story)


REJECTED = [
    (offer(type_="format_disk"), "This agent cannot do steps of the type 'format_disk'."),
    (offer(payload=" \n"), "The script is empty."),
    (offer(type_="python", arguments=("a\0b",)), "zero character"),
    (offer(parameters={"a b": 1}), "The parameter name 'a b' cannot be used"),
    (offer(parameters={"name": 1, "NAME": 2}), "differ only in upper and lower case"),
    (Offer(ONE, LANGUAGE, "echo", 0.0), "timeout must be more than 0"),
    (Offer(ONE, LANGUAGE, "echo", float("nan")), "timeout must be more than 0"),
]


@pytest.mark.parametrize(("wrong", "sentence"), REJECTED, ids=[sentence for _, sentence in REJECTED])
def test_what_cannot_be_done_is_rejected_with_a_sentence_once_it_is_permitted(
    tmp_path: Path, wrong: Offer, sentence: str
) -> None:
    async def story(life: Life) -> None:
        await life.offered(wrong)
        assert life.dones == []
        await life.answered("yes")
        [done] = life.dones
        assert done.outcome == "rejected"
        assert sentence in done.detail
        assert life.launcher.jobs == {}

    live(tmp_path, story)


@pytest.mark.parametrize("name", ["", "../../etc", "e1-1", "e1-1-1/..", "é1-1-1", "e" * 101 + "-1-1"])
def test_a_name_that_is_none_never_becomes_a_folder(tmp_path: Path, name: str) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(name), offer(TWO))
        assert list(life.journal.entries) == [TWO]
        assert life.folders == [TWO]

    live(tmp_path, story)


def test_a_receipt_that_comes_too_early_is_no_receipt(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer())
        life.attempts.on_receipt(ONE)
        assert life.phase() is Phase.RECEIVED
        await life.answered("yes")
        life.attempts.on_receipt(ONE)
        assert life.phase() is Phase.STARTING

    live(tmp_path, story)


def test_what_the_service_forgot_is_forgotten(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        await life.offered(offer(ONE), offer(TWO))
        life.connect(forget=(ONE,))
        await turns()
        assert life.phase(ONE) is None
        await life.answered("yes")
        assert list(life.launcher.jobs) == [TWO]
        life.connect(forget=(TWO,))
        assert life.phase(TWO) is Phase.STARTING
        life.launcher.finish(TWO)
        await turns()
        assert life.journal.entries == {}
        assert life.folders == []

    live(tmp_path, story)


def test_stock_is_taken_anew_after_an_inventory(tmp_path: Path) -> None:
    async def story(life: Life) -> None:
        wanted: list[bool] = []
        life.attempts.on_inventory = lambda: wanted.append(True)
        await life.offered(offer(ONE, "inventory", ""), offer(TWO))
        await life.answered("yes")
        assert not wanted
        life.launcher.finish(ONE)
        await turns()
        assert wanted == [True]
        await life.answered("yes")
        life.launcher.finish(TWO)
        await turns()
        assert wanted == [True]

    live(tmp_path, story)
