"""The conversation with the service, its breaks and its silences."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from agent.attempts import Attempts
from agent.backoff import Backoff
from agent.books import Books
from agent.enrollment import Enrollment
from agent.identity import Identity, make_identity
from agent.journal import Journal
from agent.outbox import Outbox
from agent.session import FACTS_EVERY_S, SOFTWARE_AFTER_S, SOFTWARE_EVERY_S, Session
from agent.transport import ChannelClosedError
from agent.wire.codec import WireError, decode, encode, hello_signing_bytes
from agent.wire.messages import (
    AGENT_MESSAGES,
    AgentMessage,
    Challenge,
    Facts,
    FactsReport,
    Heartbeat,
    Hello,
    Holding,
    Metrics,
    Offer,
    OutputFrame,
    Permit,
    Receipt,
    Refused,
    ServiceMessage,
    SoftwareEntry,
    SoftwareReport,
    Welcome,
)
from tests.agent.life import LANGUAGE, ONE, Launcher, StandInMachine
from tests.agent.outcomes_for_tests import done_of

LEAF = b"\1" * 32
CHALLENGE = Challenge("ab" * 32, (1,), "e1")
WELCOME = Welcome(1, 7, "approved", 10.0)
REPORT = SoftwareReport("ab" * 32, (SoftwareEntry("nano", "7.2"),))
FACTS = Facts("host", "linux", "Linux", "1", "x86_64", "cpu", 1, 1, "0")


Script = Sequence[ServiceMessage | Exception | Callable[[], Exception]]


class StoryOverError(Exception):
    """The script of a test has come to its end."""


class ScriptedChannel:
    """Says what the script has and remembers what it hears; with the script the channel ends."""

    leaf_sha256 = LEAF

    def __init__(self, script: Script) -> None:
        self._script = list(script)
        self.heard: list[AgentMessage] = []

    async def receive(self) -> ServiceMessage:
        await asyncio.sleep(0)
        if not self._script:
            await turns()
            raise ChannelClosedError("the script is over")
        item = self._script.pop(0)
        if callable(item):
            item = item()
        if isinstance(item, Exception):
            raise item
        return item

    async def send(self, message: AgentMessage) -> None:
        self.heard.append(message)

    async def send_frame(self, frame: bytes) -> None:
        self.heard.append(decode(frame, AGENT_MESSAGES))

    async def send_output(self, frame: OutputFrame) -> None:
        """No output in these stories."""


async def turns() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


class Stage:
    """A session whose channels, clock and waits are the test's."""

    def __init__(self, root: Path) -> None:
        (root / "journal").mkdir()
        (root / "attempts").mkdir()
        self.identity: Identity = make_identity(root / "identity.key")
        self.journal = Journal(root / "journal", "boot")
        self.outbox = Outbox(lambda: 0.0)
        books = Books(self.journal, self.outbox, root / "attempts")
        self.machine = StandInMachine()
        self.attempts = Attempts(books, Launcher(root / "attempts"), self.machine)
        self.scripts: list[Script] = []
        self.channels: list[ScriptedChannel] = []
        self.waits: list[float] = []
        self.now = 0.0
        self.facts_now = FACTS
        self.between_heartbeats: list[float] = []
        self.heartbeat_takes = 0.0
        self.installed = REPORT
        self.looks: list[str] = []

    def play(self, *scripts: Script) -> None:
        """One script per connection; after the last one the story ends."""
        self.scripts = list(scripts)
        session = Session(
            Enrollment("https://host:1", "", 7, self.identity.device_uid, "words"),
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            self.identity,
            self.journal.incarnation,
            self.attempts,
            self.outbox,
            cast(Any, self),
            Backoff(lambda low, high: high),
            open_channel=cast(Any, self.open),
            clock=lambda: self.now,
            sleep=self.sleep,
            wait_for=self.wait_for,
            uniform=lambda low, high: high,
        )

        async def tell() -> None:
            working = asyncio.create_task(self.attempts.work())
            try:
                await session.stay_connected()
            finally:
                working.cancel()
                self.journal.close()

        with pytest.raises(StoryOverError):
            asyncio.run(tell())

    @asynccontextmanager
    async def open(self, server: str, tls: ssl.SSLContext) -> AsyncIterator[ScriptedChannel]:
        assert server == "https://host:1"
        self.channels.append(ScriptedChannel(self.scripts.pop(0)))
        yield self.channels[-1]

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        if not self.scripts:
            raise StoryOverError

    async def wait_for(self, event: asyncio.Event, seconds: float) -> bool:
        self.between_heartbeats.append(seconds)
        self.now += self.heartbeat_takes
        await asyncio.sleep(0)
        return event.is_set()

    async def facts(self) -> Facts:
        return self.facts_now

    def metrics(self) -> Metrics:
        return Metrics(1.0, 2, 3, 4, 5, 6)

    async def software(self, known: str) -> tuple[str, bytes] | None:
        self.looks.append(known)
        digest = self.installed.digest
        return None if known == digest else (digest, encode(self.installed).encode())


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_hello_facts_heartbeat(stage: Stage) -> None:
    stage.play([CHALLENGE, WELCOME])
    hello, facts, *heartbeats = stage.channels[0].heard
    assert isinstance(hello, Hello)
    assert facts == FactsReport(FACTS)
    assert set(heartbeats) == {Heartbeat(stage.metrics())}
    assert set(stage.between_heartbeats) == {10.0}
    assert hello.device_uid == stage.identity.device_uid
    signed = hello_signing_bytes(CHALLENGE.nonce, LEAF, stage.journal.incarnation)
    assert hello.signature == stage.identity.sign(signed)


