"""An agent removes itself: after its receipt, whole, and at the next start where a crash came between."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent.errors import AgentError
from agent.handlers import RejectionError, job_for
from agent.leave import LOCK, NOTE, Leave, announce
from agent.platform import this_platform
from agent.wire.messages import AS_USER, Offer
from tests.agent.jobs import made, output_of, run_job
from tests.agent.life import ONE, TWO, Life, live, offer, turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.agent.agent_process import AgentProcess
    from tests.agent.fake_service import FakeService


def uninstall() -> Offer:
    return Offer(ONE, "agent_uninstall", "", 60.0)


def test_the_step_leaves_a_note_and_says_what_comes(tmp_path: Path) -> None:
    folder = tmp_path / "attempts" / "a"
    folder.mkdir(parents=True)
    record = run_job(folder, job_for(uninstall(), str(folder), {}, None))
    assert (record["outcome"], record["exit_code"]) == ("exited", 0)
    assert b"removes itself" in output_of(folder)[0]
    assert (tmp_path / NOTE).read_text() == ONE


def test_a_person_does_not_remove_the_agent(tmp_path: Path) -> None:
    with pytest.raises(RejectionError, match="as itself"):
        job_for(Offer(ONE, "agent_uninstall", "", 60.0, run_as=AS_USER), str(tmp_path), {}, None)


def leaving(life: Life, gone: list[str]) -> None:
    life.attempts.leaves_with = Leave(life.folder.parent).goes_with
    life.attempts.on_leave = lambda: gone.append("gone")


def test_it_goes_when_the_receipt_is_there_and_nothing_else_is_open(tmp_path: Path) -> None:
    gone: list[str] = []

    async def story(life: Life) -> None:
        leaving(life, gone)
        await life.offered(uninstall(), offer(TWO, parallel=True))
        for permit in list(life.permits):
            await life.answered("yes", permit)
        announce(str(tmp_path), ONE)
        life.launcher.finish(ONE)
        await turns()
        assert gone == []
        life.attempts.on_receipt(ONE)
        await turns()
        assert gone == []
        life.launcher.finish(TWO, b"told")
        await life.machine.go_on()
        assert [done.attempt for done in life.dones] == [ONE, TWO]
        life.attempts.on_receipt(TWO)
        await life.machine.go_on()
        assert gone == ["gone"]

    live(tmp_path, story)


def test_nothing_new_begins_while_it_goes(tmp_path: Path) -> None:
    gone: list[str] = []

    async def story(life: Life) -> None:
        leaving(life, gone)
        await life.offered(uninstall())
        await life.answered("yes")
        announce(str(tmp_path), ONE)
        life.launcher.finish(ONE)
        await turns()
        life.attempts.on_receipt(ONE)
        life.attempts.on_offer(offer(TWO))
        await turns()
        assert gone == ["gone"]
        assert [permit.attempt for permit in life.permits] == [ONE]

    live(tmp_path, story)


@pytest.mark.parametrize("exit_code", [1, None])
def test_it_stays_where_the_step_did_not_succeed(tmp_path: Path, exit_code: int | None) -> None:
    gone: list[str] = []

    async def story(life: Life) -> None:
        leaving(life, gone)
        await life.offered(uninstall())
        if exit_code is None:
            life.attempts.on_cancel(ONE)
        else:
            await life.answered("yes")
            announce(str(tmp_path), ONE)
            life.launcher.finish(ONE, exit_code=exit_code)
        await turns()
        life.attempts.on_receipt(ONE)
        await turns()
        assert (gone, life.attempts.open_attempts()) == ([], ())
        assert not Leave(tmp_path).is_due(life.journal.tombstones)

    live(tmp_path, story)


def test_a_receipt_that_was_lost_comes_with_the_next_welcome(tmp_path: Path) -> None:
    gone: list[str] = []

    async def first(life: Life) -> None:
        await life.offered(uninstall())
        await life.answered("yes")
        announce(str(tmp_path), ONE)
        life.launcher.finish(ONE)
        await turns()

    async def second(life: Life) -> None:
        leaving(life, gone)
        assert not Leave(tmp_path).is_due(life.journal.tombstones)
        life.connect(forget=(ONE,))
        await turns()
        assert gone == ["gone"]

    async def third(life: Life) -> None:
        assert Leave(tmp_path).is_due(life.journal.tombstones)

    for story in (first, second, third):
        live(tmp_path, story)


def test_what_cannot_go_is_named_and_the_rest_of_it_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = made(tmp_path / "device")
    (root / "identity.key").write_text("private")
    leave = Leave(root)
    leave.begin()
    monkeypatch.setattr("agent.leave._remove", lambda path: None)
    monkeypatch.setattr("agent.leave._PAUSE_S", 0.0)
    with (
        (root / LOCK).open("ab") as lock,
        pytest.raises(AgentError, match=r"identity\.key cannot be removed"),
    ):
        leave.finish(lock)
    assert leave.is_begun()
    monkeypatch.undo()
    assert "is removed" in leave.finish((root / LOCK).open("ab"))
    assert not root.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="a service of systemd")
def test_a_service_of_systemd_is_taken_away_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import signal

    from agent.platform import linux

    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(linux, "_UNITS", tmp_path)
    monkeypatch.setattr(linux, "_systemctl", lambda *words: calls.append(words))
    name = "deployflow-agent.service"
    (tmp_path / name).write_text("[Unit]")
    before = signal.getsignal(signal.SIGTERM)
    try:
        said = this_platform().leave_service(linux.USUAL_DATA_FOLDER)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
    assert calls == [("disable", name), ("stop", "--no-block", name), ("daemon-reload",)]
    assert (f"The service {name} is removed" in said, list(tmp_path.iterdir())) == (True, [])


@pytest.mark.sockets
def test_a_real_agent_removes_itself(service: FakeService, agent: AgentProcess) -> None:
    agent.start()
    before = service.offer(1, "python", "print('before')")
    attempt = service.offer(2, "agent_uninstall", "")
    done = service.wait_for_done(attempt)
    assert (done.outcome, done.exit_code) == ("exited", 0)
    assert service.wait_for_done(before).exit_code == 0
    assert agent.wait() == 0
    assert not agent.folder.exists()
    assert "is removed" in agent.log
    assert "Traceback" not in agent.log


@pytest.mark.sockets
def test_killed_between_the_result_and_its_receipt_it_goes_at_its_next_life(
    service: FakeService, agent: AgentProcess
) -> None:
    service.gives_receipts = False
    agent.start()
    attempt = service.offer(1, "agent_uninstall", "")
    service.wait(lambda: service.dones, "the outcome")
    agent.kill()
    assert (agent.folder / "identity.key").exists()
    service.gives_receipts = True
    agent.start_only()
    service.wait_for_done(attempt)
    assert agent.wait() == 0
    assert not agent.folder.exists()


@pytest.mark.sockets
def test_killed_while_it_removed_itself_it_goes_on_at_its_next_start(
    service: FakeService, agent: AgentProcess
) -> None:
    agent.start()
    agent.kill()
    Leave(agent.folder).begin()
    (agent.folder / "identity.key").unlink()
    agent.start_only()
    assert agent.wait() == 0
    assert not agent.folder.exists()
    assert len(service.hellos) == 1