def test_facts_that_stay_the_same_are_told_once(stage: Stage) -> None:
    stage.heartbeat_takes = FACTS_EVERY_S
    stage.play([CHALLENGE, WELCOME])
    heard = stage.channels[0].heard
    assert len([message for message in heard if isinstance(message, Heartbeat)]) > 3
    assert [message for message in heard if isinstance(message, FactsReport)] == [FactsReport(FACTS)]


def test_facts_that_changed_are_told_when_they_are_looked_at_again(stage: Stage) -> None:
    changed = replace(FACTS, hostname="renamed")

    def rename() -> Exception:
        stage.facts_now = changed
        return WireError("nothing to hear")

    stage.heartbeat_takes = FACTS_EVERY_S / 3
    stage.play([CHALLENGE, WELCOME, rename])
    heard = stage.channels[0].heard
    reports = [message for message in heard if isinstance(message, FactsReport)]
    assert reports == [FactsReport(FACTS), FactsReport(changed)]
    assert heard.index(reports[1]) >= 4


def test_a_break_is_followed_by_longer_and_longer_waits(stage: Stage) -> None:
    stage.play(*[[ChannelClosedError("no route")] for _ in range(4)])
    assert stage.waits == [1, 2, 4, 8]


def test_after_a_minute_of_connection_the_waits_start_again(stage: Stage) -> None:
    def an_hour_later() -> Exception:
        stage.now += 3600
        return ChannelClosedError("gone")

    down = ChannelClosedError("no route")
    stage.play([down], [down], [CHALLENGE, WELCOME, an_hour_later])
    assert stage.waits == [1, 2, 1]


@pytest.mark.parametrize("code", ["unknown_device", "retired", "bad_signature", "wire_version"])
def test_where_only_a_person_can_help_the_agent_stays_calm(
    stage: Stage, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    stage.play([CHALLENGE, Refused(code, "This device was retired on Monday.")])
    assert stage.waits == [600]
    assert "This device was retired on Monday." in caplog.text


def test_a_channel_that_another_one_replaced_is_opened_again_as_usual(stage: Stage) -> None:
    stage.play([CHALLENGE, WELCOME, Refused("replaced", "Another channel took over.")])
    assert stage.waits == [1]


def test_a_refusal_wipes_nothing(stage: Stage) -> None:
    entry = stage.journal.received(Offer(ONE, LANGUAGE, "echo", 60), "0" * 32)
    stage.play([CHALLENGE, Refused("unknown_device", "Not known here.")])
    assert stage.journal.entries == {ONE: entry}


@pytest.mark.parametrize(
    "script",
    [
        [WELCOME],
        [CHALLENGE, CHALLENGE],
        [WireError("nonsense")],
        [CHALLENGE, WireError("nonsense")],
        [Challenge("ab" * 32, (9,), "e1")],
    ],
)
def test_a_service_that_speaks_otherwise_is_left_alone_for_a_while(stage: Stage, script: Script) -> None:
    stage.play(script)
    assert stage.waits in ([1], [600])


def test_what_is_not_understood_in_the_middle_is_skipped(stage: Stage) -> None:
    stage.play(
        [CHALLENGE, WELCOME, WireError("unknown message type"), CHALLENGE, Offer(ONE, LANGUAGE, "echo", 60)]
    )
    permits = [message for message in stage.channels[0].heard if isinstance(message, Permit)]
    assert [permit.attempt for permit in permits] == [ONE]


def test_a_hello_lists_what_is_open(stage: Stage) -> None:
    stage.play([CHALLENGE, WELCOME, Offer(ONE, LANGUAGE, "echo", 60)], [CHALLENGE, WELCOME])
    hello = stage.channels[1].heard[0]
    assert isinstance(hello, Hello)
    assert [(held.attempt, held.phase) for held in hello.open_attempts] == [(ONE, "received")]
    permits = [
        message for channel in stage.channels for message in channel.heard if isinstance(message, Permit)
    ]
    assert len(permits) == 2
    assert permits[0] == permits[1]


def test_the_service_may_ask_for_a_spread_return(stage: Stage) -> None:
    stage.play([CHALLENGE, replace(WELCOME, spread_s=15.0)], [ChannelClosedError("no route")])
    assert stage.waits == [15, 2]


def test_what_holds_work_up_is_told_to_a_service_that_knows_the_word(stage: Stage) -> None:
    stage.machine.is_short = "Only 5 MB are free."
    sent = Offer(ONE, LANGUAGE, "echo", 60)
    stage.play([CHALLENGE, WELCOME, sent], [CHALLENGE, replace(WELCOME, wire_version=2), sent])
    told = [
        [message for message in channel.heard if isinstance(message, Holding | Permit)]
        for channel in stage.channels
    ]
    assert told == [[], [Holding(ONE, "disk_low", "Only 5 MB are free.")]]


def test_a_receipt_may_ask_for_a_restart(stage: Stage) -> None:
    entry = stage.journal.received(Offer(ONE, LANGUAGE, "echo", 60), "0" * 32)
    stage.journal.done(entry, done_of(entry))
    stage.play([CHALLENGE, WELCOME, Receipt(ONE, reboot=True)])
    assert (stage.machine.restarts, stage.journal.entries) == (1, {})


def reports(channel: ScriptedChannel) -> list[AgentMessage]:
    return [message for message in channel.heard if isinstance(message, SoftwareReport)]


def test_what_is_installed_is_told_once_where_the_service_does_not_know_it(stage: Stage) -> None:
    stage.play([CHALLENGE, replace(WELCOME, wire_version=3)])
    assert reports(stage.channels[0]) == [REPORT]
    assert len(stage.looks) > 1
    assert {SOFTWARE_AFTER_S[1], SOFTWARE_EVERY_S[1]} <= set(stage.between_heartbeats)


def test_a_service_that_knows_what_is_installed_is_not_told(stage: Stage) -> None:
    welcome = replace(WELCOME, wire_version=3, software_digest=REPORT.digest)
    stage.play([CHALLENGE, welcome], [CHALLENGE, welcome])
    assert [reports(channel) for channel in stage.channels] == [[], []]
    # Who has just looked does not look again for a new channel.
    second = stage.between_heartbeats.index(SOFTWARE_EVERY_S[1], stage.between_heartbeats.index(10.0))
    assert SOFTWARE_AFTER_S[1] not in stage.between_heartbeats[second:]


def test_a_service_of_before_is_not_told_what_is_installed(stage: Stage) -> None:
    stage.play([CHALLENGE, replace(WELCOME, wire_version=2)])
    assert (reports(stage.channels[0]), stage.looks) == ([], [])
